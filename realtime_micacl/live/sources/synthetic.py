"""A moving test picture with a time code, for trying the program without a camera."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import cv2
import numpy as np

from realtime_micacl.types import U8, Frame

WIDTH_PX, HEIGHT_PX, RATE_HZ = 1280, 720, 30
BITS = 32
BIT_PX = 24


def read_synthetic() -> Iterator[Frame]:
    """Yield test pictures for ever, 1280 x 720 at 30 a second; `time_s` starts at 0."""
    background = _background()
    for index in count():
        image = background.copy()
        time_s = index / RATE_HZ
        x = round(WIDTH_PX * (0.5 + 0.35 * np.sin(time_s * 1.3)))
        y = round(HEIGHT_PX * (0.5 + 0.25 * np.sin(time_s * 2.1)))
        cv2.circle(image, (x, y), 60, (238, 204, 102), -1, cv2.LINE_AA)
        minutes, seconds = divmod(time_s, 60)
        text = f"{int(minutes):02d}:{seconds:05.2f}   frame {index}"
        cv2.putText(image, text, (48, 120), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (255, 255, 255), 3, cv2.LINE_AA)
        write_code(image, index)
        image.flags.writeable = False
        yield Frame(image, time_s, index)


def write_code(image: U8, number: int) -> None:
    """Paint `number` into the lower edge of `image` as white and black squares, the highest bit first."""
    bits = (number >> np.arange(BITS)[::-1]) & 1
    row = np.repeat(bits.astype(np.uint8) * 255, BIT_PX)
    image[-BIT_PX:, : BITS * BIT_PX] = row[None, :, None]


def read_code(image: U8) -> int:
    """Return the number that `write_code` painted."""
    middle = image[-BIT_PX // 2, BIT_PX // 2 : BITS * BIT_PX : BIT_PX].mean(axis=-1) > 127
    return int(sum(1 << i for i, bit in enumerate(middle[::-1]) if bit))


def _background() -> U8:
    """Return a dark gradient with a grid, [H,W,3]."""
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
    shade = 40 + 50 * x / WIDTH_PX + 40 * y / HEIGHT_PX
    image: U8 = np.stack([shade * 0.6, shade * 0.75, shade], axis=-1).astype(np.uint8)
    image[::80] += 24
    image[:, ::80] += 24
    return image
