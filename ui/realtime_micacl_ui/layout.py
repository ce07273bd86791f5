"""Where everything goes: the picture, the boxes of the faces and a card beside each.

A pure function of the view and of the last layout, so that cards stay where they are while a face moves a little.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import ceil, inf

from PyQt6.QtCore import QRectF

from realtime_micacl.types import EMOTIONS, Baseline, Face, Frame, State
from realtime_micacl_ui.theme import Theme
from realtime_micacl_ui.view import View, words

# What it costs if a card covers all of another card, of a panel, of somebody else's face, or of its own.
CARD_COST, TAKEN_COST, FACE_COST, OWN_COST = 60.0, 30.0, 10.0, 14.0
TOUCH_COST = 6.0  # added if it covers any of a card or a panel
FACE_TOUCH_COST = 0.7  # added if it covers any of somebody else's face
SMALL_COST = 3.0  # of a card without bars
SPOT_COSTS = (0.0, 0.15, 0.4, 0.4, 0.5, 0.5, 0.6, 0.6, 0.7, 0.7, 0.8, 0.8)  # of each spot that `_beside` numbers
HIDDEN = 0.15  # the share of a card that another one may cover
STAY = 0.35  # how much less it costs to stay in the same spot
GAP = 0.6  # between a box and its card, in units
SLACK = 0.4  # how far a face may move before its card follows, in units
GROWN = 0.08  # by how much of its width a box is larger than what the detector found

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in px of the window."""
Size = tuple[int, int]
"""Width and height in px."""


@dataclass(frozen=True, eq=False)
class Place:
    """The place of a card."""

    box: Box
    spot: int
    small: bool
    """Whether it is only a header."""

    @property
    def rect(self) -> QRectF:
        """The box as a rectangle of Qt."""
        return _rect(self.box)


@dataclass(frozen=True, eq=False)
class Layout:
    """The places of everything, in px of the window."""

    picture: QRectF
    boxes: Mapping[int, QRectF] = field(default_factory=dict)
    cards: Mapping[int, Place] = field(default_factory=dict)


def arrange(
    view: View, theme: Theme, size: tuple[int, int], taken: Sequence[QRectF] = (), last: Layout | None = None
) -> Layout:
    """Lay a view out in a window of `size`; cards avoid each other, the faces and what is `taken`."""
    if view.frame is None:
        return Layout(QRectF(0, 0, *size))
    picture = picture_rect(view.frame, size)
    if not view.overlay or view.state not in (State.LIVE, State.STALLED):
        return Layout(picture)
    scale = picture.width() / view.frame.shape[1]
    boxes = {face.track_id: _box(face, picture, scale, mirror=view.mirror) for face in view.faces}
    cards: dict[int, Place] = {}
    if view.state is State.LIVE:
        margin = theme.px(0.5)
        area = (margin, margin, size[0] - margin, size[1] - margin)
        panels = [(r.left(), r.top(), r.right(), r.bottom()) for r in taken]
        for face in sorted(view.faces, key=lambda face: (face.track_id != view.selected, face.track_id)):
            own = boxes[face.track_id]
            things = [(own, OWN_COST, 0.0)]
            things += [(box, FACE_COST, FACE_TOUCH_COST) for box in boxes.values() if box is not own]
            things += [(place.box, CARD_COST, TOUCH_COST) for place in cards.values()]
            things += [(box, TAKEN_COST, TOUCH_COST) for box in panels]
            before = last.cards.get(face.track_id) if last else None
            large = card_size(theme, mixtures=view.mixtures) if view.reading(face) is not None else None
            place = _place(own, things, area, theme, before, large, partial(_header_size, view, face, theme))
            if not any(_hides(place.box, other.box) for other in cards.values()):
                cards[face.track_id] = place  # else only its box: two cards on top of each other cannot be read
    return Layout(picture, {track_id: _rect(box) for track_id, box in boxes.items()}, cards)


def picture_rect(frame: Frame, size: tuple[int, int]) -> QRectF:
    """Return the place of a frame, as large as fits, in whole px: centred, in a tall window above the middle."""
    height, width = frame.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    shown_width, shown_height = round(width * scale), round(height * scale)
    below = 0.8 if size[1] > size[0] else 0.5  # below it is room for cards and the timeline
    return QRectF((size[0] - shown_width) // 2, int((size[1] - shown_height) * (1 - below)), shown_width, shown_height)


def card_size(theme: Theme, *, mixtures: bool = False) -> Size:
    """Return width and height in px of a card with bars, with `mixtures` also of two more lines."""
    rows = key_px(theme) + theme.name_px + bar_px(theme) + theme.share_px + theme.px(1.2)
    height = header_px(theme) + theme.px(1.3) + row_px(theme) * (len(EMOTIONS) + 2 * mixtures)
    return round(max(rows, theme.lead_px)) + 2 * theme.px(0.8), height


def _header_size(view: View, face: Face, theme: Theme) -> Size:
    """Return width and height in px of a card that is only a header, as wide as its words."""
    reading = view.reading(face)
    letters = theme.lead if reading else theme.strong
    width = letters.width(words(view, face)) + theme.body.width("9") + theme.px(0.6)
    if reading and reading.baseline is Baseline.SET:
        width += own_px(theme)
    elif reading and reading.known is not None:
        width += known_px(theme)
    if reading and reading.emotion:
        width += theme.lead.width(f"{100 * reading.probabilities.max():.0f} %") + theme.px(0.9)
    return max(ceil(width) + 1 + 2 * theme.px(0.8), theme.px(9)), header_px(theme) + theme.px(0.7)


def own_px(theme: Theme) -> float:
    """Return the width of the framed B of an own neutral face, with the gap after it."""
    return round(theme.body.width("B") + theme.px(0.6)) + theme.px(0.6)


def known_px(theme: Theme) -> float:
    """Return the width of the ring that shows how well the own neutral face is known, with the gap after it."""
    return round(theme.px(0.9)) + theme.px(0.6)


def header_px(theme: Theme) -> int:
    """Return the height of a card's header."""
    return theme.px(2.2)


def row_px(theme: Theme) -> int:
    """Return the height of a bar's row."""
    return theme.px(1.42)


def key_px(theme: Theme) -> int:
    """Return the width of the dot in an emotion's colour before its name, which is the key to the ribbon."""
    return theme.px(1.0)


def bar_px(theme: Theme) -> int:
    """Return the length of a bar at 100 %."""
    return theme.px(6.0)


def _place(
    own: Box,
    things: Sequence[tuple[Box, float, float]],
    area: Box,
    theme: Theme,
    before: Place | None,
    large: Size | None,
    header: Callable[[], Size],
) -> Place:
    """Return the place of a card: where it was if it covers nothing there, else the spot with the least cost.

    `own` is the box of its face, `things` are what it should not cover, each with the cost of covering all of it and of
    touching it. A card is `large`, or as small as its `header`; without a reading there is only the small one.
    """
    gap, best, least = theme.px(GAP), None, inf
    if before is not None and (before.small or large is not None):
        box = _beside(own, large if large is not None and not before.small else header(), before.spot, gap, area)
        best = Place(_lazily(before.box, box, theme.px(SLACK), area), before.spot, before.small)
        covers = _cost(best.box, things, inf)
        if not covers and best.small == (large is None):
            return best
        least = covers + SPOT_COSTS[best.spot] + SMALL_COST * best.small - STAY
    sizes = [(True, header())] if large is None else [(False, large), (True, header())]
    for small, size in sizes:
        for spot, cost in enumerate(SPOT_COSTS):
            empty = cost + SMALL_COST * small
            if empty >= least:
                continue
            box = _beside(own, size, spot, gap, area)
            if (whole := empty + _cost(box, things, least - empty)) < least:
                best, least = Place(box, spot, small), whole
    assert best is not None  # without one before, the first is
    return best


def _size(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _hides(a: Box, b: Box) -> bool:
    """Say whether two boxes overlap by more than HIDDEN of the smaller one."""
    return _cost(a, [(b, 1.0, 0.0)], inf) > HIDDEN


def _cost(card: Box, things: Sequence[tuple[Box, float, float]], most: float) -> float:
    """Return what it costs that a card covers or touches things; once it is as much as `most`, the rest is left out."""
    left, top, right, bottom = card
    cost = 0.0
    for box, whole, touch in things:
        if left < box[2] and box[0] < right and top < box[3] and box[1] < bottom:
            common = (min(right, box[2]) - max(left, box[0])) * (min(bottom, box[3]) - max(top, box[1]))
            cost += touch + whole * common / max(1.0, min(_size(card), _size(box)))
            if cost >= most:
                break
    return cost


def _beside(own: Box, size: Size, spot: int, gap: int, area: Box) -> Box:
    """Return spot 0 to 11 beside a box, moved into `area`: right, left, below, above; each at start, end, middle."""
    along, side = divmod(spot, 4)
    shift = (0.0, 1.0, 0.5)[along]
    left, top, right, bottom = own
    width, height = size
    if side < 2:
        x = right + gap if side == 0 else left - gap - width
        return _inside(x, top + shift * (bottom - top - height), size, area)
    y = bottom + gap if side == 2 else top - gap - height
    return _inside(left + shift * (right - left - width), y, size, area)


def _lazily(old: Box, new: Box, slack: int, area: Box) -> Box:
    """Return `new`, moved towards `old` by at most `slack` px."""
    x, y = (min(max(old[axis], new[axis] - slack), new[axis] + slack) for axis in (0, 1))
    return _inside(x, y, (round(new[2] - new[0]), round(new[3] - new[1])), area)


def _inside(x: float, y: float, size: Size, area: Box) -> Box:
    """Return a box of whole px at `x`, `y`, moved into `area`."""
    left = round(max(area[0], min(x, area[2] - size[0])))
    top = round(max(area[1], min(y, area[3] - size[1])))
    return left, top, left + size[0], top + size[1]


def _box(face: Face, picture: QRectF, scale: float, *, mirror: bool) -> Box:
    left, top, right, bottom = (float(v) * scale for v in face.box)
    if mirror:
        left, right = picture.width() - right, picture.width() - left
    x, y, grow = picture.x(), picture.y(), GROWN * (right - left)
    return round(x + left - grow), round(y + top - grow), round(x + right + grow), round(y + bottom + grow)


def _rect(box: Box) -> QRectF:
    return QRectF(box[0], box[1], box[2] - box[0], box[3] - box[1])
