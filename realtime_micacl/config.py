"""Settings, and strict reading of TOML and JSON for them, for recipes and for kiosks.

An unknown key is an error that names the nearest known one; a value of a wrong type or size is an error, too.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from difflib import get_close_matches
from os.path import expanduser
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from realtime_micacl.allowed import value_at, words_at
from realtime_micacl.devices import DEVICE, DEVICES
from realtime_micacl.errors import ConfigError
from realtime_micacl.wording import why

T = TypeVar("T", bound=Struct)
MOST_SMOOTHING_S = 10.0
SIZE_WORDS = "a width and a height in px, such as 1920x1080"
DEVICE_WORDS = f"one of {', '.join(DEVICES)}, or triton://HOST[:PORT]"
SECRETS = ("token", "password", "secret")  # parts of the names of settings whose values are not shown
NEAR = 0.5  # least likeness of an unknown key to a known one, 0 to 1, for a suggestion
LSL_NAME = "a name of letters, digits, spaces and dashes that begins with a letter; put a source before --lsl"
Named = Annotated[str, Meta(min_length=1, description="the path of a file or folder")]
PATHS = ("engine", "record", "kiosk", "latest", "save_video", "web_token_file", "mqtt_password_file")


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of the live program; docs/settings.md explains them."""

    camera: Annotated[int, Meta(ge=0, le=99)] | None = None
    source: str | Annotated[tuple[str, ...], Meta(min_length=1)] | None = None
    wait: bool = False
    rate_hz: Annotated[float, Meta(gt=0.0, le=1e3)] | None = None
    size: Annotated[str, Meta(pattern=r"^[1-9]\d{1,4}x[1-9]\d{1,4}$", description=SIZE_WORDS)] | None = None
    """WIDTHxHEIGHT in px, asked of a camera; `fps` too."""
    fps: Annotated[float, Meta(gt=0.0, le=1e3)] | None = None
    rotate: Literal[0, 90, 180, 270] = 0
    region: tuple[float, float, float, float] | None = None
    """Left, top, width and height in shares of the picture."""
    give_up_after_s: Annotated[float, Meta(ge=0.0, le=1e9)] | None = None
    engine: Named | None = None
    device: Annotated[str, Meta(pattern=DEVICE, description=DEVICE_WORDS)] = "auto"
    detector: Literal["auto", "full", "short"] = "auto"
    far: bool = False
    max_faces: Annotated[int, Meta(ge=1, le=64)] = 8
    smoothing_s: Annotated[float, Meta(ge=0.0, le=MOST_SMOOTHING_S)] = 0.0
    baseline: bool = False
    head: bool = False
    """Whether readings have the angles of the head."""
    headless: bool = False
    offline: bool = False
    record: Named | None = None
    save_video: Named | None = None
    """A new .mp4 of a file that is read offline, with its readings drawn in."""
    blur_faces: bool = False
    rotate_mb: Annotated[float, Meta(gt=0.0)] | None = None
    rotate_s: Annotated[float, Meta(gt=0.0)] | None = None
    metrics: str | None = None
    metrics_token: Annotated[str, Meta(min_length=16)] | None = None
    slots: Annotated[int, Meta(ge=1, le=16)] = 4
    lsl: Annotated[str, Meta(pattern=r"^[A-Za-z][\w -]{0,63}$", description=LSL_NAME)] | None = None
    web: str | None = None
    web_token: Annotated[str, Meta(min_length=16)] | None = None
    web_token_file: Named | None = None
    osc: str | None = None
    osc_style: Literal["plain", "wekinator", "vrchat"] = "plain"
    mqtt: str | None = None
    mqtt_password: str | None = None
    mqtt_password_file: Named | None = None
    mqtt_discovery: (
        Annotated[str, Meta(pattern=r"^[\w/-]+$", description="a prefix such as homeassistant, or off")] | None
    ) = None
    latest: Named | None = None
    every_s: Annotated[float, Meta(ge=0.1, le=3600.0)] | None = None
    mirror: bool | None = None
    """Whether the window mirrors pictures; None: only those of webcams."""
    mixtures: bool = False
    output_window: Literal["clean"] | None = None
    look: Literal["auto", "dark", "light"] = "auto"
    reduced_motion: bool = False
    language: Literal["auto", "en", "de"] = "auto"
    kiosk: str | None = None
    """Path of a kiosk.toml; empty for a kiosk with the defaults."""
    log_level: Literal["debug", "info", "warning", "error"] = "warning"

    def __post_init__(self) -> None:
        for name in PATHS:  # a shell does so only if ~ is at the start of a word
            if value := getattr(self, name):
                force_setattr(self, name, expanduser(value))
        if isinstance(self.source, str):
            force_setattr(self, "source", expanduser(self.source))
        elif self.source:
            force_setattr(self, "source", tuple(map(expanduser, self.source)))

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources, however many were given."""
        return (self.source,) if isinstance(self.source, str) else self.source or ()

    @property
    def outlets(self) -> tuple[str, ...]:
        """The names of the outlets that were asked for."""
        return tuple(name for name in ("lsl", "web", "osc", "mqtt", "latest") if getattr(self, name) is not None)


def read_toml(path: Path, kind: type[T]) -> T:
    """Read a TOML file into a struct; raise ConfigError that names the file and the key."""
    try:
        fields = tomllib.loads(Path(expanduser(path)).read_text("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"no file at {path}; check the path") from None
    except UnicodeDecodeError as cause:
        raise ConfigError(f"{path} is not in UTF-8; save it as UTF-8") from cause
    except OSError as cause:
        raise ConfigError(f"{path} cannot be read: {why(cause)}; check the path") from cause
    except (tomllib.TOMLDecodeError, RecursionError) as cause:
        raise ConfigError(f"{path} cannot be read as TOML: {cause}") from cause
    for key, value in fields.items():
        if _holds_zero(value):
            raise ConfigError(f"{path}: {key} holds a zero byte (\\u0000), which no path or text may; take it out")
    return converted(fields, kind, str(path))


def converted(fields: Any, kind: type[T], where: str, named: Callable[[str], str] = str) -> T:
    """Return `fields` as a struct; raise ConfigError that names the key as `named` does, and the nearest right one."""
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as cause:
        message = str(cause)
    except ConfigError as cause:  # raised by a check in the struct
        raise ConfigError(f"{where}: {cause}") from None
    unknown = re.search(r"unknown field `(.+?)`", message)
    if not unknown:
        raise ConfigError(f"{where}: {_refused(message, fields, kind, named)}")
    near = get_close_matches(unknown[1], sorted(_keys(kind)), n=1, cutoff=NEAR)
    known = f"the nearest known one is {near[0]!r}" if near else "no known one is like it"
    raise ConfigError(f"{where}: unknown key {unknown[1]!r}; {known}")


def _holds_zero(value: Any) -> bool:
    """Say whether a value holds a zero byte, which would end a path."""
    match value:
        case str():
            return "\0" in value
        case dict():
            return any(map(_holds_zero, value.values()))
        case list():
            return any(map(_holds_zero, value))
    return False


def _refused(message: str, fields: Any, kind: Any, named: Callable[[str], str]) -> str:
    """Return why a value is refused: its key, the value, and what is allowed."""
    place = re.search(r" - at `\$\.?(.+?)`$", message)
    if missing := re.search(r"missing required field `(.+?)`", message):
        key = f"{place[1]}.{missing[1]}" if place else missing[1]
        return f"{named(key)} is missing; it must be {words_at(kind, key)}"
    allowed = words_at(kind, place[1]) if place else ""
    if not place or not allowed:
        return message
    if any(secret in place[1] for secret in SECRETS):
        return f"{named(place[1])} must be {allowed}"
    name = named(place[1].replace("[...]", ""))  # msgspec does not say which element of a list
    return f"{name} is {value_at(fields, place[1])}; it must be {allowed}"


def _keys(kind: Any) -> set[str]:
    """Return the keys of a struct and of the structs in it."""
    keys = set()
    for field in msgspec.structs.fields(kind):
        keys.add(field.encode_name)
        for part in (field.type, *get_args(field.type)):
            if isinstance(part, type) and issubclass(part, Struct):
                keys |= _keys(part)
    return keys
