"""Face detection by mediapipe's models in ONNX Runtime; anchors, boxes and merging are as in mediapipe's graphs."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

import cv2
import numpy as np

from realtime_micacl.live.seeing.detection import Detection, Reach
from realtime_micacl.live.seeing.models import open_model
from realtime_micacl.types import F32, U8

SAME_FACE = 0.3  # boxes with more intersection over union than this are one face, and are averaged


class _Kind(NamedTuple):
    file: str
    size_px: int
    grids: tuple[tuple[int, int], ...]
    """Stride in px, and anchors per cell."""


MUCH = 3  # pixels of which one is looked at; of parts of a picture of 1080 lines, many of them empty, it is one of two
NOISE = 3  # levels by which most pixels differ from the mean around them; 1 at most in 11 clips of real people
KINDS: dict[Reach, _Kind] = {
    "full": _Kind("face_detection_full_range.onnx", 192, ((4, 1),)),
    "short": _Kind("face_detection_short_range.onnx", 128, ((8, 2), (16, 6))),
}


class OnnxDetector:
    """A model in ONNX Runtime."""

    def __init__(self, reach: Reach, min_score: float) -> None:
        file, self._size_px, grids = KINDS[reach]
        self._reach = reach
        self._session = open_model(file)
        self._input = self._session.get_inputs()[0].name
        outputs = sorted(self._session.get_outputs(), key=lambda output: int(output.shape[-1]))
        self._outputs = [output.name for output in outputs]  # scores, then boxes and points
        self._anchors = np.concatenate([_anchors(self._size_px // stride, each) for stride, each in grids])
        self._least = float(np.log(min_score / (1 - min_score)))

    def find(self, image: U8) -> list[Detection]:
        """Return the faces in `image`, RGB, [H,W,3], the surest first.

        The models learnt from pictures of which most pixels were left out. Of a dark camera's or a screen's only noise
        and lines may be left then, so where no face is found, full range looks at means of their pixels as well.
        """
        found = self._find(image, image)
        shrink = int(max(image.shape[:2]) / self._size_px)
        if found or self._reach != "full" or shrink < MUCH:
            return found
        height, width = image.shape[0] // shrink, image.shape[1] // shrink
        whole = image[: height * shrink, : width * shrink]
        means = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        single = whole[::shrink, ::shrink].astype(np.int16)
        noisy = np.median(np.abs(single - means)) > NOISE
        return self._find(means, image, shrink) if noisy else found

    def _find(self, image: U8, whole: U8, shrink: int = 1) -> list[Detection]:
        """Return the faces in `whole`; of `shrink` x `shrink` pixels of it one in `image` was made."""
        height, width = whole.shape[:2]
        side = max(height, width)
        grow = side / self._size_px / shrink  # by pixel index, not by centres: the models learnt it so
        left, top = ((length - side - shrink + 1) / 2 / shrink for length in (width, height))
        to_picture = np.array([[grow, 0, left], [0, grow, top]])
        cut = np.zeros((self._size_px, self._size_px, 3), np.uint8)
        rows = min(self._size_px, ceil((image.shape[0] - top) / grow) + 1)  # below, all is black
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(image, to_picture, (self._size_px, rows), dst=cut[:rows], flags=flags)
        given = cut.astype(np.float32)
        given *= np.float32(2 / 255)
        given -= np.float32(1)
        logits, raw = self._session.run(self._outputs, {self._input: given[None]})
        sure = np.flatnonzero(logits[0, :, 0] >= self._least)
        if not len(sure):
            return []
        places = (raw[0, sure].reshape(-1, 8, 2) / self._size_px).astype(np.float32)
        places[:, 0] += self._anchors[sure]
        places[:, 2:] += self._anchors[sure, None]
        middle, half = places[:, 0].copy(), places[:, 1] / 2
        places[:, 0], places[:, 1] = middle - half, middle + half
        scores = 1 / (1 + np.exp(-logits[0, sure, 0].astype(np.float32)))
        shift = np.array([width - side, height - side], np.float32) / 2
        return [
            Detection(_whole(place[:2] * side + shift), place[2:] * side + shift, score)
            for place, score in merged(places, scores)
        ]

    def close(self) -> None:
        """Free the model."""
        del self._session


def _whole(corners: F32) -> F32:
    """Return a box [4] of corners [2,2], rounded to whole px as mediapipe does."""
    corner = np.trunc(corners[0])
    return np.concatenate([corner, corner + np.trunc(corners[1] - corners[0])]).astype(np.float32)


def merged(places: F32, scores: F32) -> list[tuple[F32, float]]:
    """Return one face for each group of overlapping places [n,8,2]: their mean, weighted by score, and the best score.

    A place is the two corners of a box and its six key points.
    """
    order = np.argsort(-scores, kind="stable")
    found = []
    while len(order):
        best, boxes = places[order[0], :2], places[order, :2]
        shared = np.maximum(np.minimum(best[1], boxes[:, 1]) - np.maximum(best[0], boxes[:, 0]), 0).prod(axis=1)
        areas = (boxes[:, 1] - boxes[:, 0]).prod(axis=1)
        same = shared > SAME_FACE * (areas[0] + areas - shared)
        same[0] = True
        group = order[same]
        weights = scores[group] / scores[group].sum()
        found.append(((weights @ places[group].reshape(len(group), -1)).reshape(-1, 2), float(scores[order[0]])))
        order = order[~same]
    return found


def _anchors(n: int, each: int) -> F32:
    """Return the centres of the cells of an n x n grid, each one `each` times, as shares of the side, [n*n*each,2]."""
    rows, columns = np.mgrid[:n, :n].reshape(2, -1)
    return np.repeat((np.stack([columns, rows], axis=1) + 0.5) / n, each, axis=0).astype(np.float32)
