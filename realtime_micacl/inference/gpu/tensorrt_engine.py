"""The engine on TensorRT: the two graphs compiled for this GPU, run by the same class as the CUDA engine."""

from __future__ import annotations

import logging
import platform
from collections.abc import Mapping
from pathlib import Path

import tensorrt as trt
import torch
from torch import Tensor

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.engine import CLASSIFY, ENCODE_HALF
from realtime_micacl.inference.gpu import plans
from realtime_micacl.inference.gpu.card import Gpu
from realtime_micacl.inference.gpu.gpu_engine import GpuEngine, Step
from realtime_micacl.inference.gpu.ring import LARGEST
from realtime_micacl.inference.gpu.tensorrt_build import Log, Recipe, Report, build_plan
from realtime_micacl.inference.sidecar import Sidecar, sha256

log = logging.getLogger(__name__)

FEW = 8  # batches up to this size have a profile of their own
FLAGS = "strongly typed, no TF32"  # as build_plan sets them; part of a plan's key


class TensorRTNetwork:
    """Runs two plans; each batch size has an execution context, and all share one scratch memory."""

    def __init__(self, name: str, encode: trt.ICudaEngine, classify: trt.ICudaEngine, device: torch.device) -> None:
        self.name = name
        self._encode, self._classify, self._device = encode, classify, device
        size = max(encode.device_memory_size_v2, classify.device_memory_size_v2, 1)
        self._scratch = torch.empty(size, dtype=torch.uint8, device=device)

    def encoder(self, crops: Tensor, features: Tensor) -> Step:
        """Return the step that fills features, f32 [b,D], from crops, u8 [b,P,S,S,3]."""
        profile = 0 if len(crops) <= FEW else 1
        return self._step(self._encode, profile, {"crops": crops, "features": features})

    def head(self, bags: Tensor, logits: Tensor, importance: Tensor) -> Step:
        """Return the step that fills logits [b,K] and importance [b,N] from rows of bags, f32 [b,N*L/P,row size]."""
        return self._step(self._classify, 0, {"features": bags, "logits": logits, "importance": importance})

    def _step(self, engine: trt.ICudaEngine, profile: int, tensors: Mapping[str, Tensor]) -> Step:
        """Return one run of an engine over these buffers; the first is its input."""
        context = engine.create_execution_context(trt.ExecutionContextAllocationStrategy.USER_MANAGED)
        if context is None:
            raise EngineError(f"{self.name} has no memory for a batch of {len(next(iter(tensors.values())))}")
        context.set_optimization_profile_async(profile, self._stream())
        context.set_device_memory(self._scratch.data_ptr(), self._scratch.numel())
        takes, given = next(iter(tensors.items()))
        context.set_input_shape(takes, tuple(given.shape))
        for name, tensor in tensors.items():
            if tuple(context.get_tensor_shape(name)) != tuple(tensor.shape):
                found, due = tuple(context.get_tensor_shape(name)), tuple(tensor.shape)
                raise EngineError(f"{name} has the shape {found} in the graph, the sidecar says {due}; export it again")
            context.set_tensor_address(name, tensor.data_ptr())

        def step() -> None:
            if not context.execute_async_v3(self._stream()):
                raise EngineError(f"{self.name} could not run a batch of {len(given)}")

        return step

    def _stream(self) -> int:
        """Return the handle of the current stream."""
        return torch.cuda.current_stream(self._device).cuda_stream if self._device.type == "cuda" else 0


def open_tensorrt(
    folder: Path,
    sidecar: Sidecar,
    gpu: Gpu,
    *,
    device: torch.device | None = None,
    cache: Path | None = None,
    report: Report = log.warning,
) -> GpuEngine:
    """Load the plans of the engine in `folder`; build and store them if there are none for this GPU."""
    logger = Log()
    runtime = trt.Runtime(logger)  # by default it refuses plans that bring code for the processor
    engines = []
    for file, recipe in ((ENCODE_HALF, _encoder(sidecar)), (CLASSIFY, _head(sidecar))):
        graph = (folder / file).read_bytes()
        machine = _machine(gpu)
        facts = {**machine, "graph": sha256(folder / file), "profiles": recipe.profiles, "shape": recipe.shape}
        engine = plans.load_or_build(
            cache or plans.default_folder(),
            facts,
            machine,
            lambda timings, graph=graph, recipe=recipe: build_plan(graph, recipe, timings, report),  # type: ignore[misc]
            runtime.deserialize_cuda_engine,
        )
        _check(engine, recipe, folder / file)
        engines.append(engine)
    device = device or torch.device("cuda", 0)
    encode, classify = engines
    network = TensorRTNetwork(f"{gpu.name} (TensorRT {trt.__version__})", encode, classify, device)
    return GpuEngine(network, sidecar, device)


def _encoder(sidecar: Sidecar) -> Recipe:
    size_px = sidecar.bag.size_px
    shape = (sidecar.piece, size_px, size_px, 3)
    return Recipe("encoder", "crops", ("features",), shape, ((1, 1, FEW), (FEW, LARGEST // 2, LARGEST)))


def _head(sidecar: Sidecar) -> Recipe:
    shape = (sidecar.pieces, sidecar.row_size)
    return Recipe("head", "features", ("logits", "importance"), shape, ((1, FEW, LARGEST),))


def _machine(gpu: Gpu) -> dict[str, object]:
    """Return all that a plan depends on besides its graph."""
    return {
        "tensorrt": trt.__version__,
        "cuda": torch.version.cuda,
        "driver": gpu.driver.split(".")[0],
        "gpu": gpu.name,
        "capability": gpu.capability,
        "processors": gpu.processors,
        "system": f"{platform.system()} {platform.machine()}",
        "flags": FLAGS,
    }


def _check(engine: trt.ICudaEngine, recipe: Recipe, file: Path) -> None:
    """Raise EngineError where a graph takes or gives something else than the sidecar says."""
    names = {engine.get_tensor_name(i) for i in range(engine.num_io_tensors)}
    due = {recipe.takes, *recipe.gives}
    if names != due:
        raise EngineError(f"{file} takes and gives {sorted(names)}, an engine's {sorted(due)}; export it again")
    for name in due:
        kind = trt.DataType.UINT8 if name == "crops" else trt.DataType.FLOAT
        if (found_kind := engine.get_tensor_dtype(name)) != kind:
            raise EngineError(f"{file} has {name} of {found_kind}, an engine's is {kind}; export it again")
    if (found := tuple(engine.get_tensor_shape(recipe.takes))) != (-1, *recipe.shape):
        raise EngineError(f"{file} takes {found}, the sidecar says {(-1, *recipe.shape)}; export it again")
