"""The shipped engine, and the contract that every engine keeps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.cpu.openvino_engine import OpenVinoEngine
from realtime_micacl.inference.cpu.torch_engine import TorchEngine, load_model
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.gpu.cuda_engine import TorchNetwork
from realtime_micacl.inference.gpu.gpu_engine import GpuEngine
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.live.reading.neutral import DOUBTED, SURELY
from realtime_micacl.live.reading.recognizer import Recognizer
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import EMOTIONS, Bag, EmotionDistribution
from tests.integration.triton_server import OnServer

NEUTRAL = EMOTIONS.index("neutral")


def gpu_engine(folder: Path, sidecar: Sidecar) -> GpuEngine:
    """What `--device cuda` opens, on the processor: without stream, graphs and half precision, which is slow there."""
    cpu = torch.device("cpu")
    return GpuEngine(TorchNetwork(load_model(folder, sidecar), cpu, "gpu engine", half=False), sidecar, cpu)


ENGINES = {"onnx": OnnxEngine, "torch": TorchEngine, "gpu": gpu_engine, "triton": OnServer, "openvino": OpenVinoEngine}


@pytest.fixture(scope="module", params=ENGINES.values(), ids=ENGINES)
def engine(request: pytest.FixtureRequest, shipped: tuple[Path, Sidecar]) -> Iterator[Engine]:
    opened = request.param(*shipped)
    yield opened
    opened.close()


def pieces(sidecar: Sidecar, n: int, seed: int = 0) -> np.ndarray:
    size_px = sidecar.bag.size_px
    shape = (n, sidecar.piece, size_px, size_px, 3)
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def test_shapes_and_types(engine: Engine, shipped: tuple[Path, Sidecar]) -> None:
    _, sidecar = shipped
    features = engine.encode(pieces(sidecar, sidecar.pieces + 1))
    assert len(features) == sidecar.pieces + 1
    bags = np.stack([features[:-1], features[1:]])
    logits, importance = engine.classify(bags)
    assert logits.shape == (2, len(EMOTIONS))
    assert importance.shape == (2, 4)
    assert np.allclose(importance.mean(axis=1), 1, atol=1e-4)
    assert (importance > 0).all()
    assert engine.device


def test_a_face_is_read_the_same_alone_and_in_a_batch(engine: Engine, shipped: tuple[Path, Sidecar]) -> None:
    n = shipped[1].pieces
    crops = pieces(shipped[1], n + 5)
    together = engine.encode(crops)
    alone = np.concatenate([engine.encode(crops[i : i + 1]) for i in range(n + 5)])
    bags = np.stack([together[i : i + n] for i in range(5)])
    logits = engine.classify(bags)[0]
    assert np.abs(logits - np.concatenate([engine.classify(bag[None])[0] for bag in bags])).max() < 1e-4
    separate = np.stack([alone[i : i + n] for i in range(5)])
    assert np.abs(logits - engine.classify(separate)[0]).max() < 1e-4


def test_features_are_picked_repeated_and_handed_back(engine: Engine, shipped: tuple[Path, Sidecar]) -> None:
    n = shipped[1].pieces
    features = engine.encode(pieces(shipped[1], 2))
    still = engine.classify(np.repeat(features[:, None], n, axis=1))[0]
    assert np.abs(still[0] - still[1]).max() > 1e-3
    engine.encode(pieces(shipped[1], 70, seed=1))  # more than a batch in between changes nothing
    again = engine.classify(np.repeat(features[::-1][:, None], n, axis=1))[0]
    assert np.abs(again[::-1] - still).max() < 1e-4


def test_every_engine_says_what_torch_says(engine: Engine, shipped: tuple[Path, Sidecar]) -> None:
    n, torch_engine = shipped[1].pieces, TorchEngine(*shipped)
    crops = pieces(shipped[1], 2 * n)
    logits, importance = engine.classify(engine.encode(crops).reshape(2, n, *engine.encode(crops).shape[1:]))
    expected = torch_engine.classify(torch_engine.encode(crops).reshape(2, n, -1))
    assert np.abs(logits - expected[0]).max() < 1e-4
    assert np.abs(importance - expected[1]).max() < 1e-4


def test_the_gpu_engine_counts_in_half_precision(shipped: tuple[Path, Sidecar]) -> None:
    n, cpu, own = shipped[1].pieces, torch.device("cpu"), TorchEngine(*shipped)
    halved = GpuEngine(TorchNetwork(load_model(*shipped), cpu, "gpu engine", half=True), shipped[1], cpu)
    crops = pieces(shipped[1], 2)
    found = halved.classify(np.repeat(halved.encode(crops)[:, None], n, axis=1))[0]
    expected = own.classify(np.repeat(own.encode(crops)[:, None], n, axis=1))[0]
    assert 1e-6 < np.abs(found - expected).max() < 1e-2


def test_order_matters(engine: Engine, shipped: tuple[Path, Sidecar]) -> None:
    features = engine.encode(pieces(shipped[1], shipped[1].pieces))
    forwards, backwards = engine.classify(features[None])[0], engine.classify(features[None, ::-1].copy())[0]
    assert np.abs(forwards - backwards).max() > 1e-3


def test_what_an_engine_gives_is_not_overwritten_by_the_next_call(
    engine: Engine, shipped: tuple[Path, Sidecar]
) -> None:
    _, sidecar = shipped
    features = engine.encode(pieces(sidecar, sidecar.pieces))
    kept = features.copy()
    logits = engine.classify(features[None])[0]
    kept_logits = logits.copy()
    engine.classify(engine.encode(pieces(sidecar, sidecar.pieces, seed=1))[None])
    assert np.array_equal(features, kept)
    assert np.array_equal(logits, kept_logits)


@pytest.fixture(scope="module")
def run(shipped: tuple[Path, Sidecar]) -> list[tuple[Bag, EmotionDistribution]]:
    """The bags of a real run and what was read from them."""
    folder, sidecar = shipped
    clip = Path(__file__).parents[1] / "data" / "three_faces_720p.mp4"
    perceiver = Perceiver(FaceDetector(), sidecar)
    recognizer = Recognizer(OnnxEngine(folder, sidecar), sidecar, smoothing_s=0.0)
    pairs: list[tuple[Bag, EmotionDistribution]] = []
    for frame in read_file(clip):
        _, bags = perceiver.perceive(frame)
        if bags:
            pairs += zip(bags, recognizer.recognize(bags), strict=True)
    perceiver.close()
    recognizer.close()
    return pairs


def test_streaming_equals_offline(run: list, shipped: tuple[Path, Sidecar]) -> None:
    """With cached pieces every reading is what the engine says of the same frames as a whole.

    The own neutral face is the plain weighted mean of all that this track has shown before; every fourth tick is read
    as if nobody knew the face, too. The clip is shorter than what makes a look the face's own.
    """
    folder, sidecar = shipped
    engine, shape = OnnxEngine(folder, sidecar), sidecar.shape
    assert shape is not None
    assert len(run) > 100
    mean, shown, strangers = np.array(shape.mean), defaultdict(list), {}
    for number, (bag, reading) in enumerate(run):
        before = shown[bag.track_id]
        weights = np.array([rest * 0.5 ** ((before[-1][0] - t) / shape.half_s) for t, rest, _ in before])
        total = shape.prior * mean + sum(w * seen for w, (_, _, seen) in zip(weights, before, strict=True))
        own, trust = total / (shape.prior + weights.sum()), np.log1p(weights.sum() / 0.5) / 3
        changes = np.concatenate([bag.shapes - own, np.full((len(bag.shapes), 1), trust)], axis=1)
        strange = np.concatenate([bag.shapes - mean, np.zeros((len(bag.shapes), 1))], axis=1)
        pieces = np.stack(bag.pieces(sidecar.piece, mirrored=sidecar.bag.mirrored))
        features = engine.encode(pieces)[None]
        ways = np.stack([changes, strange]).astype(np.float32)
        logits = engine.classify(np.concatenate([features, features]), ways)[0] / sidecar.calibration.temperature
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        if number % 7 == 0:
            assert np.abs(reading.probabilities - shares[0]).max() < 1e-4
        if len(before) % 4 == 0:
            strangers[bag.track_id] = shares[1]
        other = strangers[bag.track_id]
        rest = float(min(shares[0, NEUTRAL], other[NEUTRAL]))
        if other[NEUTRAL] < SURELY:
            rest *= DOUBTED
        before.append((bag.end_s, rest, bag.shapes[-1].astype(np.float64)))


def test_the_live_path_keeps_numbers_as_it_keeps_features(run: list, shipped: tuple[Path, Sidecar]) -> None:
    """With an engine that keeps its features to itself the readings are the same."""
    recognizer = Recognizer(gpu_engine(*shipped), shipped[1], smoothing_s=0.0)
    for bag, reading in run[:60]:
        (other,) = recognizer.recognize([bag])
        assert np.abs(reading.probabilities - other.probabilities).max() < 1e-4
    recognizer.close()


def test_a_photograph_is_encoded_once_in_each_way_it_is_seen(
    shipped: tuple[Path, Sidecar], monkeypatch: pytest.MonkeyPatch
) -> None:
    crop = np.random.default_rng(0).integers(0, 256, (1, 1, 64, 64, 3)).astype(np.uint8)
    assert shipped[1].shape
    shapes = np.tile(np.asarray(shipped[1].shape.mean, np.float32), (4, 1))
    one = Bag(1, 3, np.repeat(crop, 4, axis=0), 0.0, 0.32, 1.0, 1.0, shapes)
    encoded: list[int] = []
    encode = OnnxEngine.encode
    monkeypatch.setattr(OnnxEngine, "encode", lambda self, x: encoded.append(len(x)) or encode(self, x))
    said = []
    for still in (False, True):
        recognizer = Recognizer(OnnxEngine(*shipped), shipped[1], smoothing_s=0.0)
        said.append(recognizer.recognize([replace(one, still=still)])[0].probabilities)
        recognizer.close()
    assert encoded[1::2] == [4, 2], "after a trial at opening: each tick, and as it is and as in a mirror"
    np.testing.assert_allclose(said[0], said[1], atol=1e-6)


def test_three_faces_are_three_tracks_read_at_every_tick(run: list, shipped: tuple[Path, Sidecar]) -> None:
    by_track: dict[int, list[int]] = {}
    for bag, _ in run:
        by_track.setdefault(bag.track_id, []).append(bag.tick)
    assert sorted(by_track) == [1, 2, 3]
    for ticks in by_track.values():
        assert np.mean(np.diff(ticks) == 1) > 0.9
