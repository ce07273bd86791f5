"""The engine on a server, NVIDIA Triton over gRPC. Crops of faces are sent over the network."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from realtime_micacl.devices import TRITON
from realtime_micacl.errors import EngineError, EngineLost
from realtime_micacl.inference.engine import CLASSIFY, ENCODE
from realtime_micacl.inference.fit import check_shapes
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.inference.triton.repository import HASH, MOST, model_name
from realtime_micacl.types import F32, U8

PORT = 8001
OPEN_S = 5.0
FIRST_S = 30.0  # for the first batch, as the server may load libraries
ANSWER_S = 5.0  # matters offline; in a live session any engine that takes 2 s counts as hung
AWAY = ("StatusCode.UNAVAILABLE", "StatusCode.DEADLINE_EXCEEDED")
CHANNEL = [("grpc.enable_http_proxy", 0)]  # crops of faces go to the named server, through no proxy
R = TypeVar("R")


class TritonEngine:
    """Runs both graphs on the server at `triton://HOST[:PORT]`, which must hold this very engine.

    Raises EngineLost while the server is away; the session then tries again for as long as it takes.
    """

    def __init__(self, folder: Path, sidecar: Sidecar, device: str) -> None:
        if not {ENCODE, CLASSIFY} <= sidecar.files.keys():
            found = sorted(sidecar.files)
            raise EngineError(f"the engine in {folder} holds {found}; --device {device} needs {ENCODE} and {CLASSIFY}")
        self._sidecar = sidecar
        where = device.removeprefix(TRITON)
        self._where = where if re.search(r":\d+$", where) else f"{where}:{PORT}"  # IPv6 has colons in brackets
        self._names = {file: model_name(sidecar, file) for file in (ENCODE, CLASSIFY)}
        self._answer_s = FIRST_S
        self._client = InferenceServerClient(self._where, channel_args=CHANNEL)
        try:
            for file in self._names:
                self._check_model(file, sidecar)
            check_shapes(self, f"the engine at {self._where}", sidecar)
        except BaseException:
            self.close()
            raise
        self._answer_s = ANSWER_S

    @property
    def device(self) -> str:
        """What it runs on, for people."""
        return f"{self._where} (Triton)"

    def encode(self, crops: U8) -> F32:
        """Return the features [M,D] of pieces [M,P,S,S,3]."""
        (features,) = self._run(ENCODE, "crops", crops, "features")
        return features

    def classify(self, features: F32, changes: F32 | None = None) -> tuple[F32, F32]:
        """Return logits [B,K] and importance [B,N] of bags of piece features [B,N*L/P,D] and changes [B,N*L,3P+1]."""
        rows = self._sidecar.rows(features, changes)
        logits, importance = self._run(CLASSIFY, "features", rows, "logits", "importance")
        return logits, importance

    def close(self) -> None:
        """Close the connection."""
        with suppress(Exception):
            self._client.close()

    def _run(self, file: str, takes: str, rows: npt.NDArray[Any], *gives: str) -> list[F32]:
        """Return the outputs of a graph, in batches no larger than the server takes."""
        parts = [self._batch(file, takes, rows[i : i + MOST], gives) for i in range(0, len(rows), MOST)]
        return [np.concatenate(outputs) if len(parts) > 1 else outputs[0] for outputs in zip(*parts, strict=True)]

    def _batch(self, file: str, takes: str, rows: npt.NDArray[Any], gives: tuple[str, ...]) -> list[F32]:
        given = InferInput(takes, list(rows.shape), "UINT8" if rows.dtype == np.uint8 else "FP32")
        given.set_data_from_numpy(np.ascontiguousarray(rows))
        name = self._names[file]
        result = self._asked(name, lambda: self._client.infer(name, [given], client_timeout=self._answer_s))
        found = [result.as_numpy(output) for output in gives]
        if any(output is None or output.dtype != np.float32 or len(output) != len(rows) for output in found):
            raise EngineError(f"{name} on the Triton server at {self._where} did not answer with {', '.join(gives)}")
        return found

    def _asked(self, name: str, ask: Callable[[], R]) -> R:
        """Return the server's answer; turn its errors into EngineLost or EngineError."""
        try:
            return ask()
        except InferenceServerException as cause:
            if cause.status() in AWAY:
                raise EngineLost(f"no answer from a Triton server at {self._where}: {cause.message()}") from cause
            raise EngineError(f"{name} on the Triton server at {self._where}: {cause.message()}") from cause

    def _check_model(self, file: str, sidecar: Sidecar) -> None:
        """Raise EngineError if the server does not hold this very graph, by its hash."""
        name = self._names[file]
        mend = "put what `realtime-micacl export RUN OUT --triton` wrote into its model repository"
        try:
            ready = self._asked(name, lambda: self._client.is_model_ready(name, client_timeout=OPEN_S))
        except EngineLost as cause:
            raise EngineLost(f"{cause}; start it, or choose another --device") from cause
        if not ready:
            raise EngineLost(f"{name} is not ready on the Triton server at {self._where}; {mend}, and see its log")
        answer = self._asked(name, lambda: self._client.get_model_config(name, client_timeout=OPEN_S))
        found = answer.config.parameters[HASH].string_value
        if found != sidecar.files[file]:
            raise EngineError(
                f"{name} on the Triton server at {self._where} is another graph than {file} of the engine here: its "
                f"SHA-256 is {found[:12] or 'not said'}, here it is {sidecar.files[file][:12]}; {mend}"
            )
