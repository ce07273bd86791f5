"""Analysis by consent: what a watcher lets out, and whom a visit looks at."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_micacl.live.seeing.detection import Detection
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.visit import OneVisitor, Watcher
from realtime_micacl.testing import bag, face
from realtime_micacl.types import U8, Bag, Frame, Scene, State

IMAGE = np.zeros((100, 160, 3), np.uint8)


def frame(time_s: float) -> Frame:
    return Frame(IMAGE, time_s, 0)


class Finds(FaceDetector):
    """A detector that finds faces of the given heights."""

    def __init__(self, *heights: float) -> None:
        self.heights, self.asked, self.closed = heights, 0, False

    def look(self, image: U8, time_s: float) -> list[Detection]:
        self.asked += 1
        boxes = [np.array([10, 10, 40, 10 + height], np.float32) for height in self.heights]
        return [Detection(box, np.zeros((6, 2), np.float32), 0.9) for box in boxes]

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("heights", "state"), [((), State.NO_FACE), ((11.9,), State.NO_FACE), ((5, 12), State.LIVE)])
def test_a_watcher_says_whether_a_face_is_near_and_nothing_else(heights: tuple[float, ...], state: State) -> None:
    scene, bags = Watcher(Finds(*heights), near=0.12).perceive(frame(5.0))
    assert scene.state is state
    assert (scene.frame, scene.faces, bags) == (None, (), ())


def test_a_watcher_looks_ten_times_a_second_and_closes_its_detector() -> None:
    finds = Finds(50)
    watcher = Watcher(finds, near=0.12)
    for i in range(30):
        watcher.perceive(frame(5 + i / 30))
    assert 8 <= finds.asked <= 10
    watcher.close()
    assert finds.closed


class Sees:
    """A perceiver that sees what it is given: heights by track."""

    def __init__(self) -> None:
        self.tracks: dict[int, float] = {}
        self.state: State | None = None

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        faces = []
        for track_id, height in self.tracks.items():
            faces.append(face(track_id, box=(0, 0, height, height)))
        state = self.state or (State.LIVE if faces else State.NO_FACE)
        bags = tuple(bag(frame.time_s, one.track_id) for one in faces)
        return Scene(frame.time_s, frame, tuple(faces), state), bags

    def close(self) -> None:
        self.tracks = {}


def seen(visitor: OneVisitor) -> tuple[State, list[int], list[int]]:
    scene, bags = visitor.perceive(frame(5.0))
    return scene.state, [face.track_id for face in scene.faces], [bag.track_id for bag in bags]


def test_only_the_largest_near_face_is_analysed() -> None:
    sees = Sees()
    visitor = OneVisitor(sees, near=0.12)
    sees.tracks = {1: 8}
    assert seen(visitor) == (State.NO_FACE, [], []), "somebody far behind did not touch the screen"
    sees.tracks = {1: 20, 2: 40, 3: 30}
    assert seen(visitor) == (State.LIVE, [2], [2])
    sees.tracks = {1: 90, 2: 40}
    assert seen(visitor) == (State.LIVE, [2], [2]), "somebody comes nearer who did not agree"


def test_nobody_takes_over_a_consent() -> None:
    sees = Sees()
    visitor = OneVisitor(sees, near=0.12)
    sees.tracks = {1: 40}
    seen(visitor)
    sees.tracks = {2: 50}
    assert seen(visitor) == (State.NO_FACE, [], [])
    sees.tracks = {1: 40, 2: 50}
    assert seen(visitor) == (State.LIVE, [1], [1])
    sees.tracks, sees.state = {}, State.STALLED
    assert seen(visitor)[0] is State.STALLED
