"""Reads `kiosk.toml`, as strictly as all settings, once before the window opens."""

from __future__ import annotations

from dataclasses import dataclass
from os.path import expanduser
from pathlib import Path
from typing import Annotated

import msgspec
import segno
from msgspec import Meta, Struct
from PyQt6.QtGui import QColor, QImage

from realtime_micacl.config import converted, read_toml
from realtime_micacl.errors import ConfigError
from realtime_micacl_ui.kiosk.state import Times
from realtime_micacl_ui.kiosk.texts import TEXTS, Texts
from realtime_micacl_ui.theme import INK, SOFT

READABLE = 4.5  # least contrast of text in WCAG 2, level AA
COLOUR = "a colour in six digits, such as #1B1F24"
NEEDED = ("title", "what", "kept", "leave", "agree", "decline", "stop", "still_there", "go_on")  # to consent and leave
HEX = r"^#[0-9A-Fa-f]{6}$"


class Colours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The two colours that may be chosen; all others follow from the palette."""

    background: Annotated[str, Meta(pattern=HEX, description=COLOUR)] = "#1B1F24"
    accent: Annotated[str, Meta(pattern=HEX, description=COLOUR)] = "#EECC66"


class KioskFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of `kiosk.toml`, all optional."""

    languages: Annotated[tuple[str, ...], Meta(min_length=1, max_length=4)] = ("en", "de")
    host: str = ""
    logo: str | None = None
    qr: Annotated[str, Meta(min_length=1, max_length=300)] | None = None
    counter: str | None = None
    near: Annotated[float, Meta(gt=0.0, le=0.9)] = 0.12
    mirror: bool = True
    times: Times = Times()
    colours: Colours = Colours()
    texts: dict[str, dict[str, str]] = {}


@dataclass(frozen=True, eq=False)
class KioskSettings:
    """The settings in the form that the screen needs: texts selected, pictures loaded, colours checked."""

    texts: tuple[Texts, ...]
    """One for each language; the attract loop uses the first."""
    times: Times
    background: QColor
    accent: QColor
    host: str
    logo: QImage | None
    qr: tuple[bytes, ...]
    """Rows of modules, 1 dark; empty without a code."""
    counter: Path | None
    near: float
    mirror: bool


def read_kiosk_settings(file: str) -> KioskSettings:
    """Return the settings of a `kiosk.toml`, for "" the defaults; raise ConfigError that names the key."""
    settings = read_toml(Path(file), KioskFile) if file else KioskFile()
    where, folder = file, Path(file).parent
    for language in settings.texts.keys() - set(settings.languages):
        raise ConfigError(f"{where}: [texts.{language}] is not among the languages {', '.join(settings.languages)}")
    if len(set(settings.languages)) < len(settings.languages):
        raise ConfigError(f"{where}: languages names one twice: {', '.join(settings.languages)}")
    if settings.times.away_s >= settings.times.gone_s:
        away_s, gone_s = settings.times.away_s, settings.times.gone_s
        raise ConfigError(f"{where}: times.away_s {away_s} must be less than times.gone_s {gone_s}")
    background, accent = QColor(settings.colours.background), QColor(settings.colours.accent)
    if contrast(background, SOFT) < READABLE:
        raise ConfigError(
            f"{where}: colours.background {background.name()} is too light for its text; use a darker one"
        )
    if contrast(accent, INK) < READABLE:
        raise ConfigError(f"{where}: colours.accent {accent.name()} is too dark for the text on it; use a lighter one")
    return KioskSettings(
        texts=tuple(_texts(language, settings.texts, where) for language in settings.languages),
        times=settings.times,
        background=background,
        accent=accent,
        host=settings.host,
        logo=_logo(folder / expanduser(settings.logo), where) if settings.logo else None,
        qr=tuple(bytes(row) for row in segno.make_qr(settings.qr).matrix) if settings.qr else (),
        counter=folder / expanduser(settings.counter) if settings.counter else None,
        near=settings.near,
        mirror=settings.mirror,
    )


def contrast(a: QColor, b: QColor) -> float:
    """Return the contrast of two colours, 1 to 21, as WCAG defines it."""
    dark, light = sorted((_luminance(a), _luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: QColor) -> float:
    channels = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _texts(language: str, changed: dict[str, dict[str, str]], where: str) -> Texts:
    """Return the texts of a language: the built-in ones with the file's changes; a new language must have all."""
    built_in = TEXTS.get(language)
    given = changed.get(language, {})
    if built_in is None and not given:
        known = ", ".join(sorted({*TEXTS, *changed}))
        raise ConfigError(f"{where}: no texts for language {language!r}; known are {known}; add [texts.{language}]")
    texts = converted((msgspec.to_builtins(built_in) if built_in else {}) | given, Texts, f"{where} [texts.{language}]")
    if "{number}" not in texts.count:
        raise ConfigError(f"{where} [texts.{language}]: count must hold {{number}}; it is {texts.count!r}")
    if empty := [name for name in NEEDED if not getattr(texts, name).strip()]:
        raise ConfigError(f"{where} [texts.{language}]: {empty[0]} is empty; visitors need it to consent and to leave")
    return texts


def _logo(path: Path, where: str) -> QImage:
    logo = QImage(str(path))
    if logo.isNull():
        raise ConfigError(f"{where}: logo {path} is not a picture that can be read; use a PNG or JPEG")
    return logo
