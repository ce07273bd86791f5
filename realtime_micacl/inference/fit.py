"""Checks that an engine's graphs run and fit its sidecar."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.types import EMOTIONS


def check_fit(engine: Engine, folder: Path, sidecar: Sidecar) -> None:
    """Raise EngineError if the engine of `folder` does not run, or gives other shapes than its sidecar says."""
    try:
        check_shapes(engine, f"the engine in {folder}", sidecar)
    except EngineError:
        raise
    except Exception as cause:
        raise EngineError(f"the engine in {folder} does not fit its sidecar: {cause}") from cause


def check_shapes(engine: Engine, where: str, sidecar: Sidecar) -> None:
    """Raise EngineError if the engine gives other shapes than its sidecar says; `where` names it. Also warms it up."""
    bag = sidecar.bag
    features = engine.encode(np.zeros((1, sidecar.piece, bag.size_px, bag.size_px, 3), np.uint8))
    logits, importance = engine.classify(np.zeros((1, sidecar.pieces, sidecar.feature_size), np.float32))
    found = (features.shape, logits.shape, importance.shape)
    expected = ((1, sidecar.feature_size), (1, len(EMOTIONS)), (1, bag.instances))
    if found != expected:
        raise EngineError(f"{where} gives shapes {found}, its sidecar says {expected}")
