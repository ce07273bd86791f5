"""The overlay: a box around each face and a card that says what its expression looks like."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from PyQt6.QtCore import QRect, QRectF, QSizeF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from realtime_micacl.live.reading.compound import mixture
from realtime_micacl.types import EMOTIONS, F32, Baseline, EmotionDistribution, Face, State
from realtime_micacl_ui.boxes import draw_box
from realtime_micacl_ui.ink import draw_panel, elided, press, press_briefly, write, write_right
from realtime_micacl_ui.layout import Layout, Place, bar_px, header_px, key_px, known_px, own_px, row_px
from realtime_micacl_ui.rows import Rows, draw_bars, draw_figures, draw_names, percent
from realtime_micacl_ui.texts import EMOTION_WORDS, MIXTURE, MIXTURE_WORDS, say
from realtime_micacl_ui.theme import TEXT, Scheme, Theme
from realtime_micacl_ui.view import View, words

QUARTER = 90 * 16  # of a circle, in Qt's sixteenths of a degree


def overlay(
    painter: QPainter, view: View, layout: Layout, theme: Theme, shows: Callable[[QRectF], bool] = lambda _: True
) -> None:
    """Draw the boxes and cards of a view; `shows` tells whether a rectangle has to be painted."""
    edge = theme.px(1)  # how far the line of a box reaches beyond it
    for face in view.faces:
        box = layout.boxes.get(face.track_id)
        if box is not None and shows(box.adjusted(-edge, -edge, edge, edge)):
            draw_box(painter, box, view, face, theme)
    for number, face in enumerate(view.faces, start=1):
        if face.track_id in layout.cards and shows(layout.cards[face.track_id].rect):
            mark = str(number) if len(view.faces) > 1 and number <= 9 else ""
            _card(painter, layout.cards[face.track_id], view, face, mark, theme)


class _Content(NamedTuple):
    """What a card shows until the next reading, without its bars."""

    mark: str
    own: bool
    """Whether the face is compared with its own neutral one."""
    known: float | None
    """How well that is known, in steps of 1/20."""
    word: str
    word_ink: int
    share: str
    filled: float | None
    """How far the window is filled, while it fills."""
    selected: bool
    lead: str | None
    figures: tuple[str, ...]
    """Of the bars, where there are any."""
    mixture: str | None


def _card(painter: QPainter, place: Place, view: View, face: Face, mark: str, theme: Theme) -> None:
    """Draw a card: a header, and below it the bars where there is a reading and room."""
    reading, small = view.reading(face), place.small
    filled = face.filled if reading is None and face.state is not State.LOW_QUALITY else None
    word, selected = words(view, face), face.track_id == view.selected
    content = _content(reading, word, filled, mark, theme.scheme, small=small, selected=selected, mixed=view.mixtures)
    press_briefly(painter, place.rect, _unmoving, theme, reading is not None, content)
    if reading and not small:
        area, rows = _bars_of(place.rect, theme)
        shares = view.bars.get(face.track_id) or reading.probabilities.tolist()  # while they move to the shares
        draw_bars(painter, area, rows, shares)


@lru_cache(maxsize=64)
def _content(
    reading: EmotionDistribution | None,
    word: str,
    filled: float | None,
    mark: str,
    scheme: Scheme,
    *,
    small: bool,
    selected: bool,
    mixed: bool,
) -> _Content:
    """Return what a card shows: of a reading, or of a face without one its `word` and how far the window is filled."""
    shares = reading.probabilities.tolist() if reading and not small else []
    lead = reading.leading if reading else None
    unsure = reading is not None and reading.emotion is None
    return _Content(
        mark=mark,
        own=reading is not None and reading.baseline is Baseline.SET,
        known=None if reading is None or reading.known is None else round(20 * reading.known) / 20,
        word=word,
        word_ink=(scheme.soft if unsure else scheme.text).rgba(),
        # while the word is still the old one, the largest share belongs to another emotion
        share=f"{100 * float(reading.probabilities.max()):.0f} %" if reading and lead else "",
        filled=filled,
        selected=selected,
        lead=lead,
        figures=percent(shares),
        mixture=_mixed(reading.probabilities) if reading and shares and mixed else None,
    )


def _unmoving(painter: QPainter, rect: QRectF, theme: Theme, read: bool, content: _Content) -> None:
    """Draw a card without its bars; `read` says whether there is a reading."""
    pad, has_bars = theme.px(0.8), bool(content.figures)
    area = _area(rect, theme)
    press(painter, rect, _blank, theme, round(area.top()) if has_bars else 0, content.lead, content.selected)
    header = QRectF(pad, theme.px(0.35), rect.width() - 2 * pad, header_px(theme))
    letters = theme.lead if read else theme.strong
    baseline = letters.baseline(header.top(), header.height() - (0 if content.filled is None else theme.px(0.5)))
    if content.mark:
        write(painter, theme.body, header.left(), baseline, content.mark, theme.scheme.soft)
        header.setLeft(header.left() + theme.body.width(content.mark) + theme.px(0.6))
    figure = theme.lead.width(content.share) + theme.px(0.3) if content.share else 0
    wanted = letters.width(content.word) + figure
    if content.own and wanted + own_px(theme) <= header.width():  # the word is more important than the sign
        _own(painter, header, theme)
        header.setLeft(header.left() + own_px(theme))
    elif content.known is not None and not content.own and wanted + known_px(theme) <= header.width():
        _known(painter, header, content.known, theme)
        header.setLeft(header.left() + known_px(theme))
    word = elided(letters, content.word, header.width() - figure)
    write(painter, letters, header.left(), baseline, word, QColor.fromRgba(content.word_ink))
    if content.filled is not None:
        _progress(painter, header, content.filled, theme)
    write_right(painter, theme.lead, header.right(), baseline, content.share, theme.scheme.text)
    if has_bars:
        draw_figures(painter, area, _rows(theme, area.width()), content.figures, content.lead)
    if content.mixture is not None:
        area.translate(0, row_px(theme) * len(EMOTIONS))
        _mixture(painter, area, content.mixture, theme)


def _area(rect: QRectF, theme: Theme) -> QRectF:
    """Return where the rows of bars begin on a card, and how wide they are."""
    pad = theme.px(0.8)
    top = rect.top() + theme.px(0.6) + header_px(theme)
    return QRectF(rect.left() + pad, top, rect.width() - 2 * pad, 0)


def _bars_of(rect: QRectF, theme: Theme) -> tuple[QRectF, Rows]:
    """Return where the rows of bars are on a card, and their measures."""
    area = _area(rect, theme)
    return area, _rows(theme, area.width())


def gliding(place: Place, theme: Theme) -> QRect:
    """Return the part of a card that changes while only its bars move."""
    area, rows = _bars_of(place.rect, theme)
    return QRectF(area.left() + rows.bars, area.top(), rows.length, rows.height * len(EMOTIONS)).toAlignedRect()


def _blank(painter: QPainter, rect: QRectF, theme: Theme, rows: int, lead: str | None, selected: bool) -> None:
    """Draw what stays the same on a card: the panel, and the names and tracks of the bars from `rows` down, if any."""
    edge, edge_px = (theme.scheme.text, max(2, theme.px(0.15))) if selected else (theme.scheme.edge, 1)
    draw_panel(painter, rect, theme.px(0.5), theme.scheme.panel.rgba(), edge.rgba(), edge_px)
    if rows:
        pad = theme.px(0.8)
        area = QRectF(pad, rows, rect.width() - 2 * pad, 0)
        draw_names(painter, area, _rows(theme, area.width()), _names(), lead)


def _own(painter: QPainter, header: QRectF, theme: Theme) -> None:
    """Draw a framed B: the face is compared with its own neutral one."""
    width, height = own_px(theme) - theme.px(0.6), theme.px(1.2)
    frame = QRectF(header.left() + 0.5, round(header.center().y() - height / 2) + 0.5, width, height)
    painter.setPen(QPen(theme.scheme.soft, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(frame, theme.px(0.25), theme.px(0.25))
    inner = theme.body.baseline(frame.top(), height)
    write(painter, theme.body, header.left() + theme.px(0.3), inner, "B", theme.scheme.soft)


def _known(painter: QPainter, header: QRectF, known: float, theme: Theme) -> None:
    """Draw a thin ring that closes as the face's own neutral becomes known."""
    side = known_px(theme) - theme.px(0.6)
    top = round(header.center().y() - side / 2)
    press(painter, QRectF(round(header.left()), top - 1, side + 2, side + 2), _closing, theme, min(1.0, known))


def _closing(painter: QPainter, rect: QRectF, theme: Theme, share: float) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for ink, part in ((theme.scheme.plate, 1.0), (theme.scheme.soft, share)):
        painter.setPen(QPen(ink, max(1.5, theme.px(0.16)), cap=Qt.PenCapStyle.FlatCap))
        painter.drawArc(rect.adjusted(1, 1, -1, -1), QUARTER, -round(4 * QUARTER * part))  # clockwise from the top


def _progress(painter: QPainter, header: QRectF, filled: float, theme: Theme) -> None:
    """Draw how far the window is filled, as a slim bar below the word."""
    slim = QRectF(header.left(), header.bottom() - theme.px(0.35), header.width(), max(2, theme.px(0.22)))
    painter.fillRect(slim, theme.scheme.plate)
    slim.setWidth(slim.width() * min(1.0, filled))
    painter.fillRect(slim, TEXT)


def _mixed(shares: F32) -> str:
    """Return the words of the mixture of two expressions that the shares show, or a dash."""
    found = mixture(shares)
    return say(MIXTURE_WORDS[found.name]) if found else "\u2013"


def _mixture(painter: QPainter, area: QRectF, words: str, theme: Theme) -> None:
    """Write a mixture below a line that says it is experimental."""
    row = row_px(theme)
    write(painter, theme.body, area.left(), theme.body.baseline(area.top(), row), say(MIXTURE), theme.scheme.soft)
    baseline = theme.strong.baseline(area.top() + row, row)
    write(painter, theme.strong, area.left(), baseline, elided(theme.strong, words, area.width()), theme.scheme.text)


def bars(painter: QPainter, area: QRectF, shares: F32, lead: str | None, theme: Theme) -> None:
    """Draw the rows of the seven emotions from the top of `area` on."""
    rows = _rows(theme, area.width())
    size = QSizeF(area.width(), rows.height * len(EMOTIONS))
    press(painter, QRectF(area.topLeft(), size), draw_names, rows, _names(), lead)
    draw_figures(painter, area, rows, percent(shares.tolist()), lead)
    draw_bars(painter, area, rows, shares.tolist())


@lru_cache(maxsize=8)
def _rows(theme: Theme, width: float) -> Rows:
    """Return the rows of the seven emotions as they are on a card, `width` px wide."""
    length = bar_px(theme)
    return Rows(
        height=row_px(theme),
        names=key_px(theme),
        bars=round(width - theme.share_px) - theme.px(0.6) - length,
        length=length,
        thick=max(3, theme.px(0.55)),
        dot=theme.px(0.28),
        letters=theme.body,
        leading=theme.strong,
        scheme=theme.scheme,
    )


def _names() -> tuple[str, ...]:
    return tuple(say(EMOTION_WORDS[name]) for name in EMOTIONS)
