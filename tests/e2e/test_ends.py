"""How people end, close, pipe and fill: one line at most, the documented exit code, and a recording that is whole."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from realtime_micacl.live.sources import source
from tests.e2e.conftest import COMMAND

FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full to write to")


def ran(*arguments: object, output: str) -> tuple[int, str]:
    """Run the command with its standard output `output`: full, closed, or without a reader."""
    shell = {"full": '"$@" >/dev/full', "closed": '"$@" >&-', "all closed": '"$@" <&- >&- 2>&-', "left": '"$@"'}[output]
    command = ["sh", "-c", shell, "sh", COMMAND, *map(str, arguments)]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writer)
    return done.returncode, done.stderr


@FULL
@pytest.mark.parametrize(
    ("arguments", "output", "code", "said"),
    [
        (["--source", "demo", "--headless"], "full", 5, "No space left on device"),
        (["--source", "demo", "--headless"], "closed", 5, "standard output is closed"),
        (["--source", "demo", "--headless"], "left", 0, ""),
        (["--source", str(source.DEMO), "--offline"], "full", 5, "No space left on device"),
        (["--source", str(source.DEMO), "--offline"], "left", 0, ""),
        (["doctor"], "left", 0, ""),
        (["doctor"], "full", 5, "No space left on device"),
        (["--list-cameras"], "closed", 5, "standard output is closed"),
        (["--version"], "left", 0, ""),
    ],
)
def test_an_output_that_takes_nothing(arguments: list[str], output: str, code: int, said: str) -> None:
    ended, err = ran(*arguments, output=output)
    lines = [line for line in err.splitlines() if line.startswith("realtime-micacl: ")]
    assert (ended, "Traceback" in err) == (code, False), err
    assert len(lines) == (1 if said else 0), err
    assert all(said in line for line in lines)


@pytest.mark.parametrize("way", ["--headless", "--offline"])
def test_an_output_that_nobody_reads_stops_neither_a_live_recording_nor_the_end(tmp_path: Path, way: str) -> None:
    file, reader, writer = tmp_path / "r.jsonl", *os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    command = [COMMAND, "--source", str(source.DEMO), way, "--record", str(file)]
    with subprocess.Popen(command, stdout=writer) as process:
        os.close(writer)
        until_s = time.monotonic() + 60
        while not file.exists() or len(file.read_bytes()) < (60_000 if way == "--headless" else 3_000):
            assert time.monotonic() < until_s
            time.sleep(0.1)
        process.terminate()
        assert process.wait(20) == (0 if way == "--headless" else 130)
    os.close(reader)
    assert json.loads(file.read_text().splitlines()[-1])["state"] == "ended"


@pytest.mark.parametrize(("limit", "code"), [("-v 300000", 5), ("-v 600000", 5), ("-n 16", 0)])
def test_little_memory_is_one_line(clips: Path, limit: str, code: int) -> None:
    shell = ["sh", "-c", f'ulimit {limit}; exec "$@"', "sh", COMMAND, str(clips / "one_face_720p.mp4"), "--offline"]
    done = subprocess.run(shell, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert ("too little memory" in done.stderr) == bool(code)


@FULL
def test_a_full_standard_error_costs_nothing(clips: Path) -> None:
    command = ["sh", "-c", '"$@" 2>/dev/full', "sh", COMMAND, "--offline"]
    for source_, code in ((clips / "no_face.mp4", 0), (clips / "none.mp4", 3)):
        assert subprocess.run([*command, str(source_)], capture_output=True, check=False).returncode == code


def test_what_comes_through_a_pipe_is_read_or_told_of(tmp_path: Path, clips: Path) -> None:
    with av.open(str(clips / "one_face_720p.mp4")) as clip:
        next(clip.decode(video=0)).to_image().save(tmp_path / "photo.png")
    with av.open(str(tmp_path / "empty.mkv"), "w") as out:
        stream = out.add_stream("ffv1", rate=10)
        stream.width, stream.height = 320, 240
        for _ in range(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((240, 320, 3), 99, np.uint8), format="rgb24")))
        out.mux(stream.encode())
    cases = {
        tmp_path / "photo.png": (0, True, ""),
        tmp_path / "empty.mkv": (0, False, "no reading (no face"),
        clips / "no_face.mp4": (3, False, "a pipe cannot seek; give the file itself"),  # its index is at its end
    }
    for file, (code, still, said) in cases.items():
        with subprocess.Popen(["cat", file], stdout=subprocess.PIPE) as cat:
            command = [COMMAND, "-", "--headless"]
            done = subprocess.run(command, stdin=cat.stdout, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, '"still": true' in done.stdout, said in done.stderr) == (code, still, True), done


def test_a_recording_goes_on_where_everything_else_is_closed(clips: Path, tmp_path: Path) -> None:
    """No file may take the number of a standard output that is not there, where a library could write into it."""
    for output in ("closed", "all closed"):
        file = tmp_path / f"{output}.jsonl"
        assert ran("--source", clips / "no_face.mp4", "--headless", "--record", file, output=output)[0] == 0
        records = [json.loads(line) for line in file.read_text().splitlines()]
        assert records[-1]["state"] == "ended"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_offline_a_signal_ends_in_good_order(start: Callable, tmp_path: Path, number: int) -> None:
    file = tmp_path / "r.csv"
    running = start("--source", source.DEMO, "--offline", "--record", file)
    running.until(lambda now: len(now.readings) > 3)
    ended, took_s = running.stop(number)
    assert (ended.code, ended.err) == (130, "")
    assert took_s < 5.0
    assert (ended.records[-1]["state"], ended.records[-1]["detail"]) == ("ended", "interrupted")
    assert file.read_text().splitlines()[-1].split(",")[2:4] == ["ended", "interrupted"]


@pytest.mark.parametrize("module", ["realtime_micacl.stdio", "realtime_micacl.programs"])
def test_ctrl_c_while_a_library_is_loaded_that_calls_it_broken_ends_without_a_word(module: str) -> None:
    code = f"""
import os, signal, sys, time
import realtime_micacl.__main__ as program

class Like:  # NumPy
    def find_spec(self, name, *_):
        if name == "{module}":
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(5)
            except KeyboardInterrupt:
                raise ImportError("this is caused by a bad install") from None

sys.meta_path.insert(0, Like())
program.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_an_impatient_hand_does_not_break_a_good_end(start: Callable, tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    running = start("--source", "demo", "--headless", "--record", file)
    running.until(lambda now: len(now.readings) > 3)
    while running.process.poll() is None:
        running.process.send_signal(signal.SIGINT)
        time.sleep(0.03)
    ended = running.ended()
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(file.read_text().splitlines()[-1])["state"] == "ended"


def test_a_closed_terminal_ends_in_good_order_unless_it_is_ignored(start: Callable, tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    running = start("--source", "demo", "--headless", "--record", file)
    running.until(lambda now: now.records)
    ended, _ = running.stop(signal.SIGHUP)
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(file.read_text().splitlines()[-1])["state"] == "ended"
    with (tmp_path / "out.txt").open("wb") as out:
        command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", COMMAND, "--source", "demo", "--headless"]
        kept = subprocess.Popen(command, stdout=out)
        while not (tmp_path / "out.txt").read_text():
            time.sleep(0.05)
        kept.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert kept.poll() is None, "under nohup it goes on"
        kept.terminate()
        assert kept.wait(10) == 0


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"DISPLAY": ":598"}, "could not connect to display :598"),
        ({"DISPLAY": "127.0.0.1:71"}, "no X server answers at DISPLAY=127.0.0.1:71"),
        ({"DISPLAY": "", "WAYLAND_DISPLAY": "wayland-7"}, "no Wayland server at"),
        ({"QT_QPA_PLATFORM": "foo"}, 'Could not find the Qt platform plugin "foo"'),
    ],
)
def test_a_screen_that_does_not_work_is_one_line(command: Callable, where: dict[str, str], said: str) -> None:
    ended = command("--source", "demo", **{"QT_QPA_PLATFORM": "", "WAYLAND_DISPLAY": ""} | where)
    assert (ended.code, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert line.startswith("realtime-micacl: no window can be shown: ")
    assert said in line
    assert "--headless" in line


def test_a_screen_that_goes_ends_the_recording_in_good_order(start: Callable, screen, tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    running = start("--source", "demo", "--record", file, DISPLAY=screen.display, QT_QPA_PLATFORM="xcb")
    running.until(lambda now: file.exists() and "probabilities" in file.read_text(), 40.0)
    screen.kill()
    ended = running.ended(10.0)
    assert ended.code == 5
    assert ended.err.endswith("\nrealtime-micacl: the screen is gone, and the window with it\n")
    last = json.loads(file.read_text().splitlines()[-1])
    assert (last["state"], last["detail"]) == ("failed", "the screen is gone, and the window with it")


@pytest.mark.parametrize(
    ("variable", "arguments", "code", "said"),
    [
        ("PYTHONINSPECT=1", ["--list-cameras"], 0, ""),
        ("TQDM_MININTERVAL=abc", ["process", ".", "out"], 2, "unset it: could not convert string to float: 'abc'"),
    ],
)
def test_a_variable_of_the_environment_gives_no_traceback(
    variable: str, arguments: list[str], code: int, said: str
) -> None:
    command = ["env", variable, COMMAND, *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "Traceback" in done.stderr, said in done.stderr) == (code, False, True), done.stderr


def test_signals_that_were_blocked_by_whoever_started_it_end_it(tmp_path: Path) -> None:
    blocked = f"import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, {{{signal.SIGTERM:d}}}); "
    command = [sys.executable, "-c", blocked + "os.execv(sys.argv[1], sys.argv[1:])", COMMAND, "demo", "--headless"]
    with (tmp_path / "out").open("wb") as out, subprocess.Popen(command, stdout=out) as process:
        until_s = time.monotonic() + 60
        while not (tmp_path / "out").read_bytes():
            assert time.monotonic() < until_s
            time.sleep(0.1)
        process.terminate()
        try:
            assert process.wait(20) == 0
        finally:
            process.kill()
