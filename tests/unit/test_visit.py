"""Analysis by consent: what a watcher lets out, and whom a visit looks at."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from realtime_micacl.live.seeing.detection import Detection
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.supervision import Openers
from realtime_micacl.live.visit import Idle, OneVisitor, Visit, Watcher
from realtime_micacl.testing import bag, face
from realtime_micacl.types import U8, Bag, Frame, Retry, Scene, State

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


class Watched:
    """A session that watches; each look at it finds what was captured by then, and after the last it is over."""

    def __init__(self, *newest: Frame | Retry | None) -> None:
        self._newest = list(newest)

    @property
    def running(self) -> bool:
        return bool(self._newest)

    def look(self) -> SimpleNamespace:
        return SimpleNamespace(newest=self._newest.pop(0))


@pytest.mark.parametrize("mirror", [False, True])
def test_a_visit_sees_each_picture_once_from_the_consent_on_and_as_in_a_mirror_if_asked(mirror: bool) -> None:
    before, first, second = (Frame(np.full((2, 4, 3), range(3), np.uint8) + n, float(n), n) for n in range(3))
    first.image[:, 0] = 99
    lost = Retry(1, 0.0, "unplugged")
    watch = Watched(before, before, None, first, first, lost, lost, second)
    visit = Visit(watch, Openers(Sees, Idle), near=0.1, mirror=mirror)  # type: ignore[arg-type]
    seen = list(visit._pictures(watch, mirror))  # type: ignore[arg-type]
    assert [item.index if isinstance(item, Frame) else item for item in seen] == [1, lost, 2]
    assert isinstance(seen[0], Frame)
    assert np.array_equal(seen[0].image, first.image[:, ::-1] if mirror else first.image)


def test_a_visit_that_is_stopped_sees_no_more() -> None:
    pictures = [Frame(IMAGE, float(n), n) for n in range(5)]
    watch = Watched(*pictures)
    visit = Visit(watch, Openers(Sees, Idle), near=0.1, mirror=False)  # type: ignore[arg-type]
    seen = visit._pictures(watch, mirror=False)  # type: ignore[arg-type]
    assert next(seen) is pictures[1]
    visit._stop.set()
    assert list(seen) == []
