"""When faces are looked for, followed and expected, and which of them are read."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import cv2
import msgspec
import numpy as np
import pytest

from realtime_micacl.live.pipeline import offline
from realtime_micacl.live.seeing.cover import Covers
from realtime_micacl.live.seeing.mesh import FaceMesh
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.types import EmotionDistribution, Frame, Quality, State, StateChange
from tests.unit.textured_faces import SIDECAR, FramesWithFaces, stages, take_textures_for_faces


@pytest.fixture(autouse=True)
def textures_are_taken_for_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    take_textures_for_faces(monkeypatch)


def test_faces_are_looked_for_at_every_other_tick_followed_at_the_others_and_expected_in_between() -> None:
    world, _, perceiver, _ = stages()
    read, looked_s = 0, []
    for n in range(60):
        before = world.looks
        scene, bags = perceiver.perceive(world.frame(n, [(100 + 4.0 * n, 80, 1)]))
        if n > 5:
            assert scene.faces[0].box == pytest.approx([100 + 4 * n, 80, 180 + 4 * n, 160], abs=1.5)
        read += len(bags)
        looked_s += [n / 25] * (world.looks - before)
    assert read == pytest.approx((60 - 32) / 2, abs=2)
    assert world.looks == pytest.approx(60 / 25 / 0.16, abs=2)
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
    monkeypatch.setattr("tests.unit.textured_faces.SIDE", np.array((40, 20), np.float32))
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


def test_slow_ticks_do_not_make_the_boxes_slow() -> None:
    sidecar = msgspec.structs.replace(SIDECAR, bag=msgspec.structs.replace(SIDECAR.bag, span_s=8.0))
    world = FramesWithFaces()
    perceiver = Perceiver(world, sidecar)  # type: ignore[arg-type]
    for n in range(50):
        perceiver.perceive(world.frame(n, [(100, 80, 1)]))
    assert world.looks >= 50 / 25 / 0.26, "and in between the face is followed"


@pytest.mark.parametrize("still", [True, False])
def test_that_more_faces_are_there_than_are_read_is_said_once(still: bool, caplog: pytest.LogCaptureFixture) -> None:
    world, _, perceiver, _ = stages()
    for n in range(20):
        places = [(10 + 90 * (at % 7), 20 + 100 * (at // 7), at) for at in range(8 if n < 10 else 9)]
        assert n > 9 or not caplog.messages
        scene, _ = perceiver.perceive(replace(world.frame(n, places), still=still))
        assert len(scene.faces) == 8 or n < 2
    assert caplog.messages == ["9 faces were found, of which the 8 largest are read; --max-faces 9 reads all"]


def test_of_more_faces_than_are_read_those_that_are_followed_stay() -> None:
    """Of faces of much the same size others were the largest at each look, and each that came back was somebody new."""
    world, _, perceiver, _ = stages()
    places = [(10 + 90 * (at % 7), 20 + 100 * (at // 7), at) for at in range(9)]
    for n in range(60):
        scene, _ = perceiver.perceive(world.frame(n, places if n // 9 % 2 else places[::-1]))
    assert [face.track_id for face in scene.faces] == [*range(1, 9)]
    boxes = [(x, y) for x, y, _ in places[:0:-1]]
    assert sorted(tuple(face.box[:2].round().tolist()) for face in scene.faces) == sorted(boxes)


def test_a_photographers_flash_ends_nobody() -> None:
    world, _, perceiver, recognizer = stages()
    glare = np.asarray(cv2.resize(np.random.default_rng(5).integers(150, 255, (9, 16, 3), np.uint8), (640, 360)))
    frames = [world.frame(n, [(100, 80, 1)]) if n % 25 else Frame(glare, n / 25, n) for n in range(80)]
    tracks = {event.track_id for event in offline(frames, perceiver, recognizer)}
    assert tracks == {None, 1}


def test_after_a_cut_the_window_starts_again_with_a_new_id() -> None:
    world, _, perceiver, recognizer = stages()
    frames = [world.frame(n, [(100, 80, 1 if n < 40 else 2)]) for n in range(76)]
    events = list(offline(frames, perceiver, recognizer))
    readings = [(e.track_id, e.time_s) for e in events if isinstance(e, EmotionDistribution)]
    assert {track for track, _ in readings} == {1, 2}
    assert all(time_s < 40 / 25 for track, time_s in readings if track == 1)
    assert all(time_s > 40 / 25 + 1.1 for track, time_s in readings if track == 2)


def test_a_speaker_beside_slides_stays_who_they_are() -> None:
    world, _, perceiver, recognizer = stages()
    blocks = np.random.default_rng(4).integers(-40, 40, (8, 8, 1)).repeat(45, axis=0).repeat(45, axis=1)
    frames = []
    for n in range(80):
        image = world.frame(n, [(100, 80, 1)]).image.copy()
        image[:, 280:] += (blocks if n // 25 % 2 else -blocks).astype(np.uint8)
        world._where[id(image)] = [(100, 80)]
        frames.append(Frame(image, n / 25, n))
    readings = [e for e in offline(frames, perceiver, recognizer) if isinstance(e, EmotionDistribution)]
    assert {e.track_id for e in readings} == {1}
    assert max(np.diff([e.time_s for e in readings])) < 0.1


@pytest.mark.parametrize(("side", "until", "there"), [(40.0, 60, True), (40.0, 30, False), (80.0, 60, False)])
def test_a_small_face_that_the_detector_misses_is_where_its_landmarks_are(
    side: float, until: int, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short range looks for large ones; behind the last look at which the mesh is sure, nobody is made up."""
    monkeypatch.setattr("tests.unit.textured_faces.SIDE", side)
    monkeypatch.setattr("realtime_micacl.live.seeing.perceiver.with_exact_points", lambda found, _: found)
    world, _, perceiver, _ = stages()
    for n in range(60):
        frame = world.frame(n, [(100 + 2 * n, 80, 1)] if n < until else [])
        if n >= 12:
            world._where[id(frame.image)] = []
        scene, _ = perceiver.perceive(frame)
    assert [face.track_id for face in scene.faces] == ([1] if there else [])
    if there:
        assert scene.faces[0].box == pytest.approx([218, 80, 258, 120], abs=3)


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
    landmarks = FaceMesh.landmarks
    monkeypatch.setattr(FaceMesh, "landmarks", lambda *given: (landmarks(*given)[0], sure * landmarks(*given)[1]))
    world, _, perceiver, _ = stages()
    seen = [perceiver.perceive(world.frame(n, [(100, 80, 1)]))[0] for n in range(5)]
    assert len(seen[-1].faces) == faces
    assert all(face.head is not None for face in seen[-1].faces)


def test_of_two_faces_the_covered_one_is_not_read_and_the_other_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Covers, "read", lambda _, image, faces: np.array([[0.9, 0], [0, 0]], np.float32)[: len(faces)])
    world, _, perceiver, _ = stages()
    perceiver._shapes = SimpleNamespace(read=lambda landmarks, at: landmarks[:, 0])  # type: ignore[assignment]
    places = [(20.0, 80.0, 1), (230.0, 80.0, 2)]
    scenes = [perceiver.perceive(replace(world.frame(n, places), time_s=n / 5))[0] for n in range(4)]
    assert [face.quality.fault for face in scenes[-1].faces] == ["mouth covered", ""]
    assert [face.shape is None for face in scenes[-1].faces] == [True, False], "nor is its shape"
