"""The rows of the seven emotions: evenly spaced bars inside their tracks, whatever the height of a row."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QImage, QPainter

from realtime_micacl.types import EMOTIONS
from realtime_micacl_ui.rows import Rows, draw_bars
from realtime_micacl_ui.theme import EMOTION_COLOURS, theme_of

pytestmark = pytest.mark.usefixtures("qapp")
AREA = QRectF(3, 5, 200, 300)


def rows(height: float, thick: int = 8) -> Rows:
    theme = theme_of(13.0)
    return Rows(height, 0, 40, 100, thick, 0, theme.body, theme.strong, theme.scheme)


@pytest.mark.parametrize("thick", [7, 8])
@pytest.mark.parametrize("height", [31, 32, 30.6])
def test_rows_are_evenly_spaced_in_whole_px(height: float, thick: int) -> None:
    tops = rows(height, thick).tops(AREA.top())
    assert len(tops) == len(EMOTIONS)
    assert np.ptp(np.diff(tops)) <= (0 if float(height).is_integer() else 1)


def test_a_bar_stays_in_its_track() -> None:
    image = QImage(260, 330, QImage.Format.Format_RGB32)
    image.fill(0)
    with QPainter(image) as painter:
        draw_bars(painter, AREA, rows(30), (-1.0, 0.0, 0.25, 0.5, 1.0, 2.0, 0.1))
    bits = image.constBits()
    assert bits is not None
    pixels = np.frombuffer(bits.asstring(image.sizeInBytes()), np.uint8).reshape(330, 260, 4)
    lengths = []
    for name in EMOTIONS:
        colour = EMOTION_COLOURS[name]
        drawn = (pixels[..., :3] == (colour.blue(), colour.green(), colour.red())).all(axis=2)
        columns = np.nonzero(drawn.any(axis=0))[0]
        assert not len(columns) or columns[0] == AREA.left() + 40
        lengths.append(len(columns))
    assert lengths == [0, 0, 25, 50, 100, 100, 10]
