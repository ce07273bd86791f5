"""Programs that end while something is still read: with the exit code that they meant, and without a core dump."""

from __future__ import annotations

import subprocess
import sys

import pytest

IN_A_THREAD = """
import threading
import realtime_micacl as rm
seen = threading.Event()
def reads():
    {loop}
        seen.set()
threading.Thread(target=reads, daemon=True).start()
assert seen.wait(60)
"""
LEFT_OPEN = """
import realtime_micacl as rm
face = rm.live("demo").__enter__()
next(face)
{more}
"""
NOT_THERE = """
import realtime_micacl as rm
try:
    with rm.live("rtsp://127.0.0.1:1/x") as face:
        next(face)
except rm.SourceError:
    raise SystemExit(3)
"""
AT_EXIT = """
import atexit
@atexit.register
def last():
    assert next(rm.read("demo")).track_id
import realtime_micacl as rm
next(rm.read("demo"))
"""


@pytest.mark.parametrize(
    ("code", "ended"),
    [
        (IN_A_THREAD.format(loop="for _ in rm.read('demo'):"), 0),
        (IN_A_THREAD.format(loop="with rm.live('demo') as face:\n      for _ in face:"), 0),
        (LEFT_OPEN.format(more=""), 0),
        (NOT_THERE, 3),
        (AT_EXIT, 0),
        (LEFT_OPEN.format(more="raise SystemExit(7)"), 7),
    ],
    ids=[
        "read in a thread",
        "live in a thread",
        "live left open",
        "a camera that is not there",
        "read at the very end",
        "and with a code of its own",
    ],
)
def test_a_program_that_ends_while_it_reads_ends_as_it_meant_to(code: str, ended: int) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (ended, "")
