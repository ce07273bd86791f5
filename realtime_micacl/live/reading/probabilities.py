"""Logits as probabilities."""

from __future__ import annotations

import numpy as np

from realtime_micacl.types import F32


def softmax(logits: F32) -> F32:
    """Return the softmax of logits over their last axis, [..,K]."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
