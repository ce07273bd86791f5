"""The engine on CUDA by torch: for a machine with an NVIDIA GPU and without TensorRT."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from realtime_micacl.inference.cpu.torch_engine import load_model
from realtime_micacl.inference.gpu.gpu_engine import GpuEngine, Step
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.model.half import halved
from realtime_micacl.model.system import System

FAST_HALF = (7, 0)  # Volta; older GPUs are much slower in half precision


class TorchNetwork:
    """Runs the network's own code; with `half`, the encoder's convolutions are in half precision."""

    def __init__(self, model: System, device: torch.device, name: str, *, half: bool) -> None:
        self.name = name
        self._encoder = (halved(model.encoder) if half else model.encoder).to(device)
        self._head = model.eval().to(device)

    def encoder(self, crops: Tensor, features: Tensor) -> Step:
        """Return the step that fills features, f32 [b,D], from crops, u8 [b,P,S,S,3]."""
        return lambda: _fill(features, self._encoder(crops))

    def head(self, bags: Tensor, logits: Tensor, importance: Tensor) -> Step:
        """Return the step that fills logits [b,K] and importance [b,N] from rows of bags, f32 [b,N*L/P,row size]."""

        def step() -> None:
            predicted, weights = self._head.classify(bags)
            _fill(logits, predicted)
            _fill(importance, weights)

        return step


def open_cuda(folder: Path, sidecar: Sidecar) -> GpuEngine:
    """Load the weights in `folder` onto the first GPU."""
    device = torch.device("cuda", 0)
    half = torch.cuda.get_device_capability(device) >= FAST_HALF
    precision = "half" if half else "single"
    name = f"{torch.cuda.get_device_name(device)} (torch {torch.__version__}, {precision} precision)"
    network = TorchNetwork(load_model(folder, sidecar), device, name, half=half)
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # recorded CUDA graphs keep this
        return GpuEngine(network, sidecar, device)


def _fill(buffer: Tensor, made: Tensor) -> None:
    assert buffer.shape == made.shape, f"{tuple(made.shape)} where {tuple(buffer.shape)} is due"
    buffer.copy_(made)
