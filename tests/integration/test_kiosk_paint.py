"""The screens of the kiosk by their pixels: inside, legible, and without a visitor where none agreed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QColor, QImage, QPainter

from realtime_micacl.types import EMOTIONS, U8, EmotionDistribution, Face, Frame, Quality, State
from realtime_micacl_ui.kiosk.face import HOLD_S, ORDER, PASS_S, shares
from realtime_micacl_ui.kiosk.paint import paint_screen
from realtime_micacl_ui.kiosk.reading import fitted
from realtime_micacl_ui.kiosk.screen import Screen, buttons, picture_area, reading_area, spoken, theme_for, word_or_why
from realtime_micacl_ui.kiosk.settings import KioskSettings, read_kiosk_settings
from realtime_micacl_ui.kiosk.state import Act, Stage
from realtime_micacl_ui.theme import AMBER, EMOTION_COLOURS
from realtime_micacl_ui.view import View

pytestmark = pytest.mark.usefixtures("qapp")
WIDE, UPRIGHT = (960, 540), (540, 960)
SIZES = [WIDE, UPRIGHT, (1920, 1080), (1080, 1920), (1280, 800), (3840, 2160), (800, 480), (600, 1024), (1024, 1024)]
SHARES = (0.40, 0.05, 0.20, 0.10, 0.15, 0.04, 0.06)
MARGIN = 40
SKIN = (200, 40, 200)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> KioskSettings:
    folder = tmp_path_factory.mktemp("settings")
    logo = QImage(400, 100, QImage.Format.Format_RGB32)
    logo.fill(QColor("teal"))
    logo.save(str(folder / "logo.png"))
    text = 'logo = "logo.png"\nqr = "https://example.org/kiosk"\nhost = "The Lab, room 101"\n'
    (folder / "kiosk.toml").write_text(text)
    return read_kiosk_settings(str(folder / "kiosk.toml"))


def picture() -> U8:
    image = np.full((360, 640, 3), SKIN, np.uint8)
    image.flags.writeable = False
    return image


def view(state: State = State.LIVE, face_state: State = State.LIVE, emotion: str | None = "happy") -> View:
    image = picture()
    quality = Quality(0.0, "dark") if face_state is State.LOW_QUALITY else Quality(1.0)
    face = Face(1, np.array([250, 100, 370, 240], np.float32), image[:4, :4], 0.9, quality, face_state, 0.5)
    p = np.array(SHARES, np.float32)
    reading = EmotionDistribution(1, 10.0, p, p[:4], emotion, 1.0, 1.0)
    faces = () if state is State.NO_FACE else (face,)
    return View("", state, 10.0, Frame(image, 10.0, 0), faces, {1: reading})


def screens(settings: KioskSettings) -> list[Screen]:
    base = Screen(settings, time_s=12.3, visits=1234, left_s=15, view=view())
    found = [replace(base, stage=stage, language=language) for stage in Stage for language in (0, 1)]
    views = [
        view(State.NO_FACE),
        view(State.STALLED),
        view(State.STARTING),
        view(State.LIVE, State.LOW_QUALITY),
        View(""),
    ]
    found += [replace(base, stage=Stage.LIVE, language=1, view=v) for v in (*views, view(emotion=None))]
    return [*found, replace(base, camera=False)]


def painted(screen: Screen, size: tuple[int, int] = WIDE) -> U8:
    """The picture [H,W,3]; around it no stroke may reach."""
    image = QImage(size[0] + 2 * MARGIN, size[1] + 2 * MARGIN, QImage.Format.Format_RGB32)
    image.fill(QColor("magenta"))
    with QPainter(image) as painter:
        painter.translate(MARGIN, MARGIN)
        paint_screen(painter, screen, size)
    bits = image.constBits()
    assert bits is not None
    pixels = np.frombuffer(bits.asstring(image.sizeInBytes()), np.uint8).reshape(image.height(), image.width(), 4)
    pixels = np.ascontiguousarray(pixels[..., 2::-1])
    outside = np.ones(pixels.shape[:2], bool)
    outside[MARGIN:-MARGIN, MARGIN:-MARGIN] = False
    assert (pixels[outside] == (255, 0, 255)).all(), "something was painted outside of the screen"
    return pixels[MARGIN:-MARGIN, MARGIN:-MARGIN]


@pytest.mark.parametrize("size", [(1, 1), (1, 720), (50, 50), (4000, 1), (120, 90)])
def test_a_screen_of_next_to_nothing_ends_nothing(settings: KioskSettings, size: tuple[int, int]) -> None:
    """A monitor that is switched off may leave one behind."""
    image = QImage(*size, QImage.Format.Format_RGB32)
    for screen in screens(settings):
        with QPainter(image) as painter:
            paint_screen(painter, screen, size)


def shown(pixels: U8, colour: tuple[int, int, int] | QColor) -> np.ndarray:
    rgb = colour if isinstance(colour, tuple) else (colour.red(), colour.green(), colour.blue())
    return (pixels == rgb).all(-1)


def part(pixels: U8, rect: QRectF) -> U8:
    left, top = round(rect.left()), round(rect.top())
    return pixels[top : top + round(rect.height()), left : left + round(rect.width())]


@pytest.mark.parametrize("size", [WIDE, UPRIGHT, (800, 480)])
def test_every_screen_stays_inside(settings: KioskSettings, size: tuple[int, int]) -> None:
    for screen in screens(settings):
        painted(screen, size)


@pytest.mark.parametrize("size", [*SIZES, (1280, 1024), (1024, 1280), (768, 1024), (480, 640)])
def test_the_seven_rows_of_a_reading_are_apart(settings: KioskSettings, size: tuple[int, int]) -> None:
    area = reading_area(theme_for(size), size)
    for texts in settings.texts:
        theme, row = fitted(texts, theme_for(size), area)
        assert row > theme.large.metrics.ascent()


@pytest.mark.parametrize("size", SIZES)
def test_buttons_are_large_apart_and_on_the_screen(settings: KioskSettings, size: tuple[int, int]) -> None:
    theme = theme_for(size)
    for screen in screens(settings):
        found = buttons(screen, theme, size)
        for i, button in enumerate(found):
            assert QRectF(0, 0, *size).contains(button.rect)
            assert button.rect.height() >= min(size) / 14, "25 mm on a screen of 32 inches"
            letters = theme.large if button.act else theme.body
            assert letters.width(button.text) < button.rect.width()
            assert not any(button.rect.intersects(other.rect) for other in found[i + 1 :])
            if screen.stage is Stage.LIVE:
                assert not button.rect.intersects(picture_area(theme, size))
                assert not button.rect.intersects(reading_area(theme, size))


def test_each_stage_has_its_answers(settings: KioskSettings) -> None:
    acts = {}
    for stage in Stage:
        found = buttons(Screen(settings, stage), theme_for(WIDE), WIDE)
        acts[stage] = [button.act for button in found if button.act]
    assert acts == {
        Stage.ATTRACT: [],
        Stage.CONSENT: [Act.STOP, Act.GO],
        Stage.LIVE: [Act.STOP],
        Stage.ASKING: [Act.STOP, Act.GO],
        Stage.WIPING: [],
    }


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.LIVE])
def test_a_picture_of_a_visitor_is_on_the_live_screen_alone(settings: KioskSettings, stage: Stage) -> None:
    painted(Screen(settings, stage))  # Qt draws a large letter by another way the first time
    without, with_view = (painted(Screen(settings, stage, view=v)) for v in (None, view()))
    assert (without == with_view).all()
    assert not shown(with_view, SKIN).any()


def test_the_live_screen_shows_picture_word_and_bars(settings: KioskSettings) -> None:
    pixels = painted(Screen(settings, Stage.LIVE, view=view()))
    theme = theme_for(WIDE)
    assert shown(part(pixels, picture_area(theme, WIDE)), SKIN).mean() > 0.5
    reading = part(pixels, reading_area(theme, WIDE))
    lengths = {}
    for name in EMOTIONS:
        rows = shown(reading, EMOTION_COLOURS[name])
        lengths[name] = max(np.diff(np.flatnonzero(np.diff(np.pad(row, 1)))).max() for row in rows if row.any())
    scale = lengths["happy"] / SHARES[0]
    for name, share in zip(EMOTIONS, SHARES, strict=True):
        assert lengths[name] == pytest.approx(share * scale, abs=2), name


def test_no_box_lies_over_a_message(settings: KioskSettings) -> None:
    frozen, without = view(State.STALLED), replace(view(State.STALLED), faces=())
    area = picture_area(theme_for(WIDE), WIDE)
    pictures = [part(painted(Screen(settings, Stage.LIVE, view=v)), area) for v in (frozen, without)]
    assert (pictures[0] == pictures[1]).all()


@pytest.mark.parametrize(
    "hidden", [view(State.NO_FACE), view(State.STALLED), view(State.LIVE, State.LOW_QUALITY), View("")]
)
def test_without_a_reading_of_now_no_bar_is_drawn(settings: KioskSettings, hidden: View) -> None:
    reading = part(painted(Screen(settings, Stage.LIVE, view=hidden)), reading_area(theme_for(WIDE), WIDE))
    assert not any(shown(reading, EMOTION_COLOURS[name]).any() for name in EMOTIONS if name != "neutral")


@pytest.mark.parametrize("size", [WIDE, UPRIGHT, (1280, 800)])
def test_the_code_can_be_read(settings: KioskSettings, size: tuple[int, int]) -> None:
    pixels = painted(Screen(settings, Stage.CONSENT), size)
    text, *_ = cv2.QRCodeDetector().detectAndDecode(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    assert text == "https://example.org/kiosk"


def test_the_colours_of_the_house_are_used(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text('[colours]\nbackground = "#001144"\naccent = "#88FF88"\n')
    pixels = painted(Screen(read_kiosk_settings(str(file)), Stage.CONSENT))
    assert shown(pixels, (0, 17, 68)).mean() > 0.5
    assert shown(pixels, (0x88, 0xFF, 0x88)).any()


def test_the_drawn_face_changes_slowly_and_passes_through_all_seven() -> None:
    times = np.arange(0, len(ORDER) * (HOLD_S + PASS_S), 0.04)
    mixes = np.array([list(shares(float(t)).values()) for t in times])
    assert np.allclose(mixes.sum(1), 1)
    assert (mixes.max(0) == 1).all()
    assert np.abs(np.diff(mixes, axis=0)).max() < 0.06, "nothing flashes"


def test_the_attract_loop_moves(settings: KioskSettings) -> None:
    pictures = [painted(Screen(settings, time_s=t)) for t in (1.0, 1.0, 3.0)]
    assert (pictures[0] == pictures[1]).all()
    assert 0 < (pictures[0] != pictures[2]).any(-1).mean() < 0.3


@pytest.mark.parametrize(
    ("shown_view", "word"),
    [
        (view(), "fröhlich"),
        (view(emotion=None), "nicht sicher"),
        (view(State.NO_FACE), "Bitte schauen Sie zum Bildschirm"),
        (view(face_state=State.LOW_QUALITY), "Bitte schauen Sie zum Bildschirm"),
        (view(face_state=State.COLLECTING), "Einen Moment …"),
        (View(""), "Einen Moment …"),
    ],
)
def test_what_is_said_of_an_expression(settings: KioskSettings, shown_view: View, word: str) -> None:
    screen = Screen(settings, Stage.LIVE, language=1, view=shown_view)
    assert word_or_why(screen) == word
    assert spoken(screen) == (f"Ihr Ausdruck sieht aus wie: {word}" if screen.reading else word)


def test_a_screen_reader_hears_all_of_the_consent_card(settings: KioskSettings) -> None:
    texts = settings.texts[0]
    words = spoken(Screen(settings, Stage.CONSENT))
    assert all(text in words for text in (texts.title, settings.host, texts.what, texts.kept, texts.leave, texts.agree))
    assert len({spoken(Screen(settings, stage, view=view())) for stage in Stage}) == len(Stage)


def test_trouble_with_the_camera_is_said_instead_of_the_count(settings: KioskSettings) -> None:
    well, trouble = (painted(Screen(settings, visits=5, camera=camera)) for camera in (True, False))
    assert not shown(well, AMBER).any()
    assert shown(trouble, AMBER).any()
