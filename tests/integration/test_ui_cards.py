"""Boxes and cards, by their pixels: bars, figures, colours, and where no card may lie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QColor, QImage, QPainter, QPen

from realtime_micacl.types import EMOTIONS, U8, State
from realtime_micacl_ui import cards
from realtime_micacl_ui import ink as strokes
from realtime_micacl_ui import rows as painter_of_rows
from realtime_micacl_ui.badges import notice_rect
from realtime_micacl_ui.ink import ring
from realtime_micacl_ui.layout import bar_px, key_px, row_px
from realtime_micacl_ui.theme import EMOTION_COLOURS, GREY, INK, SOFT, TEXT, Letters, theme_of, unit_for
from tests.integration.painting import HD, SHARES, face, is_colour, painted, part, top_edge, view

pytestmark = pytest.mark.usefixtures("qapp")


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
    keep = strokes.write_right

    def note(painter: QPainter, letters: Letters, right: float, baseline: float, text: str, ink: QColor) -> None:
        drawn.append((letters, text))
        keep(painter, letters, right, baseline, text, ink)

    monkeypatch.setattr(cards, "write_right", note)
    monkeypatch.setattr(painter_of_rows, "write_right", note)
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


@pytest.mark.parametrize("shown", [True, False])
def test_a_stale_reading_is_not_drawn(shown: bool) -> None:
    pixels, layout = painted(view(face(), time_s=9.0 if shown else 8.9))
    bars = is_colour(part(pixels, layout.cards[1].rect), EMOTION_COLOURS["surprise"])
    assert bars.any() == shown


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
