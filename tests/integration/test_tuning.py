"""What a person tunes in the window reaches the readings."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from msgspec import structs

from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar
from realtime_micacl.live.reading.baseline import BaselineRequest
from realtime_micacl.live.reading.recognizer import Recognizer
from realtime_micacl.live.reading.smoother import Tuned, Tuning
from realtime_micacl.testing import FakeEngine
from realtime_micacl.types import EMOTIONS, F32, Bag, Baseline, EmotionDistribution


def of_crops_alone() -> Sidecar:
    """The shipped engine's sidecar as of one that reads no landmarks: these engines get bags without shapes."""
    return structs.replace(read_sidecar(default_engine())[1], shape=None)


def test_a_baseline_is_asked_for_and_dropped_as_the_tuning_says() -> None:
    """An engine that takes a neutral face for a slightly sad one is put right for this face alone."""
    sidecar = of_crops_alone()
    tuned = Tuned(Tuning(0.0, 0.0))
    logits = np.array([-6, 0.5, 0, -6, -6, -6, -6], np.float32)
    engine = FakeEngine(sidecar.calibration.temperature * logits)
    recognizer = Recognizer(engine, sidecar, smoothing_s=0.0, tuned=tuned)
    spec = sidecar.bag
    crops = np.zeros((spec.instances, spec.frames, spec.size_px, spec.size_px, 3), np.uint8)

    def read(*ticks: int) -> list[EmotionDistribution]:
        tracks = (1, 2)
        for tick in ticks:
            end_s = tick * spec.tick_s
            readings = recognizer.recognize([Bag(i, 100 + tick, crops, end_s - 1, end_s, 1.0, 1.0) for i in tracks])
        return list(readings)

    assert [r.emotion for r in read(0)] == ["sad", "sad"]
    tuned.now = replace(tuned.now, baseline=BaselineRequest(1, track_id=1))
    assert [r.baseline for r in read(1)] == [Baseline.TAKING, Baseline.NONE]
    first, second = read(*range(2, 70))
    assert (first.emotion, first.baseline) == ("neutral", Baseline.SET)
    assert (second.emotion, second.baseline) == ("sad", Baseline.NONE)
    tuned.now = replace(tuned.now, baseline=BaselineRequest(2))
    assert [r.baseline for r in read(70)] == [Baseline.NONE, Baseline.NONE]
    assert read(71, 72, 73)[0].emotion == "sad"


def test_smoothing_and_threshold_hold_from_the_next_reading_on() -> None:
    sidecar = of_crops_alone()
    tuned = Tuned(Tuning(5.0, 0.0))
    calls = count()

    def wavering(features: F32) -> F32:
        """Be sure of one emotion after the other."""
        logits = np.zeros((len(features), 7), np.float32)
        logits[:, next(calls) % 7] = 3.0
        return logits

    recognizer = Recognizer(
        FakeEngine(wavering, instances=sidecar.bag.instances), sidecar, smoothing_s=0.0, tuned=tuned
    )
    n, frames, side = sidecar.bag.instances, sidecar.bag.frames, sidecar.bag.size_px
    crops = np.zeros((n, frames, side, side, 3), np.uint8)

    def read(tick: int) -> tuple[int, str | None]:
        bag = Bag(1, 100 + tick, crops, tick / 10 - 1, tick / 10, 1.0, 1.0)
        (reading,) = recognizer.recognize([bag])
        return int(np.argmax(reading.probabilities)), reading.emotion

    assert read(0) == (0, "happy")
    assert read(1) == (0, "happy"), "smoothed over five seconds the second one does not show"
    tuned.now = replace(tuned.now, smoothing_s=0.0)
    assert read(2)[0] == 2, "and without smoothing it does"
    tuned.now = replace(tuned.now, abstain_below=0.95)
    assert [read(tick)[1] for tick in range(3, 15)][-1] is None, "the word follows within a dwell"


@pytest.mark.parametrize(("to_a_stranger", "known"), [("neutral", True), ("angry", False)])
def test_a_frown_that_lasts_does_not_become_the_neutral_face(to_a_stranger: str, known: bool) -> None:
    """From the second tick on it passes for neutral to who knows the face; who does not still sees a frown."""
    _, sidecar = read_sidecar(default_engine())
    assert sidecar.shape

    class OfTrust(FakeEngine):
        def classify(self, features: F32, changes: F32 | None = None) -> tuple[F32, F32]:
            assert changes is not None
            says = [EMOTIONS.index("neutral" if trust else to_a_stranger) for trust in changes[:, 0, -1]]
            return 6 * np.eye(7, dtype=np.float32)[says], np.ones((len(features), 4), np.float32)

    recognizer = Recognizer(OfTrust(np.zeros(7, np.float32)), sidecar, smoothing_s=0.0)
    spec, size = sidecar.bag, len(sidecar.shape.mean)
    crops = np.zeros((spec.instances, spec.frames, spec.size_px, spec.size_px, 3), np.uint8)
    shapes = np.full((spec.ticks, size), 0.1, np.float32)
    for tick in range(60):
        end_s = tick * spec.tick_s
        (reading,) = recognizer.recognize([Bag(1, 100 + tick, crops, end_s - 1, end_s, 1.0, 1.0, shapes)])
    assert reading.known is not None
    assert (reading.known > 0.5) is known
