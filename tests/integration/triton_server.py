"""A small server that speaks Triton's protocol: it reads a model repository and runs its graphs with ONNX Runtime.

What it is asked is checked as Triton checks it: by the settings in config.pbtxt, read with Triton's own schema.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from typing import Any

import grpc
import numpy as np
import onnxruntime as ort
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2, service_pb2, service_pb2_grpc

from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.inference.triton.repository import write_repository
from realtime_micacl.inference.triton.triton_engine import TritonEngine

KINDS = {"UINT8": np.uint8, "FP32": np.float32}


class Model:
    """One folder of the repository."""

    def __init__(self, folder: Path) -> None:
        text = (folder / "config.pbtxt").read_text("utf-8")
        self.config = text_format.Parse(text, model_config_pb2.ModelConfig())
        assert self.config.name == folder.name
        assert self.config.backend == "onnxruntime"
        self.graph = ort.InferenceSession(str(folder / "1" / "model.onnx"), providers=["CPUExecutionProvider"])

    def run(self, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the outputs; raise ValueError where Triton would refuse the request."""
        sizes = {len(tensor) for tensor in tensors.values()}
        if len(sizes) != 1 or max(sizes) > self.config.max_batch_size:
            raise ValueError(f"inference request batch-size must be <= {self.config.max_batch_size}")
        for one in self.config.input:
            kind = model_config_pb2.DataType.Name(one.data_type).removeprefix("TYPE_")
            given = tensors[one.name]
            if list(given.shape[1:]) != list(one.dims) or given.dtype != KINDS[kind]:
                raise ValueError(f"unexpected shape or datatype for input '{one.name}'")
        names = [one.name for one in self.config.output]
        return dict(zip(names, self.graph.run(names, tensors), strict=True))


class Server(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
    """Answers what a client of the engine asks."""

    def __init__(self, repository: Path) -> None:
        self.models = {folder.name: Model(folder) for folder in repository.iterdir()}
        self.loading: set[str] = set()
        self.batches: list[int] = []
        self.delay_s = 0.0
        self.damaged_output = ""

    def ModelReady(self, request: Any, context: Any) -> Any:
        ready = request.name in self.models and request.name not in self.loading
        return service_pb2.ModelReadyResponse(ready=ready)

    def ModelConfig(self, request: Any, context: Any) -> Any:
        if request.name not in self.models:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Request for unknown model: '{request.name}' is not found")
        return service_pb2.ModelConfigResponse(config=self.models[request.name].config)

    def ModelInfer(self, request: Any, context: Any) -> Any:
        time.sleep(self.delay_s)
        tensors = {
            one.name: np.frombuffer(raw, KINDS[one.datatype]).reshape(list(one.shape))
            for one, raw in zip(request.inputs, request.raw_input_contents, strict=True)
        }
        try:
            outputs = self.models[request.model_name].run(tensors)
        except ValueError as cause:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(cause))
        self.batches += [len(next(iter(tensors.values())))]
        answer = service_pb2.ModelInferResponse(model_name=request.model_name, model_version="1")
        for name, found in outputs.items():
            kept = found[:, :-1] if name == self.damaged_output else found
            answer.outputs.add(name=name, datatype="FP32", shape=kept.shape)
            answer.raw_output_contents.append(np.ascontiguousarray(kept).tobytes())
        return answer


@contextmanager
def serving(repository: Path, port: int = 0) -> Iterator[tuple[Server, int]]:
    """Serve a repository on 127.0.0.1; give the server and its port."""
    pool, all_there = ThreadPoolExecutor(4), Barrier(4)
    list(pool.map(lambda _: all_there.wait(), range(4)))  # no thread begins within a test
    grpc_server = grpc.server(pool, options=[("grpc.so_reuseport", 0)])
    server = Server(repository)
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(server, grpc_server)
    port = grpc_server.add_insecure_port(f"127.0.0.1:{port}")
    grpc_server.start()
    try:
        yield server, port
    finally:
        grpc_server.stop(0).wait(5)
        pool.shutdown()


class OnServer(TritonEngine):
    """The engine on a server that lives as long as it does."""

    def __init__(self, folder: Path, sidecar: Sidecar) -> None:
        self._open = ExitStack()
        repository = Path(self._open.enter_context(TemporaryDirectory()))
        write_repository(folder, sidecar, repository)
        _, port = self._open.enter_context(serving(repository))
        super().__init__(folder, sidecar, f"triton://127.0.0.1:{port}")
        self._answer_s = 30.0  # a loaded machine

    def close(self) -> None:
        super().close()
        self._open.close()
