"""Clips of `python -m realtime_micacl_render`: videos, and `labels.json` with the intensity of every frame."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.data.held_out import held_out
from realtime_micacl.making.data.prepared import Part
from realtime_micacl.making.data.samples import Sample, with_folds
from realtime_micacl.types import EMOTIONS
from realtime_micacl.wording import why

LABELS = "labels.json"


class Label(Struct, frozen=True, forbid_unknown_fields=True):
    """What `labels.json` says of a clip."""

    file: Annotated[str, Meta(pattern=r"^[^/\\]+$")]
    identity: Annotated[int, Meta(ge=0)]
    emotion: Literal["happy", "sad", "neutral", "angry", "surprise", "disgust", "fear"]
    fps: Annotated[float, Meta(gt=0)]
    intensity: Annotated[tuple[Annotated[float, Meta(ge=0, le=1)], ...], Meta(min_length=1)]


def read(root: Path) -> list[Sample]:
    """Return all clips; the split `official` tests on every fifth person, as the shipped engine's training does."""
    file = root / LABELS
    try:
        labels = msgspec.json.decode(file.read_bytes(), type=list[Label])
    except OSError as cause:
        raise ConfigError(
            f"no {file} ({why(cause)}); make the clips with: python -m realtime_micacl_render ASSETS {root}"
        ) from None
    except (UnicodeDecodeError, msgspec.MsgspecError) as cause:
        raise ConfigError(f"{file} is not what `python -m realtime_micacl_render` writes: {cause}") from cause
    parts: list[Part] = ["test" if held_out(label.identity) else "train" for label in labels]
    official = len(set(parts)) == 2
    samples = {
        label.file: Sample(
            clip=label.file,
            label=EMOTIONS.index(label.emotion),
            subject=str(label.identity),
            path=root / label.file,
            parts={"official": part} if official else {},
            intensity=label.intensity,
        )
        for label, part in zip(labels, parts, strict=True)
    }
    if len(samples) != len(labels) or not labels:
        raise ConfigError(f"{file} holds {len(labels)} clips of {len(samples)} different names; expected one of each")
    return with_folds(samples.values())
