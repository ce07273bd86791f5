"""Covered mouths and eyes are faults, in rendered and real clips; faces that are not covered are left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.lookout import Lookout
from realtime_micacl.live.seeing.mesh import FaceMesh, region
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import F32, U8, Face, State
from tests.bench.covered import COVERS
from tests.conftest import REAL

DATA = Path(__file__).parents[1] / "data"
STEP = 6  # pictures; faces between two looks are where their tracks are expected


@pytest.fixture(scope="module")
def perceiver() -> Iterator[Perceiver]:
    made = Perceiver(Lookout(), read_sidecar(default_engine())[1])
    yield made
    made.close()


@pytest.fixture(scope="module")
def people() -> list[tuple[U8, list[F32]]]:
    """Return pictures of three people, each with their landmarks."""
    detector, mesh = FaceDetector(), FaceMesh()
    found = []
    for frame in islice(read_file(DATA / "three_faces_720p.mp4"), 0, 240, 30):
        faces = detector.detect(frame.image)
        landmarks, _ = mesh.landmarks(frame.image, [region(one.points, one.box) for one in faces])
        found.append((frame.image, [face[:, :2] for face in landmarks]))
    detector.close()
    mesh.close()
    return found


def seen(perceiver: Perceiver, images: list[U8], begin_s: float) -> list[Face]:
    """Return the faces that are seen in pictures, of which each stands so long that its tracks are sure."""
    frame = next(read_file(DATA / "three_faces_720p.mp4"))
    faces: list[Face] = []
    for n, image in enumerate(images):
        for again in range(3):
            time_s = begin_s + n + 0.1 * again
            scene, _ = perceiver.perceive(replace(frame, picture=image, time_s=time_s, index=round(30 * time_s)))
        faces += scene.faces
    return faces


@pytest.mark.fault("R16")
@pytest.mark.parametrize("kind", COVERS)
def test_a_covered_face_is_not_read(perceiver: Perceiver, people: list[tuple[U8, list[F32]]], kind: str) -> None:
    images = []
    for image, landmarks in people:
        images.append(image.copy())
        for face in landmarks:
            COVERS[kind](images[-1], face)
    faces = seen(perceiver, images, 1000 * (1 + list(COVERS).index(kind)))
    faults = [face.quality.fault for face in faces if face.state is State.LOW_QUALITY]
    assert faults, "some are followed all the same; who comes with a covered face may not be"
    assert len(faces) - len(faults) <= 3 * len(people) / 8, "of eight faces one may be read"
    assert max(set(faults), key=faults.count) == (
        "eyes covered" if kind.endswith(("eyes", "glasses")) else "mouth covered"
    )


def test_a_face_that_is_not_covered_is_left_alone(perceiver: Perceiver, people: list[tuple[U8, list[F32]]]) -> None:
    faces = seen(perceiver, [image for image, _ in people], 100)
    assert len(faces) == 3 * len(people)
    assert all("covered" not in face.quality.fault and face.quality.value > 0.9 for face in faces)


def test_real_faces_are_left_alone_and_a_real_mask_is_told(perceiver: Perceiver) -> None:
    if not REAL.is_dir():
        pytest.skip("the real clips are not beside the checkout")
    faces: list[Face] = []
    for number, clip in enumerate(sorted((REAL / "dev-clips").glob("*.mp4"))):
        for frame in islice(read_file(clip), 60):
            if frame.index % STEP < 2:
                scene, _ = perceiver.perceive(replace(frame, time_s=frame.time_s + 1e5 + 1e3 * number))
                faces += scene.faces if frame.index % STEP else ()
    assert len(faces) > 80
    assert sum("covered" in face.quality.fault for face in faces) <= 1, "in every frame of these clips it is 0.6 %"
    masked = []
    for frame in islice(read_file(REAL.parent / "cases" / "mask.mp4"), 0, 60, 5):
        masked += perceiver.perceive(replace(frame, time_s=frame.time_s + 2e5))[0].faces
    assert len(masked) > 8
    assert all(face.quality.fault == "mouth covered" for face in masked)
