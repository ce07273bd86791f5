"""The protocol of an engine, and the names of its files."""

from __future__ import annotations

from typing import Protocol

from realtime_micacl.types import F32, U8, Features

ENCODE, CLASSIFY, WEIGHTS = "encode.onnx", "classify.onnx", "model.safetensors"
ENCODE_HALF = "encode.half.onnx"  # for TensorRT and TensorRT for RTX, which take the precision from the graph
ENCODE_INT8 = "encode.int8.onnx"  # only if `export --int8` found it accurate and fast enough
LASTS = 1 << 15  # pieces whose features stay valid: a window of sixteen frames for two thousand faces


class Engine(Protocol):
    """The network in two parts, so that each piece of a window is encoded only once. To be used from one thread.

    A piece is P frames, the sidecar's `piece`; a bag has N * L / P of them. The caller may index, repeat and stack
    features along the first axis, but not look into them: on a processor they are the numbers, on a GPU their places in
    its memory. They are valid until LASTS more pieces were encoded.
    """

    @property
    def device(self) -> str:
        """What it runs on, for people."""

    def encode(self, crops: U8) -> Features:
        """Return the features [M, ..] of pieces [M,P,S,S,3]."""

    def classify(self, features: Features, changes: F32 | None = None) -> tuple[F32, F32]:
        """Return logits [B,K] and importance [B,N] of the bags whose piece features are [B,N*L/P, ..].

        If the sidecar has a shape, `changes` [B,N*L,3P+1] are read too: for each frame the face's shape minus its own
        neutral one, and how well that is known. Without them the faces count as neutral.
        """

    def close(self) -> None:
        """Free what it holds; it is not called again."""
