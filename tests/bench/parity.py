"""Compares detected faces with those of mediapipe 0.10.21, the last version with the old interface.

`python -m tests.bench.parity PYTHON PATHS ..` takes the Python of an environment that has mediapipe 0.10.21 (it needs
numpy 1, hence one of its own) and videos, pictures and folders of them. The mediapipe that is installed here and ONNX
Runtime get the same pictures.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack, closing
from importlib.metadata import version
from pathlib import Path
from typing import IO

import numpy as np

from realtime_micacl.live.seeing.detection import Detection, Reach
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.types import F32, U8
from tests.bench.covered import pictures

ROOM = 64
SAME_PX = 20.0  # detections whose noses are closer are the same face
BEFORE = """
import json, sys
import numpy as np
from mediapipe.python.solutions.face_detection import FaceDetection
full, short = (FaceDetection(model_selection=k, min_detection_confidence=0.5) for k in (1, 0))
for line in sys.stdin.buffer:
    height, width = map(int, line.split())
    image = np.frombuffer(sys.stdin.buffer.read(3 * height * width), np.uint8).reshape(height, width, 3)
    said = []
    for one in (full, short):
        found = [(one.score[0], one.location_data) for one in one.process(image).detections or ()]
        boxes = [(score, place.relative_bounding_box, place.relative_keypoints) for score, place in found]
        said.append([[b.xmin, b.ymin, b.xmin + b.width, b.ymin + b.height, score, *((p.x, p.y) for p in points)]
                     for score, b, points in boxes])
    print(json.dumps(said), flush=True)
"""


def asked(before: subprocess.Popen[bytes], image: U8) -> list[list[Detection]]:
    """Return the faces that mediapipe 0.10.21 finds, with its full- and short-range model."""
    assert before.stdin is not None
    assert before.stdout is not None
    before.stdin.write(b"%d %d\n" % image.shape[:2] + image.tobytes())
    before.stdin.flush()
    size = np.array(image.shape[1::-1], np.float32)
    return [
        [
            Detection(
                np.array(one[:4], np.float32) * np.tile(size, 2), np.array(one[5:], np.float32) * size, float(one[4])
            )
            for one in found
        ]
        for found in json.loads(before.stdout.readline())
    ]


def apart(theirs: list[Detection], ours: list[Detection]) -> F32:
    """Return the largest differences of key points, boxes and scores for each of n matching faces, [n,3]."""
    rows = []
    for one in theirs:
        near = min(ours, key=lambda other: _noses(one, other), default=None)
        if near is not None and _noses(one, near) < SAME_PX:
            off = [
                np.abs(one.points - near.points).max(),
                np.abs(one.box - near.box).max(),
                abs(one.score - near.score),
            ]
            rows.append(off)
    return np.array(rows, np.float32).reshape(-1, 3)


def _noses(one: Detection, other: Detection) -> float:
    return float(np.hypot(*(one.points[2] - other.points[2])))


def main() -> None:
    """Print the table."""
    python, *paths = sys.argv[1:]
    reaches: tuple[Reach, ...] = ("full", "short")
    counts: dict[tuple[str, Reach], list[int]] = {}
    off: dict[tuple[str, Reach], list[F32]] = {}
    looked = 0
    with ExitStack() as stack:
        pipes: dict[str, int | IO[bytes]] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        before = stack.enter_context(
            subprocess.Popen([python, "-c", BEFORE], **pipes, stderr=subprocess.DEVNULL)  # type: ignore[call-overload]
        )
        now = {
            (runtime, reach): stack.enter_context(closing(FaceDetector(reach=reach, max_faces=ROOM, runtime=runtime)))
            for runtime in ("mediapipe", "onnxruntime")
            for reach in reaches
        }
        for _, image in pictures([Path(path) for path in paths]):
            looked += 1
            for reach, theirs in zip(reaches, asked(before, image), strict=True):
                counts.setdefault(("0.10.21", reach), []).append(len(theirs))
                for runtime in ("mediapipe", "onnxruntime"):
                    ours = now[runtime, reach].detect(image)
                    counts.setdefault((runtime, reach), []).append(len(ours))
                    off.setdefault((runtime, reach), []).append(apart(theirs, ours))
        assert before.stdin is not None
        before.stdin.close()
    names = {"mediapipe": f"mediapipe {version('mediapipe')}", "onnxruntime": f"ONNX Runtime {version('onnxruntime')}"}
    write = sys.stdout.write
    write(f"{looked} pictures; mediapipe 0.10.21 saw {sum(counts['0.10.21', 'full'])} faces (full range)")
    write(f" and {sum(counts['0.10.21', 'short'])} (short range)\n\n")
    write("| | faces | of 0.10.21's, seen | key points apart, px at most | boxes apart, px at most | scores apart |\n")
    write("|---" * 6 + "|\n")
    for (runtime, reach), each in off.items():
        rows = np.concatenate(each)
        points, boxes, scores = rows.max(axis=0, initial=0)
        seen = f"{len(rows)} of {sum(counts['0.10.21', reach])}"
        write(f"| {names[runtime]}, {reach} range | {sum(counts[runtime, reach])} | {seen} |")
        write(f" {points:.3f} | {boxes:.2f} | {scores:.4f} |\n")


if __name__ == "__main__":
    main()
