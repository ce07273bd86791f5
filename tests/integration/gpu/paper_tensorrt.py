"""TensorRT as far as the engine uses it, on the processor: its plans hold the graph, ONNX Runtime runs it.

test_contract.py holds every class, member and signature here against the real bindings. What no double can show is
whether the real builder takes the graphs and how fast its plans are.
"""

from __future__ import annotations

import ctypes
import json
from enum import IntEnum
from typing import Any

import numpy as np
import onnxruntime

__version__ = "10.15.1.29"
MAGIC = b"paper plan "
BUILT: list[str] = []
"""The input of each network that was built."""

NetworkDefinitionCreationFlag = IntEnum("NetworkDefinitionCreationFlag", {"STRONGLY_TYPED": 1})
MemoryPoolType = IntEnum("MemoryPoolType", {"WORKSPACE": 0})
BuilderFlag = IntEnum("BuilderFlag", {"TF32": 7})
DataType = IntEnum("DataType", {"FLOAT": 0, "HALF": 1, "UINT8": 5})
ExecutionContextAllocationStrategy = IntEnum("ExecutionContextAllocationStrategy", {"USER_MANAGED": 2})
NUMPY = {DataType.FLOAT: np.float32, DataType.HALF: np.float16, DataType.UINT8: np.uint8}
NAMES = {"tensor(float)": DataType.FLOAT, "tensor(float16)": DataType.HALF, "tensor(uint8)": DataType.UINT8}


class ILogger:
    Severity = IntEnum("Severity", {"INTERNAL_ERROR": 0, "ERROR": 1, "WARNING": 2})
    INTERNAL_ERROR, ERROR, WARNING = Severity

    def log(self, severity: Any, msg: str) -> None:
        raise NotImplementedError  # abstract in TensorRT too: whoever wants messages derives from it


class IProgressMonitor:
    pass


class ITimingCache:
    def __init__(self, known: bytes) -> None:
        self.known = known

    def serialize(self) -> bytes:
        return self.known + b"timed "


class IBuilderConfig:
    progress_monitor: Any = None

    def __init__(self) -> None:
        self.profiles: list[IOptimizationProfile] = []

    def set_memory_pool_limit(self, pool: Any, pool_size: int) -> None:
        assert pool_size > 0

    def clear_flag(self, flag: Any) -> None:
        assert flag is BuilderFlag.TF32

    def create_timing_cache(self, serialized_timing_cache: bytes) -> ITimingCache:
        return ITimingCache(serialized_timing_cache)

    def set_timing_cache(self, cache: ITimingCache, ignore_mismatch: bool) -> bool:
        return cache.known in (b"", b"timed ") and not ignore_mismatch

    def add_optimization_profile(self, profile: IOptimizationProfile) -> int:
        self.profiles.append(profile)
        return len(self.profiles) - 1


class IOptimizationProfile:
    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def set_shape(self, input: str, min: Any, opt: Any, max: Any) -> None:
        self.input, self.shapes = input, [min, opt, max]


class INetworkDefinition:
    graph = b""


class ParserError:
    def desc(self) -> str:
        return "this is no ONNX"


class OnnxParser:
    num_errors = 0

    def __init__(self, network: INetworkDefinition, logger: ILogger) -> None:
        self._network = network

    def parse(self, model: bytes, path: str | None = None) -> bool:
        self._network.graph = model
        try:
            onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        except Exception:
            self.num_errors = 1
        return not self.num_errors

    def get_error(self, index: int) -> ParserError:
        return ParserError()


class Builder:
    def __init__(self, logger: ILogger) -> None:
        self._logger = logger

    def create_network(self, flags: int = 0) -> INetworkDefinition:
        assert flags == 1 << NetworkDefinitionCreationFlag.STRONGLY_TYPED
        return INetworkDefinition()

    def create_builder_config(self) -> IBuilderConfig:
        return IBuilderConfig()

    def create_optimization_profile(self) -> IOptimizationProfile:
        return IOptimizationProfile()

    def build_serialized_network(self, network: INetworkDefinition, config: IBuilderConfig) -> bytes | None:
        monitor = config.progress_monitor
        monitor.phase_start("Timing", None, 2)
        monitor.phase_start("Conv", "Timing", 1)
        assert monitor.step_complete("Conv", 0)
        monitor.phase_finish("Conv")
        assert monitor.step_complete("Timing", 0)
        monitor.phase_finish("Timing")
        BUILT.append(config.profiles[0].input)
        head = {"version": __version__, "profiles": [p.shapes for p in config.profiles]}
        return MAGIC + json.dumps(head).encode() + b"\n" + network.graph


class Runtime:
    def __init__(self, logger: ILogger) -> None:
        self._logger = logger

    def deserialize_cuda_engine(self, serialized_engine: bytes) -> ICudaEngine | None:
        head, newline, graph = serialized_engine.partition(b"\n")
        if not (newline and head.startswith(MAGIC)):
            self._logger.log(ILogger.ERROR, "this is no plan")
            return None
        said = json.loads(head[len(MAGIC) :])
        return ICudaEngine(graph, said["profiles"]) if said["version"] == __version__ else None


class ICudaEngine:
    device_memory_size_v2 = 1000

    def __init__(self, graph: bytes, profiles: list[list[list[int]]]) -> None:
        self.session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        self.profiles = profiles
        self.tensors = {t.name: t for t in (*self.session.get_inputs(), *self.session.get_outputs())}
        self.num_io_tensors = len(self.tensors)

    def get_tensor_name(self, index: int) -> str:
        return list(self.tensors)[index]

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return tuple(-1 if isinstance(size, str) else size for size in self.tensors[name].shape)

    def get_tensor_dtype(self, name: str) -> Any:
        return NAMES[self.tensors[name].type]

    def create_execution_context(self, strategy: Any) -> IExecutionContext:
        return IExecutionContext(self)


class IExecutionContext:
    """Refuses what the real one would answer with undefined behaviour."""

    def __init__(self, engine: ICudaEngine) -> None:
        self._engine = engine
        self._profile = -1
        self._scratch = 0
        self._shape: tuple[int, ...] = ()
        self._addresses: dict[str, int] = {}

    def set_optimization_profile_async(self, profile_index: int, stream_handle: int) -> bool:
        self._profile = profile_index
        return True

    def set_device_memory(self, memory: int, size: int) -> None:
        assert memory
        assert size >= self._engine.device_memory_size_v2
        self._scratch = memory

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        smallest, _, largest = self._engine.profiles[self._profile]
        assert all(a <= n <= b for a, n, b in zip(smallest, shape, largest, strict=True)), "outside the profile"
        self._shape = tuple(shape)
        return True

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        given = self._engine.session.get_inputs()[0]
        if name == given.name:
            return self._shape
        zeros = np.zeros(self._shape, NUMPY[NAMES[given.type]])
        (made,) = self._engine.session.run([name], {given.name: zeros})
        return tuple(made.shape)

    def set_tensor_address(self, name: str, memory: int) -> bool:
        assert memory % 4 == 0
        self._addresses[name] = memory
        return True

    def execute_async_v3(self, stream_handle: int) -> bool:
        assert self._scratch
        assert self._addresses.keys() == self._engine.tensors.keys()
        (given,) = self._engine.session.get_inputs()
        for name, made in zip(
            [t.name for t in self._engine.session.get_outputs()],
            self._engine.session.run(None, {given.name: self._at(given.name, self._shape)}),
            strict=True,
        ):
            self._at(name, made.shape)[:] = made
        return True

    def _at(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        dtype = np.dtype(NUMPY[self._engine.get_tensor_dtype(name)])
        memory = (ctypes.c_uint8 * (int(np.prod(shape)) * dtype.itemsize)).from_address(self._addresses[name])
        return np.frombuffer(memory, dtype).reshape(shape)
