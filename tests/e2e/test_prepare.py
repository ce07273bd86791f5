"""`realtime-micacl prepare` as a person runs it: killed at any moment, run again, by one process or several."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.making.data.prepared import read_prepared
from realtime_micacl.types import EMOTIONS
from realtime_micacl_render.video import write_video

RECIPE = Path(__file__).parents[2] / "engines" / "default.toml"
CLIPS = 9


@pytest.fixture
def rendered(tmp_path: Path, clips: Path) -> Path:
    """Short clips of one face, one of them damaged."""
    root = tmp_path / "people"
    root.mkdir()
    pictures = [frame.image[::2, ::2].copy() for frame in read_file(clips / "one_face_720p.mp4") if frame.index < 40]
    rows = []
    for n in range(CLIPS):
        name = f"{n}.mp4"
        write_video(root / name, pictures[n : n + 25], rate_hz=25, preset="ultrafast")
        rows.append({"file": name, "identity": n % 7, "emotion": EMOTIONS[n % 7], "fps": 25, "intensity": [0.5] * 25})
    (root / "3.mp4").write_bytes((root / "3.mp4").read_bytes()[:2000])
    (root / "labels.json").write_text(json.dumps(rows))
    return root


def done_in(folder: Path) -> list[Path]:
    return list(folder.glob("clips/[0-9a-f]*.npz"))


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_run_that_was_killed_goes_on_to_the_same_result(
    tmp_path: Path, rendered: Path, start: Callable, command: Callable
) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    done = command("prepare", "rendered", rendered, once, "--recipe", RECIPE, "--jobs", 1, timeout_s=120)
    assert done.code == 0, done.err
    assert f"{CLIPS - 1} clips" in done.out and "skipped: 1" in done.out
    for number, code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)):
        before = len(done_in(twice))
        running = start("prepare", "rendered", rendered, twice, "--recipe", RECIPE, "--jobs", 2)
        running.until(lambda _, n=before: len(done_in(twice)) > n, timeout_s=60)
        time.sleep(random.Random(number).random() * 0.1)
        children = psutil.Process(running.process.pid).children(recursive=True)
        ended, _ = running.stop(number)
        assert not psutil.wait_procs(children, timeout=20)[1], "no process is left behind"
        assert "Traceback" not in ended.err
        if ended.code == 0 and number != signal.SIGKILL:
            break  # on a quick machine a later signal comes after the last clip
        assert ended.code == code
        with pytest.raises(ConfigError, match="not prepared to the end"):
            read_prepared(twice)
    kept = {file: file.stat().st_mtime_ns for file in done_in(twice)}
    again = command("prepare", "rendered", rendered, twice, "--recipe", RECIPE, "--jobs", 2, timeout_s=120)
    assert again.code == 0, again.err
    assert all(file.stat().st_mtime_ns == time_ns for file, time_ns in kept.items()), "what was done is not done again"
    first, second = content(once), content(twice)
    assert first.keys() == second.keys(), "no half-written file is left"
    assert first == second, "killed or not, by one process or two: the same bytes"


def test_a_module_of_the_same_name_in_the_folder_of_the_run_is_not_taken_for_pythons(
    tmp_path: Path, rendered: Path, executable: str
) -> None:
    for name in ("logging", "random", "types", "realtime_micacl"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} of the folder')\n")
    words = ["prepare", "rendered", str(rendered), "out", "--recipe", str(RECIPE), "--jobs", "1"]
    done = subprocess.run([executable, *words], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "of the folder" not in done.stderr


def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path, command: Callable) -> None:
    done = command("prepare", "dfew", tmp_path, tmp_path / "out", "--recipe", RECIPE)
    assert done.code == 2
    assert done.err.count("\n") == 1 and "EmoLabel_DataSplit" in done.err


def test_a_full_disk_is_one_line_and_leaves_no_half_file(tmp_path: Path, rendered: Path, executable: str) -> None:
    line = [executable, "prepare", "rendered", rendered, tmp_path / "out", "--recipe", RECIPE, "--jobs", "2"]
    limited = ["bash", "-c", 'ulimit -f 50; exec "$@"', "bash", *map(str, line)]  # no file above 50 kB
    done = subprocess.run(limited, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1 and "cannot be written: File too large" in done.stderr
    assert not done_in(tmp_path / "out") and not list(tmp_path.glob("out/clips/.*"))
