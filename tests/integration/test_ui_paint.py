"""What is painted, by its pixels: bars, boxes, states, sizes and contrast."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QRectF
from PyQt6.QtGui import QColor, QImage, QPainter, QPen, QRegion

from realtime_micacl.types import EMOTIONS, U8, Bag, EmotionDistribution, Face, Frame, Quality, State
from realtime_micacl_ui import cards
from realtime_micacl_ui import ink as strokes
from realtime_micacl_ui.badges import notice_rect
from realtime_micacl_ui.hud import hud_rect, pill_rect
from realtime_micacl_ui.ink import ring
from realtime_micacl_ui.layout import Layout, bar_px, key_px, row_px
from realtime_micacl_ui.paint import coarse, paint
from realtime_micacl_ui.past import remember
from realtime_micacl_ui.sample import sample
from realtime_micacl_ui.theme import (
    EMOTION_COLOURS,
    GREY,
    INK,
    LIGHT,
    SOFT,
    TEXT,
    Letters,
    theme_of,
    unit_for,
)
from realtime_micacl_ui.timeline import parts
from realtime_micacl_ui.touched import touched
from realtime_micacl_ui.view import Figure, Privacy, View

pytestmark = pytest.mark.usefixtures("qapp")
HD = (1280, 720)
SHARES = (0.30, 0.05, 0.20, 0.10, 0.15, 0.08, 0.12)
LONG = "rtsp://user:***@camera-17.building-4.example.org:8554/live/entrance/north?profile=main"
FIGURES = (Figure("capture", "30.0"), Figure("latency", "98 / 152", " ms", 2), Figure("drops", "2.3", " %", 1))
MARGIN = 40


def photo(width: int = 1280, height: int = 720) -> U8:
    y, x = np.mgrid[0:height, 0:width]
    image = np.stack([x * 7 % 251, y * 5 % 241, (x + y) % 239], axis=-1).astype(np.uint8) // 2
    image.flags.writeable = False
    return image


PHOTO = photo()


def face(state: State = State.LIVE, filled: float = 1.0, fault: str = "", track_id: int = 1, x: float = 300) -> Face:
    box = np.array([x, 250, x + 160, 410], np.float32)
    return Face(track_id, box, PHOTO[:4, :4], 0.9, Quality(0.0 if fault else 1.0, fault), state, filled)


def view(*faces: Face, emotion: str | None = "happy", time_s: float = 10.0) -> View:
    p = np.array(SHARES, np.float32)
    readings = {f.track_id: EmotionDistribution(f.track_id, time_s, p, p[:4], emotion, 1.0, 1.0) for f in faces}
    return View("camera 0", State.LIVE, 10.0, Frame(PHOTO, 10.0, 0), faces, readings, figures=FIGURES)


def painted(
    v: View, size: tuple[int, int] = HD, ratio: int = 1, scale: float = 1.0, *, light: bool = False
) -> tuple[U8, Layout]:
    """The picture [H,W,3] with a margin around it that no stroke may reach, and the layout."""
    image = QImage((size[0] + 2 * MARGIN) * ratio, (size[1] + 2 * MARGIN) * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(QColor("magenta"))
    with QPainter(image) as painter:
        painter.translate(MARGIN, MARGIN)
        layout = paint(painter, v, theme_of(unit_for(*size, scale), light=light), size)
    bits = image.constBits()
    assert bits is not None
    pixels = np.frombuffer(bits.asstring(image.sizeInBytes()), np.uint8).reshape(image.height(), image.width(), 4)
    inner = np.ascontiguousarray(pixels[..., 2::-1])
    edge = MARGIN * ratio
    outside = np.ones(inner.shape[:2], bool)
    outside[edge:-edge, edge:-edge] = False
    assert (inner[outside] == (255, 0, 255)).all(), "something was painted outside of the window"
    return inner[edge:-edge, edge:-edge], layout


def is_colour(pixels: U8, colour: QColor) -> np.ndarray:
    return (pixels == (colour.red(), colour.green(), colour.blue())).all(-1)


def part(pixels: U8, rect: QRectF) -> U8:
    left, top = round(rect.left()), round(rect.top())
    return pixels[top : top + round(rect.height()), left : left + round(rect.width())]


def top_edge(pixels: U8, box: QRectF) -> U8:
    return pixels[round(box.top()), round(box.left()) + 20 : round(box.right()) - 20]


@pytest.mark.parametrize("size", [HD, (1920, 1080)])
def test_bars_are_as_long_as_the_shares_and_in_the_fixed_order(size: tuple[int, int]) -> None:
    pixels, layout = painted(view(face()), size)
    theme = theme_of(unit_for(*size, 1.0))
    beside_dots = theme.px(0.8) + key_px(theme)
    card = part(pixels, layout.cards[1].rect)[:, beside_dots:]
    full = bar_px(theme)
    middles = []
    for name, share in zip(EMOTIONS, SHARES, strict=True):
        rows, columns = np.nonzero(is_colour(card, EMOTION_COLOURS[name]))
        assert np.ptp(columns) + 1 == pytest.approx(full * share, abs=1.01), name
        middles.append(rows.mean())
    assert middles == sorted(middles)


def test_a_moving_bar_is_drawn_where_it_is_and_its_figure_is_the_reading() -> None:
    still, layout = painted(view(face()))
    moving, _ = painted(replace(view(face()), bars={1: (0.5, *SHARES[1:])}))
    card = layout.cards[1].rect
    theme = theme_of(unit_for(*HD, 1.0))
    full, beside_dots = bar_px(theme), theme.px(0.8) + key_px(theme)
    columns = np.nonzero(is_colour(part(moving, card)[:, beside_dots:], EMOTION_COLOURS["happy"]))[1]
    assert np.ptp(columns) + 1 == pytest.approx(full * 0.5, abs=1.01)
    figures = QRectF(card.right() - 40, card.top(), 40, card.height())
    assert (part(still, figures) == part(moving, figures)).all()


@pytest.mark.parametrize(("emotion", "figure"), [("happy", "30 %"), ("neutral", None), ("angry", None), (None, None)])
def test_a_word_that_is_not_the_longest_bar_has_no_figure(
    emotion: str | None, figure: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a moment, while another emotion waits to be named, the word is not that of the longest bar."""
    drawn: list[tuple[Letters, str]] = []
    keep = cards.write_right

    def note(painter: QPainter, letters: Letters, right: float, baseline: float, text: str, ink: QColor) -> None:
        drawn.append((letters, text))
        keep(painter, letters, right, baseline, text, ink)

    monkeypatch.setattr(cards, "write_right", note)
    strokes._brief.cache_clear()  # else a card of before is pressed
    painted(view(face(), emotion=emotion))
    assert [text for _, text in drawn if text.endswith("%")] == ([figure] if figure else [])
    bold = [text for letters, text in drawn if letters is theme_of(unit_for(*HD, 1.0)).strong]
    assert bold == (["30"] if figure else []), "nor is its bar brought out"


@pytest.mark.parametrize("emotion", [*EMOTIONS, None])
def test_the_box_has_the_colour_of_the_leading_emotion(emotion: str | None) -> None:
    pixels, layout = painted(view(face(), emotion=emotion))
    expected = EMOTION_COLOURS[emotion] if emotion else GREY
    assert is_colour(top_edge(pixels, layout.boxes[1]), expected).all()


def test_a_collecting_face_is_white_and_shows_how_far_it_is() -> None:
    widths = []
    for filled in (0.25, 0.5):
        pixels, layout = painted(view(face(State.COLLECTING, filled)))
        assert is_colour(top_edge(pixels, layout.boxes[1]), TEXT).all()
        card = part(pixels, layout.cards[1].rect)
        assert not any(is_colour(card, EMOTION_COLOURS[name]).any() for name in EMOTIONS)
        widths.append(is_colour(card[int(0.72 * len(card)) :], TEXT).sum(axis=1).max())
    assert widths[1] == pytest.approx(2 * widths[0], abs=2)


def test_a_poor_face_has_a_dashed_box() -> None:
    pixels, layout = painted(view(face(State.LOW_QUALITY, fault="turned away")))
    share = is_colour(top_edge(pixels, layout.boxes[1]), SOFT).mean()
    assert 0.3 < share < 0.75


def test_a_selected_face_has_a_thicker_box_and_a_framed_card() -> None:
    v = view(face(), face(track_id=2, x=700))
    plain, layout = painted(v)
    chosen, _ = painted(replace(v, selected=2))
    for track_id, grows in ((1, False), (2, True)):
        around = layout.boxes[track_id].adjusted(-5, -5, 5, 5)
        happy = EMOTION_COLOURS["happy"]
        before, after = (is_colour(part(p, around), happy).sum() for p in (plain, chosen))
        assert bool(after > 1.3 * before) is grows
    rect = layout.cards[2].rect
    assert is_colour(part(chosen, rect)[0, 20:-20], TEXT).all()


def test_nothing_lies_over_the_picture_with_the_overlay_off() -> None:
    off, _ = painted(replace(view(face()), overlay=False))
    without, _ = painted(replace(view(), overlay=True))
    assert (off == without).all()


@pytest.mark.parametrize("shown", [True, False])
def test_a_stale_reading_is_not_drawn(shown: bool) -> None:
    pixels, layout = painted(view(face(), time_s=9.0 if shown else 8.9))
    bars = is_colour(part(pixels, layout.cards[1].rect), EMOTION_COLOURS["surprise"])
    assert bars.any() == shown


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


def test_mixtures_are_marked_as_an_experiment_and_off_by_default() -> None:
    shares = np.array([0.45, 0.0, 0.1, 0.0, 0.45, 0.0, 0.0], np.float32)
    plain = view(face())
    mixed = replace(plain, readings={1: replace(plain.readings[1], probabilities=shares)})
    off, on = painted(mixed)[1].cards[1], painted(replace(mixed, mixtures=True))[1].cards[1]
    theme = theme_of(unit_for(*HD, 1.0))
    assert on.rect.height() - off.rect.height() == 2 * row_px(theme)
    pixels = [painted(replace(v, mixtures=True, hud=False))[0] for v in (mixed, plain)]
    line = QRectF(on.rect.left() + 4, on.rect.bottom() - row_px(theme) - 4, on.rect.width() - 8, row_px(theme))
    ink = [is_colour(part(p, line), TEXT).sum() for p in pixels]
    assert ink[0] > 4 * ink[1] > 0, "a dash stands for no mixture"


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


def test_what_is_pressed_from_a_stamp_is_what_it_was_the_first_time() -> None:
    v = replace(view(face(), face(track_id=2, x=700)), time_s=10.0)
    first, _ = painted(v)
    other, _ = painted(replace(v, selected=2, state=State.STALLED))
    again, _ = painted(v)
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("wide", [2, 3, 4, 7])
def test_a_frame_of_corners_and_edges_is_a_rounded_rectangle(wide: int) -> None:
    box = QRectF(10, 12, 70, 61)
    pictures = []
    for drawn_whole in (False, True):
        image = QImage(100, 90, QImage.Format.Format_RGB32)
        image.fill(QColor("grey"))
        with QPainter(image) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if drawn_whole:
                shifted = box.translated(wide % 2 / 2, wide % 2 / 2)
                for colour, more in ((INK, 2), (TEXT, 0)):
                    painter.setPen(QPen(colour, wide + more))
                    painter.drawRoundedRect(shifted, 9, 9)
            else:
                ring(painter, box, 9, wide, TEXT, INK)
        bits = image.constBits()
        assert bits is not None
        pictures.append(np.frombuffer(bits.asstring(image.sizeInBytes()), np.uint8).astype(int))
    assert np.abs(pictures[0] - pictures[1]).max() < 40
    assert np.abs(pictures[0] - pictures[1]).mean() < 0.2


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


def test_the_words_of_a_card_are_not_mirrored() -> None:
    plain = replace(view(face(x=560)), privacy="hidden", hud=False)  # its box is in the middle
    (one, here), (two, there) = painted(plain), painted(replace(plain, mirror=True))
    assert there.cards[1].rect == here.cards[1].rect
    card = here.cards[1].rect.toRect()
    part = slice(card.top(), card.bottom()), slice(card.left(), card.right())
    assert np.array_equal(one[part], two[part])


def test_no_card_lies_on_a_notice() -> None:
    """One that would has room elsewhere."""
    high = np.array([20, 40, 220, 240], np.float32)  # its card would be right of it, on the notice
    told = replace(view(replace(face(), box=high)), notice="This machine cannot keep up: many readings are missing")
    _, layout = painted(told)
    _, without = painted(replace(told, notice=""))
    theme = theme_of(unit_for(*HD, 1.0))
    rect = notice_rect(told, theme, HD)
    assert not layout.cards[1].rect.intersects(rect)
    assert notice_rect(replace(told, notice=""), theme, HD).isEmpty()
    assert without.cards[1].rect.intersects(rect), "which is the point of this picture"


GLIDES = {1: (0.5, *SHARES[1:]), 2: SHARES, 3: (0.2, *SHARES[1:])}


@pytest.mark.parametrize("what", ["bars", "readings"])
def test_what_changes_is_painted_alone_and_looks_as_if_all_were_painted(what: str) -> None:
    faces = face(), face(track_id=2, x=420), face(track_id=3, x=900)
    before = replace(view(*faces), bars=GLIDES, timeline=True, followed=1)
    before = replace(before, pasts=remember({}, before.readings.values(), 9.9))
    after = replace(before, bars={i: SHARES for i in GLIDES})
    if what == "readings":
        shares = np.array(SHARES[::-1], np.float32)
        readings = {i: replace(one, probabilities=shares, time_s=9.99) for i, one in before.readings.items()}
        after = replace(before, readings=readings, pasts=remember(before.pasts, readings.values(), 10.0))
    theme = theme_of(unit_for(*HD, 1.0))

    def picture(*, partly: bool) -> tuple[QImage, QRegion]:
        image = QImage(*HD, QImage.Format.Format_RGB32)
        with QPainter(image) as painter:
            layout = paint(painter, before, theme, HD)
            moved = touched(before, after, layout, theme, HD)
            assert moved is not None
            if partly:
                painter.setClipRegion(moved)
            paint(painter, after, theme, HD, layout, moved if partly else None)
        return image, moved

    (partly, moved), (whole, _) = picture(partly=True), picture(partly=False)
    assert partly == whole
    assert moved.rectCount() >= 2
    assert not moved.contains(QPoint(0, 0))


def test_a_reading_that_changes_a_card_s_place_or_a_box_s_colour_paints_all_of_it() -> None:
    before = view(face())
    layout = painted(before)[1]
    theme = theme_of(unit_for(*HD, 1.0))
    for after in (view(face(), emotion="sad"), view(face(), emotion=None), replace(before, readings={})):
        after = replace(after, frame=before.frame, faces=before.faces)
        assert touched(before, after, layout, theme, HD) is None
    waiting = replace(before, bags=(*before.bags, cast(Bag, object())))
    region = touched(before, waiting, layout, theme, HD)
    assert region is not None
    assert region.isEmpty(), "what waits for its reading is not seen"


def test_a_ring_closes_as_the_own_neutral_becomes_known() -> None:
    first = face()

    def ring_of(known: float | None) -> U8:
        v = view(first)
        return painted(replace(v, readings={1: replace(v.readings[1], known=known)}))[0]

    pictures = {known: ring_of(known) for known in (0.0, 0.3, 0.9)}
    soft = [(abs(p.astype(int) - ring_of(0.0)).max(axis=2) > 20).sum() for p in pictures.values()]
    assert soft[0] == 0
    assert 0 < 2 * soft[1] < soft[2], "three times as much of the ring"
    assert not np.array_equal(ring_of(None), ring_of(0.0)), "an engine without landmarks has none"
