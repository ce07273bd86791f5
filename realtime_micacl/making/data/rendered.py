"""Clips of `python -m realtime_micacl_render`: videos, and `labels.json` with the intensity of every frame."""

from __future__ import annotations

from pathlib import Path

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.data.held_out import held_out
from realtime_micacl.making.data.labels import LABELS, read_labels
from realtime_micacl.making.data.prepared import Part
from realtime_micacl.making.data.samples import Sample, with_folds
from realtime_micacl.types import EMOTIONS


def read(root: Path) -> list[Sample]:
    """Return all clips; the split `official` tests on every fifth person, as the shipped engine's training does."""
    labels = read_labels(root)
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
        names = f"{len(labels)} clips with {len(samples)} names"
        raise ConfigError(f"{root / LABELS} has {names}; each clip must have its own")
    return with_folds(samples.values())
