"""Where everything goes: the picture, the boxes of the faces and a card beside each.

A pure function of the view and of the layout before, so that cards stay where they are while a face trembles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PyQt6.QtCore import QRectF, QSizeF

from realtime_micacl.types import EMOTIONS, Face, Frame, State
from realtime_micacl_ui.theme import Theme
from realtime_micacl_ui.view import View

SPOT_COSTS = (0.0, 0.15, 0.4, 0.4, 0.5, 0.5, 0.6, 0.6, 0.7, 0.7, 0.8, 0.8)  # see `_beside`
CARD_COST, TAKEN_COST, FACE_COST, OWN_COST = 60.0, 30.0, 10.0, 7.0  # of a card that covers such a thing wholly
TOUCH_COST = 6.0  # of text that lies on text, however little
SMALL_COST = 3.0  # of a card without bars
STAY = 0.35  # how much cheaper it is to stay in the same spot
SLACK = 0.4  # how far a face may move before its card follows, in units
GROWN = 0.08  # by how much of its size a box is larger than what the detector found


@dataclass(frozen=True, eq=False)
class Place:
    """Where a card is."""

    rect: QRectF
    spot: int
    small: bool
    """Whether it has its header alone."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Where everything is, in px of the window."""

    picture: QRectF
    boxes: Mapping[int, QRectF] = field(default_factory=dict)
    cards: Mapping[int, Place] = field(default_factory=dict)


def arrange(
    view: View, theme: Theme, size: tuple[int, int], taken: Sequence[QRectF] = (), last: Layout | None = None
) -> Layout:
    """Lay a view out in a window of `size`; cards avoid each other, the faces and what is `taken`."""
    window = QRectF(0, 0, *size)
    if view.frame is None:
        return Layout(window)
    picture = picture_rect(view.frame, size)
    if not view.overlay or view.state not in (State.LIVE, State.STALLED):
        return Layout(picture)
    scale = picture.width() / view.frame.image.shape[1]
    boxes = {face.track_id: _box(face, picture, scale) for face in view.faces}
    cards: dict[int, Place] = {}
    if view.state is State.LIVE:
        margin = theme.px(0.5)
        area = window.adjusted(margin, margin, -margin, -margin)
        for face in sorted(view.faces, key=lambda face: (face.track_id != view.selected, face.track_id)):
            others = [box for track_id, box in boxes.items() if track_id != face.track_id]
            obstacles = _Obstacles(boxes[face.track_id], others, [p.rect for p in cards.values()], taken)
            before = last.cards.get(face.track_id) if last else None
            full = view.reading(face) is not None
            cards[face.track_id] = _place(obstacles, area, theme, before, full=full)
    return Layout(picture, boxes, cards)


def picture_rect(frame: Frame, size: tuple[int, int]) -> QRectF:
    """Return where a frame is shown: as large as fits, centred, on whole px."""
    height, width = frame.image.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    shown_width, shown_height = round(width * scale), round(height * scale)
    return QRectF((size[0] - shown_width) // 2, (size[1] - shown_height) // 2, shown_width, shown_height)


def card_size(theme: Theme, *, small: bool) -> QSizeF:
    """Return the size of a card: header and bars, or the header alone."""
    wide = max(theme.name_px + bar_px(theme) + theme.share_px + theme.px(1.2), theme.header.width("surprise 100 %  1"))
    height = header_px(theme) + theme.px(0.7) + (0 if small else theme.px(0.6) + row_px(theme) * len(EMOTIONS))
    return QSizeF(round(wide) + 2 * theme.px(0.8), height)


def header_px(theme: Theme) -> int:
    """Return the height of a card's header."""
    return theme.px(1.9)


def row_px(theme: Theme) -> int:
    """Return the height of a bar's row."""
    return theme.px(1.42)


def bar_px(theme: Theme) -> int:
    """Return the length of a bar at 100 %."""
    return theme.px(6.0)


@dataclass(frozen=True, eq=False)
class _Obstacles:
    """What a card should not lie on."""

    own: QRectF
    others: Sequence[QRectF]
    cards: Sequence[QRectF]
    taken: Sequence[QRectF]

    def cost(self, rect: QRectF) -> float:
        """Return how bad it is to lie at `rect`."""
        kinds = ((CARD_COST, self.cards), (TAKEN_COST, self.taken), (FACE_COST, self.others), (OWN_COST, (self.own,)))
        covered = sum(weight * _covered(rect, thing) for weight, things in kinds for thing in things)
        return covered + TOUCH_COST * sum(rect.intersects(thing) for thing in (*self.cards, *self.taken))


def _place(obstacles: _Obstacles, area: QRectF, theme: Theme, before: Place | None, *, full: bool) -> Place:
    """Return where a card is: where it was, as long as it covers nothing there, else in the cheapest spot."""
    options = []
    for small in (False, True) if full else (True,):
        size = card_size(theme, small=small)
        if before and before.small == small:
            rect = _beside(obstacles.own, size, before.spot, theme.px(0.6), area)
            rect = _lazily(before.rect, rect, theme.px(SLACK), area)
            cost = obstacles.cost(rect)
            if cost == 0 and small != full:
                return Place(rect, before.spot, small)
            options.append((cost + SPOT_COSTS[before.spot] - STAY + small * SMALL_COST, before.spot, small, rect))
        for spot, base in enumerate(SPOT_COSTS):
            rect = _beside(obstacles.own, size, spot, theme.px(0.6), area)
            options.append((base + obstacles.cost(rect) + small * SMALL_COST, spot, small, rect))
    _, spot, small, rect = min(options, key=lambda option: option[0])
    return Place(rect, spot, small)


def _beside(box: QRectF, size: QSizeF, spot: int, gap: int, area: QRectF) -> QRectF:
    """Return a card beside a box, moved into `area`: right, left, below or above, at its start, end or middle."""
    along, side = divmod(spot, 4)
    shift = (0.0, 1.0, 0.5)[along]
    along_x = box.left() + shift * (box.width() - size.width())
    along_y = box.top() + shift * (box.height() - size.height())
    x = (box.right() + gap, box.left() - gap - size.width(), along_x, along_x)[side]
    y = (along_y, along_y, box.bottom() + gap, box.top() - gap - size.height())[side]
    return _inside(QRectF(round(x), round(y), size.width(), size.height()), area)


def _lazily(old: QRectF, new: QRectF, slack: int, area: QRectF) -> QRectF:
    """Return `new`, drawn towards where the card was by at most `slack`."""
    x = min(max(old.x(), new.x() - slack), new.x() + slack)
    y = min(max(old.y(), new.y() - slack), new.y() + slack)
    return _inside(QRectF(x, y, new.width(), new.height()), area)


def _inside(rect: QRectF, area: QRectF) -> QRectF:
    x = max(area.left(), min(rect.x(), area.right() - rect.width()))
    y = max(area.top(), min(rect.y(), area.bottom() - rect.height()))
    return QRectF(x, y, rect.width(), rect.height())


def _covered(rect: QRectF, thing: QRectF) -> float:
    """Return how much of the smaller of two rectangles lies on the other, 0 to 1."""
    common = rect.intersected(thing)
    smaller = min(rect.width() * rect.height(), thing.width() * thing.height())
    return common.width() * common.height() / smaller if smaller > 0 else 0.0


def _box(face: Face, picture: QRectF, scale: float) -> QRectF:
    left, top, right, bottom = (float(v) * scale for v in face.box)
    grow = GROWN * (right - left)
    return QRectF(
        round(picture.x() + left - grow),
        round(picture.y() + top - grow),
        round(right - left + 2 * grow),
        round(bottom - top + 2 * grow),
    )
