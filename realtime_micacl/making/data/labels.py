"""Reads `labels.json`: person, emotion and the intensity of every frame for each rendered clip."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from realtime_micacl.errors import ConfigError
from realtime_micacl.wording import why

LABELS = "labels.json"


class Label(Struct, frozen=True, forbid_unknown_fields=True):
    """The entry of a clip in `labels.json`."""

    file: Annotated[str, Meta(pattern=r"^[^/\\]+$")]
    identity: Annotated[int, Meta(ge=0)]
    emotion: Literal["happy", "sad", "neutral", "angry", "surprise", "disgust", "fear"]
    fps: Annotated[float, Meta(gt=0)]
    intensity: Annotated[tuple[Annotated[float, Meta(ge=0, le=1)], ...], Meta(min_length=1)]


def read_labels(root: Path) -> list[Label]:
    """Return the labels in a folder; raise ConfigError if there are none, or the file is not ours."""
    file = root / LABELS
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[Label])
    except OSError as cause:
        raise ConfigError(
            f"no {file} ({why(cause)}); make the clips with: python -m realtime_micacl_render ASSETS {root}"
        ) from None
    except (UnicodeDecodeError, msgspec.MsgspecError) as cause:
        raise ConfigError(f"{file} is not what `python -m realtime_micacl_render` writes: {cause}") from cause
