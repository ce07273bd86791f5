"""Faces at the edge of a real picture, through the detector and all that follows it."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.sources.video import read_file


@pytest.mark.parametrize("cut", [(0.0, 1.0), (0.2, 0.9), (0.4, 0.0)])
def test_half_a_real_face_at_the_edge_is_not_read(clips: Path, cut: tuple[float, float]) -> None:
    """The picture is cut through a face: what is left of it loses quality, and half of it is not read at all."""
    share, most = cut
    frame = next(islice(read_file(clips / "one_face_720p.mp4"), 20, None))
    perceiver = Perceiver(FaceDetector(), read_sidecar(default_engine())[1])
    left = 547 + round(share * 184)  # of the face's box there
    image = np.ascontiguousarray(frame.image[:, left:] if share else frame.image)
    faces = [f for n in range(4) for f in perceiver.perceive(replace(frame, picture=image, time_s=n / 25))[0].faces]
    perceiver.close()
    assert all(face.quality.value <= most for face in faces)
    assert all((face.quality.fault == "at the edge") is (most == 0.0) for face in faces)
    assert faces
