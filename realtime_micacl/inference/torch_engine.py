"""The engine on torch: for research, and for a GPU without TensorRT."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from realtime_micacl.errors import EngineError, MicaclError
from realtime_micacl.inference.engine import WEIGHTS
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.model.micacl import MICACL, MICACLConfig
from realtime_micacl.types import F32, U8


class TorchEngine:
    """Runs the network itself, from `model.safetensors`."""

    def __init__(self, folder: Path, sidecar: Sidecar, device: Literal["cpu", "cuda"]) -> None:
        if device == "cuda" and not torch.cuda.is_available():
            raise EngineError("--device cuda: torch finds no CUDA device here; use --device cpu, or see `doctor`")
        self._device = torch.device(device)
        try:
            config = MICACLConfig.from_dict(sidecar.model)
            _check_shapes(config, folder / WEIGHTS)
            self._model = MICACL(config)
            self._model.load_state_dict(load_file(folder / WEIGHTS), strict=True)
        except (MicaclError, SafetensorError, RuntimeError, ValueError, OSError) as cause:
            raise EngineError(f"the weights in {folder} do not fit the sidecar: {cause}; export it again") from cause
        self._model.eval().to(self._device)

    @property
    def device(self) -> str:
        """What it runs on, for people."""
        name = torch.cuda.get_device_name() if self._device.type == "cuda" else "cpu"
        return f"{name} (torch)"

    @torch.inference_mode()
    def encode(self, crops: U8) -> F32:
        """Return the features [M,D] of pieces [M,P,S,S,3]."""
        features = self._model.encode(torch.tensor(crops, device=self._device))
        return np.asarray(features.float().cpu().numpy(), np.float32)

    @torch.inference_mode()
    def classify(self, features: F32) -> tuple[F32, F32]:
        """Return logits [B,K] and importance [B,N] of bags of piece features [B,N*L/P,D]."""
        logits, importance = self._model.classify(torch.tensor(features, device=self._device))
        return logits.float().cpu().numpy(), importance.float().cpu().numpy()

    def close(self) -> None:
        """Free the weights."""
        del self._model


def _check_shapes(config: MICACLConfig, file: Path) -> None:
    """Raise EngineError where the file holds other weights than the network; nothing is allocated for either."""
    with torch.device("meta"):
        expected = {name: list(weight.shape) for name, weight in MICACL(config).state_dict().items()}
    with safe_open(file, framework="pt") as weights:
        found = {name: weights.get_slice(name).get_shape() for name in weights.keys()}  # noqa: SIM118  # no mapping
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise EngineError(f"{name} has shape {found.get(name)}, the network needs {expected.get(name)}")
