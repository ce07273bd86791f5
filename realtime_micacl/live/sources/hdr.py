"""Turns HDR pictures into SDR: HLG, which phones film, and PQ, which discs and monitors use.

HDR encodes light differently and spans wider colours, so that as SDR it looks pale and flat. The result shows the same
light on a screen whose white has 203 nits (ITU-R BT.2408).
"""

from __future__ import annotations

from functools import cache

import av
import numpy as np

from realtime_micacl.types import F32, U8

PQ, HLG = 16, 18  # transfer characteristics, ITU-T H.273
WHITE_NITS, HLG_NITS = 203.0, 1000.0
KNEE, SQUEEZED = 0.8, 4.0  # of white: where compression of bright light begins, and how slowly it saturates
GAMMA = 2.4
# BT.2020 to BT.709. An exact conversion needs linear light, which takes ten times as long; this one works on encoded
# values. It is a least-squares fit to colours of photographs that keeps greys; skin is off by 5 of 255.
NARROWER: F32 = np.array(
    [[1.6897, -0.6134, -0.0763], [-0.1819, 1.1912, -0.0093], [-0.0391, -0.1169, 1.1560]], np.float32
)


def is_hdr(frame: av.VideoFrame) -> bool:
    """Say whether a decoded frame is HDR."""
    return frame.color_trc in (PQ, HLG)


def as_sdr(pixels: U8, transfer: int) -> U8:
    """Return HDR pixels, RGB [H,W,3], as SDR."""
    import cv2

    return np.asarray(cv2.transform(cv2.LUT(pixels, _shown(transfer)), NARROWER), np.uint8)


@cache
def _shown(transfer: int) -> U8:
    """Return the SDR value of each of the 256 HDR values."""
    light = _nits(transfer, np.arange(256) / 255) / WHITE_NITS
    over = np.maximum(light - KNEE, 0) / (1 - KNEE)
    light = np.where(light < KNEE, light, KNEE + (1 - KNEE) * (1 - np.exp(-over / SQUEEZED)))
    return np.asarray(np.rint(255 * light ** (1 / GAMMA)), np.uint8)


def _nits(transfer: int, signal: np.ndarray) -> np.ndarray:
    """Return the light in nits of values from 0 to 1."""
    if transfer == PQ:  # SMPTE ST 2084
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        power = signal ** (1 / m2)
        return np.asarray(10000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1))
    a, b, c = 0.17883277, 0.28466892, 0.55991073  # ARIB STD-B67, shown with the gamma of a screen of 1000 nits
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return np.asarray(HLG_NITS * scene**1.2)
