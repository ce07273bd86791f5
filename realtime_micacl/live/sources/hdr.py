"""HDR pictures as those of a normal screen: what phones film (HLG), what discs and monitors hold (PQ).

Their numbers stand for light in another way, and for wider colours: read as they are, they look pale and flat. Here
they become those that show the same light on a screen whose white has 203 nits (ITU-R BT.2408).
"""

from __future__ import annotations

from functools import cache

import av
import numpy as np

from realtime_micacl.types import F32, U8

PQ, HLG = 16, 18  # transfer characteristics, ITU-T H.273
WHITE_NITS, HLG_NITS = 203.0, 1000.0
KNEE, SQUEEZED = 0.8, 4.0  # of white: light from there on is squeezed into what is left, four times white into most
GAMMA = 2.4
# Colours of BT.2020 as those of BT.709. Exact in linear light only, which takes ten times as long; these, for the
# numbers themselves, are the least squares over colours as photographs have, and keep greys: 5 of 255 off for skin.
NARROWER: F32 = np.array(
    [[1.6897, -0.6134, -0.0763], [-0.1819, 1.1912, -0.0093], [-0.0391, -0.1169, 1.1560]], np.float32
)


def is_hdr(frame: av.VideoFrame) -> bool:
    """Say whether the numbers of a decoded frame stand for light as those of HDR do."""
    return frame.color_trc in (PQ, HLG)


def as_sdr(pixels: U8, transfer: int) -> U8:
    """Return HDR pixels, RGB [H,W,3], as those of a normal screen."""
    import cv2

    return np.asarray(cv2.transform(cv2.LUT(pixels, _shown(transfer)), NARROWER), np.uint8)


@cache
def _shown(transfer: int) -> U8:
    """Return a normal screen's number for each of an HDR picture's."""
    light = _nits(transfer, np.arange(256) / 255) / WHITE_NITS
    over = np.maximum(light - KNEE, 0) / (1 - KNEE)
    light = np.where(light < KNEE, light, KNEE + (1 - KNEE) * (1 - np.exp(-over / SQUEEZED)))
    return np.asarray(np.rint(255 * light ** (1 / GAMMA)), np.uint8)


def _nits(transfer: int, signal: np.ndarray) -> np.ndarray:
    """Return the light of numbers from 0 to 1."""
    if transfer == PQ:  # SMPTE ST 2084
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        power = signal ** (1 / m2)
        return np.asarray(10000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1))
    a, b, c = 0.17883277, 0.28466892, 0.55991073  # ARIB STD-B67, shown with the gamma of a screen of 1000 nits
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return np.asarray(HLG_NITS * scene**1.2)
