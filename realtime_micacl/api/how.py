"""The keyword arguments that all functions of the Python interface share; they are settings."""

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

MOST_PATH = 4096  # bytes; longer ones are not a path, but perhaps a file's content


class How(TypedDict, total=False):
    """Keyword arguments of `read`, `live`, `read_image`, `Reader` and `process`; docs/settings.md explains them."""

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
    """Return settings from keyword arguments of the function `where`; raise ConfigError that names a wrong one."""
    if unknown := sorted(how.keys() - How.__annotations__.keys()):
        taken = inspect.signature(getattr(realtime_micacl, where)).parameters.keys() - {"how"}
        known = sorted({*taken, *How.__annotations__})
        near = get_close_matches(unknown[0], known, n=1)
        meant = f"; did you mean {near[0]}?" if near else "."
        raise ConfigError(f"{where} takes no {unknown[0]!r}{meant} It takes {', '.join(known)}")
    plain = {name: value.tolist() if hasattr(value, "tolist") else value for name, value in how.items()}  # NumPy's
    return converted({**plain, **more}, Settings, where)


def path_of(place: object, what: str) -> Path:
    """Return `place` as a path, with `~` as the home; raise ConfigError if it is none. `what` says what it is for."""
    if not isinstance(place, str | bytes | os.PathLike):
        raise ConfigError(f"a path is of type {type(place).__name__}; give the path of {what}")
    text = os.fsdecode(place)
    if "\0" in text:
        raise ConfigError(f"the path {text[:60]!r} holds a zero byte; give the path of {what}")
    return Path(os.path.expanduser(text))


def spec_of(source: object, *, waits: bool = False) -> SourceSpec:
    """Return the source that a path, an address or a camera's number means; raise ConfigError or SourceError.

    Unless the program `waits` for it, the source is looked for, without opening it.
    """
    if isinstance(source, int | np.integer) and not isinstance(source, bool):
        if not 0 <= source <= 99:
            raise ConfigError(f"there is no camera {source}; cameras are numbered 0 to 99")
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
