"""Both runtimes of the detector: the same faces, and nobody is called."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime_micacl.doctor import machine
from realtime_micacl.live.seeing.detection import Detection, Reach
from realtime_micacl.live.seeing.detector import FaceDetector, Runtime
from realtime_micacl.live.seeing.detector_onnx import OnnxDetector
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import U8

DATA = Path(__file__).parents[1] / "data"
RUNTIMES: tuple[Runtime, ...] = ("mediapipe", "onnxruntime")
REACHES: tuple[Reach, ...] = ("full", "short")


@pytest.fixture(scope="module", params=REACHES)
def both(request: pytest.FixtureRequest) -> Iterator[list[FaceDetector]]:
    opened = [FaceDetector(reach=request.param, runtime=runtime) for runtime in RUNTIMES]
    yield opened
    for one in opened:
        one.close()


def pictures(name: str, every: int) -> list[U8]:
    return [frame.image for frame in read_file(DATA / name) if frame.index % every == 0]


def assert_same(found: list[list[Detection]]) -> None:
    ours, theirs = found
    assert len(ours) == len(theirs)
    for one, two in zip(ours, theirs, strict=True):
        assert np.abs(one.points - two.points).max() < 0.1
        assert np.abs(one.box - two.box).max() <= 2, "whole numbers at most"
        assert one.score == pytest.approx(two.score, abs=1e-3)


@pytest.mark.parametrize("name", ["one_face_720p.mp4", "three_faces_720p.mp4", "face_leaves.mp4", "no_face.mp4"])
def test_both_runtimes_see_the_same_faces(both: list[FaceDetector], name: str) -> None:
    seen = 0
    for picture in pictures(name, 10):
        found = [sorted(one.detect(picture), key=lambda d: float(d.points[2, 0])) for one in both]
        assert_same(found)
        seen += len(found[0])
    assert seen or name == "no_face.mp4"


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
def test_a_box_may_reach_beyond_the_picture(both: list[FaceDetector], side: str) -> None:
    """Mediapipe's API would push it back into the picture, and off the face."""
    (picture,) = pictures("one_face_720p.mp4", 10)[:1]
    with closing(FaceDetector()) as whole:
        (face,) = whole.detect(picture)
    left, top, right, bottom = face.box.astype(int).tolist()
    cut = (right - left) // 12
    parts = {
        "left": picture[:, left + cut :],
        "top": picture[top + cut :],
        "right": picture[:, : right - cut],
        "bottom": picture[: bottom - cut],
    }
    found = [one.detect(np.ascontiguousarray(parts[side])) for one in both]
    assert_same(found)
    assert len(found[0]) == 1
    shift = np.array([left + cut if side == "left" else 0, top + cut if side == "top" else 0] * 2)
    assert np.abs(found[0][0].box + shift - face.box).max() < 0.2 * (right - left)


def test_the_least_score_counts(both: list[FaceDetector]) -> None:
    (picture,) = pictures("one_face_720p.mp4", 10)[:1]
    for runtime in RUNTIMES:
        with closing(FaceDetector(min_score=0.99, runtime=runtime)) as strict:
            assert strict.detect(picture) == []


def test_onnx_runtime_looks_and_mediapipe_is_not_even_imported() -> None:
    code = (
        "import sys; from realtime_micacl.live.seeing.lookout import Lookout; Lookout(far=True).close(); "
        "sys.exit('mediapipe' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_doctor_says_what_looks_for_faces() -> None:
    (finding,) = machine.detector()
    assert finding.good
    assert finding.text.startswith(f"ONNX Runtime {version('onnxruntime')} finds faces, ")


@pytest.mark.fault("R22")
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed: apt-get install strace")
def test_no_network_call_is_made(tmp_path: Path) -> None:
    """Not even a socket is opened: mediapipe from 0.10.35 on asks for the address of a host here."""
    code = (
        "import numpy as np; from realtime_micacl.live.seeing.detector import FaceDetector; "
        "opened = [FaceDetector(reach=r, runtime=t) for r in ('full', 'short') for t in ('mediapipe', 'onnxruntime')]; "
        "[(one.detect(np.zeros((720, 1280, 3), np.uint8)), one.close()) for one in opened]"
    )
    log = tmp_path / "strace.txt"
    traced = ["strace", "-f", "-qq", "-o", str(log), "-e", "trace=network", sys.executable, "-c", code]
    done = subprocess.run(traced, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    calls = [line for line in log.read_text().splitlines() if "(" in line and "+++" not in line]
    assert calls == []
    assert done.stderr == "", "nothing is printed at the end either"


def test_a_face_among_noise_or_lines_is_where_it_is_without_them() -> None:
    """As of a webcam in the dark, and of a screen that was filmed."""
    (picture,) = pictures("one_face_720p.mp4", 200)
    noise = np.random.default_rng(0).normal(0, 30, picture.shape)
    lines = picture.copy()
    lines[::3] = 0
    with closing(FaceDetector()) as detector:
        (wanted,) = detector.detect(picture)
        for spoilt in ((picture * 0.3 + noise).clip(0, 255).astype(np.uint8), lines):
            (found,) = detector.detect(spoilt)
            assert np.abs(found.box - wanted.box).max() < 40


def test_of_a_clean_picture_of_nobody_no_means_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = cv2.resize(pictures("no_face.mp4", 100)[0], (1280, 720))
    noise = np.random.default_rng(0).normal(0, 30, picture.shape)
    widths: list[int] = []
    look = OnnxDetector._find

    def noted(self: OnnxDetector, image: U8, *given: Any) -> list[Detection]:
        widths.append(image.shape[1])
        return look(self, image, *given)

    monkeypatch.setattr(OnnxDetector, "_find", noted)
    with closing(OnnxDetector("full", 0.5)) as detector:
        assert detector.find(picture) == [] and widths == [1280]
        assert detector.find((picture * 0.3 + noise).clip(0, 255).astype(np.uint8)) == []
    assert widths == [1280, 1280, 213]
