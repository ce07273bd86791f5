"""The keyword arguments that all functions of the Python interface share; named and limited as settings are."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypedDict

import numpy as np

import realtime_micacl
from realtime_micacl.config import Settings, converted
from realtime_micacl.errors import ConfigError
from realtime_micacl.live.sources.source import SourceSpec, check, parse_source

MOST_PATH = 4096


class How(TypedDict, total=False):
    """Keyword arguments of `read`, `live`, `read_image` and `Reader`; docs/settings.md says what they do."""

    device: str
    detector: Literal["auto", "full", "short"]
    far: bool
    max_faces: int
    smoothing_s: float
    baseline: bool
    head: bool
    rotate: Literal[0, 90, 180, 270]
    region: tuple[float, float, float, float]
    rate_hz: float
    slots: int


def settings_of(how: Mapping[str, Any], where: str, **more: Any) -> Settings:
    """Return the settings that keyword arguments ask for; raise ConfigError that names the wrong one."""
    if unknown := sorted(how.keys() - How.__annotations__.keys()):
        taken = inspect.signature(getattr(realtime_micacl, where)).parameters.keys() - {"how"}
        known = sorted({*taken, *How.__annotations__})
        near = get_close_matches(unknown[0], known, n=1)
        meant = f"; did you mean {near[0]}?" if near else "."
        raise ConfigError(f"{where} takes no {unknown[0]!r}{meant} It takes {', '.join(known)}")
    plain = {name: value.tolist() if hasattr(value, "tolist") else value for name, value in how.items()}  # NumPy's
    return converted({**plain, **more}, Settings, where)


def path_of(place: object, what: str) -> Path:
    """Return a path as the other functions take it, `~` being the home; raise ConfigError for what is none."""
    if not isinstance(place, str | bytes | os.PathLike):
        raise ConfigError(f"a path is of type {type(place).__name__}; give the path of {what}")
    text = os.fsdecode(place)
    if "\0" in text:
        raise ConfigError(f"the path {text[:60]!r} holds a zero byte; give the path of {what}")
    return Path(os.path.expanduser(text))


def spec_of(source: object, *, waits: bool = False) -> SourceSpec:
    """Return which source is meant by a path, an address or a camera's number; raise what can be known at once."""
    if isinstance(source, int | np.integer) and not isinstance(source, bool):
        if not 0 <= source <= 99:
            raise ConfigError(f"there is no camera {source}; they count from 0")
        spec = SourceSpec("camera", str(source))
    elif isinstance(source, bytes) and (b"\0" in source or len(source) > MOST_PATH):
        mend = "PIL.Image.open(io.BytesIO(..)) makes a picture of them"
        raise ConfigError(f"these {len(source)} bytes are not a path; {mend}")
    elif isinstance(source, str | bytes | os.PathLike):
        text = os.fsdecode(source)
        if "\0" in text:
            raise ConfigError(f"source {text[:60]!r} holds a zero byte; it is neither a path nor an address")
        spec = parse_source(text)
    else:
        kind = type(source).__name__
        raise ConfigError(f"the source is of type {kind}; give a path, an address or a camera's number")
    if not waits:
        check(spec)
    return spec
