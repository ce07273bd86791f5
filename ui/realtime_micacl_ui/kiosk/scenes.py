"""Draws the scenes without a live picture: attract loop, consent card, question and farewell."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QPainter, QPainterPath, QPen

from realtime_micacl.types import EMOTIONS
from realtime_micacl_ui.ink import Paragraph, readable, write
from realtime_micacl_ui.kiosk.face import face, shares
from realtime_micacl_ui.kiosk.screen import MARGIN, Screen, body_rect, is_wide
from realtime_micacl_ui.messages import SHRINKS
from realtime_micacl_ui.theme import AMBER, EMOTION_COLOURS, INK, SOFT, TEXT, TRACK, Theme, theme_of

QUIET = 8  # light margin around a QR code, in modules: four on each side


def attract(painter: QPainter, screen: Screen, theme: Theme, size: tuple[int, int]) -> None:
    """Draw the attract loop: the drawn face with its bars, and the invitation."""
    body = body_rect(theme, size)
    if is_wide(size):
        figure = QRectF(body.left(), body.top(), body.width() * 0.42, body.height())
        words = QRectF(figure.right() + theme.px(2), body.top(), 0, body.height())
        words.setRight(body.right())
        radius = min(figure.width() * 0.36, figure.height() * 0.40)
    else:
        figure = QRectF(body.left(), body.top(), body.width(), body.height() * 0.46)
        words = QRectF(body.left(), figure.bottom(), body.width(), body.bottom() - figure.bottom())
        radius = min(figure.width() * 0.36, figure.height() * 0.40)
    face(painter, figure.center(), radius, screen.time_s)
    _invitation(painter, screen, theme, words, centred=not is_wide(size))
    foot = theme.body.baseline(size[1] - theme.px(MARGIN + 1.6), theme.px(1.6))
    if not screen.camera:
        write(painter, theme.body, theme.px(MARGIN), foot, screen.texts.no_camera, AMBER)
    elif screen.visits:
        text = screen.texts.count.replace("{number}", str(screen.visits))
        write(painter, theme.body, theme.px(MARGIN), foot, text, SOFT)


def _invitation(painter: QPainter, screen: Screen, theme: Theme, area: QRectF, *, centred: bool) -> None:
    """Write the invitation in the current language, smaller in the others, and how to begin."""
    others = [texts for texts in screen.settings.texts if texts is not screen.texts]
    for shrink in SHRINKS:
        big, small = theme_of(theme.unit * 1.45 * shrink), theme_of(theme.unit * shrink)
        lines = [
            (Paragraph(big.title, screen.texts.invitation, area.width(), centred=centred, balanced=True), TEXT, 0.8)
        ]
        lines += [(Paragraph(small.large, o.invitation, area.width(), centred=centred), SOFT, 0.3) for o in others]
        bars = small.px(3.6)
        hint = Paragraph(small.header, screen.texts.hint, area.width(), centred=centred, balanced=True)
        lines.append((hint, screen.settings.accent, 0))
        gaps = [small.px(gap) for *_, gap in lines]
        height = sum(p.size.height() for p, *_ in lines) + sum(gaps) + bars
        if height <= area.height():
            break
    y = area.center().y() - height / 2
    for (paragraph, colour, _), gap in zip(lines, gaps, strict=True):
        if paragraph is hint:
            width = min(area.width(), small.px(26))
            left = area.center().x() - width / 2 if centred else area.left()
            _row_of_bars(painter, QRectF(left, y + bars * 0.2, width, bars * 0.45), screen.time_s)
            y += bars
        x = area.center().x() - paragraph.size.width() / 2 if centred else area.left()
        paragraph.draw(painter, x, y, colour)
        y += paragraph.size.height() + gap


def _row_of_bars(painter: QPainter, area: QRectF, time_s: float) -> None:
    """Draw the shares of the drawn face as seven bars side by side."""
    gap = area.width() * 0.03
    width = (area.width() - gap * (len(EMOTIONS) - 1)) / len(EMOTIONS)
    thick = area.height() * 0.36
    painter.setPen(Qt.PenStyle.NoPen)
    for i, share in enumerate(shares(time_s).values()):
        bar = QRectF(area.left() + i * (width + gap), area.center().y() - thick / 2, width, thick)
        painter.setBrush(TRACK)
        painter.drawRoundedRect(bar, thick / 2, thick / 2)
        bar.setWidth(max(thick, width * (0.12 + 0.8 * share)))
        painter.setBrush(EMOTION_COLOURS[EMOTIONS[i]])
        painter.drawRoundedRect(bar, thick / 2, thick / 2)


def consent(painter: QPainter, screen: Screen, theme: Theme, size: tuple[int, int]) -> None:
    """Draw the consent card: who asks, what is computed, what is stored, how to leave."""
    body, texts = body_rect(theme, size), screen.texts
    beside = bool(screen.settings.qr) and is_wide(size)
    for shrink in SHRINKS:
        small = theme_of(theme.unit * shrink)
        code = small.px(9)
        icon, gap = small.px(3.4), small.px(1.5)
        width = min(body.width(), theme.px(50)) - (code + small.px(3) if beside else 0)
        title = Paragraph(small.title, texts.title, width)
        host = Paragraph(small.large, screen.settings.host, width) if screen.settings.host else None
        points = [Paragraph(small.large, text, width - icon) for text in (texts.what, texts.kept, texts.leave)]
        height = title.size.height() + (host.size.height() + gap / 2 if host else 0)
        height += sum(point.size.height() + gap for point in points)
        below = 0 if beside or not screen.settings.qr else code + gap
        if height + below <= body.height():
            break
    block = width + (code + small.px(3) if beside else 0)
    left, y = body.center().x() - block / 2, body.center().y() - (height + below) / 2
    if beside:
        _code(painter, screen, small, QRectF(left + block - code, body.center().y() - code / 2, code, code))
    title.draw(painter, left, y, TEXT)
    y += title.size.height()
    if host:
        host.draw(painter, left, y + gap / 2, SOFT)
        y += host.size.height() + gap / 2
    for point, sign in zip(points, (_sign_bars, _sign_nothing_kept, _sign_leave), strict=True):
        y += gap
        sign(painter, QPointF(left + small.px(1.1), y + small.px(0.95)), small.unit * 1.05)
        point.draw(painter, left + icon, y, TEXT)
        y += point.size.height()
    if below:
        _code(painter, screen, small, QRectF(body.center().x() - code / 2, y + gap, code, code))


def _code(painter: QPainter, screen: Screen, theme: Theme, area: QRectF) -> None:
    """Draw the QR code on a light ground, with whole px per module, and its caption."""
    rows = screen.settings.qr
    module = max(1, int(area.width() // (len(rows) + QUIET)))
    side = module * (len(rows) + QUIET)
    left, top = round(area.center().x() - side / 2), round(area.top())
    with readable(painter, left, side):
        painter.fillRect(QRectF(left, top, side, side), TEXT)
        for y, row in enumerate(rows):
            for x, dark in enumerate(row):
                if dark:
                    shift = QUIET // 2
                    painter.fillRect(left + (x + shift) * module, top + (y + shift) * module, module, module, INK)
    text = screen.texts.more
    write(painter, theme.body, area.center().x() - theme.body.width(text) / 2, top + side + theme.px(1.5), text, SOFT)


def _sign_bars(painter: QPainter, centre: QPointF, reach: float) -> None:
    for i, (name, share) in enumerate((("happy", 1.0), ("surprise", 0.55), ("sad", 0.3))):
        thick = reach * 0.42
        bar = QRectF(centre.x() - reach, centre.y() + (i - 1) * reach * 0.75 - thick / 2, 2 * reach * share, thick)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(EMOTION_COLOURS[name])
        painter.drawRoundedRect(bar, thick / 2, thick / 2)


def _sign_nothing_kept(painter: QPainter, centre: QPointF, reach: float) -> None:
    """Draw a crossed-out picture."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(TEXT, reach * 0.2))
    painter.drawRoundedRect(
        QRectF(centre.x() - reach, centre.y() - 0.75 * reach, 2 * reach, 1.5 * reach), reach / 4, reach / 4
    )
    painter.drawEllipse(centre, 0.34 * reach, 0.34 * reach)
    slash = QPen(EMOTION_COLOURS["angry"], reach * 0.26)
    slash.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(slash)
    painter.drawLine(centre + QPointF(-reach, reach), centre + QPointF(reach, -reach))


def _sign_leave(painter: QPainter, centre: QPointF, reach: float) -> None:
    """Draw an arrow out of a frame."""
    pen = QPen(TEXT, reach * 0.2)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    frame = QPainterPath(centre + QPointF(0, -reach * 0.9))
    for x, y in ((-0.9, -0.9), (-0.9, 0.9), (0.0, 0.9)):
        frame.lineTo(centre + QPointF(x * reach, y * reach))
    painter.drawPath(frame)
    pen.setColor(EMOTION_COLOURS["surprise"])
    painter.setPen(pen)
    painter.drawLine(centre + QPointF(-0.35 * reach, 0), centre + QPointF(reach, 0))
    for y in (-0.5, 0.5):
        painter.drawLine(centre + QPointF(reach, 0), centre + QPointF(0.5 * reach, y * reach))


def asking(painter: QPainter, screen: Screen, theme: Theme, size: tuple[int, int]) -> None:
    """Draw the question whether the visitor is still there, and the seconds left."""
    body, radius = body_rect(theme, size), theme.px(4.6)
    question = _fitting(theme, screen.texts.still_there, body.width())
    y = body.center().y() - (question.size.height() + theme.px(2) + 2 * radius) / 2
    question.draw(painter, body.center().x() - question.size.width() / 2, y, TEXT)
    centre = QPointF(body.center().x(), y + question.size.height() + theme.px(2) + radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(screen.settings.accent, theme.px(0.3)))
    painter.drawEllipse(centre, radius, radius)
    number = str(screen.left_s)
    letters = theme_of(theme.unit * 2).title
    baseline = letters.baseline(centre.y() - radius, 2 * radius)
    write(painter, letters, centre.x() - letters.width(number) / 2, baseline, number, TEXT)


def farewell(painter: QPainter, screen: Screen, theme: Theme, size: tuple[int, int]) -> None:
    """Draw the thanks, and that everything is forgotten."""
    body, radius = body_rect(theme, size), theme.px(4.2)
    thanks = _fitting(theme, screen.texts.thanks, body.width())
    forgotten = Paragraph(theme.header, screen.texts.forgotten, body.width(), centred=True, balanced=True)
    gap = theme.px(1.6)
    y = body.center().y() - (2 * radius + 2 * gap + thanks.size.height() + forgotten.size.height()) / 2
    centre = QPointF(body.center().x(), y + radius)
    pen = QPen(screen.settings.accent, theme.px(0.45))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(centre, radius, radius)
    tick = [centre + QPointF(x * radius, y * radius) for x, y in ((-0.42, 0.04), (-0.1, 0.36), (0.45, -0.3))]
    painter.drawPolyline(*tick)
    for text, colour, top in ((thanks, TEXT, y + 2 * radius + gap), (forgotten, SOFT, 0.0)):
        top = top or y + 2 * radius + 1.6 * gap + thanks.size.height()
        text.draw(painter, body.center().x() - text.size.width() / 2, top, colour)


def _fitting(theme: Theme, text: str, width: float) -> Paragraph:
    """Return a title on one line, as large as fits; on several lines if that would be too small."""
    for size in (1.5, 1.3, 1.1):
        letters = theme_of(theme.unit * size).title
        if letters.width(text) <= width:
            break
    return Paragraph(letters, text, width, centred=True)
