"""What one would write without this program: a cv2 loop that finds the faces of each frame and reads each by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import cv2
import numpy as np

from realtime_micacl.inference.engine import Engine, open_engine
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.live.detector import FaceDetector
from realtime_micacl.measuring.stages import FRAMES, Staged
from realtime_micacl.types import U8

Boxes = list[tuple[int, int, int, int]]
"""Left, top, right, bottom in px."""


def loops(clip: Path, folder: Path, sidecar: Sidecar, own: Staged) -> dict[str, Any]:
    """Return what such loops take of the processor, with two detectors, beside the program's own stages."""
    figures = own.figures
    found = {
        "own": {
            "frame_ms": round(10 * figures["processor_percent"] * figures["seconds"] / figures["frames"], 2),
            "processor_percent": figures["processor_percent"],
            "changes_per_minute": round(60 * own.label_changes / figures["seconds"] / max(1, figures["faces"]), 1),
        }
    }
    with closing(open_engine(folder, sidecar)) as engine:
        for name, opened in (("mediapipe", _mediapipe), ("haar", _haar)):
            with opened() as find:
                found[name] = loop(clip, find, engine, sidecar)
    return found


def loop(clip: Path, find: Callable[[U8], Boxes], engine: Engine, sidecar: Sidecar) -> dict[str, float]:
    """Run the loop over the first `FRAMES` of a clip."""
    capture = cv2.VideoCapture(str(clip))
    rate_hz = capture.get(cv2.CAP_PROP_FPS) or 30.0
    took_s: list[float] = []
    labels: dict[int, list[int]] = defaultdict(list)
    try:
        while len(took_s) < FRAMES:
            start_s = process_time()
            there, picture = capture.read()
            if not there:
                break
            image = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
            for place, box in enumerate(sorted(find(image))):
                labels[place].append(_read(image, box, engine, sidecar))
            took_s.append(process_time() - start_s)
    finally:
        capture.release()
    changes = sum(int(np.count_nonzero(np.diff(of_face))) for of_face in labels.values())
    minutes = sum(map(len, labels.values())) / rate_hz / 60
    return {
        "frame_ms": round(median(took_s) * 1e3, 2),
        "processor_percent": round(median(took_s) * rate_hz * 100, 1),
        "changes_per_minute": round(changes / minutes, 1) if minutes else 0.0,
    }


def table(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the rows for people."""
    names = {"own": "this program's stages", "mediapipe": "cv2 loop, mediapipe", "haar": "cv2 loop, Haar cascade"}
    rows = [("loop", f"{'':<24}{'ms a frame':>12}{'% of a core':>13}   changes of the word, a minute and face")]
    for key, name in names.items():
        row = found[key]
        line = f"{name:<24}{row['frame_ms']:>12.1f}{row['processor_percent']:>13.0f}   {row['changes_per_minute']:.0f}"
        rows.append(("", line))
    return rows


def _read(image: U8, box: tuple[int, int, int, int], engine: Engine, sidecar: Sidecar) -> int:
    """Return the leading emotion of one face in one frame."""
    height, width = image.shape[:2]
    left, top = (min(max(0, box[i]), limit - 1) for i, limit in ((0, width), (1, height)))
    part = image[top : max(top + 1, box[3]), left : max(left + 1, box[2])]
    crop = cv2.resize(part, (sidecar.bag.size_px, sidecar.bag.size_px)).astype(np.uint8)
    features = engine.encode(np.ascontiguousarray(np.broadcast_to(crop, (1, sidecar.piece, *crop.shape))))
    return int(engine.classify(np.repeat(features[None], sidecar.pieces, axis=1))[0].argmax())


@contextmanager
def _mediapipe() -> Iterator[Callable[[U8], Boxes]]:
    with closing(FaceDetector()) as detector:

        def find(image: U8) -> Boxes:
            return [(int(a), int(b), int(c), int(d)) for a, b, c, d in (found.box for found in detector.detect(image))]

        yield find


@contextmanager
def _haar() -> Iterator[Callable[[U8], Boxes]]:
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"))

    def find(image: U8) -> Boxes:
        found = cascade.detectMultiScale(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 1.1, 5, minSize=(60, 60))
        return [(int(x), int(y), int(x + w), int(y + h)) for x, y, w, h in found]

    yield find
