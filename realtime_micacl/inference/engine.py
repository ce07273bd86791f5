"""What an engine is: its protocol, and the files that it may consist of."""

from __future__ import annotations

from typing import Protocol

from realtime_micacl.types import F32, U8, Features

ENCODE, CLASSIFY, WEIGHTS = "encode.onnx", "classify.onnx", "model.safetensors"
ENCODE_HALF = "encode.half.onnx"  # for both TensorRTs, which take every precision from the graph
ENCODE_INT8 = "encode.int8.onnx"  # only where `export --int8` found it worth having
LASTS = 1 << 15  # pieces: a window of sixteen frames for two thousand faces


class Engine(Protocol):
    """The network, split where a window can be cached. Called from one thread; sizes are the sidecar's.

    What is kept is a piece: P frames, the sidecar's `piece`, of which a bag has N * L / P. Features are opaque to the
    caller, who picks, repeats and stacks them along the first axis and hands them back: on a processor they are the
    numbers themselves, on a GPU where they lie in its memory. They are good until LASTS further pieces were encoded.
    """

    @property
    def device(self) -> str:
        """What it runs on, for people."""

    def encode(self, crops: U8) -> Features:
        """Return the features [M, ..] of pieces [M,P,S,S,3]."""

    def classify(self, features: Features, changes: F32 | None = None) -> tuple[F32, F32]:
        """Return logits [B,K] and importance [B,N] of the bags whose piece features are [B,N*L/P, ..].

        An engine whose sidecar has a shape reads `changes` [B,N*L,3P+1] beside them: of each frame the face's shape
        less its own neutral one, and how well that is known. Without them faces are taken to be at rest.
        """

    def close(self) -> None:
        """Free what it holds; it is not called again."""
