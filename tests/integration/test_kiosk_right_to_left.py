"""The kiosk in a language that is read from the right: everything begins there, pictures and codes stay as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from msgspec import structs
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QColor, QImage, QPainter

from realtime_micacl.types import U8, EmotionDistribution, Face, Frame, Quality, State
from realtime_micacl_ui.ink import Paragraph
from realtime_micacl_ui.kiosk.paint import paint_screen
from realtime_micacl_ui.kiosk.screen import Screen, buttons, picture_area, reading_area, theme_for
from realtime_micacl_ui.kiosk.settings import KioskSettings, read_kiosk_settings
from realtime_micacl_ui.kiosk.state import Stage
from realtime_micacl_ui.theme import EMOTION_COLOURS, TEXT
from realtime_micacl_ui.view import View

pytestmark = pytest.mark.usefixtures("qapp")
SIZE = (960, 540)
TITLE = "האם מותר למסך הזה להסתכל על הפנים שלך?"
LEFT, RIGHT = (200, 40, 200), (40, 200, 200)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> KioskSettings:
    folder = tmp_path_factory.mktemp("settings")
    (folder / "kiosk.toml").write_text('qr = "https://example.org/kiosk"\n')
    read = read_kiosk_settings(str(folder / "kiosk.toml"))
    english = read.texts[0]
    return replace(read, texts=(english, structs.replace(english, name="עברית", title=TITLE, what=3 * TITLE)))


@pytest.fixture
def screen(settings: KioskSettings) -> Screen:
    image = np.full((360, 640, 3), LEFT, np.uint8)
    image[:, 320:] = RIGHT
    face = Face(1, np.array([250, 100, 370, 240], np.float32), image[:4, :4], 0.9, Quality(1.0), State.LIVE)
    shares = np.array((0.4, 0.05, 0.2, 0.1, 0.15, 0.04, 0.06), np.float32)
    reading = EmotionDistribution(1, 10.0, shares, shares[:4], "happy", 1.0, 1.0)
    view = View("", State.LIVE, 10.0, Frame(image, 10.0, 0), (face,), {1: reading}, mirror=False)
    return Screen(settings, Stage.LIVE, language=1, view=view)


def pixels(image: QImage) -> U8:
    bits = image.constBits()
    assert bits is not None
    found = np.frombuffer(bits.asstring(image.sizeInBytes()), np.uint8).reshape(image.height(), image.width(), 4)
    return np.ascontiguousarray(found[..., 2::-1])


def painted(screen: Screen) -> U8:
    image = QImage(*SIZE, QImage.Format.Format_RGB32)
    with QPainter(image) as painter:
        paint_screen(painter, screen, SIZE)
    return pixels(image)


def columns(picture: U8, colour: QColor | tuple[int, int, int]) -> np.ndarray:
    rgb = colour if isinstance(colour, tuple) else (colour.red(), colour.green(), colour.blue())
    return np.flatnonzero((picture == rgb).all(-1).any(0))


@pytest.mark.parametrize("stage", list(Stage))
def test_buttons_lie_at_the_other_side(screen: Screen, stage: Stage) -> None:
    theme = theme_for(SIZE)
    from_left, from_right = (buttons(replace(screen, stage=stage, language=n), theme, SIZE) for n in (0, 1))
    assert [one.text for one in from_left] == [one.text for one in from_right]
    for one, other in zip(from_left, from_right, strict=True):
        assert other.rect.right() == SIZE[0] - one.rect.left()
        assert other.rect.left() == SIZE[0] - one.rect.right()


def test_the_reading_lies_at_the_left_and_its_bars_begin_at_their_right(screen: Screen) -> None:
    area = reading_area(theme_for(SIZE), SIZE)
    found = painted(screen)[:, : round(SIZE[0] - area.left())]
    bars = [columns(found, EMOTION_COLOURS[name]) for name in ("sad", "angry", "surprise")]  # happy leads
    assert len({int(bar[-1]) for bar in bars}) == 1, "they begin below each other"
    assert len({int(bar[0]) for bar in bars}) == 3, "and end where their shares are"


def test_the_visitors_picture_is_not_mirrored_again(screen: Screen) -> None:
    area = picture_area(theme_for(SIZE), SIZE)
    found = painted(screen)[:, round(SIZE[0] - area.right()) :]
    assert columns(found, LEFT)[-1] < columns(found, RIGHT)[0]


def test_the_code_can_be_read(screen: Screen) -> None:
    found = painted(replace(screen, stage=Stage.CONSENT))
    assert columns(found[200:300], TEXT)[0] < SIZE[0] / 3, "it lies at the left"
    text, *_ = cv2.QRCodeDetector().detectAndDecode(cv2.cvtColor(found, cv2.COLOR_RGB2BGR))
    assert text == "https://example.org/kiosk"


def test_lines_begin_at_the_right_and_a_sentence_ends_at_its_left() -> None:
    letters = theme_for(SIZE).large
    stamps = []
    for text in (f"{TITLE}\nהאם", f"{TITLE}\nהאם."):
        image = QImage(400, 200, QImage.Format.Format_RGB32)
        image.fill(0)
        paragraph = Paragraph(letters, text, 380)
        with QPainter(image) as painter:
            paragraph.draw(painter, 20, 20, TEXT)
        stamps.append(pixels(image).max(-1) > 60)
    height = round(letters.metrics.height())
    rows = [stamps[0][20 + n * height : 20 + (n + 1) * height] for n in range(int(paragraph.size.height() // height))]
    ends = [np.flatnonzero(row.any(0)) for row in rows if row.any()]
    assert len(ends) > 1
    assert max(end[-1] for end in ends) - min(end[-1] for end in ends) <= 4
    assert max(end[0] for end in ends) - min(end[0] for end in ends) > 20
    dot = np.flatnonzero((stamps[0] != stamps[1]).any(0))
    assert dot.max() < ends[-1][0], "the full stop lies to the left of the last line"


def test_what_is_not_mirrored_lies_where_it_did(settings: KioskSettings, tmp_path: Path) -> None:
    """A logo keeps its letters, in the corner in which reading begins."""
    logo = QImage(200, 50, QImage.Format.Format_RGB32)
    logo.fill(QColor(*LEFT))
    with QPainter(logo) as painter:
        painter.fillRect(QRectF(100, 0, 100, 50), QColor(*RIGHT))
    found = painted(Screen(replace(settings, logo=logo), language=1))
    assert SIZE[0] / 2 < columns(found, LEFT)[-1] <= columns(found, RIGHT)[0]
