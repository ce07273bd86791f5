"""The engine on torch, on the processor: for research, and for engines with weights but without graphs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from realtime_micacl.errors import EngineError, MicaclError
from realtime_micacl.inference.engine import WEIGHTS
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.model.config import SystemConfig
from realtime_micacl.model.system import System
from realtime_micacl.model.zoo import build, configured
from realtime_micacl.types import F32, U8


class TorchEngine:
    """Runs the network itself, from `model.safetensors`."""

    device = "cpu (torch)"

    def __init__(self, folder: Path, sidecar: Sidecar) -> None:
        self._model, self._sidecar = load_model(folder, sidecar), sidecar

    @torch.inference_mode()
    def encode(self, crops: U8) -> F32:
        """Return the features [M,D] of pieces [M,P,S,S,3]."""
        features = self._model.encode(torch.tensor(crops))
        return np.asarray(features.numpy(), np.float32)

    @torch.inference_mode()
    def classify(self, features: F32, changes: F32 | None = None) -> tuple[F32, F32]:
        """Return logits [B,K] and importance [B,N] of bags of piece features [B,N*L/P,D] and changes [B,N*L,3P+1]."""
        logits, importance = self._model.classify(torch.tensor(self._sidecar.rows(features, changes)))
        return logits.numpy(), importance.numpy()

    def close(self) -> None:
        """Free the weights."""
        del self._model


def load_model(folder: Path, sidecar: Sidecar) -> System:
    """Return the network in `folder`, in evaluation mode; raise EngineError if weights and sidecar do not fit."""
    try:
        config = configured(sidecar.model)
        _check_shapes(config, folder / WEIGHTS)
        model = build(config)
        model.load_state_dict(load_file(folder / WEIGHTS), strict=True)
        _check_sidecar(model, sidecar)
    except (MicaclError, SafetensorError, RuntimeError, ValueError, OSError) as cause:
        raise EngineError(f"the weights in {folder} do not fit the sidecar: {cause}; export it again") from cause
    return model.eval()


def _check_sidecar(model: System, sidecar: Sidecar) -> None:
    """Raise EngineError if the network reads other bags than the sidecar says."""
    config, encoder, bag = model.config, model.encoder, sidecar.bag
    shape = (config.instances, config.frames, config.size_px)
    found = (*shape, config.emotions, encoder.piece, encoder.features, config.shape)
    rows = (sidecar.piece, sidecar.feature_size, sidecar.coordinates)
    named = (bag.instances, bag.frames, bag.size_px, len(sidecar.labels), *rows)
    if found != named:
        raise EngineError(
            f"instances, frames, size, labels, piece, features, shape: {found} in the network, {named} in the sidecar"
        )


def _check_shapes(config: SystemConfig, file: Path) -> None:
    """Raise EngineError if the file has other weights than the network; allocates memory for neither."""
    with torch.device("meta"):
        expected = {name: list(weight.shape) for name, weight in build(config).state_dict().items()}
    with safe_open(file, framework="pt") as weights:
        found = {name: weights.get_slice(name).get_shape() for name in weights.keys()}  # noqa: SIM118  # no mapping
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise EngineError(f"{name} has shape {found.get(name)}, the network needs {expected.get(name)}")
