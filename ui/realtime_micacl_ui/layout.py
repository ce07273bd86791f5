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

SIDE_COSTS = (0.0, 0.15, 0.4, 0.4)  # right, left, below, above
CARD_COST, TAKEN_COST, FACE_COST, OWN_COST = 60.0, 20.0, 8.0, 6.0  # of a card that lies wholly on such a thing
SMALL_COST = 4.0  # of a card without bars
STAY = 0.35  # how much cheaper it is to stay on the same side
SLACK = 0.4  # how far a face may move before its card follows, in units
GROWN = 0.08  # by how much of its size a box is larger than what the detector found


@dataclass(frozen=True, eq=False)
class Place:
    """Where a card is."""

    rect: QRectF
    side: int
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
    height = header_px(theme) + theme.px(0.7) + (0 if small else theme.px(0.5) + row_px(theme) * len(EMOTIONS))
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
        return sum(weight * _covered(rect, thing) for weight, things in kinds for thing in things)


def _place(obstacles: _Obstacles, area: QRectF, theme: Theme, before: Place | None, *, full: bool) -> Place:
    """Return the cheapest place of a card, a full one where that is possible."""
    options = []
    for small in (False, True) if full else (True,):
        size = card_size(theme, small=small)
        for side, cost in enumerate(SIDE_COSTS):
            rect = _beside(obstacles.own, size, side, theme.px(0.6), area)
            if before and before.side == side and before.small == small:
                rect = _lazily(before.rect, rect, theme.px(SLACK), area)
                cost -= STAY
            cost += obstacles.cost(rect) + (SMALL_COST if small else 0.0)
            options.append((cost, side, small, rect))
    _, side, small, rect = min(options, key=lambda option: option[:3])
    return Place(rect, side, small)


def _beside(box: QRectF, size: QSizeF, side: int, gap: int, area: QRectF) -> QRectF:
    """Return a card on one side of a box, moved into `area`."""
    x = (box.right() + gap, box.left() - gap - size.width(), box.left(), box.left())[side]
    y = (box.top(), box.top(), box.bottom() + gap, box.top() - gap - size.height())[side]
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
    """Return which share of `rect` lies on `thing`."""
    common = rect.intersected(thing)
    return common.width() * common.height() / (rect.width() * rect.height())


def _box(face: Face, picture: QRectF, scale: float) -> QRectF:
    left, top, right, bottom = (float(v) * scale for v in face.box)
    grow = GROWN * (right - left)
    return QRectF(
        round(picture.x() + left - grow),
        round(picture.y() + top - grow),
        round(right - left + 2 * grow),
        round(bottom - top + 2 * grow),
    )
