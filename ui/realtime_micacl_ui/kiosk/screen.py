"""What the kiosk shows at one moment, as a value, and the places of its parts and buttons."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PyQt6.QtCore import QRectF

from realtime_micacl.types import EmotionDistribution, State
from realtime_micacl_ui.ink import right_to_left
from realtime_micacl_ui.kiosk.settings import KioskSettings
from realtime_micacl_ui.kiosk.state import Act, Stage
from realtime_micacl_ui.kiosk.texts import Texts
from realtime_micacl_ui.theme import Theme, theme_of
from realtime_micacl_ui.view import View

LINES = 32  # lines of body text on the short side of the screen: 34 px at 1080p, 9 mm on a screen of 32 inches
MARGIN, BUTTON, LANGUAGE = 1.5, 3.2, 2.4  # heights, in units of the theme
COLUMN = 19.5  # width of the reading beside the picture, in units


@dataclass(frozen=True)
class Screen:
    """Everything that one picture of the kiosk shows; equal ones look the same."""

    settings: KioskSettings
    stage: Stage = Stage.ATTRACT
    language: int = 0
    time_s: float = 0.0
    """The time in the attract loop, else 0."""
    left_s: int = 0
    """How much longer it waits for an answer, while it asks."""
    visits: int = 0
    """The number of visits today."""
    view: View | None = None
    """The view of a visit, while a consent holds."""
    camera: bool = True
    """Whether the camera gives pictures."""

    @property
    def texts(self) -> Texts:
        """The texts in the present language."""
        return self.settings.texts[self.language]

    @property
    def mirrored(self) -> bool:
        """Whether that language is read from the right, so that everything begins there."""
        return right_to_left(self.texts.title)

    @property
    def reading(self) -> EmotionDistribution | None:
        """The reading of the visitor to show, if any."""
        return self.view.reading(self.view.faces[0]) if self.view and self.view.faces else None


@dataclass(frozen=True)
class Button:
    """Something to touch."""

    rect: QRectF
    text: str
    act: Act | None = None
    language: int | None = None

    @property
    def primary(self) -> bool:
        """Whether it leads on."""
        return self.act is Act.GO


def spoken(screen: Screen) -> str:
    """Return the text for a screen reader."""
    texts = screen.texts
    match screen.stage:
        case Stage.ATTRACT:
            return f"{texts.invitation} {texts.hint}"
        case Stage.CONSENT:
            words = (texts.title, screen.settings.host, texts.what, texts.kept, texts.leave, texts.agree, texts.decline)
            return " ".join(word for word in words if word)
        case Stage.LIVE:
            return f"{texts.looks_like}: {word_or_why(screen)}" if screen.reading else word_or_why(screen)
        case Stage.ASKING:
            return texts.still_there
        case Stage.WIPING:
            return f"{texts.thanks} {texts.forgotten}"


def word_or_why(screen: Screen) -> str:
    """Return the word for the visitor's expression, or why there is none."""
    texts, view, reading = screen.texts, screen.view, screen.reading
    if reading:
        return texts.named(reading.emotion) if reading.emotion else texts.unsure
    poor = view is not None and any(face.state is State.LOW_QUALITY for face in view.faces)
    return texts.look_here if poor or (view is not None and view.state is State.NO_FACE) else texts.wait


def theme_for(size: tuple[int, int]) -> Theme:
    """Return the theme of a screen of `size` px, legible from two metres."""
    return theme_of(round(2 * max(6.0, min(size) / LINES)) / 2)


def is_wide(size: tuple[int, int]) -> bool:
    """Return whether parts are placed side by side rather than one above the other."""
    return size[0] > size[1]


def body_rect(theme: Theme, size: tuple[int, int]) -> QRectF:
    """Return the place of the words: between the languages above and the buttons below."""
    margin = theme.px(MARGIN)
    top, bottom = theme.px(2 * MARGIN + LANGUAGE), theme.px(2 * MARGIN + BUTTON)
    return QRectF(margin, top, size[0] - 2 * margin, size[1] - top - bottom)


def picture_area(theme: Theme, size: tuple[int, int]) -> QRectF:
    """Return the area in which the camera's picture is fitted."""
    margin = theme.px(MARGIN)
    if is_wide(size):
        below = theme.px(LANGUAGE) + 2 * margin
        return QRectF(margin, margin, size[0] - theme.px(COLUMN) - 3 * margin, size[1] - below - margin)
    body = body_rect(theme, size)
    return QRectF(0, body.top(), size[0], round(body.height() * 0.44))


def reading_area(theme: Theme, size: tuple[int, int]) -> QRectF:
    """Return the area of the reading."""
    body, margin = body_rect(theme, size), theme.px(MARGIN)
    if is_wide(size):
        return QRectF(size[0] - margin - theme.px(COLUMN), margin, theme.px(COLUMN), body.bottom() - margin)
    top = picture_area(theme, size).bottom() + margin
    return QRectF(margin, top, body.width(), body.bottom() - top)


def buttons(screen: Screen, theme: Theme, size: tuple[int, int]) -> tuple[Button, ...]:
    """Return the buttons of a screen: languages and answers."""
    if screen.stage is Stage.WIPING:
        return ()
    found = (*_languages(screen, theme, size), *_answers(screen, theme, size))
    if not screen.mirrored:
        return found
    rects = [QRectF(size[0] - b.rect.right(), b.rect.top(), b.rect.width(), b.rect.height()) for b in found]
    return tuple(replace(button, rect=rect) for button, rect in zip(found, rects, strict=True))


def _languages(screen: Screen, theme: Theme, size: tuple[int, int]) -> list[Button]:
    if len(screen.settings.texts) < 2:
        return []
    right, top, found = float(size[0] - theme.px(MARGIN)), theme.px(MARGIN), []
    if screen.stage is Stage.LIVE and is_wide(size):  # below the picture, which leaves its column to the reading
        right, top = picture_area(theme, size).right(), size[1] - theme.px(MARGIN + LANGUAGE)
    for language, texts in reversed(list(enumerate(screen.settings.texts))):
        width = round(theme.body.width(texts.name)) + theme.px(1.8)
        found.append(Button(QRectF(right - width, top, width, theme.px(LANGUAGE)), texts.name, None, language))
        right -= width + theme.px(0.6)
    return found[::-1]


def _answers(screen: Screen, theme: Theme, size: tuple[int, int]) -> list[Button]:
    texts = screen.texts
    wanted: list[tuple[str, Act]]
    match screen.stage:
        case Stage.CONSENT:
            wanted = [(texts.decline, Act.STOP), (texts.agree, Act.GO)]
        case Stage.LIVE:
            wanted = [(texts.stop, Act.STOP)]
        case Stage.ASKING:
            wanted = [(texts.stop, Act.STOP), (texts.go_on, Act.GO)]
        case _:
            wanted = []
    height, gap, margin = theme.px(BUTTON), theme.px(1.0), theme.px(MARGIN)
    room = theme.px(COLUMN) if screen.stage is Stage.LIVE and is_wide(size) else size[0] - 2 * margin
    widest = max((theme.large.width(text) for text, _ in wanted), default=0)
    width = min(round(max(widest + theme.px(3), theme.px(11))), (room - gap * (len(wanted) - 1)) // max(1, len(wanted)))
    if screen.stage is Stage.LIVE and is_wide(size):
        width, left = room, size[0] - margin - room
    else:
        left = round((size[0] - width * len(wanted) - gap * (len(wanted) - 1)) / 2)
    top = size[1] - margin - height
    return [
        Button(QRectF(left + i * (width + gap), top, width, height), text, act) for i, (text, act) in enumerate(wanted)
    ]
