"""The one place where pictures are written: what they show, when, that nobody is recognised where that was asked."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from realtime_micacl.errors import ConfigError, StageFailed
from realtime_micacl.live.supervision import Openers
from realtime_micacl.types import U8, Bag, EmotionDistribution, Face, Frame, Quality, Scene, State
from realtime_micacl_ui.annotated import blurred, saved, size_for

pytestmark = pytest.mark.usefixtures("qapp")

BOX = np.array([120.0, 60.0, 200.0, 140.0], np.float32)
IMAGE = np.indices((240, 321)).sum(axis=0)[..., None].repeat(3, axis=2) // 4 % 2 * np.uint8(255)  # squares of 4 px
IMAGE = IMAGE.astype(np.uint8)
TIMES_S = [0.0, 0.04, 0.2, 0.24, 0.28, 0.6, 0.64]  # with holes, as a phone films


class Scenes:
    """A perceiver that finds a face from the fourth picture on."""

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        crop = np.zeros((8, 8, 3), np.uint8)
        box = BOX * np.float32(frame.image.shape[1] / IMAGE.shape[1])
        face = Face(1, box, crop, 1.0, Quality(1.0), State.LIVE, 1.0)
        faces = (face,) if 3 <= frame.index < 5 or frame.index == 40 else ()
        return Scene(frame.time_s, frame, faces, State.LIVE if faces else State.NO_FACE), ()

    def close(self) -> None:
        """Hold nothing."""


def film(
    path: Path, *, blur: bool, times_s: list[float] = TIMES_S, first: int = 0, small: int | None = None
) -> tuple[list[float], list[U8]]:
    """Write pictures, of half the size from number `small` on; return what is read of them."""
    with saved(path, Openers(Scenes, Scenes), blur=blur, language="en") as (opens, sink):
        perceiver = opens.perceiver()
        for index, time_s in enumerate(times_s, first):
            step = 2 if small is not None and index >= small else 1
            perceiver.perceive(Frame(np.ascontiguousarray(IMAGE[::step, ::step]), time_s, index))
            shares = np.array([0.9, *[0.1 / 6] * 6], np.float32)
            sink(EmotionDistribution(1, time_s, shares, np.ones(4, np.float32), "happy", 1.0, 1.0))
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        return [float(f.time) for f in frames if f.time is not None], [f.to_ndarray(format="rgb24") for f in frames]


def contrast(image: U8) -> float:
    """Return how much neighbours differ in the middle of the face."""
    width, height = size_for(IMAGE)
    x, y = width / 321, height / 240
    middle = image[round(90 * y) : round(110 * y), round(150 * x) : round(170 * x)].astype(float)
    return float(np.abs(np.diff(middle, axis=1)).mean())


def test_a_video_has_each_picture_at_its_time_with_its_card(tmp_path: Path) -> None:
    times_s, images = film(tmp_path / "v.mp4", blur=False)
    assert times_s == pytest.approx(TIMES_S, abs=2e-3)
    width, height = size_for(IMAGE)
    assert (width % 2, height % 2, min(width, height)) == (0, 0, 720)
    assert all(image.shape[1] == width and image.shape[0] > height for image in images)
    yellow = [int(((image[..., 0] > 200) & (image[..., 2] < 140) & (image[..., 1] > 170)).sum()) for image in images]
    assert max(yellow[:3]) < 300 < min(yellow[3:5]), "box and bar are there while the face is"
    assert [file.name for file in tmp_path.iterdir()] == ["v.mp4"]


def test_a_blurred_face_is_blurred_before_it_is_found_and_after_it_is_lost(tmp_path: Path) -> None:
    _, clear = film(tmp_path / "clear.mp4", blur=False)
    _, images = film(tmp_path / "blurred.mp4", blur=True)
    assert min(map(contrast, clear)) > 5 * max(map(contrast, images)), "in every picture of these 0.64 s"
    outside = blurred(IMAGE, [BOX / np.tile((321, 240), 2)])[:, 240:]
    assert np.array_equal(outside, IMAGE[:, 240:])


def test_a_face_is_blurred_where_it_is_when_the_size_of_the_pictures_changes(tmp_path: Path) -> None:
    _, clear = film(tmp_path / "clear.mp4", blur=False, small=3)
    _, images = film(tmp_path / "blurred.mp4", blur=True, small=3)
    assert min(map(contrast, clear)) > 5 * max(map(contrast, images))


def test_a_slow_motion_clip_is_blurred_as_early_and_a_photograph_can_be_looked_at(tmp_path: Path) -> None:
    _, images = film(tmp_path / "fast.mp4", blur=True, times_s=[n / 240 for n in range(36)], first=5)
    _, clear = film(tmp_path / "clear.mp4", blur=False, times_s=[0.0, 0.04])
    assert min(map(contrast, clear)) > 5 * contrast(images[0]), "found 0.15 s later"
    times_s, _ = film(tmp_path / "photo.mp4", blur=False, times_s=[0.0])
    assert times_s == [0.0, 1.0]


def test_a_box_ends_with_the_picture_and_no_card_lies_on_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, (*_, plain) = film(tmp_path / "plain.mp4", blur=False, times_s=[0.0])
    monkeypatch.setattr(f"{__name__}.BOX", np.array([20.0, 90.0, 220.0, 290.0], np.float32))
    _, images = film(tmp_path / "v.mp4", blur=False, times_s=TIMES_S[:4])
    _, height = size_for(IMAGE)
    below = images[3][height : height + 8].astype(int)
    assert np.abs(below - plain[height : height + 8]).max() < 40, "nothing of the box is drawn there"
    corner = (slice(0, 40), slice(0, 110))
    assert np.abs(images[3][corner].astype(int) - images[0][corner]).mean() < 30


def test_nothing_is_left_of_a_run_that_failed_and_nothing_is_written_over(tmp_path: Path) -> None:
    def run(name: str, fails: Callable[[], Any] = lambda: None) -> None:
        with saved(tmp_path / name, Openers(Scenes, Scenes), blur=False, language="en") as (opens, _):
            opens.perceiver().perceive(Frame(IMAGE, 0.0, 0))
            fails()

    with pytest.raises(ZeroDivisionError):
        run("v.mp4", lambda: 1 / 0)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigError, match="not overwritten"):
        run("v.mp4", lambda: run("v.mp4"))  # another program, meanwhile
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine.mp4").write_text("precious")
    for name, said in (("mine.mp4", "not overwritten"), ("v.avi", r"\.mp4"), ("none/v.mp4", "cannot be written")):
        with pytest.raises(ConfigError, match=said):
            run(name)
    assert (tmp_path / "mine.mp4").read_text() == "precious"


def test_a_disk_that_takes_no_more_is_said_without_the_name_of_a_moment(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)

    def run() -> None:
        with saved(tmp_path / "v.mp4", Openers(Scenes, Scenes), blur=False, language="en") as (opens, _):
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
            perceiver = opens.perceiver()
            for index in range(200):
                perceiver.perceive(Frame(np.roll(noise, index), index / 25, index))

    try:
        with pytest.raises(StageFailed, match=r"^the video cannot be written: File too large; no part of it is kept$"):
            run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
