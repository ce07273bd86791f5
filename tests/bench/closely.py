"""Measures how many faces of groups and of close-ups are found in the whole picture, and with a closer look.

    python -m tests.bench.closely [CLIP ...]

Without clips the faces are those of tests/data.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np

from realtime_micacl.live.seeing.closely import look_closely
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.quality import frontal
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import U8

DATA = Path(__file__).parents[1] / "data"
CLIPS = [DATA / "sources" / "http_faststart.mp4", DATA / "one_face_720p.mp4"]
GROUPS = ((4000, 3000, 400), (4000, 3000, 250), (1920, 1080, 220), (1280, 720, 130), (6000, 4000, 300))
EMPTY = (DATA / "no_face.mp4", DATA / "sources" / "testsrc854x480.mp4")
MOST = 30


def group(faces: list[U8], width: int, height: int, side: int) -> tuple[U8, int]:
    """Return a picture of up to 14 people in rows, each `side` px high with shoulders, and their number."""
    blots = np.random.default_rng(0).integers(60, 160, (height // 60, width // 60, 3), dtype=np.uint8)
    picture = np.asarray(cv2.resize(blots, (width, height)), np.uint8)
    places = [(x, y) for y in range(20, height - side, 2 * side) for x in range(20, width - side, side * 9 // 5)][:14]
    for number, (x, y) in enumerate(places):
        face = faces[number % len(faces)]
        picture[y : y + side, x : x + side] = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    return picture, len(places)


def main() -> None:
    """Print the figures."""
    detector = FaceDetector(max_faces=MOST)
    faces = []
    for clip in [Path(name) for name in sys.argv[1:]] or CLIPS:
        image = next(read_file(clip)).image
        x, y, right, bottom = (int(v) for v in look_closely(detector, image, 1)[0].box)
        side = max(right - x, bottom - y)
        faces.append(
            (
                image,
                (x, y, right, bottom),
                image[max(0, y - side // 2) : bottom + side // 2, max(0, x - side // 2) : right + side // 2],
            )
        )
    for width, height, side in GROUPS:
        picture, people = group([part for _, _, part in faces], width, height, side)
        whole, started_s = len(detector.detect(picture)), perf_counter()
        closely = len(look_closely(detector, picture, MOST))
        took_s = perf_counter() - started_s
        sys.stdout.write(f"{width} x {height}, {people} of {side} px: {whole} and {closely}, {took_s:.2f} s\n")
    found = np.zeros(2, int)
    for image, (x, y, right, bottom), _ in faces:
        for margin in (0, (right - x) // 20, (right - x) // 10):
            part = image[max(0, y - margin) : bottom + margin, max(0, x - margin) : right + margin]
            part = np.ascontiguousarray(part)
            found += len(detector.detect(part)) == 1, len(look_closely(detector, part, MOST)) == 1
    sys.stdout.write(f"{3 * len(faces)} close-ups: {found[0]} and {found[1]}\n")
    pictures = [frame.image for clip in EMPTY for frame in read_file(clip) if frame.index % 10 == 0]
    looks = (detector.detect, lambda image: look_closely(detector, image, MOST))
    wrong = [sum(frontal(one.points) for image in pictures for one in look(image)) for look in looks]
    sys.stdout.write(f"{len(pictures)} pictures without a face: {wrong[0]} and {wrong[1]}\n")


if __name__ == "__main__":
    main()
