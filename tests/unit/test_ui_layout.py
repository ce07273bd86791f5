"""Where cards go: beside their face, off each other, and still while a face trembles."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from PyQt6.QtCore import QRectF

from realtime_micacl.types import EMOTIONS, Baseline, EmotionDistribution, Face, Frame, Quality, State
from realtime_micacl_ui.layout import Layout, arrange, card_size, picture_rect
from realtime_micacl_ui.theme import theme_of, unit_for
from realtime_micacl_ui.view import View

pytestmark = pytest.mark.usefixtures("qapp")
HD = (1280, 720)


def view(*boxes: tuple[float, float, float, float], selected: int | None = None, shape: tuple[int, int] = HD) -> View:
    crop, p = np.zeros((4, 4, 3), np.uint8), np.full(7, 1 / 7, np.float32)
    faces = tuple(
        Face(i, np.array(box, np.float32), crop, 0.9, Quality(1.0), State.LIVE, 1.0)
        for i, box in enumerate(boxes, start=1)
    )
    readings = {f.track_id: EmotionDistribution(f.track_id, 1.0, p, p[:4], None, 1.0, 1.0) for f in faces}
    frame = Frame(np.zeros((shape[1], shape[0], 3), np.uint8), 1.0, 0)
    return View("x", State.LIVE, 1.0, frame, faces, readings, selected=selected)


def arranged(v: View, size: tuple[int, int] = HD, last: Layout | None = None, *taken: QRectF) -> Layout:
    return arrange(v, theme_of(unit_for(*size, 1.0)), size, taken, last)


@pytest.mark.parametrize(
    ("size", "rect"),
    [
        ((1280, 720), (0, 0, 1280, 720)),
        ((1920, 1080), (0, 0, 1920, 1080)),
        ((720, 1280), (0, 174, 720, 405)),
        ((1000, 400), (144, 0, 711, 400)),
    ],
)
def test_the_picture_is_fitted_and_centred(size: tuple[int, int], rect: tuple[int, int, int, int]) -> None:
    frame = Frame(np.zeros((720, 1280, 3), np.uint8), 0.0, 0)
    assert picture_rect(frame, size) == QRectF(*rect)


def test_a_card_is_on_the_right_or_else_on_the_left() -> None:
    layout = arranged(view((100, 200, 260, 360), (1000, 200, 1160, 360)))
    right, left = (layout.cards[i].rect for i in (1, 2))
    assert right.left() > layout.boxes[1].right()
    assert left.right() < layout.boxes[2].left()
    assert right.top() == layout.boxes[1].top()


def test_a_face_that_fills_the_picture_has_its_card_inside() -> None:
    layout = arranged(view((100, 20, 1180, 700)))
    assert QRectF(0, 0, *HD).contains(layout.cards[1].rect)


def test_cards_overlap_neither_each_other_nor_faces_where_there_is_room() -> None:
    layout = arranged(view((150, 240, 300, 390), (520, 200, 690, 370), (910, 290, 1060, 440)))
    assert not any(place.small for place in layout.cards.values())
    rects = [place.rect for place in layout.cards.values()]
    assert not any(a.intersects(b) for a, b in combinations(rects, 2))
    assert not any(rect.intersects(box) for rect in rects for box in layout.boxes.values())


def test_in_a_crowd_cards_are_small_but_apart_and_the_selected_one_is_whole() -> None:
    boxes = [(20.0 + 155 * i, 150.0 + 130 * (i % 3), 120.0 + 155 * i, 270.0 + 130 * (i % 3)) for i in range(8)]
    layout = arranged(view(*boxes, selected=5), (800, 450))
    assert any(place.small for place in layout.cards.values())
    assert not layout.cards[5].small
    rects = [place.rect for place in layout.cards.values()]
    assert not any(a.intersects(b) for a, b in combinations(rects, 2))


def test_in_a_window_too_small_for_a_crowd_some_cards_are_left_out_and_those_there_can_be_read() -> None:
    boxes = [
        (20.0 + 200 * (i % 6), 100.0 + 300 * (i // 6), 110.0 + 200 * (i % 6), 190.0 + 300 * (i // 6)) for i in range(12)
    ]
    layout = arranged(view(*boxes, selected=9), (320, 180))
    assert len(layout.boxes) == 12 and 9 in layout.cards and 1 < len(layout.cards) < 12
    for a, b in combinations([place.rect for place in layout.cards.values()], 2):
        common = a.intersected(b)
        assert common.width() * common.height() < 0.2 * min(a.width() * a.height(), b.width() * b.height())


def test_a_card_keeps_off_the_panels() -> None:
    v = view((300, 10, 460, 170))
    taken = QRectF(arranged(v).cards[1].rect)
    assert not arranged(v, HD, None, taken).cards[1].rect.intersects(taken)


def test_a_trembling_face_does_not_move_its_card() -> None:
    last = arranged(view((400, 200, 560, 360)))
    for dx in (1, -2, 2, -1):
        layout = arranged(view((400 + dx, 200 - dx, 560 + dx, 360 - dx)), HD, last)
        assert layout.cards[1].rect == last.cards[1].rect
        assert layout.boxes[1] != last.boxes[1]
        last = layout


def test_a_card_follows_its_face() -> None:
    last = None
    for x in range(100, 600, 10):
        last = arranged(view((x, 200, x + 160, 360)), HD, last)
    assert last is not None
    assert 0 < last.cards[1].rect.left() - last.boxes[1].right() < 20


def test_a_card_stays_on_its_side_while_it_can() -> None:
    last = arranged(view((1000, 200, 1160, 360)))
    for x in range(1000, 700, -10):
        last = arranged(view((x, 200, x + 160, 360)), HD, last)
        assert last.cards[1].rect.right() < last.boxes[1].left()


def test_a_card_without_a_reading_has_no_bars() -> None:
    v = replace(view((400, 200, 560, 360)), readings={})
    place = arranged(v).cards[1]
    assert place.small
    assert place.rect.height() < card_size(theme_of(13.5))[1] / 3


def test_a_card_grows_when_its_face_is_read() -> None:
    v = view((400, 200, 560, 360))
    assert not arranged(v, HD, arranged(replace(v, readings={}))).cards[1].small


def test_a_card_goes_when_another_face_comes_under_it() -> None:
    first, afar = (400.0, 200.0, 560.0, 360.0), (1000.0, 500.0, 1160.0, 660.0)
    last = arranged(view(first, afar))
    x, y = last.cards[1].rect.center().x(), last.cards[1].rect.center().y()
    layout = arranged(view(first, (x - 80, y - 80, x + 80, y + 80)), HD, last)
    assert not layout.cards[1].rect.intersects(layout.boxes[2])


def test_a_card_keeps_off_the_corner_of_another_face() -> None:
    face = (500.0, 200.0, 660.0, 360.0)
    right = arranged(view(face)).cards[1].rect
    grown = (arranged(view(face)).boxes[1].width() - 160) / 2
    x, y = right.right() - 2 + grown, right.bottom() - 2 + grown
    layout = arranged(view(face, (x, y, x + 160, y + 160)))
    assert right.intersects(layout.boxes[2])
    assert not layout.cards[1].rect.intersects(layout.boxes[2])


def test_a_card_is_rather_small_than_on_a_panel() -> None:
    v = view((300, 10, 460, 170))
    low = card_size(theme_of(unit_for(*HD, 1.0)))[1]
    for free, small in ((low + 20, False), (low, True)):
        panel = QRectF(0, free, HD[0], HD[1] - free)
        place = arranged(v, HD, None, panel).cards[1]
        assert (place.small, place.rect.intersects(panel)) == (small, False)


def test_a_card_between_panels_is_amid_its_face() -> None:
    panels = (QRectF(0, 0, HD[0], 200), QRectF(0, 500, HD[0], 220))
    layout = arranged(view((400, 100, 560, 600)), HD, None, *panels)
    assert not layout.cards[1].small
    assert layout.cards[1].rect.center().y() == pytest.approx(layout.boxes[1].center().y(), abs=2)


def test_where_every_place_is_as_bad_a_card_stays_where_it_was() -> None:
    everywhere = QRectF(0, 0, *HD)
    v = view((600, 200, 760, 360))
    left = arranged(view((1000, 200, 1160, 360)))
    for last, side in ((None, 1), (left, -1)):
        layout = arranged(v, HD, last, everywhere)
        assert side * (layout.cards[1].rect.center().x() - layout.boxes[1].center().x()) > 0


def test_boxes_are_a_little_larger_than_faces_and_cards_as_large_as_their_letters() -> None:
    theme = theme_of(unit_for(*HD, 1.0))
    assert 1.05 < arranged(view((400, 200, 560, 360))).boxes[1].width() / 160 < 1.4
    rows = theme.name_px + theme.share_px + theme.px(6)
    assert card_size(theme)[0] > max(theme.lead_px, rows)
    small = arranged(replace(view((400, 200, 560, 360)), readings={})).cards[1]
    assert small.rect.height() > theme.lead.metrics.height()


@pytest.mark.parametrize("own", [{"known": 0.4}, {"baseline": Baseline.SET}])
@pytest.mark.parametrize("emotion", EMOTIONS)
def test_a_word_fits_on_a_small_card_beside_its_figure_and_its_sign(emotion: str, own: dict) -> None:
    theme = theme_of(unit_for(*HD, 1.0))
    v = view(*((x, y, x + 110.0, y + 110.0) for x in range(40, 1200, 150) for y in range(40, 640, 150)))
    shares = np.eye(7, dtype=np.float32)[EMOTIONS.index(emotion)]
    v = replace(
        v, readings={k: replace(r, probabilities=shares, emotion=emotion, **own) for k, r in v.readings.items()}
    )
    small = [place for place in arranged(v).cards.values() if place.small]
    assert small
    wanted = theme.body.width("9") + theme.lead.width(emotion) + theme.lead.width("100 %") + 2.5 * theme.px(0.6)
    sign = theme.body.width("B") if "baseline" in own else theme.px(0.9)
    for place in small:
        assert place.rect.width() - 2 * theme.px(0.8) >= wanted + sign


def test_there_are_no_boxes_with_the_overlay_off_and_no_cards_while_stalled() -> None:
    v = view((400, 200, 560, 360))
    off = arranged(replace(v, overlay=False))
    assert (off.boxes, off.cards) == ({}, {})
    stalled = arranged(replace(v, state=State.STALLED))
    assert (set(stalled.boxes), stalled.cards) == ({1}, {})
