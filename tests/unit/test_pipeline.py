"""The pipeline with a detector and an engine that are real implementations of their plug points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import cv2
import msgspec
import numpy as np
import pytest

from realtime_micacl.errors import StageFailed
from realtime_micacl.inference.sidecar import BagSpec, Calibration, Crop, Sidecar
from realtime_micacl.live.pipeline import Changes, offline
from realtime_micacl.live.reading.recognizer import Recognizer
from realtime_micacl.live.seeing.cover import Covers
from realtime_micacl.live.seeing.detection import Detection
from realtime_micacl.live.seeing.mesh import LANDMARKS, FaceMesh, Region
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.seeing.pose import BONE, FRAME
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

POINTS = ((0.30, 0.372), (0.70, 0.372), (0.50, 0.603), (0.50, 0.790))
SIDECAR = Sidecar(
    schema=1,
    name="double",
    labels=EMOTIONS,
    bag=BagSpec(instances=4, frames=4, size_px=32, span_s=1.28),
    crop=Crop(points=POINTS),
    piece=4,
    feature_size=7,
    calibration=Calibration(temperature=1.0, abstain_below=0.3),
    files={},
    model={},
    trained_on=(),
    measured={},
)
SIDE: float | F32 = 80.0
"""Width and height of the faces, in px: larger ones take longer and show no more."""


def marks_of_textures(_: FaceMesh, image: U8, where: Sequence[Region]) -> tuple[F32, F32]:
    """Return landmarks of faces that look at the camera, where the texture in each region is, and 0 where none is."""
    marks, scores = np.zeros((len(where), LANDMARKS, 3), np.float32), np.zeros(len(where), np.float32)
    for n, one in enumerate(where):
        left, top = max(0, round(one.x - one.side / 2)), max(0, round(one.y - one.side / 2))
        part = image[top : round(one.y + one.side / 2), left : round(one.x + one.side / 2)]
        there = part[..., 0] != image[0, 0, 0]
        if there.any():
            columns, rows = (np.flatnonzero(there.any(axis=axis))[[0, -1]].mean() for axis in (0, 1))
            marks[n, BONE] = one.side / 3 * np.array(FRAME)
            marks[n, :, :2] += (left + columns, top + rows)
            scores[n] = 1
    return marks, scores


@pytest.fixture(autouse=True)
def textures_are_taken_for_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    """They have neither mouth nor eyes, so that both would seem to be covered, and no face would seem to be there."""
    monkeypatch.setattr(FaceMesh, "marks", marks_of_textures)
    monkeypatch.setattr(Covers, "read", lambda _, image, faces: np.zeros((len(faces), 2), np.float32))
    for model in (FaceMesh, Covers):  # neither is asked, so neither is opened
        monkeypatch.setattr(model, "__init__", lambda _: None)
        monkeypatch.setattr(model, "close", lambda _: None)
    monkeypatch.setattr("realtime_micacl.live.seeing.orientation.turn_wanted", lambda _: 0)


class FramesWithFaces:
    """Frames of textured faces at given places; as a detector it knows where it put them."""

    def __init__(self) -> None:
        self._where: dict[int, list[tuple[float, float]]] = {}
        self._images: dict[str, U8] = {}
        self.looks = 0
        self.turn = 0.0
        """Of the nose beside the middle of the eyes, over their distance."""

    def frame(self, number: int, places: list[tuple[float, float, int]], shade: float = 1.0) -> Frame:
        key = repr((places, shade))
        if key not in self._images:
            self._images[key] = image = self._drawn(places, shade)
            self._where[id(image)] = [(x, y) for x, y, _ in places]
        return Frame(self._images[key], number / 25, number)

    @staticmethod
    def _drawn(places: list[tuple[float, float, int]], shade: float) -> U8:
        image = np.full((360, 640, 3), int(40 * shade), np.uint8)
        for x, y, looks in places:
            patch = np.random.default_rng(looks).integers(60, 220, (8, 8, 3)) * shade
            texture = cv2.resize(patch.astype(np.uint8), (80, 80), interpolation=cv2.INTER_NEAREST)
            image[int(y) : int(y) + 80, int(x) : int(x) + 80] = texture
        image.flags.writeable = False
        return image

    def detect(self, image: U8) -> list[Detection]:
        self.looks += 1
        found = []
        for x, y in self._where.get(id(image), ()):
            points = np.array([*POINTS, (0.1, 0.45), (0.9, 0.45)], np.float32) * SIDE + (x, y)
            points[2, 0] += self.turn * (points[1, 0] - points[0, 0])
            found.append(
                Detection(
                    np.concatenate([(x, y), np.add((x, y), SIDE)]).astype(np.float32), points.astype(np.float32), 0.9
                )
            )
        return found

    thorough = False

    def least_px(self, shape: Sequence[int]) -> int:
        return 30

    def look(self, image: U8, time_s: float) -> list[Detection]:
        return self.detect(image)

    def close(self) -> None:
        pass


class MeanEngine:
    """Encodes a piece as its mean brightness, spread over the emotions; counts what it encodes."""

    device = "double"

    def __init__(self, piece: int = 4) -> None:
        self.piece = piece
        self.encoded = 0
        self.batches: list[int] = []

    def encode(self, crops: U8) -> F32:
        assert crops.shape[1:] == (self.piece, 32, 32, 3)
        self.encoded += len(crops)
        means = crops.reshape(len(crops), -1).mean(axis=1) / 255
        return np.stack([means * (k + 1) for k in range(7)], axis=1).astype(np.float32)

    def classify(self, features: F32, changes: F32 | None = None) -> tuple[F32, F32]:
        assert features.shape[1:] == (16 // self.piece, 7)
        self.batches.append(len(features))
        return features.mean(axis=1), np.ones((len(features), 4), np.float32)

    def close(self) -> None:
        pass


def stages(piece: int = 4) -> tuple[FramesWithFaces, MeanEngine, Perceiver, Recognizer]:
    world, engine, sidecar = FramesWithFaces(), MeanEngine(piece), msgspec.structs.replace(SIDECAR, piece=piece)
    return world, engine, Perceiver(world, sidecar), Recognizer(engine, sidecar, smoothing_s=0.0)  # type: ignore[arg-type]


def test_a_face_is_collected_then_live_and_read_at_every_tick() -> None:
    world, engine, perceiver, recognizer = stages()
    events = list(offline((world.frame(n, [(100, 80, 1)]) for n in range(100)), perceiver, recognizer))
    changes = [(e.track_id, e.state) for e in events if isinstance(e, StateChange)]
    assert changes == [
        (None, State.NO_FACE),
        (None, State.LIVE),
        (1, State.COLLECTING),
        (1, State.LIVE),
        (None, State.ENDED),
    ]
    readings = [e for e in events if isinstance(e, EmotionDistribution)]
    assert len(readings) == pytest.approx((100 / 25 - 1.28) / 0.08, abs=2)
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
    frames = (world.frame(n, [(100, 80, 1)]) for n in range(80))
    readings = [e for e in offline(frames, perceiver, recognizer) if isinstance(e, EmotionDistribution)]
    assert len(seen) == len(readings) + 15, "each frame is encoded once"
    assert all(np.array_equal(frame, seen[n % 2]) for n, frame in enumerate(seen))
    assert np.array_equal(seen[1], seen[0][:, ::-1])
    assert not np.array_equal(seen[1], seen[0])


def test_faces_are_looked_for_at_every_other_tick_followed_at_the_others_and_expected_in_between() -> None:
    world, _, perceiver, _ = stages()
    read, looked_s = 0, []
    for n in range(80):
        before = world.looks
        scene, bags = perceiver.perceive(world.frame(n, [(100 + 4.0 * n, 80, 1)]))
        if n > 5:
            assert scene.faces[0].box == pytest.approx([100 + 4 * n, 80, 180 + 4 * n, 160], abs=1.5)
        read += len(bags)
        looked_s += [n / 25] * (world.looks - before)
    assert read == pytest.approx((80 - 32) / 2, abs=2)
    assert world.looks == pytest.approx(80 / 25 / 0.16, abs=2)
    assert max(np.diff(looked_s)) < 0.2


@pytest.mark.parametrize("change", [12, 13])
@pytest.mark.parametrize("seen", [True, False])
def test_a_face_stays_who_and_where_it_is_when_the_size_of_the_picture_changes(
    change: int, seen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _, perceiver, _ = stages()
    for n in range(change):
        perceiver.perceive(world.frame(n, [(100, 80, 1)]))
    image = cv2.resize(world.frame(0, [(100, 80, 1)]).image, (320, 90), interpolation=cv2.INTER_AREA)
    monkeypatch.setattr(f"{__name__}.SIDE", np.array((40, 20), np.float32))
    if seen:
        world._where[id(image)] = [(50, 20)]
    for n in (change, change + 1, change + 2):
        (face,) = perceiver.perceive(Frame(np.asarray(image, np.uint8), n / 25, n))[0].faces
        assert face.track_id == 1
        assert face.box == pytest.approx([50, 20, 90, 40], abs=1)


def test_a_face_that_comes_or_is_missed_is_looked_for_in_every_frame() -> None:
    world, _, perceiver, _ = stages()
    seen = []
    for n in range(60):
        there = [(100, 80, 1)] if not 30 <= n < 35 else []
        looks = world.looks
        perceiver.perceive(world.frame(n, there))
        seen.append(world.looks > looks)
    assert all(seen[:2]), "its second sighting confirms it"
    assert all(seen[31:35]), "missed"
    assert 6 <= seen[4:30].count(True) <= 7, "every fourth"
    assert 5 <= seen[38:].count(True) <= 6


@pytest.mark.parametrize("places", [[(160, 80, 1)], [(400, 200, 1)], []])
def test_a_face_that_the_mesh_does_not_follow_is_looked_for_at_once(places: list[tuple[float, float, int]]) -> None:
    """It jumps, it comes back elsewhere, it is gone: in the tick in which it would have been followed."""
    world, _, perceiver, _ = stages()
    looked = []
    for n in range(6):
        before = world.looks
        perceiver.perceive(world.frame(n, [(100, 80, 1)]))
        looked.append(world.looks > before)
    assert looked == [True, True, False, False, True, False], "the ticks are at every other frame"
    perceiver.perceive(world.frame(6, places))
    assert world.looks == 4


def test_what_a_stage_raises_offline_is_said_in_one_line() -> None:
    class Fails:
        def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
            raise RuntimeError("'data' is not c_contiguous")

    frame = Frame(np.zeros((4, 4, 3), np.uint8), 1.5, 3)
    with pytest.raises(StageFailed, match=r"perceive failed at 1.50 s: RuntimeError: 'data' is not c_cont") as error:
        list(offline([frame], Fails(), Fails()))  # type: ignore[arg-type]
    assert error.value.exit_code == 5


def test_who_comes_turned_away_is_shown_so_and_read_from_the_first_look_at_the_camera_on() -> None:
    world, _, perceiver, _ = stages()
    faults, read = [], []
    for n, turn in enumerate([0.44] * 25 + [0.4] * 50 + [0.44] * 25):
        world.turn = turn
        scene, bags = perceiver.perceive(world.frame(n, [(100, 80, 1)]))
        faults.append([face.quality.fault for face in scene.faces])
        read.append(len(bags))
    assert faults[10:24] == [["turned away"]] * 14
    assert faults[40:] == [[""]] * 60, "the head's angles, which are known better once it is followed, say no more"
    assert not any(read[:50])
    assert sum(read[75:]) > 8


def test_a_photograph_says_that_its_face_is_turned_away() -> None:
    world, _, perceiver, _ = stages()
    world.turn = 0.5
    scene, bags = perceiver.perceive(replace(world.frame(0, [(100, 80, 1)]), still=True))
    assert [(face.state, face.quality.fault) for face in scene.faces] == [(State.LOW_QUALITY, "turned away")]
    assert not bags


@pytest.mark.parametrize("cause", [MemoryError(), OSError(12, "Cannot allocate memory"), RuntimeError("bad_alloc")])
def test_a_stage_that_gets_no_memory_says_what_helps(cause: Exception) -> None:
    class Starves:
        def perceive(self, _: Frame) -> tuple[Scene, tuple[Bag, ...]]:
            raise cause

    frame = Frame(np.zeros((4, 4, 3), np.uint8), 1.5, 3)
    with pytest.raises(
        StageFailed, match=r"^perceive failed at 1.50 s: it got too little memory; close other programs"
    ):
        list(offline([frame], Starves(), Starves()))  # type: ignore[arg-type]


def test_slow_ticks_do_not_make_the_boxes_slow() -> None:
    sidecar = msgspec.structs.replace(SIDECAR, bag=msgspec.structs.replace(SIDECAR.bag, span_s=8.0))
    world = FramesWithFaces()
    perceiver = Perceiver(world, sidecar)  # type: ignore[arg-type]
    for n in range(50):
        perceiver.perceive(world.frame(n, [(100, 80, 1)]))
    assert world.looks >= 50 / 25 / 0.26, "and in between the face is followed"


@pytest.mark.parametrize("piece", [1, 4])
def test_streaming_gives_what_whole_windows_give(piece: int) -> None:
    """Every reading equals the one that an engine gives that has never met a piece before; each is encoded once."""
    world, engine, perceiver, recognizer = stages(piece)
    bags = []
    streamed = []
    for n in range(76):
        _, ready = perceiver.perceive(world.frame(n, [(100 + n, 80, 1)], shade=0.7 + 0.3 * np.sin(n / 9)))
        if ready:
            bags.append(ready)
            streamed += recognizer.recognize(ready)
    assert engine.encoded == pytest.approx(len(streamed) + 16 - piece, abs=1)
    sidecar = msgspec.structs.replace(SIDECAR, piece=piece)
    fresh = [r for ready in bags for r in Recognizer(engine, sidecar, smoothing_s=0.0).recognize(ready)]
    assert len(fresh) == len(streamed) > 20
    for a, b in zip(streamed, fresh, strict=True):
        assert np.allclose(a.probabilities, b.probabilities, atol=1e-6)


def test_a_dropped_tick_costs_nothing_but_time() -> None:
    world, engine, perceiver, recognizer = stages()
    skipped = Recognizer(engine, SIDECAR, smoothing_s=0.0)
    for n in range(60):
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
    frames = [world.frame(n, [(100, 80, 1)] if n < 50 else []) for n in range(75)]
    events = list(offline(frames, perceiver, recognizer))
    gone = next(e for e in events if isinstance(e, StateChange) and e.state is State.NO_FACE and e.time_s > 1)
    assert gone.time_s - 50 / 25 <= 0.3
    measured(f"a face that leaves: no face after {gone.time_s - 50 / 25:.2f} s")
    assert max(e.time_s for e in events if isinstance(e, EmotionDistribution)) < 50 / 25


def test_after_a_cut_the_window_starts_again_with_a_new_id() -> None:
    world, _, perceiver, recognizer = stages()
    frames = [world.frame(n, [(100, 80, 1 if n < 40 else 2)]) for n in range(80)]
    events = list(offline(frames, perceiver, recognizer))
    readings = [(e.track_id, e.time_s) for e in events if isinstance(e, EmotionDistribution)]
    assert {track for track, _ in readings} == {1, 2}
    assert all(time_s < 40 / 25 for track, time_s in readings if track == 1)
    assert all(time_s > 40 / 25 + 1.1 for track, time_s in readings if track == 2)


def test_a_poor_face_is_shown_as_such_and_not_read() -> None:
    world, _, perceiver, recognizer = stages()
    frames = [world.frame(n, [(100, 80, 1)], shade=1.0 if n < 50 else 0.06) for n in range(60)]
    events = list(offline(frames, perceiver, recognizer))
    low = next(e for e in events if isinstance(e, StateChange) and e.state is State.LOW_QUALITY)
    assert low.detail == "dark"
    assert low.time_s == 50 / 25
    assert max(e.time_s for e in events if isinstance(e, EmotionDistribution)) < 50 / 25


def test_a_face_that_was_too_poor_is_read_again_once_it_is_clearly_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the border of what is usable it does not come and go."""
    values = iter([*[0.05] * 3, 0.0, 0.03, 0.07, 0.2, 0.05])

    def graded(*_: object, **__: object) -> Quality:
        value = next(values)
        return Quality(value, "" if value else "dark")

    monkeypatch.setattr("realtime_micacl.live.seeing.perceiver.assess", graded)
    world, _, perceiver, _ = stages()
    scenes = [perceiver.perceive(replace(world.frame(n, [(100, 80, 1)]), time_s=n / 5))[0] for n in range(9)]
    faults = [scene.faces[0].quality.fault for scene in scenes[1:]]
    assert faults == ["", "", "", "dark", "dark", "dark", "", ""]


@pytest.mark.parametrize(("sure", "faces"), [(0.95, 1), (0.8, 0)])
def test_what_the_mesh_takes_for_no_face_starts_no_track(
    monkeypatch: pytest.MonkeyPatch, sure: float, faces: int
) -> None:
    marks = FaceMesh.marks
    monkeypatch.setattr(FaceMesh, "marks", lambda *given: (marks(*given)[0], sure * marks(*given)[1]))
    world, _, perceiver, _ = stages()
    seen = [perceiver.perceive(world.frame(n, [(100, 80, 1)]))[0] for n in range(5)]
    assert len(seen[-1].faces) == faces
    assert all(face.head is not None for face in seen[-1].faces)


def test_the_memory_for_features_is_bounded() -> None:
    world, _, perceiver, recognizer = stages()
    for n in range(70):
        _, ready = perceiver.perceive(world.frame(n, [(100, 80, 1)]))
        if ready:
            recognizer.recognize(ready)
    assert len(recognizer._features) <= SIDECAR.bag.ticks


def test_a_new_perceiver_shares_no_id_and_no_feature_with_the_one_before() -> None:
    """Its ticks begin anew; what was kept of later ticks is forgotten."""
    world, ids = FramesWithFaces(), count(1)
    recognizer = Recognizer(MeanEngine(), SIDECAR, smoothing_s=0.0)
    tracks = []
    for frames in (90, 50):
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
    frames = (replace(world.frame(n, [(100, 80, 1 if n < 90 else 2)]), time_s=0.08 * n) for n in range(115))
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


def test_of_two_faces_the_covered_one_is_not_read_and_the_other_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Covers, "read", lambda _, image, faces: np.array([[0.9, 0], [0, 0]], np.float32)[: len(faces)])
    world, _, perceiver, _ = stages()
    perceiver._shapes = SimpleNamespace(read=lambda marks, at: marks[:, 0])  # type: ignore[assignment]
    places = [(20.0, 80.0, 1), (230.0, 80.0, 2)]
    scenes = [perceiver.perceive(replace(world.frame(n, places), time_s=n / 5))[0] for n in range(4)]
    assert [face.quality.fault for face in scenes[-1].faces] == ["mouth covered", ""]
    assert [face.shape is None for face in scenes[-1].faces] == [True, False], "nor is its shape"
