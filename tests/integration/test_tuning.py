"""What a person tunes in the window reaches the readings."""

from __future__ import annotations

import numpy as np

from realtime_micacl.inference.engine import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.pipeline import Recognizer
from realtime_micacl.live.smoother import Tuning
from realtime_micacl.types import F32, U8, Bag


class Wavering:
    """An engine that is sure of one emotion after the other."""

    device = "here"

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, crops: U8) -> F32:
        return np.zeros((len(crops), 4), np.float32)

    def classify(self, features: F32) -> tuple[F32, F32]:
        logits = np.zeros((len(features), 7), np.float32)
        logits[:, self.calls % 7] = 3.0
        self.calls += 1
        return logits, np.ones((len(features), features.shape[1]), np.float32)

    def close(self) -> None:
        pass


def test_smoothing_and_threshold_hold_from_the_next_reading_on() -> None:
    _, sidecar = read_sidecar(default_engine())
    tuning = Tuning(5.0, 0.0)
    recognizer = Recognizer(Wavering(), sidecar, smoothing_s=0.0, tuning=tuning)
    n, frames, side = sidecar.bag.instances, sidecar.bag.frames, sidecar.bag.size_px
    crops = np.zeros((n, frames, side, side, 3), np.uint8)

    def read(tick: int) -> tuple[int, str | None]:
        bag = Bag(1, 100 + tick, crops, tick / 10 - 1, tick / 10, 1.0, 1.0)
        (reading,) = recognizer.recognize([bag])
        return int(np.argmax(reading.probabilities)), reading.emotion

    assert read(0) == (0, "happy")
    assert read(1) == (0, "happy"), "smoothed over five seconds the second one does not show"
    tuning.smoothing_s = 0.0
    assert read(2)[0] == 2, "and without smoothing it does"
    tuning.abstain_below = 0.95
    assert [read(tick)[1] for tick in (3, 4, 5)][-1] is None, "the word follows within a dwell"
