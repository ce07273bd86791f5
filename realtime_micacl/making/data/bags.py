"""Chooses the frames of a bag if a whole clip is one bag, as in the protocols of data sets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from realtime_micacl.inference.sidecar import BagSpec


def segments(frames: int, spec: BagSpec, rng: np.random.Generator | None = None) -> npt.NDArray[np.int64]:
    """Return one frame of each of N * L equal segments of a clip of `frames`, in order, [N * L].

    With `rng` it is drawn inside the segment, as for training; without it is the middle one, as for testing. A clip
    with fewer frames than segments is taken whole and its last frame repeated.
    """
    if frames < 1:
        raise ValueError("a clip without a frame has no segments")
    if frames < spec.ticks:
        return np.minimum(np.arange(spec.ticks), frames - 1)
    edges = np.arange(spec.ticks + 1) * frames // spec.ticks
    if rng is None:
        return (edges[:-1] + edges[1:]) // 2
    return rng.integers(edges[:-1], edges[1:])
