"""What is painted, by its pixels: picture, states, messages, sizes and privacy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QColor, QImage

from realtime_micacl.types import U8, Frame, State
from realtime_micacl_ui.hud import hud_rect, pill_rect
from realtime_micacl_ui.language import use_language
from realtime_micacl_ui.paint import coarse
from realtime_micacl_ui.sample import sample
from realtime_micacl_ui.theme import EMOTION_COLOURS, INK, LIGHT, theme_of, unit_for
from realtime_micacl_ui.timeline import parts
from realtime_micacl_ui.view import Privacy
from tests.integration.painting import HD, PHOTO, face, is_colour, painted, part, top_edge, view

pytestmark = pytest.mark.usefixtures("qapp")
LONG = "rtsp://user:***@camera-17.building-4.example.org:8554/live/entrance/north?profile=main"


def test_nothing_lies_over_the_picture_with_the_overlay_off() -> None:
    off, _ = painted(replace(view(face()), overlay=False))
    without, _ = painted(replace(view(), overlay=True))
    assert (off == without).all()


def test_the_picture_is_painted_pixel_by_pixel_where_it_fits() -> None:
    pixels, _ = painted(replace(view(), state=State.NO_FACE, hud=False))
    assert (pixels[60:] == PHOTO[60:]).all()


def test_a_picture_that_is_not_contiguous_is_painted_as_well() -> None:
    mirrored = Frame(PHOTO[:, ::-1], 10.0, 0)
    pixels, _ = painted(replace(view(), frame=mirrored, hud=False))
    assert (pixels[60:] == mirrored.image[60:]).all()


def test_a_picture_of_another_shape_is_letterboxed() -> None:
    pixels, layout = painted(replace(view(), hud=False), (720, 1280))
    assert is_colour(pixels[60:160], INK).all()
    assert not is_colour(part(pixels, layout.picture), INK).any()


def test_a_display_of_twice_the_density_shows_the_same_things() -> None:
    v = view(face())
    pixels, layout = painted(v, (640, 360), ratio=2)
    assert pixels.shape == (720, 1280, 3)
    box = layout.boxes[1]
    edge = pixels[2 * round(box.top()), 2 * round(box.left()) + 40 : 2 * round(box.right()) - 40]
    assert is_colour(edge, EMOTION_COLOURS["happy"]).all()


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("size", [(320, 180), (640, 360), (720, 1280), HD, (1920, 1080), (2560, 1440)])
def test_every_state_stays_inside_the_window(size: tuple[int, int], scale: float) -> None:
    for state in State:
        faces = [
            face(State.COLLECTING, 0.5),
            face(track_id=2, x=560),
            face(State.LOW_QUALITY, 0, "turned away", 3, 900),
        ]
        v = replace(
            view(*faces), state=state, source=LONG, title="Connecting to the stream again", detail=f"{LONG} is lost"
        )
        v = replace(v, attempt=12, selected=2, frame=None if state is State.ENDED else v.frame)
        painted(v, size, scale=scale)
        theme = theme_of(unit_for(*size, scale))
        window = QRectF(0, 0, *size)
        assert window.contains(pill_rect(v, theme, size))
        assert window.contains(hud_rect(v, theme, size))
    painted(replace(view(face()), help=True, title=""), size, scale=scale)


@pytest.mark.parametrize("size", [(320, 180), (320, 320), (320, 700)])
def test_the_help_of_a_language_with_long_words_is_whole_in_a_small_window(size: tuple[int, int]) -> None:
    use_language("de")
    try:
        painted(replace(view(), help=True), size, scale=3.0)
    finally:
        use_language("en")


@pytest.mark.parametrize("size", [(320, 180), HD])
def test_a_long_error_is_shown_whole(size: tuple[int, int]) -> None:
    words = "the engine in /home/anna/engines/first is damaged: its SHA-256 is 0123456789ab; export it again. "
    painted(replace(view(), state=State.FAILED, title="Stopped by an error", detail=words * 3), size)


def test_privacy_leaves_no_picture_of_a_person() -> None:
    sharp = np.kron(np.random.default_rng(1).integers(0, 2, (180, 320, 3)), np.ones((4, 4, 1))).astype(np.uint8) * 255
    v = replace(view(face()), frame=Frame(sharp, 10.0, 0), hud=False)
    inside = painted(v)[1].boxes[1].adjusted(8, 8, -8, -8)
    detail = {
        privacy: np.abs(np.diff(part(painted(replace(v, privacy=privacy))[0], inside).astype(int), axis=1)).mean()
        for privacy in ("clear", "blurred", "points", "hidden")
    }
    assert detail["blurred"] < 0.02 * detail["clear"]
    assert detail["hidden"] == 0
    hidden, layout = painted(replace(v, privacy="hidden"))
    assert is_colour(top_edge(hidden, layout.boxes[1]), EMOTION_COLOURS["happy"]).all(), "boxes and cards stay"


@pytest.mark.parametrize("wide", [20, 160, 900])
def test_a_blurred_face_is_five_pixels_wide_at_most(wide: int) -> None:
    image = QImage(1280, 720, QImage.Format.Format_RGB888)
    someone = replace(face(), box=np.array([10, 10, 10 + wide, 10 + wide], np.float32))
    small = coarse(image, [someone])
    assert small.width() <= 32
    assert wide * small.width() / 1280 <= 5


def test_a_recording_and_its_failure_are_said() -> None:
    v = replace(view(), hud=False)
    plain = painted(v)[0]
    on, _ = painted(replace(v, recording="REC 0:12"))
    rows, columns = np.nonzero((on != plain).any(-1))
    assert columns.min() > 1100
    assert rows.max() < 50, "at the top right"
    below, _ = painted(replace(v, recording="REC 0:12", controls=(900, 10, 1270, 50)))
    assert np.nonzero((below != plain).any(-1))[0].min() >= 50, "below the buttons"
    failed, _ = painted(replace(v, notice="Not recorded: /data/a.csv: No space left on device"))
    rows, columns = np.nonzero((failed != plain).any(-1))
    assert rows.min() >= pill_rect(v, theme_of(unit_for(*HD, 1.0)), HD).bottom()


def test_the_pill_makes_room_for_the_buttons() -> None:
    v = replace(view(), source=LONG)
    theme = theme_of(unit_for(640, 360, 1.0))
    assert pill_rect(replace(v, controls=(300, 8, 630, 40)), theme, (640, 360)).right() < 300


def test_light_surroundings_leave_what_lies_on_the_picture_as_it_is() -> None:
    v, size = replace(view(face()), help=False), (720, 1280)
    dark, layout = painted(v, size)
    light, _ = painted(v, size, light=True)
    assert (part(dark, layout.picture) == part(light, layout.picture)).all()
    assert is_colour(light[60:160], LIGHT.ground).all()
    asked, _ = painted(replace(v, help=True), HD, light=True)
    assert is_colour(asked, QColor.fromRgb(LIGHT.text.rgb())).any()


def test_a_message_keeps_off_the_timeline_and_the_figures() -> None:
    v = replace(sample(), state=State.PAUSED, title="Paused", detail="Press Space to continue")
    for size, scale in ((HD, 1.0), (HD, 2.0), ((1080, 1920), 1.0)):
        with_message, _ = painted(v, size, scale=scale)
        without, _ = painted(replace(v, title=""), size, scale=scale)
        past = parts(v, theme_of(unit_for(*size, scale)), size)
        assert past is not None
        lowest = np.flatnonzero((with_message != without).any(axis=(1, 2))).max()
        assert lowest < hud_rect(v, theme_of(unit_for(*size, scale)), size, past.panel.top()).top()


def test_a_frozen_picture_is_hatched() -> None:
    plain, layout = painted(replace(view(face()), state=State.ENDED))
    stalled, _ = painted(replace(view(face()), state=State.STALLED))
    inside = layout.picture.adjusted(400, 400, -400, -100)
    assert (part(plain, inside) != part(stalled, inside)).any(-1).mean() > 0.1


@pytest.mark.parametrize("size", [HD, (320, 180)])
def test_a_notice_is_one_line_below_the_state(size: tuple[int, int]) -> None:
    with_notice, _ = painted(replace(view(), notice=f"Nothing more is written: {LONG}"), size)
    without, _ = painted(view(), size)
    rows = np.flatnonzero((with_notice != without).any(axis=(1, 2)))
    state = pill_rect(view(), theme_of(unit_for(*size, 1.0)), size)
    assert rows[0] >= state.bottom() - 1
    assert rows[-1] <= state.bottom() + 2 * state.height()


def test_a_live_picture_without_analysis_is_not_darkened() -> None:
    broken = replace(
        view(), state=State.FAILED, broken=True, title="The analysis has stopped", detail="recognize failed 6 times"
    )
    corner = painted(broken)[0][300:310, 20:30]
    assert (corner == painted(view())[0][300:310, 20:30]).all()
    ended = replace(view(), state=State.FAILED, title="Stopped by an error")
    assert (painted(ended)[0][300:310, 20:30] != corner).any()


def test_points_stand_for_the_faces_where_the_picture_is_not_shown() -> None:
    points = np.array([[350, 300], [410, 300], [380, 330], [380, 370], [310, 310], [450, 310]], np.float32)
    v = replace(view(replace(face(), points=points)), privacy="points", hud=False)
    pixels, _ = painted(v)
    for x, y in points[:4].astype(int):
        assert is_colour(pixels[y - 1 : y + 1, x - 1 : x + 1], EMOTION_COLOURS["happy"]).all()
    assert is_colour(part(pixels, QRectF(900, 400, 300, 200)), INK).all(), "and nothing of the picture"
    without, _ = painted(replace(v, faces=(face(),)))
    hidden, _ = painted(replace(v, privacy="hidden"))
    assert (without == hidden).all(), "a face whose points are not known has none"


def test_how_a_head_is_turned_is_written_below_its_points() -> None:
    v = replace(view(face()), privacy="points", hud=False)
    plain, layout = painted(v)
    foot = QRectF(layout.boxes[1])
    foot.setTop(foot.bottom() - 30)

    def written(*head: float, mirror: bool = False) -> U8:
        turned = replace(v, faces=(replace(face(), head=np.array(head, np.float32)),), mirror=mirror)
        pixels, where = painted(turned)
        return part(pixels, QRectF(where.boxes[1].left(), foot.top(), foot.width(), foot.height()))

    assert (written(12, -4, 2) != part(plain, foot)).any()
    assert (written(12, -4, 2) != written(-12, -4, -2)).any()
    mirrored = written(12, -4, 2, mirror=True)
    assert mirrored.shape == written(-12, -4, -2).shape
    assert (mirrored == written(-12, -4, -2)).mean() > 0.95, "it is said as it is seen"


@pytest.mark.parametrize("size", [HD, (1000, 900)])
@pytest.mark.parametrize("privacy", ["clear", "blurred", "points"])
def test_a_mirrored_picture_is_the_other_way_round_and_its_words_are_not(
    size: tuple[int, int], privacy: Privacy
) -> None:
    """Picture, boxes and points are mirrored; a card is the same card, on the other side."""
    points = np.array(((340, 300), (400, 310), (370, 340), (368, 370), (310, 305), (450, 312)), np.float32)
    plain = replace(view(replace(face(), points=points)), hud=False, privacy=privacy)
    alone = replace(plain, overlay=False, source="")
    pill = 40  # below the state, which is words
    one, _ = painted(alone, size)
    two, _ = painted(replace(alone, mirror=True), size)
    mirrored, straight = (np.abs(a.astype(int) - two[pill:]).mean() for a in (one[pill:, ::-1], one[pill:]))
    assert mirrored < 0.2 * straight
    (_, here), (_, there) = painted(plain, size), painted(replace(plain, mirror=True), size)
    width = size[0]
    assert there.boxes[1].left() == pytest.approx(width - here.boxes[1].right(), abs=1.5)
    assert there.boxes[1].width() == pytest.approx(here.boxes[1].width(), abs=1.5)
    assert there.cards[1].rect.size() == here.cards[1].rect.size()
