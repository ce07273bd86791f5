"""Draws the live scene: the picture as in the window, and the reading, large and in the visitor's language."""

from __future__ import annotations

from dataclasses import replace

from PyQt6.QtCore import QRectF, QSize
from PyQt6.QtGui import QPainter

from realtime_micacl.types import EMOTIONS, EmotionDistribution, Face, State
from realtime_micacl_ui.cards import overlay
from realtime_micacl_ui.ink import Paragraph, panel, readable, write, write_right
from realtime_micacl_ui.kiosk.screen import Screen, picture_area, reading_area, word_or_why
from realtime_micacl_ui.kiosk.texts import Texts
from realtime_micacl_ui.layout import arrange, picture_rect
from realtime_micacl_ui.messages import SHRINKS
from realtime_micacl_ui.paint import paint
from realtime_micacl_ui.rows import Rows, draw_bars, draw_figures, draw_names, percent
from realtime_micacl_ui.theme import EMOTION_COLOURS, SOFT, TEXT, TRACK, Theme, theme_of
from realtime_micacl_ui.view import View

ROW = 1.45  # least height of a row, in units; letters need as much


def live(painter: QPainter, screen: Screen, theme: Theme, size: tuple[int, int]) -> None:
    """Draw the visitor's picture with the box around their face, and the reading beside or below it."""
    if screen.view is None:
        return
    area = picture_area(theme, size)
    with readable(painter, area.left(), area.width()):
        _picture(painter, screen.view, screen.texts, theme, area)
    _reading(painter, screen, screen.view, theme, reading_area(theme, size))


def _picture(painter: QPainter, view: View, texts: Texts, theme: Theme, area: QRectF) -> None:
    """Draw the window's picture in `area`, its messages in the visitor's language."""
    small = theme_of(theme.unit * 0.8)
    room = QSize(round(area.width()), round(area.height()))
    if view.frame is not None:
        room = picture_rect(view.frame, (room.width(), room.height())).size().toSize()
    size = (room.width(), room.height())
    state = State.LIVE if view.state is State.NO_FACE else view.state  # the picture is live
    title = "" if state is State.LIVE else texts.wait if state is State.STARTING else texts.no_camera
    shown = replace(view, source="", state=state, title=title, detail="", attempt=0, hud=False)
    painter.save()
    painter.translate(round(area.center().x() - size[0] / 2), round(area.center().y() - size[1] / 2))
    painter.setClipRect(QRectF(0, 0, *size))
    paint(painter, replace(shown, overlay=False), small, size)
    if state is State.LIVE:
        overlay(painter, shown, replace(arrange(shown, small, size), cards={}), small)
    painter.restore()


def _reading(painter: QPainter, screen: Screen, view: View, theme: Theme, area: QRectF) -> None:
    """Draw the word for the visitor's expression and a bar for each of the seven."""
    texts = screen.texts
    theme, row = fitted(texts, theme, area)
    pad = theme.px(1.2)
    inner = area.adjusted(pad, pad, -pad, -pad)
    guess = Paragraph(theme.body, texts.guess, inner.width())
    rows_top = inner.top() + theme.px(1.8) + theme.px(3.2)
    height = rows_top + row * len(EMOTIONS) + theme.px(0.6) + guess.size.height() + pad - area.top()
    top = round((area.height() - height) / 2)
    painter.save()
    painter.translate(0, top)
    panel(painter, QRectF(area.left(), area.top(), area.width(), round(height)), theme)
    reading = screen.reading
    if reading:
        baseline = theme.body.baseline(inner.top(), theme.px(1.8))
        write(painter, theme.body, inner.left(), baseline, texts.looks_like, SOFT)
    word = QRectF(inner.left(), inner.top() + theme.px(1.8), inner.width(), theme.px(2.8))
    _word(painter, word, word_or_why(screen), view.faces[0] if view.faces else None, reading, theme)
    _bars(painter, QRectF(inner.left(), rows_top, inner.width(), row * len(EMOTIONS)), reading, texts, theme)
    guess.draw(painter, inner.left(), rows_top + row * len(EMOTIONS) + theme.px(0.6), SOFT)
    painter.restore()


def fitted(texts: Texts, theme: Theme, area: QRectF) -> tuple[Theme, float]:
    """Return the theme with the largest letters with which seven rows fit into `area`, and the height of a row."""
    for shrink in SHRINKS:
        small = theme.scaled(shrink)
        guess = Paragraph(small.body, texts.guess, area.width() - 2 * small.px(1.2))
        rows = area.height() - 2 * small.px(1.2) - small.px(1.8) - small.px(3.2) - small.px(0.6) - guess.size.height()
        row = min(small.px(2.3), rows / len(EMOTIONS))
        if row >= small.px(ROW):
            break
    return small, row


def _word(
    painter: QPainter, area: QRectF, word: str, face: Face | None, reading: EmotionDistribution | None, theme: Theme
) -> None:
    """Write the leading expression and its share, or why there is none and how far the window is filled."""
    if reading and reading.emotion:
        share = f"{100 * float(reading.probabilities.max()):.0f} %" if reading.leading else ""
        baseline = theme.title.baseline(area.top(), area.height())
        mark = QRectF(area.left(), baseline - theme.title.metrics.capHeight(), theme.px(0.5), 0)
        mark.setBottom(baseline)
        painter.fillRect(mark, EMOTION_COLOURS[reading.emotion])  # some colours are too dark for words
        left, room = mark.right() + theme.px(0.6), area.width() - theme.header.width(share) - theme.px(1.6)
        letters = theme.title if theme.title.width(word) < room else theme.header
        write(painter, letters, left, baseline, word, TEXT)
        write_right(painter, theme.header, area.right(), baseline, share, TEXT)
        return
    for letters in (theme.title, theme.header):
        if letters.width(word) < area.width():
            write(painter, letters, area.left(), letters.baseline(area.top(), area.height()), word, SOFT)
            break
    else:
        words = Paragraph(theme.large, word, area.width())
        words.draw(painter, area.left(), area.center().y() - words.size.height() / 2, SOFT)
    if face and not reading and face.state is not State.LOW_QUALITY:
        slim = QRectF(area.left(), area.bottom(), area.width(), max(2, theme.px(0.2)))
        painter.fillRect(slim, TRACK)
        slim.setWidth(slim.width() * min(1.0, face.filled))
        painter.fillRect(slim, TEXT)


def _bars(painter: QPainter, area: QRectF, reading: EmotionDistribution | None, texts: Texts, theme: Theme) -> None:
    """Draw the rows of the seven expressions so that they fill `area`; without a reading the bars are empty."""
    letters, names = theme.large, [texts.named(name) for name in EMOTIONS]
    left = max(letters.width(name) for name in names) + theme.px(0.8)
    rows = Rows(
        height=area.height() / len(EMOTIONS),
        names=0,
        bars=left,
        length=area.width() - left - letters.width("100") - theme.px(0.5),
        thick=max(3, theme.px(0.8)),
        dot=0,
        letters=letters,
        leading=letters,
        scheme=theme.scheme,
    )
    lead = reading.leading if reading else None
    draw_names(painter, area, rows, names, lead)
    if reading:
        shares = reading.probabilities.tolist()
        draw_figures(painter, area, rows, percent(shares), lead)
        draw_bars(painter, area, rows, shares)
