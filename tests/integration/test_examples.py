"""The scripts in examples/ run as they stand; of the training only what it would start is looked at."""

from __future__ import annotations

import io
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from realtime_micacl.live.sources.video import read_file
from realtime_micacl_engines import folder
from realtime_micacl_render.video import write_video

EXAMPLES = Path(__file__).parents[2] / "examples"
ENCODER = str(folder("default") / "encode.onnx")
RUNS: dict[str, tuple[list[str], str]] = {
    "loop_over_a_file": (["clips/clip.mp4"], "face 1"),
    "webcam_with_markers": (["clips/clip.mp4", "w.jsonl"], "marker 1"),
    "folder_to_pandas": (["clips", "out"], "clip.mp4"),
    "own_loop": (["clips/clip.mp4"], " 1 "),
    "several_cameras": (["9", "all.csv", "clips/clip.mp4", "clips/clip.mp4"], "readings in all.csv"),
    "lab_protocol": (["clips/clip.mp4", "l.jsonl", "0.2", "joke"], "marker 1 is joke"),
    "train_on_own_clips": (["clips", "recipe.toml", "work"], ""),
    "own_encoder": ([ENCODER, "clips/clip.mp4"], "neutral"),
}


def test_every_example_is_run_and_short() -> None:
    found = {file.stem: len(file.read_text("utf-8").splitlines()) for file in EXAMPLES.glob("*.py")}
    assert found.keys() == RUNS.keys()
    assert max(found.values()) < 40


@pytest.mark.parametrize("name", RUNS)
def test_an_example_without_arguments_says_what_it_takes(name: str) -> None:
    file = EXAMPLES / f"{name}.py"
    done = subprocess.run([sys.executable, file], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"python examples/{name}.py " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("clip") / "clip.mp4"
    whole = Path(__file__).parents[1] / "data" / "one_face_720p.mp4"
    pictures = [f.image[::2, ::2].copy() for f, _ in zip(read_file(whole), range(40), strict=False)]
    write_video(file, pictures, rate_hz=30, preset="ultrafast")
    return file.read_bytes()


@pytest.mark.parametrize("name", RUNS)
def test_an_example_runs(
    name: str, clip: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, said = RUNS[name]
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "clip.mp4").write_bytes(clip)
    (tmp_path / "clips" / "about.txt").write_text("who was filmed")
    write_video(tmp_path / "clips" / "black.mp4", [np.zeros((64, 64, 3), np.uint8)] * 5, rate_hz=30, preset="ultrafast")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    started: list[str] = []
    if name == "train_on_own_clips":
        monkeypatch.setattr(subprocess, "run", lambda command, **_: started.append(command[3]))
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert said in capsys.readouterr().out
    assert started == (["prepare", "train", "export", "evaluate"] if name == "train_on_own_clips" else [])
