"""Reads 468 landmarks of a face with mediapipe's face mesh in ONNX Runtime; live and training use this same code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, sin

import cv2
import numpy as np

from realtime_micacl.live.seeing.models import open_model
from realtime_micacl.types import F32, U8

MODEL = "face_landmark_468.onnx"
LANDMARKS = 468
SIZE_PX = 192  # of the model's input
MIN_SCORE = 0.5  # of a face, as in mediapipe's own graph
ROOM = 1.5  # the region's side over that of the detector's box, as the model was trained


@dataclass(frozen=True)
class Region:
    """A rotated square of a picture, in which the landmarks of one face are looked for."""

    x: float
    y: float
    """Its centre in px."""
    side: float
    """In px."""
    turn: float
    """The angle of the line from the right eye to the left one, in radians."""


def region(points: F32, box: F32) -> Region:
    """Return the region of the face with these key points [6,2] and this box [4], in px."""
    dx, dy = (points[1] - points[0]).tolist()
    left, top, right, bottom = box.tolist()
    return Region(
        (left + right) / 2, (top + bottom) / 2, ROOM * max(right - left, bottom - top), float(np.arctan2(dy, dx))
    )


class FaceMesh:
    """Reads landmarks. A face costs about as much as an encoded frame.

    Faces are run one by one: as a batch they take a fifth longer, since the activations no longer fit into the cache.
    """

    def __init__(self, threads: int = 1) -> None:
        self._session = open_model(MODEL, threads)
        self._input = self._session.get_inputs()[0].name

    def landmarks(self, image: U8, regions: Sequence[Region]) -> tuple[F32, F32]:
        """Return the landmarks [n,468,3] of faces in RGB [H,W,3], and how surely each is a face, 0 to 1, [n].

        x and y are in px of the picture, z is depth on the same scale, smaller towards the camera.
        """
        if not regions:
            return np.zeros((0, LANDMARKS, 3), np.float32), np.zeros(0, np.float32)
        maps = np.stack([_to_picture(one) for one in regions])
        raws, scores = zip(*(self._read(_cut(image, one)) for one in maps), strict=True)
        turns = np.zeros((len(regions), 3, 3), np.float32)
        turns[:, :2, :2] = maps[:, :, :2].swapaxes(1, 2)
        turns[:, 2, 2] = [one.side / SIZE_PX for one in regions]
        landmarks = np.concatenate(raws).reshape(len(regions), LANDMARKS, 3) @ turns
        for axis in (0, 1):  # at once it takes five times as long: NumPy goes along the shortest axis
            landmarks[:, :, axis] += maps[:, axis, 2:]
        return landmarks, np.asarray(1 / (1 + np.exp(-np.concatenate(scores).reshape(-1))), np.float32)

    def _read(self, cut: U8) -> tuple[F32, F32]:
        given = cut[None].astype(np.float32)
        given *= np.float32(1 / 255)
        raw, score = self._session.run(None, {self._input: given})
        return np.asarray(raw, np.float32), np.asarray(score, np.float32)

    def close(self) -> None:
        """Free the model."""
        del self._session


def _to_picture(one: Region) -> F32:
    """Return the transform [2,3] from px of the model's input to px of the picture.

    Like mediapipe it maps pixel indices and not pixel centres, which lie half a pixel on: the model was trained so.
    """
    scale, half = one.side / SIZE_PX, SIZE_PX / 2
    c, s = scale * cos(one.turn), scale * sin(one.turn)
    return np.array([[c, -s, one.x - half * (c - s)], [s, c, one.y - half * (s + c)]], np.float32)


def _cut(image: U8, to_picture: F32) -> U8:
    """Return the region as the model sees it, [192,192,3], black beyond the picture."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, to_picture, (SIZE_PX, SIZE_PX), flags=flags).astype(np.uint8, copy=False)
