"""Measures how often covered faces are noticed, and how often uncovered ones are taken for covered.

`python -m tests.bench.covered CLIPS ..` takes videos, pictures and folders of them, of uncovered faces. Objects
are drawn over mouth and eyes, at their landmarks, by other code than for training.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np

from realtime_micacl.live.seeing.cover import Covers
from realtime_micacl.live.seeing.detection import Detection
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.mesh import FaceMesh, region
from realtime_micacl.live.seeing.quality import EYES_COVER, MOUTH_COVER
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import F32, U8

STEP = 5  # every so many frames of a clip
SIZES = (30, 50, 80, 120, 200, 300)  # heights of faces in px, of those no larger than what the clip has
JAW = (234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454)
NOSE = (345, 5, 116)  # cheek, bridge, cheek
EYES, LIPS, FOREHEAD = ((33, 133), (362, 263)), (61, 291), 151
Draw = Callable[[U8, F32], None]


def box_on_mouth(image: U8, landmarks: F32) -> None:
    _box(image, landmarks[list(LIPS)].mean(axis=0), np.array((0.9, 0.45)) * _unit(landmarks), (230, 216, 173))


def box_on_eyes(image: U8, landmarks: F32) -> None:
    _box(image, _eyes(landmarks).mean(axis=0), np.array((1.05, 0.3)) * _unit(landmarks), (20, 20, 20))


def mask(image: U8, landmarks: F32) -> None:
    cv2.fillPoly(image, [landmarks[[*JAW, *NOSE]].round().astype(np.int32)], (196, 214, 226), cv2.LINE_AA)
    for low in (0.3, 0.5, 0.7):
        (x, y), (_, chin) = landmarks[5], landmarks[152]
        at = round(y + low * (chin - y))
        half = round(0.6 * _unit(landmarks))
        cv2.line(image, (round(x) - half, at), (round(x) + half, at), (150, 170, 184), max(1, half // 40), cv2.LINE_AA)


def dark_mask(image: U8, landmarks: F32) -> None:
    cv2.fillPoly(image, [landmarks[[*JAW, *NOSE]].round().astype(np.int32)], (28, 28, 32), cv2.LINE_AA)


def sunglasses(image: U8, landmarks: F32) -> None:
    unit = _unit(landmarks)
    eyes = _eyes(landmarks)
    for eye in eyes:
        cv2.ellipse(image, _px(eye), (round(0.42 * unit), round(0.32 * unit)), 0, 0, 360, (24, 20, 18), -1, cv2.LINE_AA)
    cv2.line(image, _px(eyes[0]), _px(eyes[1]), (24, 20, 18), max(1, round(0.06 * unit)), cv2.LINE_AA)


def hand_on_mouth(image: U8, landmarks: F32) -> None:
    _hand(image, landmarks, landmarks[list(LIPS)].mean(axis=0))


def hands_on_eyes(image: U8, landmarks: F32) -> None:
    for eye in _eyes(landmarks):
        _hand(image, landmarks, eye)


def _hand(image: U8, landmarks: F32, at: F32) -> None:
    """Draw four fingers in the colour of the forehead, each darker towards its border."""
    unit = _unit(landmarks)
    x, y = _px(landmarks[FOREHEAD])
    colour = image[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].reshape(-1, 3).mean(axis=0)
    for k in range(4):
        high = at + np.array((0.0, (k - 1.5) * 0.26 * unit))
        for thick, light in ((0.28, 0.7), (0.22, 0.9), (0.12, 1.0)):
            ends = (high - np.array((0.65, 0.08)) * unit, high + np.array((0.6, 0.05)) * unit)
            shade = tuple((light * colour).tolist())
            cv2.line(image, _px(ends[0]), _px(ends[1]), shade, max(1, round(thick * unit)), cv2.LINE_AA)


def _box(image: U8, at: F32, half: F32, colour: tuple[int, int, int]) -> None:
    cv2.rectangle(image, _px(at - half), _px(at + half), colour, -1)


def _eyes(landmarks: F32) -> F32:
    return np.stack([landmarks[list(eye)].mean(axis=0) for eye in EYES])


def _unit(landmarks: F32) -> float:
    """Return the distance between the eyes, or what it would be from the front, in px."""
    return max(
        float(np.hypot(*np.subtract(*_eyes(landmarks)))), 0.5 * float(np.hypot(*(landmarks[FOREHEAD] - landmarks[152])))
    )


def _px(at: F32) -> tuple[int, int]:
    x, y = at.round().astype(int).tolist()
    return x, y


COVERS: dict[str, Draw] = {
    one.__name__.replace("_", " "): one
    for one in (box_on_mouth, mask, dark_mask, hand_on_mouth, box_on_eyes, sunglasses, hands_on_eyes)
}


def pictures(paths: list[Path]) -> Iterator[tuple[str, U8]]:
    """Yield every STEP-th frame of videos, and pictures, each with the name of its file."""
    for path in paths:
        if path.is_dir():
            yield from pictures(sorted(one for one in path.iterdir() if one.suffix in (".mp4", ".mov", ".gif", ".jpg")))
        elif path.suffix == ".jpg":
            yield path.parent.name, np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8)
        else:
            yield from ((path.name, frame.image) for k, frame in enumerate(read_file(path)) if k % STEP == 0)


class Bench:
    """Counts the verdicts on faces, uncovered and covered."""

    def __init__(self) -> None:
        self.detectors = FaceDetector(), FaceDetector(reach="short")
        self.mesh, self.covers = FaceMesh(), Covers()
        self.seen, self.alarms = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
        self.drawn, self.noticed, self.lost = Counter[str](), Counter[str](), Counter[str]()
        self.spent: list[float] = []

    def add(self, name: str, whole: U8) -> None:
        """Count the faces of a picture, in its size and smaller, uncovered and covered."""
        for one in self._faces(whole):
            size, at = float(one.box[3] - one.box[1]), one.points[:4].mean(axis=0)
            self._count(name, 0, self._covered(whole, at))
            for height in (height for height in SIZES if height < 1.2 * size):
                scale = height / size
                image = cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
                self._count(name, height, self._covered(np.asarray(image, np.uint8), at * scale))
            landmarks, score = self.mesh.landmarks(whole, [region(one.points, one.box)])
            for kind, draw in COVERS.items() if score[0] > 0.9 else ():
                image = whole.copy()
                draw(image, landmarks[0, :, :2])
                said = self._covered(image, at)
                self.drawn[kind] += 1
                self.noticed[kind] += bool(said)
                self.lost[kind] += said is None

    def _faces(self, image: U8) -> list[Detection]:
        full, short = self.detectors
        return full.detect(image) or short.detect(image)

    def _covered(self, image: U8, at: F32) -> bool | None:
        """Return whether the face at a place is taken for covered; None if it is no longer found."""
        around = [one for one in self._faces(image) if (one.box[:2] < at).all() and (at < one.box[2:]).all()]
        if not around:
            return None
        started_s = perf_counter()
        (mouth, eyes) = self.covers.read(image, [around[0].points])[0]
        self.spent.append(perf_counter() - started_s)
        return bool(mouth >= MOUTH_COVER[0] or eyes >= EYES_COVER[0])

    def _count(self, name: str, height: int, said: bool | None) -> None:
        if said is not None:
            for who in (name, "all"):
                self.seen[who, height] += 1
                self.alarms[who, height] += said


def main() -> None:
    """Print the tables."""
    bench, write = Bench(), sys.stdout.write
    for name, whole in pictures([Path(path) for path in sys.argv[1:]]):
        bench.add(name, whole)
    heights = (0, *SIZES)
    write("| taken for covered, of faces that are not | faces | as they are |")
    write("".join(f" {height} px |" for height in SIZES) + "\n" + "|---" * (len(heights) + 2) + "|\n")
    for name in dict.fromkeys(who for who, _ in bench.seen):
        counts = [(bench.alarms[name, height], bench.seen[name, height]) for height in heights]
        cells = "".join(f" {wrong / count:.3f} |" if count else " |" for wrong, count in counts)
        write(f"| {name} | {sum(count for _, count in counts)} |{cells}\n")
    write("\n| covered by | faces | noticed, of those found | not found any more |\n|---|---|---|---|\n")
    for kind, count in bench.drawn.items():
        noticed = bench.noticed[kind] / max(1, count - bench.lost[kind])
        write(f"| {kind} | {count} | {noticed:.3f} | {bench.lost[kind] / count:.3f} |\n")
    write(f"\na face takes {1e3 * float(np.median(bench.spent)):.2f} ms (median)\n")


if __name__ == "__main__":
    main()
