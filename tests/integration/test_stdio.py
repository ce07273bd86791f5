"""Standard streams as people leave them; in a process of its own each, since they belong to it."""

from __future__ import annotations

import os
import select
import subprocess
import sys


def said(code: str, shell: str = '"$@"') -> tuple[str, str]:
    command = ["sh", "-c", shell, "sh", sys.executable, "-c", f"from realtime_micacl.stdio import *; {code}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout, done.stderr


def test_what_is_told_while_a_library_is_kept_quiet_is_seen() -> None:
    """The redirection of descriptor 2 that keeps native chatter away takes nothing from the log or a last word."""
    code = "import os, sys; make_usable(); os.dup2(os.open(os.devnull, 1), 2); os.write(2, b'chatter'); "
    assert said(code + "sys.stderr.write('told\\n')") == ("", "told\n")


def test_no_letter_stops_a_line() -> None:
    out, err = said(
        "make_usable(); sys.stdout.write('\\xfc\\udcff\\n'); sys.stderr.write('\\xfc\\udcff\\n')",
        'PYTHONIOENCODING=ascii "$@"',
    )
    assert out == err == "\\xfc\\udcff\n"


def test_an_error_is_one_line_that_steers_no_terminal() -> None:
    _, err = said(r"make_usable(); say('no file at a\nb\x1b[31m\x9b2J\u2028c')")
    assert err == "realtime-micacl: no file at a b [31m 2J c\n"


def test_nothing_is_lost_where_somebody_left_a_stream_that_does_not_block() -> None:
    code = "from realtime_micacl.stdio import *; make_usable(); sys.stdout.writelines(99 * ['x' * 9999 + '\\n'])"
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with subprocess.Popen([sys.executable, "-c", code], stdout=writer) as process, os.fdopen(reader) as stream:
        os.close(writer)
        assert select.select([stream], [], [], 30.0)[0]  # more waits than the pipe holds
        assert [len(line) for line in stream] == 99 * [10_000]
        assert process.wait(30.0) == 0


def test_no_file_takes_the_number_of_a_closed_stream() -> None:
    _, err = said("make_usable(); import sys; sys.stderr.write(str(os.open(os.devnull, 0)))", '"$@" <&- >&-')
    assert int(err) > 2
