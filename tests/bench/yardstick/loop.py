"""What one would write without this program, frozen: `python tests/bench/yardstick/loop.py CLIP mediapipe|haar`.

A `cv2` loop that finds the faces of each frame and reads each by itself, as `bench` had it at revision b9d0fe1. It
imports nothing of the program, so that a faster program does not move its own yardstick. The detector is mediapipe's
full-range model at a score of 0.5, called as then, in the mediapipe of now, which takes the same time; `classify.onnx`
is that revision's; the encoder is the shipped one as long as it has the same operators and sizes as that revision's,
which is checked: it has five megabytes, and what its weights are does not change its time. Writes figures as JSON.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime as ort

FRAMES = 240
SIZE_PX, PIECES = 64, 16
ROOT = Path(__file__).parents[3]
DETECTOR = ROOT / "realtime_micacl/live/seeing/models/face_detection_full_range_sparse.tflite"
ENCODE = ROOT / "engines/realtime_micacl_engines/default/encode.onnx"
ENCODE_BYTES = 5_022_385  # as at that revision: operators and weights of another shape would change it

U8 = npt.NDArray[np.uint8]
Boxes = list[tuple[int, int, int, int]]
"""Left, top, right, bottom in px."""


def loop(clip: Path, find: Callable[[U8], Boxes]) -> dict[str, float]:
    """Run the loop over the first `FRAMES` of a clip."""
    encode, classify = _session(ENCODE), _session(Path(__file__).with_name("classify.onnx"))

    def read(image: U8, box: tuple[int, int, int, int]) -> int:
        height, width = image.shape[:2]
        left, top = (min(max(0, box[i]), limit - 1) for i, limit in ((0, width), (1, height)))
        part = image[top : max(top + 1, box[3]), left : max(left + 1, box[2])]
        crop = cv2.resize(part, (SIZE_PX, SIZE_PX)).astype(np.uint8)
        (features,) = encode.run(None, {"crops": np.ascontiguousarray(np.broadcast_to(crop, (1, 1, *crop.shape)))})
        window = np.repeat(np.asarray(features, np.float32)[None], PIECES, axis=1)
        return int(np.asarray(classify.run(None, {"features": window})[0])[0].argmax())

    find(np.zeros((128, 128, 3), np.uint8))  # the first picture is slow
    capture = cv2.VideoCapture(str(clip))
    rate_hz = capture.get(cv2.CAP_PROP_FPS) or 30.0
    took_s: list[float] = []
    labels: dict[int, list[int]] = defaultdict(list)
    while len(took_s) < FRAMES:
        start_s = process_time()
        there, picture = capture.read()
        if not there:
            break
        image = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
        for place, box in enumerate(sorted(find(image))):
            labels[place].append(read(image, box))
        took_s.append(process_time() - start_s)
    capture.release()
    changes = sum(int(np.count_nonzero(np.diff(of_face))) for of_face in labels.values())
    minutes = sum(map(len, labels.values())) / rate_hz / 60
    return {
        "frame_ms": round(median(took_s) * 1e3, 2),
        "processor_percent": round(median(took_s) * rate_hz * 100, 1),
        "changes_per_minute": round(changes / minutes, 1) if minutes else 0.0,
    }


def mediapipe() -> Callable[[U8], Boxes]:
    """Return what finds faces with mediapipe, the eight largest."""
    from mediapipe.tasks.python.core.base_options import BaseOptions
    from mediapipe.tasks.python.vision import FaceDetector, FaceDetectorOptions
    from mediapipe.tasks.python.vision.core.image import Image, ImageFormat

    base = BaseOptions(model_asset_buffer=DETECTOR.read_bytes())
    task = FaceDetector.create_from_options(FaceDetectorOptions(base_options=base, min_detection_confidence=0.5))

    def find(image: U8) -> Boxes:
        found = task.detect(Image(image_format=ImageFormat.SRGB, data=image)).detections
        boxes = [one.bounding_box for one in found]
        places = [(b.origin_x, b.origin_y, b.origin_x + b.width, b.origin_y + b.height) for b in boxes]
        return sorted(places, key=lambda place: place[0] - place[2])[:8]

    return find


def haar() -> Callable[[U8], Boxes]:
    """Return what finds faces with OpenCV's Haar cascade."""
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"))

    def find(image: U8) -> Boxes:
        found = cascade.detectMultiScale(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 1.1, 5, minSize=(60, 60))
        return [(int(x), int(y), int(x + w), int(y + h)) for x, y, w, h in found]

    return find


def _session(file: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(file.read_bytes(), options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    if ENCODE.stat().st_size != ENCODE_BYTES:
        sys.exit(f"{ENCODE} is no longer built as the yardstick's encoder was: keep that one beside this file")
    sys.stdout.write(json.dumps(loop(Path(sys.argv[1]), {"mediapipe": mediapipe, "haar": haar}[sys.argv[2]]())))
