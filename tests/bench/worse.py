"""Measures labelled stretches of clips seen through worse cameras.

python tests/bench/worse.py CLIPS SEGMENTS.json

Each clip is read again as a slow, dark, coarse or crooked camera would have seen it. A stretch that is not read counts
as wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.making.evaluation.stretches import read_stretches, stretch_predictions
from realtime_micacl.making.evaluation.videos import LiveReader
from realtime_micacl.types import U8, EmotionDistribution, Frame

Picture = Any  # uint8 [H,W,3]
NOISE = np.random.default_rng(0)


def _levels(picture: Picture) -> U8:
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def _dark(picture: Picture) -> U8:
    return _levels(255 * (picture / 255) ** 2.2 + NOISE.normal(0, 6, picture.shape))


def _third(picture: Picture) -> U8:
    return np.asarray(cv2.resize(picture, None, fx=1 / 3, fy=1 / 3, interpolation=cv2.INTER_AREA), np.uint8)


def _jpeg(picture: Picture) -> U8:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, 15))[1], 1), np.uint8)


def _tilted(picture: Picture) -> U8:
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 15, 1)
    return np.asarray(cv2.warpAffine(picture, turn, (width, height)), np.uint8)


CAMERAS: dict[str, tuple[int, Callable[[Picture], U8] | None]] = {
    "as it is": (1, None),
    "half of the frames, 12 to 15 a second": (2, None),
    "a quarter of the frames, 6 to 7 a second": (4, None),
    "a third as wide and high": (1, _third),
    "JPEG of quality 15": (1, _jpeg),
    "noise of 20 levels": (1, lambda p: _levels(p + NOISE.normal(0, 20, p.shape))),
    "out of focus (blur of 1/240 of the height)": (1, lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), len(p) / 240))),
    "little contrast (two fifths)": (1, lambda p: _levels(0.4 * p + 90.0)),
    "overexposed (1.6 times as bright, and 20 levels)": (1, lambda p: _levels(1.6 * p + 20)),
    "dark (gamma 2.2), noise of 6 levels": (1, _dark),
    "tilted by 15 degrees": (1, _tilted),
}
"""Of how many frames one is kept, and what is done to its picture."""


class Worse(LiveReader):
    """Reads clips through one of CAMERAS."""

    keeps = 1
    spoils: Callable[[Picture], U8] | None = None

    def readings(self, frames: Iterable[Frame]) -> list[EmotionDistribution]:
        """Return the readings of frames, seen through that camera."""
        return super().readings(self._seen_so(frames))

    def _seen_so(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        for number, frame in enumerate(frames):
            if number % self.keeps == 0:
                yield replace(frame, picture=self.spoils(frame.image)) if self.spoils else frame


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("clips", type=Path)
    p.add_argument("segments", type=Path)
    p.add_argument("--engine", type=Path, default=default_engine())
    arguments = p.parse_args()
    folder, sidecar = read_sidecar(arguments.engine)
    stretches = read_stretches(arguments.clips, arguments.segments)
    asked = sum(one.label is not None for one in stretches)
    say = sys.stdout.write
    say(f"{sidecar.name}\n\n| camera | right, of {asked} | not read | a word is shown | wrong of these |\n")
    say("|---|---|---|---|---|\n")
    with closing(open_engine(folder, sidecar)) as engine, closing(Worse(engine, sidecar)) as reader:
        for name, camera in CAMERAS.items():
            reader.keeps, reader.spoils = camera
            read, about = stretch_predictions(reader, arguments.clips, stretches)
            right = int((read.probabilities.argmax(axis=1) == read.labels).sum())
            shown = about["words_shown"]
            say(
                f"| {name} | {right} | {asked - len(read.labels)} | {shown / max(1, about['words']):.2f} "
                f"| {about['words_wrong'] / max(1, shown):.2f} |\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
