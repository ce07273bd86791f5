"""Faces near, far and many: when the short range is asked, what it may add, and who is who in a crowd."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.seeing.closely import look_closely
from realtime_micacl.live.seeing.detection import Detection, overlap
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.lookout import LOST_S, PEEK_S, Lookout
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import F32, U8, Frame
from tests.bench.faces import Cut, cuts, empty, scene
from tests.conftest import REAL

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def auto() -> Iterator[Lookout]:
    made = Lookout()
    yield made
    made.close()


@pytest.fixture(scope="module")
def room() -> U8:
    return next(read_file(DATA / "no_face.mp4")).image


@pytest.fixture
def people() -> list[Cut]:
    if not (REAL / "london-faces").is_dir():
        pytest.skip("the London set is not beside the checkout")
    return cuts(REAL / "london-faces")


def peeks(lookout: Lookout, monkeypatch: pytest.MonkeyPatch) -> list[U8]:
    """Return the pictures that the short range will be shown."""
    shown: list[U8] = []
    assert lookout._near is not None
    detect = lookout._near.detect
    monkeypatch.setattr(lookout._near, "detect", lambda image: (shown.append(image), detect(image))[1])
    return shown


def test_an_empty_room_is_looked_at_twice_a_second_by_the_short_range(
    auto: Lookout, room: U8, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = peeks(auto, monkeypatch)
    for tick in range(125):
        assert auto.look(room, 1000 + 0.08 * tick) == []
    assert len(shown) == pytest.approx(10 / PEEK_S, abs=4)


def test_a_followed_face_costs_no_second_look_and_a_lost_one_a_second_of_them(
    auto: Lookout, room: U8, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = peeks(auto, monkeypatch)
    with_face = next(read_file(DATA / "one_face_720p.mp4")).image
    for tick in range(10):
        assert len(auto.look(with_face, 2000 + 0.1 * tick)) == 1
    assert shown == []
    for tick in range(10, 21):
        auto.look(room, 2000 + 0.1 * tick)
    assert len(shown) >= 10 * LOST_S


def test_a_face_that_fills_the_picture_is_found_and_followed(auto: Lookout) -> None:
    """Full range misses this one."""
    picture = next(read_file(DATA / "three_faces_720p.mp4")).image
    with closing(FaceDetector()) as full:
        missed = 0
        for number, one in enumerate(full.detect(picture)):
            left, top, right, bottom = one.box.astype(int).tolist()
            cut = (right - left) // 10
            part = picture[top + cut : bottom - cut, left + cut : right - cut]
            near = np.asarray(cv2.resize(part, (640, 480)), np.uint8)
            missed += not full.detect(near)
            for tick in range(5):
                (found,) = auto.look(near, 3000 + 10 * number + 0.1 * tick)
                assert found.box[3] - found.box[1] > 200
    assert missed, "nothing was shown"


@pytest.mark.parametrize(("size", "score", "counts"), [(300, 1.0, True), (80, 1.0, False), (300, 0.6, False)])
def test_what_the_short_range_alone_sees_is_large_and_a_face_to_the_mesh(
    auto: Lookout, room: U8, monkeypatch: pytest.MonkeyPatch, size: int, score: float, counts: bool
) -> None:
    points = (np.array([[0.3, 0.35], [0.7, 0.35], [0.5, 0.6], [0.5, 0.8], [0.1, 0.4], [0.9, 0.4]]) * size).astype(
        np.float32
    )
    seen = Detection(np.array([0, 0, size, size], np.float32), points, 0.9)
    assert auto._near is not None
    monkeypatch.setattr(auto._near, "detect", lambda _: [seen])
    monkeypatch.setattr(
        auto._mesh, "landmarks", lambda _, regions: (np.zeros((len(regions), 468, 3)), [score] * len(regions))
    )
    assert (auto.look(np.resize(room, (720, 1280, 3)), 4000.0 + size + score) == [seen]) is counts


def test_a_dark_blurred_tilted_face_near_by_is_seen_though_no_detector_is_sure(auto: Lookout) -> None:
    frame = next(islice(read_file(DATA / "one_face_720p.mp4"), 20, None))
    tilted = cv2.getRotationMatrix2D((639, 348), 42, 2.17)
    tilted[:, 2] += (240 - 639, 240 - 348)
    near = cv2.warpAffine(frame.image, tilted, (480, 480), borderMode=cv2.BORDER_REPLICATE)
    dim = (0.15 * cv2.GaussianBlur(near, (0, 0), 10) + 51).astype(np.uint8)
    with closing(FaceDetector(reach="short")) as short, closing(FaceDetector()) as full:
        assert not short.detect(dim) + full.detect(dim)
    (seen,) = auto.look(dim, 6000.0)
    assert np.abs((seen.box[:2] + seen.box[2:]) / 2 - 240).max() < 60


def test_shapes_and_noise_are_no_face_to_the_mesh(auto: Lookout) -> None:
    """The short range alone takes some of them for faces."""
    near = 0
    for number, picture in enumerate(empty(16, 12.5)):
        assert auto._near is not None
        if not auto._first.detect(picture):
            near += bool(auto._near.detect(picture))
            assert auto.look(picture, 5000.0 + number) == []
    assert near, "the short range saw nothing, so nothing was shown"


def test_twenty_four_people_are_all_found_and_keep_their_ids_for_ten_seconds(people: list[Cut]) -> None:
    rng = np.random.default_rng(4)
    chosen = [people[i] for i in rng.choice(np.arange(0, len(people), 2), 24, replace=False)]
    still, boxes = scene(chosen, rng.integers(90, 141, 24).tolist(), rng)
    seen: dict[int, set[int]] = {person: set() for person in range(24)}
    eyes: dict[int, list[F32]] = {person: [] for person in range(24)}
    times = np.arange(0, 10, 0.4)
    with closing(Lookout(max_faces=24)) as lookout:
        perceiver = Perceiver(lookout, read_sidecar(default_engine())[1], most=24)
        for number, time_s in enumerate(times.tolist()):
            x, y = 30 * np.sin(time_s), 12 * np.cos(1.3 * time_s)
            moved = cv2.warpAffine(
                still, np.array([[1, 0, x], [0, 1, y]]), (1920, 1080), borderMode=cv2.BORDER_REPLICATE
            )
            found, _ = perceiver.perceive(Frame(np.asarray(moved, np.uint8), time_s, number))
            for face in found.faces if number > 1 else ():
                for person, box in enumerate(boxes):
                    if overlap(face.box, (box + np.array([x, y, x, y])).astype(np.float32)) > 0.6:
                        seen[person].add(face.track_id)
                        eyes[person].append((face.points[:2] - (x, y)) / (box[3] - box[1]))
            assert number < 2 or len(found.faces) == 24
    assert [len(ids) for ids in seen.values()] == [1] * 24
    assert len(set.union(*seen.values())) == 24
    moved_by = [float(np.ptp(where, axis=0).max()) for where in eyes.values()]
    assert max(moved_by) < 0.12, "of a face's height; in the whole picture a face has 13 of the network's pixels"


@pytest.mark.parametrize(
    ("name", "share"),
    [("two_cross.mp4", 0.85), ("sources/portrait360x640.mp4", 0.85), ("sources/http_faststart.mp4", 0.75)],
)
def test_a_photograph_that_ends_at_the_face_is_read(auto: Lookout, name: str, share: float) -> None:
    """As the pictures of research sets do; the full range alone sees none of these."""
    picture = next(read_file(DATA / name)).image
    one = look_closely(auto, picture, 8)[0]
    (x, y), half = one.points[:4].mean(axis=0), share * (one.box[2] - one.box[0]) / 2
    left, top, right, bottom = (max(0, round(v)) for v in (x - half, y - half, x + half, y + half))
    face = np.ascontiguousarray(picture[top:bottom, left:right])
    cut = np.asarray(cv2.resize(face, (112, 112), interpolation=cv2.INTER_AREA), np.uint8)
    assert len(look_closely(auto, cut, 8)) == 1


def test_an_empty_photograph_has_no_face(auto: Lookout, room: U8) -> None:
    assert look_closely(auto, room, 8) == []


@pytest.mark.parametrize(("most", "far", "px"), [(8, False, 110), (24, False, 30), (8, True, 20), (24, True, 20)])
def test_how_small_a_face_may_be_goes_with_the_parts_that_are_looked_at(most: int, far: bool, px: int) -> None:
    with closing(Lookout("full", max_faces=most, far=far)) as lookout:
        assert lookout.least_px((1080, 1920, 3)) == px
