"""Reads the engines and checkpoints that are measured; torch runs a checkpoint without export."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from realtime_micacl.errors import ConfigError, EngineError, MicaclError
from realtime_micacl.inference.engine import WEIGHTS
from realtime_micacl.inference.sidecar import NAME, Sidecar, read_sidecar, sha256
from realtime_micacl.making.training.checkpoint import ABOUT
from realtime_micacl.model.zoo import build, configured
from realtime_micacl.types import EMOTIONS


@dataclass(frozen=True, eq=False)
class Candidate:
    """An engine or checkpoint that is to be measured."""

    name: str
    """The shortest end of its path that differs from those of the others."""
    folder: Path
    sidecar: Sidecar


def read_candidates(paths: Sequence[Path]) -> list[Candidate]:
    """Read the sidecar of each folder; raise a MicaclError if one is neither an engine nor a checkpoint."""
    read = [_sidecar(path) for path in paths]
    return [Candidate(name, *one) for name, one in zip(_names(paths), read, strict=True)]


def _sidecar(path: Path) -> tuple[Path, Sidecar]:
    if (path / ABOUT).is_file() and not (path / NAME).is_file():
        return path, _checkpoint(path)
    if path.is_dir() and not (path / NAME).is_file():
        raise EngineError(
            f"{path} is neither an engine ({NAME}, from `realtime-micacl export`) nor a checkpoint ({ABOUT}, "
            "from `realtime-micacl train`)"
        )
    return read_sidecar(path)


def _checkpoint(folder: Path) -> Sidecar:
    """Return a sidecar for a checkpoint, as of an engine that has weights and no graphs."""
    try:
        fields = json.loads((folder / ABOUT).read_bytes())
        config = configured(fields["model"])
        encoder = build(config).encoder
        sidecar = msgspec.convert(
            {key: fields[key] for key in ("name", "labels", "bag", "crop", "calibration")}
            | {"schema": 1, "piece": encoder.piece, "feature_size": encoder.features, "model": config.to_dict()}
            | {"files": {WEIGHTS: sha256(folder / WEIGHTS)}}
            | {"trained_on": fields.get("trained_on", []), "measured": {}},
            Sidecar,
        )
    except (MicaclError, OSError, ValueError, KeyError, TypeError) as cause:
        raise EngineError(f"the checkpoint in {folder} is damaged or incomplete: {cause!r}; train it again") from cause
    if sidecar.labels != EMOTIONS:
        raise EngineError(f"{folder} has the label order {list(sidecar.labels)}, this program's is {list(EMOTIONS)}")
    return sidecar


def _names(paths: Sequence[Path]) -> list[str]:
    """Return the ends of the paths, with as many parts as are needed for all to differ."""
    parts = [(path.parent if path.name == NAME else path).resolve().parts for path in paths]
    if len(set(parts)) < len(parts):
        raise ConfigError("an engine is named twice; name each once")
    longest = max(map(len, parts))
    names = (["/".join(p[-depth:]) for p in parts] for depth in range(1, longest + 1))
    return next(found for found in names if len(set(found)) == len(found))
