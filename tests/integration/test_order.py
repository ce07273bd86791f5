"""The shipped engine reads a window as a course in time, not as a heap of frames."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.reading.baseline import BaselineRequest
from realtime_micacl.live.reading.neutrals import Neutrals
from realtime_micacl.live.reading.probabilities import softmax
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import EMOTIONS, F32, U8

HAPPY = EMOTIONS.index("happy")


@dataclass(frozen=True, eq=False)
class Smile:
    """The windows of a rendered clip in which a smile comes and goes, [n,N*L,S,S,3], and their changes of shape."""

    windows: list[U8]
    changes: list[F32]
    engine: Engine
    piece: int
    temperature: float

    def shares(self, order: np.ndarray) -> F32:
        """Return the share of happy in each window, with its frames in another order, [n]."""
        rows = []
        for crops, changes in zip(self.windows, self.changes, strict=True):
            pieces = np.ascontiguousarray(crops[order]).reshape(-1, self.piece, *crops.shape[1:])
            logits = self.engine.classify(np.stack([self.engine.encode(pieces)]), changes[order][None])[0][0]
            rows.append(softmax(logits / self.temperature)[HAPPY])
        return np.array(rows, np.float32)


@pytest.fixture(scope="module")
def smile() -> Iterator[Smile]:
    folder, sidecar = read_sidecar(default_engine())
    clip = Path(__file__).parents[1] / "data" / "one_face_720p.mp4"
    with closing(open_engine(folder, sidecar)) as engine, closing(Perceiver(FaceDetector(), sidecar)) as perceiver:
        bags = [bag for frame in read_file(clip) for bag in perceiver.perceive(frame)[1]]
        windows = [np.concatenate(bag.pieces(1, mirrored=sidecar.bag.mirrored)) for bag in bags]
        neutrals, changes = Neutrals(sidecar.shape, sidecar.bag.tick_s, each=False, asked=BaselineRequest()), []
        for bag, crops in zip(bags, windows, strict=True):
            changes.append(neutrals.changes(bag))
            pieces = crops.reshape(-1, sidecar.piece, *crops.shape[1:])
            seen = engine.encode(pieces)[None]
            ways = [changes[-1], neutrals.strange(bag)] if neutrals.second_due(bag) else [changes[-1]]
            logits = engine.classify(np.repeat(seen, len(ways), axis=0), np.stack(ways))[0]
            own, *other = (softmax(row / sidecar.calibration.temperature) for row in logits)
            neutrals.learn(bag, own, other[0] if other else None)
        yield Smile(windows, changes, engine, sidecar.piece, sidecar.calibration.temperature)


def test_order_matters_where_the_expression_changes_and_nowhere_else(smile: Smile) -> None:
    forwards = np.arange(len(smile.windows[0]))
    plain, backwards = smile.shares(forwards), smile.shares(forwards[::-1])
    first, last = smile.shares(np.zeros_like(forwards)), smile.shares(np.full_like(forwards, forwards[-1]))
    rising, falling = (last > 0.5) & (first < 0.2), (last < 0.2) & (first > 0.5)
    steady = ((last > 0.5) & (first > 0.5)) | ((last < 0.05) & (first < 0.05) & (plain < 0.05))
    assert min(rising.sum(), falling.sum(), steady.sum()) >= 3
    assert (plain - backwards)[rising].mean() > 0.1, "a smile that comes is more of one than a smile that goes"
    assert (backwards - plain)[falling].mean() > 0.1
    assert np.abs(plain - backwards)[steady].mean() < 0.1


def test_a_frozen_window_is_not_the_course_of_it(smile: Smile) -> None:
    forwards = np.arange(len(smile.windows[0]))
    plain, last = smile.shares(forwards), smile.shares(np.full_like(forwards, forwards[-1]))
    changing = np.abs(last - smile.shares(np.zeros_like(forwards))) > 0.5
    assert np.abs(plain - last)[changing].mean() > 0.1
