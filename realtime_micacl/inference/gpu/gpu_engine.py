"""The engine on a GPU: crops go up as bytes, logits and importance come down, everything between stays on the device.

It uses one stream and one thread. Buffers never move, so the work for each batch size can be recorded as a CUDA graph,
which costs one call. On a processor the same code runs without stream and graphs; that is how it is tested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.engine import LASTS
from realtime_micacl.inference.gpu.ring import BUCKETS, LARGEST, Ring, bucket
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.types import EMOTIONS, F32, U8, Features

Step = Callable[[], None]

UPLOADS = 3  # batches of crops that may be under way
ALIGNED = 64  # floats: TensorRT wants addresses at multiples of 256 bytes


class Network(Protocol):
    """The network that the engine runs. A step only queues work on the current stream."""

    name: str
    """For people."""

    def encoder(self, crops: Tensor, features: Tensor) -> Step:
        """Return the step that fills features, f32 [b,D], from crops, u8 [b,P,S,S,3]."""

    def head(self, bags: Tensor, logits: Tensor, importance: Tensor) -> Step:
        """Return the step that fills logits [b,K] and importance [b,N] from rows of bags, f32 [b,N*L/P,row size]."""


class GpuEngine:
    """An engine whose features stay on the device; it hands out the numbers of their rows."""

    def __init__(self, network: Network, sidecar: Sidecar, device: torch.device, rows: int = LASTS) -> None:
        """Prepare every size of batch, so that no later one takes more time or memory."""
        self.device = network.name
        self._bag, self._pieces = sidecar.bag, sidecar.pieces
        self._ring = Ring(rows)
        self._steps: list[Step] = []
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        with self._working():
            self._allocate(sidecar, device, rows)
            self._encoders = {b: self._recorded(self._encoding(network, b)) for b in BUCKETS}
            self._heads = {b: self._recorded(self._heading(network, b)) for b in BUCKETS}

    def encode(self, crops: U8) -> Features:
        """Keep the features of pieces [M,P,S,S,3]; return their numbers [M]."""
        numbers = self._ring.take(len(crops))
        with self._working():
            for start in range(0, len(crops), LARGEST):
                part = slice(start, start + LARGEST)
                n = self._upload(crops[part])
                self._encoders[bucket(n)]()
                for rows, those in self._ring.spans(numbers[part]):
                    self._table[rows].copy_(self._features[those])
        return numbers

    def classify(self, features: Features, changes: F32 | None = None) -> tuple[F32, F32]:
        """Return logits [B,K] and importance [B,N] of bags of numbers that `encode` gave, [B,N*L/P], and changes."""
        rows = self._ring.rows(features)
        if self._changes is not None and changes is None:
            changes = np.zeros((len(rows), *self._changes.shape[1:]), np.float32)
        with self._working():
            parts = []
            for i in range(0, len(rows), LARGEST):
                if self._changes is not None and changes is not None:
                    self._send_changes(changes[i : i + LARGEST])
                parts.append(self._classified(rows[i : i + LARGEST]))
        logits, importance = (np.concatenate(each) for each in zip(*parts, strict=True))
        if not (np.isfinite(logits).all() and np.isfinite(importance).all()):
            raise EngineError(f"{self.device} gives numbers that are not finite; use --device cpu")
        return logits, importance

    def close(self) -> None:
        """Free the device's memory; graphs go before what they use."""
        if self._stream is not None:
            self._stream.synchronize()
        del (
            self._encoders,
            self._heads,
            self._steps,
            self._results,
            self._table,
            self._features,
            self._bags,
            self._gathered,
            self._changes,
            self._crops,
        )

    @contextmanager
    def _working(self) -> Iterator[None]:
        with torch.inference_mode(), torch.cuda.stream(self._stream):
            yield

    def _allocate(self, sidecar: Sidecar, device: torch.device, rows: int) -> None:
        size_px, pinned = self._bag.size_px, device.type == "cuda"
        piece = (LARGEST, sidecar.piece, size_px, size_px, 3)
        self._table = torch.zeros(rows, sidecar.feature_size, device=device)
        self._features = torch.zeros(LARGEST, sidecar.feature_size, device=device)
        self._crops = torch.zeros(piece, dtype=torch.uint8, device=device)
        self._bags = torch.zeros(LARGEST, self._pieces, sidecar.row_size, device=device)
        self._gathered, self._changes = self._bags, None
        if sidecar.shape:
            self._gathered = torch.zeros(LARGEST, self._pieces, sidecar.feature_size, device=device)
            self._changes = torch.zeros(LARGEST, self._pieces, sidecar.coordinates + 1, pin_memory=pinned)
        self._rows = torch.zeros(LARGEST * self._pieces, dtype=torch.int64, device=device)
        self._results: dict[int, Tensor] = {}
        self._uploads = [_Upload(piece, pinned) for _ in range(UPLOADS)]
        self._uploaded = 0
        self._asked = torch.zeros(LARGEST * self._pieces, dtype=torch.int64, pin_memory=pinned)
        self._on_host = torch.zeros(_split(LARGEST) + LARGEST * self._bag.instances, pin_memory=pinned)
        self._pool = torch.cuda.graph_pool_handle() if pinned else None

    def _encoding(self, network: Network, b: int) -> Step:
        return network.encoder(self._crops[:b], self._features[:b])

    def _heading(self, network: Network, b: int) -> Step:
        """Return the step that gathers `b` bags and classifies them into one buffer."""
        results = self._results[b] = torch.zeros(_split(b) + b * self._bag.instances, device=self._table.device)
        bags, rows, gathered = self._bags[:b], self._rows[: b * self._pieces], self._gathered[:b]
        step = network.head(bags, results[: b * len(EMOTIONS)].view(b, -1), results[_split(b) :].view(b, -1))

        def gather_and_classify() -> None:
            torch.index_select(self._table, 0, rows, out=gathered.view(len(rows), -1))
            if self._changes is not None:
                bags[..., : gathered.shape[-1]].copy_(gathered)
            step()

        return gather_and_classify

    def _recorded(self, step: Step) -> Step:
        """Run a step once and return its CUDA graph; on a processor return the step itself."""
        if self._stream is None:
            return step
        step()
        self._stream.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"):
            step()  # it leaves nothing in the pool, so all graphs share one
        self._steps.append(step)  # keep alive what the graph uses
        return graph.replay

    def _upload(self, crops: U8) -> int:
        upload = self._uploads[self._uploaded % UPLOADS]
        self._uploaded += 1
        upload.send(crops, self._crops)
        return len(crops)

    def _send_changes(self, changes: F32) -> None:
        """Put the changes of up to LARGEST bags behind their features; what was sent before has been read."""
        assert self._changes is not None
        n = len(changes)
        self._changes[:n] = torch.from_numpy(np.ascontiguousarray(changes))
        self._bags[:n, :, self._gathered.shape[-1] :].copy_(self._changes[:n], non_blocking=True)

    def _classified(self, rows: Features) -> tuple[F32, F32]:
        n = len(rows)
        b = bucket(n)
        self._asked[: rows.size] = torch.from_numpy(rows.reshape(-1))
        self._rows[: rows.size].copy_(self._asked[: rows.size], non_blocking=True)
        self._heads[b]()
        on_host = self._on_host[: len(self._results[b])]
        on_host.copy_(self._results[b], non_blocking=True)
        if self._stream is not None:
            self._stream.synchronize()
        logits = on_host[: b * len(EMOTIONS)].view(b, -1)[:n]
        importance = on_host[_split(b) :].view(b, -1)[:n]
        return logits.numpy().copy(), importance.numpy().copy()


class _Upload:
    """Page-locked memory for a batch of crops, and an event that tells when the device has read it."""

    def __init__(self, shape: tuple[int, ...], pinned: bool) -> None:
        self._crops = torch.zeros(shape, dtype=torch.uint8, pin_memory=pinned)
        self._read = torch.cuda.Event() if pinned else None

    def send(self, crops: U8, to: Tensor) -> None:
        if self._read is not None:
            self._read.synchronize()
        n = len(crops)
        self._crops.numpy()[:n] = crops
        to[:n].copy_(self._crops[:n], non_blocking=True)
        if self._read is not None:
            self._read.record()


def _split(b: int) -> int:
    """Return where the importance of `b` bags begins in the buffer of results."""
    return -(-b * len(EMOTIONS) // ALIGNED) * ALIGNED
