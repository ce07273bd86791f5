"""The timeline: the ribbon's colours are the shares, gaps are empty, weights stand where they were."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QColor, QImage, QPainter

from realtime_micacl.types import EMOTIONS, U8, State
from realtime_micacl_ui.layout import picture_rect
from realtime_micacl_ui.paint import paint
from realtime_micacl_ui.past import SPAN_S, Past, remember
from realtime_micacl_ui.ribbon import NOTHING, PALETTE, TILE, bar_share, gaps, spread, stacked, tiles, weighed
from realtime_micacl_ui.sample import NOW_S, sample
from realtime_micacl_ui.theme import TEXT, theme_of, unit_for
from realtime_micacl_ui.timeline import Parts, parts
from realtime_micacl_ui.view import View

pytestmark = pytest.mark.usefixtures("qapp")
HD = (1280, 720)
SAMPLE = sample()


def past(times_s: list[float], shares: list[list[float]], importance: list[list[float]] | None = None) -> Past:
    p = np.array(shares, np.float32)
    weights = np.array(importance or [[1.0] * 4] * len(times_s), np.float32)
    return Past(np.array(times_s), p, weights, p.argmax(axis=1))


def drawn(view: View, size: tuple[int, int] = HD, scale: float = 1.0) -> tuple[U8, Parts | None]:
    theme = theme_of(unit_for(*size, scale))
    image = QImage(*size, QImage.Format.Format_RGB32)
    with QPainter(image) as painter:
        paint(painter, view, theme, size)
    bits = image.constBits()
    assert bits is not None
    pixels = np.frombuffer(bits.asstring(image.sizeInBytes()), np.uint8).reshape(size[1], size[0], 4)
    return np.ascontiguousarray(pixels[..., 2::-1]), parts(view, theme, size)


def part(pixels: U8, rect: QRectF) -> U8:
    left, top = round(rect.left()), round(rect.top())
    return pixels[top : top + round(rect.height()), left : left + round(rect.width())]


def test_a_column_is_as_high_in_each_colour_as_its_share() -> None:
    shares = [0.10, 0.20, 0.15, 0.05, 0.25, 0.05, 0.20]
    picture = stacked(past([1.0], [shares]), np.array([-1, 0, 0]), 200)
    assert (picture[:, 0] == NOTHING).all(), "before the first reading there is nothing"
    column = picture[::-1, 1].astype(int)
    assert np.flatnonzero(np.diff(column)) + 1 == pytest.approx(200 * np.cumsum(shares)[:-1], abs=1)
    middles = np.rint(200 * (np.cumsum(shares) - np.array(shares) / 2)).astype(int)
    assert column[middles].tolist() == list(range(7)), "from below in the fixed order"


@pytest.mark.parametrize("k", range(len(EMOTIONS)))
def test_a_column_of_one_emotion_has_one_colour(k: int) -> None:
    p = past([1.0], [list(np.eye(7)[k])])
    assert (stacked(p, np.array([0]), 50) == k).all()
    ((first, tile),) = list(tiles(p, 1, (100, 50, 0), 0.0, 0.1, 0))[-1:]
    assert tile.image.pixel(99 - first, 25) == PALETTE[k]


def test_a_gap_is_empty_and_found() -> None:
    one = list(np.eye(7)[0])
    columns = np.arange(0.05, 6.0, 0.1)
    p = past([1.0, 1.2, 4.0], [one] * 3)
    filled = stacked(p, p.standing(columns), 10)[0] != NOTHING
    assert columns[filled] == pytest.approx([1.05, 1.15, 1.25, 1.35, 1.45, 4.05, 4.15, 4.25])
    (first, end), (second, last) = gaps(1.0, columns, p.standing(columns))
    assert columns[[first, end - 1, second]] == pytest.approx([1.55, 3.95, 4.35])
    assert last == len(columns)


def test_weights_are_averaged_over_the_windows_that_held_the_moment() -> None:
    columns = np.arange(0.05, 4.0, 0.1)
    p = past([2.0, 2.4], [[1, 0, 0, 0, 0, 0, 0]] * 2, [[0.8, 0.9, 1.1, 1.2], [0.7, 1.0, 1.1, 1.2]])
    found = weighed(p, columns, 0.4)
    naive = np.full(len(columns), np.nan)
    for i, t in enumerate(columns):
        held = [
            weight
            for time_s, weights in zip(p.times_s, p.importance, strict=True)
            for n, weight in enumerate(weights)
            if time_s - 0.4 * (4 - n) < t < time_s - 0.4 * (3 - n)
        ]
        if held:
            naive[i] = np.mean(held)
    assert np.isnan(found).tolist() == np.isnan(naive).tolist()
    assert found == pytest.approx(naive, abs=1e-6, nan_ok=True)


def test_the_mean_weight_is_drawn_half_high() -> None:
    p = past([1.0], [[1, 0, 0, 0, 0, 0, 0]], [[0.8, 1.0, 1.0, 1.2]])
    scale = spread(p)
    assert scale == pytest.approx(0.2)
    assert [float(bar_share(w, scale)) for w in (0.8, 1.0, 1.1, 1.2)] == pytest.approx([0.04, 0.5, 0.75, 1.0])
    assert spread(past([1.0], [[1, 0, 0, 0, 0, 0, 0]])) == 0.1, "equal weights are not blown up"


def test_the_newest_reading_is_at_the_right_end() -> None:
    pixels, at = drawn(replace(SAMPLE, markers=()))
    assert at is not None
    ribbon = part(pixels, at.ribbon)
    for k, share in enumerate(SAMPLE.readings[1].probabilities):
        c = QColor(PALETTE[k])
        assert (ribbon[:, -1] == (c.red(), c.green(), c.blue())).all(-1).mean() == pytest.approx(share, abs=0.03)


def test_markers_stand_at_their_time() -> None:
    pixels, at = drawn(SAMPLE)
    assert at is not None
    weights = part(pixels, at.weights)
    for marker in SAMPLE.markers:
        x = round(at.ribbon.width() * (1 - (NOW_S - marker.time_s) / SPAN_S))
        assert (weights[:, x - 2 : x + 2] == (TEXT.red(), TEXT.green(), TEXT.blue())).all(-1).all(0).any()


def test_the_crops_are_as_strong_as_they_weighed() -> None:
    white = np.full((4, 4, 8, 8, 3), 255, np.uint8)
    window = replace(SAMPLE.weighed[1], bag=replace(SAMPLE.weighed[1].bag, crops=white))
    pixels, at = drawn(replace(SAMPLE, weighed={1: window}))
    assert at is not None
    step = at.window.width() / 4
    row = pixels[round(at.ribbon.center().y()), :, 0]
    light = [int(row[round(at.window.left() + step * (n + 0.55))]) for n in range(4)]
    assert np.argsort(light).tolist() == np.argsort(window.importance).tolist()
    without, _ = drawn(replace(SAMPLE, weighed={}))
    assert not (part(without, at.window)[..., 0] > 250).any()


def test_figures_are_shown_where_the_mouse_is() -> None:
    plain, at = drawn(SAMPLE)
    assert at is not None
    x, y = round(at.ribbon.left() + 0.75 * at.ribbon.width()), round(at.ribbon.center().y())
    asked, _ = drawn(replace(SAMPLE, pointer=(x, y)))
    changed = (plain != asked).any(-1)
    assert changed[round(at.panel.top()) - 150 : round(at.panel.top()) - 10, x - 80 : x + 80].mean() > 0.5
    elsewhere, _ = drawn(replace(SAMPLE, pointer=(x, round(at.panel.bottom()) - 3)))
    assert (elsewhere == plain).all()


def test_it_can_be_hidden_and_is_not_shown_without_a_past_or_room() -> None:
    theme = theme_of(unit_for(*HD, 1.0))
    assert parts(SAMPLE, theme, HD) is not None
    for view in (
        replace(SAMPLE, timeline=False),
        replace(SAMPLE, overlay=False),
        replace(SAMPLE, followed=None),
        replace(SAMPLE, state=State.ENDED),
    ):
        assert parts(view, theme, HD) is None
    assert parts(SAMPLE, theme_of(20), (640, 360)) is None


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("size", [HD, (1080, 1920), (720, 1280), (1920, 1080), (1000, 640)])
def test_it_leaves_most_of_the_window_to_the_picture(size: tuple[int, int], scale: float) -> None:
    at = parts(SAMPLE, theme_of(unit_for(*size, scale)), size)
    assert at is not None
    assert SAMPLE.frame is not None
    assert at.panel.height() < 0.23 * size[1] or at.panel.top() > picture_rect(SAMPLE.frame, size).bottom()
    assert QRectF(0, 0, *size).contains(at.panel)
    assert at.panel.contains(at.ribbon)
    assert at.ribbon.width() > 0.35 * size[0]
    assert at.window.width() == 0 or at.panel.contains(at.window)


def test_a_ribbon_of_tiles_is_the_ribbon_drawn_at_once() -> None:
    p, instance_s, width = SAMPLE.pasts[1], SAMPLE.instance_s, 700
    last = int(NOW_S / SPAN_S * width)
    columns = (last + 1 - np.arange(width)[::-1]) * (SPAN_S / width)
    index = p.standing(columns)
    whole = stacked(p, index, 40)
    heights = np.rint(20 * np.nan_to_num(bar_share(weighed(p, columns, instance_s), 0.1)))
    first_s, seen = float(p.times_s[0]), np.zeros(width, bool)
    for first, tile in tiles(p, last, (width, 40, 20), instance_s, 0.1, 0xFF123456):
        for column in range(max(0, first), min(width, first + TILE)):
            seen[column] = True
            for row in (5, 20, 39):
                k = whole[row, column]
                assert tile.image.pixel(column - first, row) == (0 if k == NOTHING else PALETTE[k])
            ink = sum(tile.image.pixel(column - first, 40 + row) == 0xFF123456 for row in range(20))
            assert abs(ink - (heights[column] if index[column] >= 0 else 0)) <= 1
        inside = [(a, b) for a, b in tile.gaps if 0 <= first + a < width]
        for a, b in inside:
            run = slice(max(0, first + a), min(width, first + b))
            assert (index[run] < 0).all()
            assert (columns[run] >= first_s).all()
    assert seen.all()


def test_an_old_tile_is_not_drawn_anew_when_a_reading_comes() -> None:
    p = SAMPLE.pasts[1]
    new = replace(SAMPLE.readings[1], time_s=NOW_S + 0.08)
    later = remember(SAMPLE.pasts, [new], NOW_S + 0.08)[1]
    width = 1500
    last = int(NOW_S / SPAN_S * width)
    before, after = (
        {first: tile for first, tile in tiles(each, last, (width, 40, 20), SAMPLE.instance_s, 0.1, 0)}
        for each in (p, later)
    )
    same = [first for first in before if after[first] is before[first]]
    assert len(same) >= len(before) - 2, "all but the first, which loses readings, and the last"


def test_an_upright_window_has_the_ribbons_of_all_faces_and_the_crops_below() -> None:
    size = (1080, 1920)
    at = parts(SAMPLE, theme_of(unit_for(*size, 1.0)), size)
    assert at is not None
    assert [track for track, _ in at.others] == [2, 3]
    rows = [rect for _, rect in at.others] + [at.ribbon, at.weights, at.window]
    assert all(a.bottom() < b.top() for a, b in pairwise(rows))
    assert at.panel.contains(at.window)
    pixels, _ = drawn(SAMPLE, size)
    for track, rect in at.others:
        column = part(pixels, rect)[:, -1]
        k = int(SAMPLE.readings[track].probabilities.argmax())
        c = QColor(PALETTE[k])
        share = (column == (c.red(), c.green(), c.blue())).all(-1).mean()
        assert share == pytest.approx(float(SAMPLE.readings[track].probabilities[k]), abs=0.04)


def test_weights_stay_where_the_picture_is_hidden() -> None:
    shown, at = drawn(SAMPLE)
    assert at is not None
    hidden, _ = drawn(replace(SAMPLE, privacy="hidden"))
    squares = part(hidden, at.window)
    assert (squares[..., 0].max() - squares[..., 0].min()) < 60, "no crop"
    below = QRectF(at.window.left(), at.weights.top(), at.window.width(), at.weights.height())
    assert (part(shown, below) == part(hidden, below)).all()
