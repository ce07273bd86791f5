"""Faces of a hundred pixels in a wide picture, as of a speaker beside slides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.seeing.lookout import Lookout
from realtime_micacl.live.seeing.mesh import FaceMesh, region
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import F32, U8, Face, Frame

DATA = Path(__file__).parents[1] / "data"
EYES = ((33, 133), (362, 263))


@pytest.fixture(scope="module")
def speaker() -> list[U8]:
    """A face, alone."""
    return [frame.image[140:460, 480:800] for frame in read_file(DATA / "one_face_720p.mp4")][:75]


def slides(speaker: list[U8], side: int, until: int = 75) -> Iterator[Frame]:
    """Lay the speaker into the corner of slides of 1280 x 720, until they are switched off."""
    for n, picture in enumerate(speaker):
        slide = np.full((720, 1280, 3), 250, np.uint8)
        for line in range(20):
            place = (40, 60 + 32 * line)
            cv2.putText(
                slide, f"what was found in {1990 + line}", place, cv2.FONT_HERSHEY_SIMPLEX, 1.0, (30, 30, 60), 2
            )
        if n < until:
            slide[700 - side : 700, 1260 - side : 1260] = cv2.resize(
                picture, (side, side), interpolation=cv2.INTER_AREA
            )
        yield Frame(slide, n / 25, n)


def seen(frames: Iterator[Frame]) -> list[tuple[Frame, tuple[Face, ...]]]:
    with closing(Lookout()) as lookout, closing(Perceiver(lookout, read_sidecar(default_engine())[1])) as perceiver:
        return [(frame, perceiver.perceive(frame)[0].faces) for frame in frames]


def truth(speaker: list[U8], side: int, mesh: FaceMesh) -> dict[int, F32]:
    """Return where the eyes of each picture are on the slide, [2,2], found in the picture itself."""
    found = {}
    with closing(Lookout()) as lookout:
        for n, picture in enumerate(speaker):
            (one, *_) = lookout.detect(np.ascontiguousarray(picture))
            landmarks = mesh.landmarks(picture, [region(one.points, one.box)])[0][0]
            eyes = np.stack([landmarks[list(pair), :2].mean(axis=0) for pair in EYES])
            found[n] = np.asarray(eyes * side / len(picture) + (1260 - side, 700 - side), np.float32)
    return found


def test_the_key_points_of_a_small_face_are_exact_and_it_does_not_seem_to_be_covered(speaker: list[U8]) -> None:
    """The detector's own are off by up to half of the distance between the eyes, so that eyes seemed to be covered."""
    with closing(FaceMesh()) as mesh:
        eyes = truth(speaker, 190, mesh)
    shown = seen(slides(speaker, 190))
    assert sum(bool(faces) for _, faces in shown) > 70
    for _, faces in shown:
        for face in faces:
            assert face.quality.fault == ""
    ticks = [(eyes[frame.index], faces[0].points) for frame, faces in shown[::2] if faces]
    errors = [np.linalg.norm(at[:2] - where, axis=1).max() / np.linalg.norm(where[1] - where[0]) for where, at in ticks]
    assert np.median(errors) < 0.12


def test_a_speaker_who_is_switched_off_is_gone(speaker: list[U8]) -> None:
    shown = seen(slides(speaker, 190, until=40))
    assert shown[35][1]
    assert not any(faces for frame, faces in shown if frame.index > 40 + 8)
