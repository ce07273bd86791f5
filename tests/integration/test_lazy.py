"""Pictures that are made when they are asked for are those that were made at once, and most are never made."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest

from realtime_micacl.config import Settings
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.seeing.cuts import CutDetector
from realtime_micacl.live.sources.upright import LazyPicture
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import U8

DATA = Path(__file__).parents[1] / "data"
CLIPS = ("cut.mp4", "face_leaves.mp4", "no_face.mp4", "one_face_720p.mp4", "turning.mp4", "two_cross.mp4")


@pytest.mark.parametrize("clip", CLIPS)
def test_a_late_picture_is_the_one_that_ffmpeg_makes(clip: str) -> None:
    with av.open(DATA / clip) as container:
        expected = [frame.to_ndarray(format="rgb24") for frame in islice(container.decode(video=0), 12)]
    for frame, image in zip(read_file(DATA / clip), expected, strict=False):
        assert isinstance(frame.picture, LazyPicture)
        assert frame.shape == image.shape
        light = frame.picture.luma
        assert light.shape == image.shape[:2]
        assert np.corrcoef(light[::9, ::9].ravel(), image[::9, ::9].mean(axis=2).ravel())[0, 1] > 0.95
        assert np.array_equal(frame.image, image)
        assert not frame.image.flags.writeable
        assert frame.picture.luma.shape == image.shape[:2], "of a picture that is made there is a luma, too"


@pytest.mark.parametrize("clip", CLIPS)
def test_cuts_are_the_same_before_pictures_are_made(clip: str) -> None:
    late, made = CutDetector(), CutDetector()
    found = [(late.is_cut(frame.picture), made.is_cut(frame.image)) for frame in read_file(DATA / clip)]
    assert all(a == b for a, b in found)
    assert clip != "cut.mp4" or any(a for a, _ in found)


def test_pictures_between_the_looks_are_never_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made = set[int]()
    make = LazyPicture.made

    def counted(self: LazyPicture) -> U8:
        made.add(id(self))
        return make(self)

    monkeypatch.setattr(LazyPicture, "made", counted)
    _, sidecar = read_sidecar(default_engine())
    frames = list(islice(read_file(DATA / "one_face_720p.mp4"), 90))
    with closing(openers(Settings(), Path(), sidecar).perceiver()) as perceiver:
        scenes = [perceiver.perceive(frame)[0] for frame in frames]
    assert all(scene.faces for scene in scenes[5:])
    assert len(made) < 0.55 * len(frames)


def test_two_threads_have_the_same_picture() -> None:
    frame = next(read_file(DATA / "one_face_720p.mp4"))
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda _: frame.image, range(8)))
    assert all(image is images[0] for image in images)
