"""What the shipped engine says of rendered and real faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.live.pipeline import offline
from realtime_micacl.live.reading.recognizer import Recognizer
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import EMOTIONS, EmotionDistribution, State, StateChange


def smile(shipped: tuple[Path, Sidecar], clip: Path) -> tuple[np.ndarray, np.ndarray]:
    folder, sidecar = shipped
    perceiver = Perceiver(FaceDetector(), sidecar)
    recognizer = Recognizer(OnnxEngine(folder, sidecar), sidecar, smoothing_s=0.3)
    readings = [e for e in offline(read_file(clip), perceiver, recognizer) if isinstance(e, EmotionDistribution)]
    perceiver.close()
    recognizer.close()
    return np.array([r.time_s for r in readings]), np.stack([r.probabilities for r in readings])


def test_a_rendered_smile_is_seen(shipped: tuple[Path, Sidecar], clips: Path) -> None:
    """Neutral, happy, neutral: the smile leads at its height and does not before it began."""
    times_s, p = smile(shipped, clips / "one_face_720p.mp4")
    happy = p[:, EMOTIONS.index("happy")]
    assert happy.max() > 0.5
    assert happy[times_s < 1.6].mean() < 0.3


def test_real_faces_that_smile_and_none(shipped: tuple[Path, Sidecar], real: Path) -> None:
    _, p = smile(shipped, real / "real-clips" / "single_face.mp4")
    assert len(p) > 5
    folder, sidecar = shipped
    perceiver = Perceiver(FaceDetector(), sidecar)
    recognizer = Recognizer(OnnxEngine(folder, sidecar), sidecar, smoothing_s=0.3)
    events = list(offline(read_file(real / "real-clips" / "no_face.mp4"), perceiver, recognizer))
    assert not [e for e in events if isinstance(e, EmotionDistribution)]
    assert [e.state for e in events if isinstance(e, StateChange)] == [State.NO_FACE, State.ENDED]
    perceiver.close()
    recognizer.close()
