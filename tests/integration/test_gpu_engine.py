"""The GPU engine on the processor: batches, the ring of features, uploads, and what it refuses."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.gpu.gpu_engine import GpuEngine, Step
from realtime_micacl.inference.gpu.ring import LARGEST
from realtime_micacl.inference.sidecar import BagSpec, Shape, Sidecar, read_sidecar

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def sidecar() -> Sidecar:
    bag = BagSpec(instances=2, frames=2, size_px=16, span_s=1.0)
    return msgspec.structs.replace(read_sidecar(default_engine())[1], bag=bag, piece=1, feature_size=3, shape=None)


class Means:
    """A network of a few means; it notes the sizes of its batches."""

    name = "means"

    def __init__(self) -> None:
        self.encoded: list[int] = []
        self.classified: list[int] = []

    def encoder(self, crops: Tensor, features: Tensor) -> Step:
        def step() -> None:
            self.encoded.append(len(crops))
            features.copy_(crops.float().mean(dim=(1, 2, 3)))

        return step

    def head(self, bags: Tensor, logits: Tensor, importance: Tensor) -> Step:
        def step() -> None:
            self.classified.append(len(bags))
            logits.copy_(bags.mean(dim=2) @ torch.arange(4 * 7.0).view(4, 7))
            importance.copy_(bags.mean(dim=2)[:, ::2])

        return step


def crops(n: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, 1, 16, 16, 3)).astype(np.uint8)


def said(pieces: np.ndarray) -> np.ndarray:
    """The logits of one bag, without an engine."""
    return pieces.reshape(4, -1).mean(axis=1) @ np.arange(4 * 7.0).reshape(4, 7)


@pytest.mark.parametrize("n", [4, 63, 64, 65, 200])
def test_any_number_of_pieces_and_bags(sidecar: Sidecar, n: int) -> None:
    network = Means()
    engine = GpuEngine(network, sidecar, CPU)
    pieces = crops(n)
    windows = np.lib.stride_tricks.sliding_window_view(np.arange(n), 4)
    features = engine.encode(pieces)
    logits, importance = engine.classify(features[windows])
    assert logits.shape == (n - 3, 7)
    assert importance.shape == (n - 3, 2)
    expected = np.stack([said(pieces[window]) for window in windows])
    np.testing.assert_allclose(logits, expected, rtol=1e-4)
    np.testing.assert_allclose(importance, pieces.mean(axis=(1, 2, 3, 4))[windows][:, ::2], rtol=1e-4)
    assert max(network.encoded) <= LARGEST
    assert len(network.encoded) == -(-n // LARGEST)
    engine.close()


def test_features_last_until_the_ring_comes_round(sidecar: Sidecar) -> None:
    engine = GpuEngine(Means(), sidecar, CPU, rows=150)
    pieces = crops(250)
    first = engine.encode(pieces[:100])
    second = engine.encode(pieces[100:200])  # goes over the end of the ring
    np.testing.assert_allclose(engine.classify(first[None, 50:54])[0][0], said(pieces[50:54]), rtol=1e-4)
    np.testing.assert_allclose(engine.classify(second[None, 48:52])[0][0], said(pieces[148:152]), rtol=1e-4)
    with pytest.raises(EngineError, match="newest 150"):
        engine.classify(first[None, 47:51])
    engine.encode(pieces[200:])
    with pytest.raises(EngineError, match="newest 150"):
        engine.classify(first[None, 96:100])


def test_what_it_returned_stays_as_it_is(sidecar: Sidecar) -> None:
    """The buffers are used again; results are copies."""
    engine = GpuEngine(Means(), sidecar, CPU)
    features = engine.encode(crops(8))
    logits, importance = engine.classify(features[None, :4])
    kept = logits.copy(), importance.copy()
    engine.classify(features[None, 4:])
    assert np.array_equal(logits, kept[0])
    assert np.array_equal(importance, kept[1])


def test_one_bag_takes_one_small_batch(sidecar: Sidecar) -> None:
    network = Means()
    engine = GpuEngine(network, sidecar, CPU)
    features = engine.encode(crops(5))
    engine.classify(np.stack([features[:4], features[1:], features[:4]]))
    assert (network.encoded, network.classified) == ([8], [4])


def test_numbers_that_are_not_finite_are_never_shown(sidecar: Sidecar) -> None:
    class Overflowing(Means):
        def head(self, bags: Tensor, logits: Tensor, importance: Tensor) -> Step:
            def step() -> None:
                logits.fill_(float("nan"))

            return step

    engine = GpuEngine(Overflowing(), sidecar, CPU)
    with pytest.raises(EngineError, match="not finite"):
        engine.classify(engine.encode(crops(4))[None])


@pytest.mark.parametrize("n", [5, 70])
def test_changes_stand_behind_the_features_of_their_bag(sidecar: Sidecar, n: int) -> None:
    shape = Shape(bone=(0, 1, 2, 3), frame=((0.0,) * 3,) * 4, points=(5,), mean=(0.0,) * 3, prior=0.5, half_s=9.0)
    engine = GpuEngine(Means(), msgspec.structs.replace(sidecar, shape=shape), CPU)
    pieces, windows = crops(n + 3), np.lib.stride_tricks.sliding_window_view(np.arange(n + 3), 4)
    changes = np.random.default_rng(1).normal(size=(n, 4, 4)).astype(np.float32)
    features = engine.encode(pieces)[windows]
    seen = pieces.reshape(len(pieces), -1, 3).mean(axis=1)[windows]  # [n,4,3], as the network sees them
    for shifts, given in ((changes, changes), (np.zeros_like(changes), None)):
        logits, _ = engine.classify(features, given)
        expected = np.concatenate([seen, shifts], axis=2).mean(axis=2) @ np.arange(4 * 7.0).reshape(4, 7)
        np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-2)
    engine.close()
