"""The pipeline with a detector and an engine of our own: what is read of the faces in a row of frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import msgspec
import numpy as np
import pytest

from realtime_micacl.errors import StageFailed
from realtime_micacl.inference.sidecar import Calibration, Sidecar
from realtime_micacl.live.pipeline import Changes, offline
from realtime_micacl.live.reading.recognizer import Recognizer
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.types import (
    EMOTIONS,
    F32,
    U8,
    Bag,
    Baseline,
    EmotionDistribution,
    Face,
    Frame,
    Quality,
    Scene,
    State,
    StateChange,
)
from tests.unit.textured_faces import SIDECAR, FramesWithFaces, MeanEngine, stages, take_textures_for_faces


@pytest.fixture(autouse=True)
def textures_are_taken_for_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    take_textures_for_faces(monkeypatch)


def test_a_face_is_collected_then_live_and_read_at_every_tick() -> None:
    world, engine, perceiver, recognizer = stages()
    events = list(offline((world.frame(n, [(100, 80, 1)]) for n in range(60)), perceiver, recognizer))
    changes = [(e.track_id, e.state) for e in events if isinstance(e, StateChange)]
    assert changes == [
        (None, State.NO_FACE),
        (None, State.LIVE),
        (1, State.COLLECTING),
        (1, State.LIVE),
        (None, State.ENDED),
    ]
    readings = [e for e in events if isinstance(e, EmotionDistribution)]
    assert len(readings) == pytest.approx((60 / 25 - 1.28) / 0.08, abs=2)
    assert all(np.isclose(r.probabilities.sum(), 1, atol=1e-5) for r in readings)
    assert engine.encoded == pytest.approx(len(readings) + 12, abs=1), "each instance is encoded once"


def test_an_engine_that_wants_it_sees_every_other_frame_as_in_a_mirror() -> None:
    seen: list[U8] = []

    class Looking(MeanEngine):
        def encode(self, crops: U8) -> F32:
            seen.extend(crops[:, 0])
            return super().encode(crops)

    bag = msgspec.structs.replace(SIDECAR.bag, mirrored=True)
    sidecar = msgspec.structs.replace(SIDECAR, piece=1, bag=bag)
    world, engine = FramesWithFaces(), Looking(1)
    perceiver, recognizer = Perceiver(world, sidecar), Recognizer(engine, sidecar, smoothing_s=0.0)  # type: ignore[arg-type]
    frames = (world.frame(n, [(100, 80, 1)]) for n in range(60))
    readings = [e for e in offline(frames, perceiver, recognizer) if isinstance(e, EmotionDistribution)]
    assert len(seen) == len(readings) + 15, "each frame is encoded once"
    assert all(np.array_equal(frame, seen[n % 2]) for n, frame in enumerate(seen))
    assert np.array_equal(seen[1], seen[0][:, ::-1])
    assert not np.array_equal(seen[1], seen[0])


def test_what_a_stage_raises_offline_is_said_in_one_line() -> None:
    class Fails:
        def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
            raise RuntimeError("'data' is not c_contiguous")

    frame = Frame(np.zeros((4, 4, 3), np.uint8), 1.5, 3)
    with pytest.raises(StageFailed, match=r"perceive failed at 1.50 s: RuntimeError: 'data' is not c_cont") as error:
        list(offline([frame], Fails(), Fails()))  # type: ignore[arg-type]
    assert error.value.exit_code == 5


@pytest.mark.parametrize("cause", [MemoryError(), RuntimeError("bad_alloc"), RuntimeError("can't start new thread")])
def test_a_stage_that_gets_no_memory_says_what_helps(cause: Exception) -> None:
    class Starves:
        def perceive(self, _: Frame) -> tuple[Scene, tuple[Bag, ...]]:
            raise cause

    frame = Frame(np.zeros((4, 4, 3), np.uint8), 1.5, 3)
    with pytest.raises(
        StageFailed, match=r"^perceive failed at 1.50 s: it got too little memory or too few threads; close"
    ):
        list(offline([frame], Starves(), Starves()))  # type: ignore[arg-type]


@pytest.mark.parametrize("piece", [1, 4])
def test_streaming_gives_what_whole_windows_give(piece: int) -> None:
    """Every reading equals the one that an engine gives that has never met a piece before; each is encoded once."""
    world, engine, perceiver, recognizer = stages(piece)
    bags = []
    streamed = []
    for n in range(60):
        _, ready = perceiver.perceive(world.frame(n, [(100 + n, 80, 1)], shade=0.7 + 0.3 * np.sin(n / 9)))
        if ready:
            bags.append(ready)
            streamed += recognizer.recognize(ready)
    assert engine.encoded == pytest.approx(len(streamed) + 16 - piece, abs=1)
    sidecar = msgspec.structs.replace(SIDECAR, piece=piece)
    fresh = [r for ready in bags for r in Recognizer(engine, sidecar, smoothing_s=0.0).recognize(ready)]
    assert len(fresh) == len(streamed) > 12
    for a, b in zip(streamed, fresh, strict=True):
        assert np.allclose(a.probabilities, b.probabilities, atol=1e-6)


def test_a_dropped_tick_costs_nothing_but_time() -> None:
    world, engine, perceiver, recognizer = stages()
    skipped = Recognizer(engine, SIDECAR, smoothing_s=0.0)
    for n in range(50):
        _, ready = perceiver.perceive(world.frame(n, [(100, 80, 1)], shade=0.7 + 0.3 * np.sin(n / 9)))
        if ready:
            every = recognizer.recognize(ready)
            if n % 3 == 0:
                assert np.allclose(skipped.recognize(ready)[0].probabilities, every[0].probabilities, atol=1e-6)


def test_several_faces_are_one_batch() -> None:
    world, engine, perceiver, recognizer = stages()
    places = [(20.0, 80.0, 1), (230.0, 80.0, 2), (450.0, 80.0, 3)]
    events = list(offline((world.frame(n, places) for n in range(45)), perceiver, recognizer))
    assert set(engine.batches) == {3}
    assert {e.track_id for e in events if isinstance(e, EmotionDistribution)} == {1, 2, 3}


@pytest.mark.fault("R16")
def test_a_face_that_leaves_is_gone_within_300_ms_and_its_emotion_with_it(measured: Callable[[str], None]) -> None:
    world, _, perceiver, recognizer = stages()
    frames = [world.frame(n, [(100, 80, 1)] if n < 40 else []) for n in range(55)]
    events = list(offline(frames, perceiver, recognizer))
    gone = next(e for e in events if isinstance(e, StateChange) and e.state is State.NO_FACE and e.time_s > 1)
    assert gone.time_s - 40 / 25 <= 0.3
    measured(f"a face that leaves: no face after {gone.time_s - 40 / 25:.2f} s")
    assert max(e.time_s for e in events if isinstance(e, EmotionDistribution)) < 40 / 25


def test_the_memory_for_features_is_bounded() -> None:
    world, _, perceiver, recognizer = stages()
    for n in range(60):
        _, ready = perceiver.perceive(world.frame(n, [(100, 80, 1)]))
        if ready:
            recognizer.recognize(ready)
    assert len(recognizer._features) <= SIDECAR.bag.ticks


def test_a_new_perceiver_shares_no_id_and_no_feature_with_the_one_before() -> None:
    """Its ticks begin anew; what was kept of later ticks is forgotten."""
    world, ids = FramesWithFaces(), count(1)
    recognizer = Recognizer(MeanEngine(), SIDECAR, smoothing_s=0.0)
    tracks = []
    for frames in (90, 42):
        perceiver = Perceiver(world, SIDECAR, ids)  # type: ignore[arg-type]
        for number in range(frames):
            _, bags = perceiver.perceive(world.frame(number, [(200, 100, 1)]))
            if bags:
                tracks.append(recognizer.recognize(bags)[0].track_id)
    assert sorted(set(tracks)) == [1, 2]
    assert {track for track, _ in recognizer._features} == {2}


def test_the_temperature_of_the_sidecar_is_applied() -> None:
    bag = Bag(1, 15, np.full((4, 4, 32, 32, 3), 200, np.uint8), 0.0, 1.2, 1.0, 1.0)
    tops = []
    for temperature in (0.5, 1.0, 4.0):
        sidecar = _with(temperature)
        tops.append(Recognizer(MeanEngine(), sidecar, smoothing_s=0.0).recognize([bag])[0].probabilities.max())
    assert tops[0] > tops[1] > tops[2]


def _with(temperature: float) -> Sidecar:
    return msgspec.structs.replace(SIDECAR, calibration=Calibration(temperature=temperature, abstain_below=0.3))


def test_a_baseline_shifts_the_readings_of_one_identity_and_ends_with_it() -> None:
    world, sidecar = FramesWithFaces(), _with(8.0)
    recognizer = Recognizer(MeanEngine(), sidecar, smoothing_s=0.0, baseline=True)
    frames = (replace(world.frame(n, [(100, 80, 1 if n < 84 else 2)]), time_s=0.08 * n) for n in range(104))
    events = list(offline(frames, Perceiver(world, sidecar), recognizer))  # type: ignore[arg-type]
    readings = [e for e in events if isinstance(e, EmotionDistribution)]
    before = [r for r in readings if r.track_id == 1 and r.baseline is Baseline.TAKING]
    after = [r for r in readings if r.track_id == 1 and r.baseline is Baseline.SET]
    assert before[-1].time_s < after[0].time_s == pytest.approx(before[0].time_s + 5.0, abs=0.1)
    fear, neutral = EMOTIONS.index("fear"), EMOTIONS.index("neutral")
    odds = [r.probabilities[fear] / r.probabilities[neutral] for r in (before[-1], after[0])]
    assert odds[1] == pytest.approx(odds[0] / np.e, rel=0.01), "as far as the cap lets it"
    assert {r.baseline for r in readings if r.track_id == 2} == {Baseline.TAKING}


def test_a_change_is_told_once() -> None:
    face = Face(1, np.zeros(4, np.float32), np.zeros((1, 1, 3), np.uint8), 0.9, Quality(1.0))
    changes = Changes()

    def changes_after(*faces: Face) -> list[tuple[int | None, State]]:
        state = State.LIVE if faces else State.NO_FACE
        return [(c.track_id, c.state) for c in changes.update(Scene(0.0, None, faces, state))]

    assert changes_after() == [(None, State.NO_FACE)]
    assert changes_after() == []
    assert changes_after(face) == [(None, State.LIVE), (1, State.COLLECTING)]
    assert changes_after(replace(face, filled=0.5)) == []
    assert changes_after(replace(face, state=State.LIVE)) == [(1, State.LIVE)]
    assert changes_after() == [(None, State.NO_FACE), (1, State.NO_FACE)]


def test_each_face_of_a_still_is_read_from_it_alone() -> None:
    world, _, perceiver, recognizer = stages()
    shades = (1.0, 0.9, 1.0, 0.9)
    frames = [world.frame(n, [(100, 100, 1)], shade) for n, shade in enumerate(shades)]
    pictures = [replace(frame, time_s=float(n), still=True) for n, frame in enumerate(frames)]
    after = [replace(world.frame(n, [(100, 100, 1)]), time_s=4 + n / 25) for n in range(40)]
    events = list(offline([*pictures, *after], perceiver, recognizer))
    readings = [event for event in events if isinstance(event, EmotionDistribution)]
    stills = [reading for reading in readings if reading.still]
    assert [reading.time_s for reading in stills] == [0.0, 1.0, 2.0, 3.0]
    assert all(reading.coverage == 1 / 16 for reading in stills)
    assert {reading.track_id for reading in stills} == {1}, "whoever was in the picture before is remembered"
    shares = [float(reading.probabilities[6]) for reading in stills]
    assert shares[0] == shares[2] > shares[1] == shares[3], "no feature of another picture is used again"
    others = [reading for reading in readings if not reading.still]
    assert others[0].time_s >= 4 + 1.1, "no still is in the window of moving pictures"
