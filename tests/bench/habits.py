"""Does what people do to the program, and notes its answers: `python -m tests.bench.habits [NAME ..]` prints the rows
of docs/tables/habits.md.

Needs Linux, Xvfb and, for one row, root. It takes three minutes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from realtime_micacl.live.sources.source import DEMO
from tests.e2e.conftest import Screen

SAY = sys.stdout.write
RUN = f"{sys.executable} -m realtime_micacl"
CLIP = Path(__file__).parents[1] / "data" / "no_face.mp4"
FACE = CLIP.with_name("one_face_720p.mp4")
LIVE, SHORT, OFFLINE = "--source demo --headless", f"--source {CLIP} --headless", f"--source {DEMO} --offline"
UNSEEN = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""}
MARKED = '{"schema": 1, "time_s": 0.1, "track": null, "state": "marker", "detail": "1"}'

# name -> a line of shell, and what the environment is to be
LINES: dict[str, tuple[str, dict[str, str]]] = {
    "stdout on a full disk": (f"{RUN} {LIVE} >/dev/full", {}),
    "| head -1": (f"{RUN} {LIVE} | head -1; exit ${{PIPESTATUS[0]}}", {}),
    "stdout closed": (f"{RUN} {LIVE} >&-", {}),
    "all three closed, --record": (f"{RUN} {SHORT} --record a.jsonl <&- >&- 2>&-; c=$?; tail -1 a.jsonl; exit $c", {}),
    "doctor | head -1": (f"{RUN} doctor | head -1; exit ${{PIPESTATUS[0]}}", {"QT_QPA_PLATFORM": "offscreen"}),
    "doctor >/dev/full": (f"{RUN} doctor >/dev/full", {"QT_QPA_PLATFORM": "offscreen"}),
    "doctor without a display": (f"{RUN} doctor >/dev/null", {}),
    "DISPLAY=:99, nobody there": (f"{RUN} --source demo", {"DISPLAY": ":99"}),
    "WAYLAND_DISPLAY without a server": (f"{RUN} --source demo", {"WAYLAND_DISPLAY": "wayland-7"}),
    "ssh -X that is gone": (f"{RUN} --source demo", {"DISPLAY": "localhost:10.0"}),
    "sudo, no DISPLAY": (f"{RUN} --source demo", {}),
    "a Qt platform that is not there": (f"{RUN} --source demo", {"QT_QPA_PLATFORM": "eglfs"}),
    "TOML with a BOM": (f"printf '\\xef\\xbb\\xbfwait = true\\r\\n' >s.toml; {RUN} {SHORT} --config s.toml", {}),
    "TOML in UTF-16": (f"echo 'wait = true' | iconv -t utf-16 >s.toml; {RUN} {SHORT} --config s.toml", {}),
    "TOML, look = blue": (f"echo 'look = \"blue\"' >s.toml; {RUN} {SHORT} --config s.toml", {}),
    "TOML, a key twice": (f"printf 'wait = true\\nwait = true\\n' >s.toml; {RUN} {SHORT} --config s.toml", {}),
    "a setting of another version": (f"echo 'smoothing = 0.3' >s.toml; {RUN} {SHORT} --config s.toml", {}),
    "--record=~/r.jsonl": (f"mkdir h; HOME=$PWD/h {RUN} {SHORT} --record=~/r.jsonl; c=$?; ls h; exit $c", {}),
    "no HOME, no TMPDIR": (f"env -u HOME TMPDIR=/nowhere {RUN} {SHORT}", {}),
    "a folder that may only be read": (
        f"mkdir ro; mount -t tmpfs -o ro none ro; cd ro; {RUN} {SHORT} --record r.csv; c=$?; cd ..; umount ro; exit $c",
        {},
    ),
    "a folder that was removed": (f"mkdir gone; cd gone; rmdir ../gone; {RUN} {SHORT}", {}),
    "LC_ALL=C, ASCII, a file Ü.mp4": (
        f"cp {CLIP} Ü.mp4; {RUN} --source Ü.mp4 --headless",
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
    ),
    "a name in an unknown encoding, two sources": (
        f"cp {CLIP} $'\\xff.mp4'; {RUN} {SHORT} --source $'\\xff.mp4' --record b.csv",
        {},
    ),
    "two programs, one recording": (f"{RUN} {SHORT} --record two.csv & sleep 2; {RUN} {SHORT} --record two.csv", {}),
    "a quota while recording": (f"ulimit -f 8; {RUN} {SHORT} --record q.jsonl; exit $?", {}),
    "stderr on a full disk": (f"{RUN} --source {CLIP} --offline 2>/dev/full", {}),
    "too little memory (ulimit -v)": (f"ulimit -v 600000; {RUN} --source {CLIP} --offline", {}),
    "20 open files (ulimit -n)": (f"ulimit -n 20; {RUN} {SHORT}", {}),
    "PYTHONWARNINGS=error, -OO": (f"{RUN} {SHORT}", {"PYTHONWARNINGS": "error", "PYTHONOPTIMIZE": "2"}),
    "LC_ALL=tr_TR, TZ=Nowhere": (f"{RUN} {SHORT}", {"LC_ALL": "tr_TR.UTF-8", "TZ": "Nowhere"}),
    "one core (taskset)": (f"taskset -c 0 {RUN} {SHORT}", {}),
    "several files (*.mp4)": (f"cp {CLIP} a.mp4; cp {CLIP} b.mp4; {RUN} *.mp4 --offline", {}),
    "--offl": (f"{RUN} --source {CLIP} --offl", {}),
    "--rate 29,97": (f"{RUN} --source {CLIP} --rate 29,97", {}),
    "--size 1920": (f"{RUN} --camera 0 --size 1920", {}),
    "192.168.1.5:8080/video": (f"{RUN} 192.168.1.5:8080/video --headless", {}),
    "a link to nowhere": (f"ln -s nowhere.mp4 a.mp4; {RUN} a.mp4 --offline", {}),
    "a path of 300 letters": (f"{RUN} {'y' * 300} --offline", {}),
    "a photograph through a pipe": (f"ffmpeg -v error -i {FACE} -frames:v 1 a.png; cat a.png | {RUN} - --headless", {}),
    "an MP4 through a pipe": (f"cat {CLIP} | {RUN} - --headless", {}),
    "the port is taken": (f"{RUN} {LIVE} --web 18181 & sleep 6; {RUN} {SHORT} --web 18181; c=$?; kill %1; exit $c", {}),
    "SIGSTOP for 15 s": (f"{RUN} {LIVE} & sleep 8; kill -STOP %1; sleep 15; kill -CONT %1; sleep 3; kill %1; wait", {}),
    "a file is cut off while it is played": (
        f"ffmpeg -v error -i {FACE} -c copy -movflags +faststart a.mp4; (sleep 4; truncate -s 9000 a.mp4) &"
        f" {RUN} a.mp4 --headless",
        {},
    ),
    "replay of a marker": (
        f"echo '{MARKED}' >m.jsonl; timeout 4 {RUN} replay m.jsonl",
        {"QT_QPA_PLATFORM": "offscreen"},
    ),
}
# name -> arguments, the signals, and after how many seconds they come
SIGNALS: dict[str, tuple[str, tuple[int, ...], float]] = {
    "offline, SIGTERM": (OFFLINE, (signal.SIGTERM,), 5.0),
    "offline, terminal closed": (OFFLINE, (signal.SIGHUP,), 5.0),
    "headless, terminal closed": (LIVE, (signal.SIGHUP,), 5.0),
    "Ctrl-C, and again": (LIVE, (signal.SIGINT, signal.SIGINT), 5.0),
    "Ctrl-C while it starts": (LIVE, (signal.SIGINT,), 0.3),
}


def main() -> None:
    asked = sys.argv[1:]
    SAY("| what was done | exit code | last line of output | last line of errors |\n|---|---|---|---|\n")
    for name, (line, env) in LINES.items():
        if not asked or name in asked:
            with tempfile.TemporaryDirectory() as folder:
                _tell(name, _started(["bash", "-c", line], folder, env))
    for name, (arguments, numbers, after_s) in SIGNALS.items():
        if not asked or name in asked:
            with tempfile.TemporaryDirectory() as folder:
                process = _started([*RUN.split(), *arguments.split()], folder, {})
                time.sleep(after_s)
                for number in numbers:
                    process.send_signal(number)
                    time.sleep(0.1)
                _tell(name, process)
    if not asked or "the X server is killed" in asked:
        with tempfile.TemporaryDirectory() as folder:
            screen = Screen(Path(folder), "1280x720")
            command = [*RUN.split(), "--source", "demo", "--record", "r.jsonl"]
            process = _started(command, folder, {"DISPLAY": screen.display, "QT_QPA_PLATFORM": "xcb"})
            time.sleep(8.0)
            screen.kill()
            _tell("the X server is killed", process)


def _started(command: list[str], folder: str, env: dict[str, str]) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=os.environ | UNSEEN | env, stdout=pipe, stderr=pipe)


def _tell(name: str, process: subprocess.Popen[bytes]) -> None:
    try:
        out, err = process.communicate(timeout=30)
        code = str(process.returncode)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        code = "it goes on"
    last = [(part.decode(errors="replace").splitlines() or ["-"])[-1][-110:] for part in (out, err)]
    SAY(
        f"| {name} | {code} | {last[0]} | {last[1]}{', after a traceback' * (b'Traceback' in err)} |\n".replace(
            "||", "\\|"
        )
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
