"""Make clips of photographed people who smile: `python -m realtime_micacl_render.smiles LONDON OUT`.

The London set has a neutral and a smiling photograph of everybody. A clip leads from one to the other and back: both
photographs are warped to the landmarks in between and blended. In further clips a face borrows the smile of somebody
whose lips stay closed: its landmarks move like theirs, and its brightness changes like theirs, by the ratio of their
two photographs.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from realtime_micacl.errors import ConfigError, MicaclError
from realtime_micacl.live.seeing.picture_mesh import PictureMesh
from realtime_micacl.making.data.held_out import PHOTOGRAPHED, held_out
from realtime_micacl.types import F32, U8
from realtime_micacl_render.clip import Label, sample_act, write_labels
from realtime_micacl_render.dress import landmark_weights
from realtime_micacl_render.motion import sway
from realtime_micacl_render.video import write_video

log = logging.getLogger(__name__)

SIDE, FACE = 160, 0.5
"""Side of a picture in px, and the height of a face as a share of it."""
REACH_PX = 4.0
"""How far around a landmark the picture moves with it."""
PIXELS = np.stack(np.meshgrid(*2 * [np.arange(SIDE, dtype=np.float32)]), axis=-1)
GRID = cv2.resize(PIXELS, (SIDE // 2, SIDE // 2), interpolation=cv2.INTER_AREA).reshape(-1, 2).astype(np.float32)
"""Places of all pixels, [SIDE,SIDE,2], and of every block of 2 x 2, for which the warp is computed."""
LEVELS = 20
"""Steps from neutral to the full smile."""
RATE_HZ, SECONDS = 15, 3.0
LIPS, CORNERS, EYES = (13, 14), (61, 291), (33, 263)
CLOSED, WIDENED = 0.05, 0.05
"""A smile to lend: largest gap of the lips, least widening of the mouth, in distances of the outer eye corners."""


@dataclass(frozen=True, eq=False)
class Pair:
    """A face, neutral and smiling, [SIDE,SIDE,3], in the same place; `at_rest` and `moved` are landmarks [M,2]."""

    person: int
    neutral: U8
    at_rest: F32
    smiling: U8
    moved: F32

    @property
    def lends(self) -> bool:
        """Whether it is a visible smile with closed lips, which others may borrow."""
        eyes = _distance(self.at_rest, EYES)
        widened = _distance(self.moved, CORNERS) - _distance(self.at_rest, CORNERS)
        return _distance(self.moved, LIPS) < CLOSED * eyes and widened > WIDENED * eyes

    def own(self, level: float) -> U8:
        """Return the face at `level` of its own smile, 0 to 1, [SIDE,SIDE,3]."""
        here = (1 - level) * self.at_rest + level * self.moved
        before, after = warped(self.neutral, self.at_rest, here), warped(self.smiling, self.moved, here)
        return _pixels((1 - level) * before + level * after)

    def borrowed(self, other: Pair, level: float) -> U8:
        """Return the face at `level` of the smile of another, 0 to 1, [SIDE,SIDE,3]."""
        here = self.at_rest + level * (other.moved - other.at_rest)
        before, after = warped(other.neutral, other.at_rest, here), warped(other.smiling, other.moved, here)
        shade = cv2.GaussianBlur((after + 8) / (before + 8), (0, 0), 1.0).clip(0.5, 2.0)
        hull = np.zeros((SIDE, SIDE), np.float32)
        cv2.fillConvexPoly(hull, cv2.convexHull(here).round().astype(np.int32), [1.0])
        inside = cv2.GaussianBlur(cv2.erode(hull, np.ones((9, 9), np.uint8)), (0, 0), 3.0)[..., None]
        return _pixels(warped(self.neutral, self.at_rest, here) * (1 + level * inside * (shade - 1)))


def warped(picture: U8, there: F32, here: F32) -> F32:
    """Warp a picture [SIDE,SIDE,3] so that its landmarks `there` [M,2] move to `here` [M,2], which is close by."""
    shift = (landmark_weights(GRID, here, REACH_PX) @ (there - here)).reshape(SIDE // 2, SIDE // 2, 2)
    x, y = (PIXELS + cv2.resize(shift, (SIDE, SIDE))).transpose(2, 0, 1)
    return cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)


def read_pairs(folder: Path) -> list[Pair]:
    """Return a pair for everybody in the London set with both photographs; raise ConfigError if there is nobody."""
    mesh, pairs = PictureMesh(), []
    for file in sorted((folder / "neutral").glob("[0-9][0-9][0-9]_*.jpg")):
        smiling = sorted((folder / "smiling").glob(f"{file.name[:3]}_*.jpg"))
        if smiling and (pair := _pair(int(file.name[:3]), file, smiling[0], mesh)):
            pairs.append(pair)
        else:
            log.warning("%s was left out: there is no smiling photograph, or a face was not found", file)
    mesh.close()
    if not pairs:
        raise ConfigError(f"no photographs in {folder / 'neutral'} and {folder / 'smiling'}, such as 001_03.jpg")
    return pairs


def write_smiles(london: Path, out: Path, takes: int) -> list[Label]:
    """Write a clip of each person's own smile and `takes` of borrowed ones; return the labels.

    People who are held out do not lend smiles to others, nor borrow from them.
    """
    if takes < 0:
        raise ConfigError(f"--takes {takes}: the number of clips with a borrowed smile must be at least 0")
    pairs = read_pairs(london)
    out.mkdir(parents=True, exist_ok=True)
    labels: list[Label] = []
    for pair in tqdm(pairs, desc="people", disable=None):
        rng = np.random.default_rng([pair.person, 6])
        lenders = [p for p in pairs if p.lends and p is not pair and _held_out(p) == _held_out(pair)]
        chosen = rng.choice(len(lenders), min(takes, len(lenders)), replace=False)
        for take, other in enumerate([None, *(lenders[i] for i in chosen)]):
            name, levels = f"id{PHOTOGRAPHED + pair.person:05d}_happy_{take}.mp4", _levels(rng)
            write_video(out / name, _moving(pair, other, levels, rng), rate_hz=RATE_HZ)
            intensity = [round(level, 3) for level in levels.tolist()]
            labels.append(Label(name, PHOTOGRAPHED + pair.person, "happy", RATE_HZ, intensity))
        write_labels(out / "labels.json", labels)
    return labels


def main(argv: list[str] | None = None) -> int:
    """Write the clips; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m realtime_micacl_render.smiles", description=__doc__)
    parser.add_argument("london", type=Path, help="folder of the London set, with neutral/ and smiling/")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--takes", type=int, default=3, help="clips per person with the smile of somebody else")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        labels = write_smiles(options.london, options.out, options.takes)
    except MicaclError as error:
        log.error("%s", error)
        return error.exit_code
    log.info("%d clips and labels.json are in %s", len(labels), options.out)
    return 0


def _levels(rng: np.random.Generator) -> F32:
    """Return the level of the smile in each frame, 0 to 1, [T]."""
    times = (np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ).astype(np.float32)
    shown = sample_act("happy", SECONDS, rng)
    return np.asarray((shown.episode.intensity(times) * shown.peak * LEVELS).round() / LEVELS, np.float32)


def _moving(pair: Pair, other: Pair | None, levels: F32, rng: np.random.Generator) -> Iterator[U8]:
    """Yield the frames of a clip, in which the head sways a little."""
    faces: dict[float, U8] = {}
    times = (np.arange(len(levels)) / RATE_HZ).astype(np.float32)
    turn, grow, right, down = (sway(times, rng, size=size) for size in (1.5, 0.01, 1.5, 1.5))
    for i, level in enumerate(levels.tolist()):
        if level not in faces:
            faces[level] = pair.borrowed(other, level) if other else pair.own(level)
        matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), float(turn[i]), 1 + float(grow[i]))
        matrix = matrix + np.array([[0, 0, right[i]], [0, 0, down[i]]])
        yield np.asarray(cv2.warpAffine(faces[level], matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _pair(person: int, neutral: Path, smiling: Path, mesh: PictureMesh) -> Pair | None:
    faces = [_face(neutral, mesh), _face(smiling, mesh)]
    if faces[0] is None or faces[1] is None:
        return None
    (before, first), (after, second) = faces[0], faces[1]
    centred = first - (first.min(axis=0) + first.max(axis=0)) / 2
    place = centred * (FACE * SIDE / np.ptp(first[:, 1])) + SIDE / 2
    return Pair(person, *_placed(before, first, place), *_placed(after, second, place))


def _face(file: Path, mesh: PictureMesh) -> tuple[U8, F32] | None:
    """Return a photograph, scaled down to the size that is needed, and its landmarks."""
    picture = cv2.imread(str(file))
    found = None if picture is None else mesh.points(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.uint8))
    if picture is None or found is None:
        return None
    smaller = min(1.0, FACE * SIDE / float(np.ptp(found[:, 1])))
    small = cv2.resize(picture, None, fx=smaller, fy=smaller, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8), found * np.float32(smaller)


def _placed(picture: U8, points: F32, place: F32) -> tuple[U8, F32]:
    """Move a face as a whole to the landmarks `place`; return the picture, [SIDE,SIDE,3], and its landmarks there."""
    matrix, _ = cv2.estimateAffinePartial2D(points, place, method=cv2.LMEDS)
    if matrix is None:
        raise ConfigError("the landmarks of the two photographs of a person do not fit each other")
    laid = cv2.warpAffine(picture, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, np.uint8), np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float32)


def _distance(points: F32, pair: tuple[int, int]) -> float:
    return float(np.linalg.norm(points[pair[0]] - points[pair[1]]))


def _held_out(pair: Pair) -> bool:
    return held_out(PHOTOGRAPHED + pair.person)


def _pixels(values: F32) -> U8:
    return np.asarray(values.round().clip(0, 255), np.uint8)


if __name__ == "__main__":
    sys.exit(main())
