"""The clean feed: the same picture in a second window, with nothing around it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from realtime_micacl.types import U8, State
from realtime_micacl_ui.clean import CleanWindow, paint_clean
from realtime_micacl_ui.sample import sample
from realtime_micacl_ui.theme import EMOTION_COLOURS, theme_of, unit_for
from realtime_micacl_ui.view import View

pytestmark = pytest.mark.usefixtures("qapp")
HD = (1280, 720)
SAMPLE = sample()


def painted(view: View) -> U8:
    image = QImage(*HD, QImage.Format.Format_RGB32)
    with QPainter(image) as painter:
        paint_clean(painter, view, theme_of(unit_for(*HD, 1.0)), HD)
    bits = image.constBits()
    assert bits is not None
    return np.frombuffer(bits.asstring(image.sizeInBytes()), np.uint8).reshape(720, 1280, 4)[..., 2::-1]


def test_nothing_but_picture_boxes_and_cards_is_shown() -> None:
    assert SAMPLE.frame is not None
    pixels = painted(replace(SAMPLE, notice="no", recording="REC 0:01", help=True, title="x"))
    picture = SAMPLE.frame.image
    assert (pixels[:40, :300] == picture[:40, :300]).all(), "no state"
    assert (pixels[710:] == picture[710:]).all(), "no figures, no timeline"
    assert (pixels == painted(SAMPLE)).all(), "no notice, no recording, no help, no message"
    happy = EMOTION_COLOURS["happy"]
    assert (pixels == (happy.red(), happy.green(), happy.blue())).all(-1).any()


def test_a_stalled_picture_is_dark_and_says_no_emotion() -> None:
    assert SAMPLE.frame is not None
    pixels = painted(replace(SAMPLE, state=State.STALLED))
    assert pixels.mean() < 0.6 * SAMPLE.frame.image.mean()
    for name in ("happy", "sad", "surprise"):
        c = EMOTION_COLOURS[name]
        assert not (pixels == (c.red(), c.green(), c.blue())).all(-1).any()


def test_it_follows_and_hands_keys_on_and_stays_closed(qtbot: QtBot) -> None:
    keys: list[str] = []
    window = CleanWindow(keys.append)
    qtbot.addWidget(window)
    window.present(SAMPLE)
    assert window.isVisible()
    assert window.windowFlags() & Qt.WindowType.FramelessWindowHint
    shown = window.grab().toImage()
    window.present(replace(SAMPLE, faces=(), readings={}))
    assert window.grab().toImage() != shown
    qtbot.keyClick(window, Qt.Key.Key_M)
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert window.isFullScreen()
    assert window.cursor().shape() is Qt.CursorShape.BlankCursor
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert keys == ["m"]
    window.present(SAMPLE)
    assert not window.isVisible()
