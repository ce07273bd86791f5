"""doctor and bench on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


def test_doctor_says_what_is_there_and_what_is_missing(command: Callable) -> None:
    done = command("doctor")
    assert done.code == 0, done.err
    subjects = {line[8:20].strip() for line in done.out.splitlines()}
    assert {"system", "processor", "packages", "display", "camera", "engine", "gpu"} <= subjects
    engine = next(line for line in done.out.splitlines() if "engine" in line)
    assert engine.startswith("ok")
    assert "ms per tick and face" in engine
    assert "this machine keeps up with" in next(line for line in done.out.splitlines() if "speed" in line)


def test_doctor_without_a_display_says_so(command: Callable) -> None:
    done = command("doctor", DISPLAY="", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="xcb")
    display = next(line for line in done.out.splitlines() if "display" in line)
    assert display.startswith("MISSING")
    assert "--headless" in display
    assert done.code == 4
    assert "cannot run here: no display, see MISSING above" in done.err
    without = command("doctor", "--headless", DISPLAY="", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="xcb")
    assert (without.code, without.err) == (0, "")


def test_bench_measures_the_running_program(command: Callable, clips: Path, tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    clip = clips / "three_faces_720p.mp4"
    done = command("bench", "--source", clip, "--seconds", 4, "--only", "live", "--json", file, timeout_s=90)
    assert done.code == 0, done.err
    figures = json.loads(file.read_text())
    assert figures["size"] == "1280 x 720"
    assert figures["faces"] == 3
    assert 0 < figures["painted_hz"] <= figures["captured_hz"] * 1.05
    assert 0 < figures["latency_ms"][0] <= figures["latency_ms"][1]
    assert figures["readings_hz_per_face"] > 0
    assert figures["cpu_percent"] > 0
    assert {"window", "capture", "perceive", "recognize"} <= figures["threads_percent"].keys()
    assert 0 < sum(figures["threads_percent"].values()) <= 1.1 * figures["cpu_percent"]
    assert 0 < figures["paint_alone_ms"][0] <= figures["paint_alone_ms"][1]
    assert figures["memory_mb"] > 50
    assert 0 < figures["start_s"][0] < figures["start_s"][1]
    for name in ("painted", "latency", "readings", "paint alone", "processor", "memory", "start-up"):
        assert name in done.out


def test_bench_measures_stages_engines_and_what_else_one_would_write(
    command: Callable, clips: Path, tmp_path: Path
) -> None:
    file = tmp_path / "bench.json"
    parts = ("stages", "engines", "loop")
    done = command("bench", "--source", clips / "cut.mp4", "--only", *parts, "--json", file, timeout_s=400)
    assert done.code == 0, done.err
    figures = json.loads(file.read_text())
    stages = figures["stages"]["stages_ms"]
    assert list(stages) == ["decode", "to RGB", "detect", "crop and track", "encode", "classify"]
    assert all(0 < row["p50"] <= row["p95"] for row in stages.values())
    assert stages["detect"]["per_s"] < 0.8 * stages["decode"]["per_s"], "faces are looked for once a tick"
    rows = figures["passes"]["rows"]
    assert sum(row["new"] for row in rows.values()) == 2, "a picture is decoded, and made RGB once"
    assert all(row["ms"] > 0.5 * row["floor_ms"] for row in rows.values()), "nothing beats moving its bytes"
    engines = figures["engines"]
    assert {"ONNX Runtime", "OpenVINO", "torch"} <= engines["rows"].keys()
    assert engines["absent"].keys() & {"cuda", "tensorrt"} or engines["rows"].keys() & {"cuda", "tensorrt"}
    for row in engines["rows"].values():
        assert row["readings_per_s"].keys() >= {"1", "4"}
        assert row["ratio"] > 0
    assert engines["re_encoding"] > 0
    assert figures["loop"].keys() == {"own", "mediapipe", "haar"}
    for name in ("stages", "passes", "engines", "loop", "ONNX Runtime", "Haar"):
        assert name in done.out


def test_bench_refuses_to_read_a_stream_as_a_file(command: Callable) -> None:
    done = command("bench", "--source", "synthetic")
    assert done.code == 2
    assert "--only live" in done.err


def test_bench_of_a_source_that_ends_too_soon_is_refused(command: Callable) -> None:
    done = command("bench", "--seconds", 0)
    assert done.code == 2
    assert "--seconds" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--seconds", "nan"), "at least one second"),
        (("--seconds", "inf"), "at least one second"),
        (("--source", "{folder}"), "--only live"),
        (("--json", "{folder}"), "no file can be written there"),
        (("--json", "{folder}/nowhere/bench.json"), "no file can be written there"),
        (("--source", "{folder}/photo.heic", "--only", "stages"), "is a single picture"),
        (("--source", "{folder}/../no_face.mp4", "--only", "engines"), "name a clip with faces"),
    ],
)
def test_bench_says_what_it_cannot_measure(command: Callable, clips: Path, words: tuple[str, ...], said: str) -> None:
    done = command("bench", *(word.format(folder=clips / "sources") for word in words))
    assert (done.code, said in done.err) == (2, True), done.err


def test_list_cameras(command: Callable) -> None:
    done = command("--list-cameras")
    assert done.code == 0
    assert done.out


@pytest.mark.parametrize("verb", ["train", "ablate", "evaluate", "export"])
def test_a_verb_says_what_it_needs(verb: str) -> None:
    code = "import sys; sys.modules['torch'] = None; "
    code += f"from realtime_micacl.programs.cli import run; sys.exit(run(['{verb}']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "needs torch" in done.stderr
    assert "[train]" in done.stderr
    assert "Traceback" not in done.stderr
