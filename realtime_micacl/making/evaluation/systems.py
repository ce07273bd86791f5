"""Measures a trained network for `compare`: predictions with frames in and out of order, response, calm and cost."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import torch

from realtime_micacl.inference.sidecar import BagSpec
from realtime_micacl.making.data.bags import segments
from realtime_micacl.making.data.clips import bag_frames
from realtime_micacl.making.data.prepared import PreparedClip
from realtime_micacl.making.figures import Cost, Experts, Followed
from realtime_micacl.making.scores import Labels
from realtime_micacl.model.cost import count
from realtime_micacl.model.graph import Classify, Encode, write_graph
from realtime_micacl.model.s4d import S4D, stills
from realtime_micacl.model.system import System
from realtime_micacl.types import EMOTIONS, F32

NEUTRAL = EMOTIONS.index("neutral")
SHOWN = 0.5  # an expression has begun when a frame shows half of its strength
ROUNDS = 30
Features = Sequence[npt.NDArray[np.float16]]
"""Of the frames of each clip, [T,D]."""


def orders(spec: BagSpec, clips: int, seed: int = 0) -> dict[str, Labels]:
    """Return the orders of ticks in each clip's bag, [clips,N*L] each: unchanged ("logits"), reversed, shuffled."""
    forward = np.tile(np.arange(spec.ticks), (clips, 1))
    shuffled = np.random.default_rng(seed).permuted(forward, axis=1)
    return {"logits": forward, "reversed": forward[:, ::-1], "shuffled": shuffled}


@torch.inference_mode()
def read(model: System, features: Features, spec: BagSpec) -> dict[str, F32]:
    """Return the logits [n,K] of whole clips, with their frames in each of `orders`."""
    bags = np.stack([f[segments(len(f), spec)] for f in features]).astype(np.float32)
    found = {}
    for name, order in orders(spec, len(bags)).items():
        turned = np.take_along_axis(bags, order[..., None], axis=1)
        found[name] = np.concatenate([_logits(model, turned[i : i + 64]) for i in range(0, len(turned), 64)])
    return found


def _logits(model: System, bags: F32) -> F32:
    return np.asarray(model.seen(torch.from_numpy(np.ascontiguousarray(bags)))[0].numpy(), np.float32)


@torch.inference_mode()
def follow(model: System, clips: Sequence[PreparedClip], features: Features, spec: BagSpec) -> Followed:
    """Return how soon the readings of live windows, without smoothing, follow expressions, and how calm they are."""
    delays: list[tuple[int, float | None]] = []
    calm: list[tuple[int, int, float]] = []
    for number, (clip, each) in enumerate(zip(clips, features, strict=True)):
        loaded = clip.load()
        frames = bag_frames(loaded.times_s, spec)
        if len(frames) < 2:
            continue
        predicted = _logits(model, each[frames].astype(np.float32)).argmax(axis=1)
        ends_s = loaded.times_s[frames[:, -1]]
        if clip.label == NEUTRAL:
            calm.append((number, int((predicted[1:] != predicted[:-1]).sum()), float(ends_s[-1] - ends_s[0])))
            continue
        begun = np.flatnonzero(loaded.targets[:, clip.label] >= SHOWN)
        if len(begun) and loaded.times_s[begun[0]] >= ends_s[0]:
            named = ends_s[(predicted == clip.label) & (ends_s >= loaded.times_s[begun[0]])]
            delays.append((number, float(named[0] - loaded.times_s[begun[0]]) if len(named) else None))
    return {"delays": delays, "calm": calm}


def costs(model: System) -> Cost:
    """Return parameters, multiply-adds, bytes kept of a face, and processor time in ONNX Runtime on one thread."""
    config, encoder = model.config, model.encoder
    crops = torch.zeros(1, encoder.piece, config.size_px, config.size_px, 3, dtype=torch.uint8)
    rows = torch.zeros(1, config.pieces, encoder.features)
    whole = Classify(model)
    with tempfile.TemporaryDirectory() as folder:
        encode, classify = Path(folder) / "encode.onnx", Path(folder) / "classify.onnx"
        write_graph(Encode(model), crops, encode, "crops", ["features"])
        write_graph(whole, rows, classify, "features", ["logits", "importance"])
        timed = _ms(encode, {"crops": crops.numpy()}), _ms(classify, {"features": rows.numpy()})
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "piece_macs": count(encoder, crops).multiply_adds,
        "window_macs": count(whole, rows).multiply_adds,
        "piece_ms": round(timed[0], 2),
        "window_ms": round(timed[1], 2),
        "kept_bytes": rows.numel() * 4,
    }


def _ms(graph: Path, given: dict[str, npt.NDArray[np.generic]]) -> float:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(graph.read_bytes(), options, providers=["CPUExecutionProvider"])
    took_s = []
    for _ in range(ROUNDS):
        start_s = process_time()
        session.run(None, given)
        took_s.append(process_time() - start_s)
    return median(took_s) * 1e3


@torch.inference_mode()
def expert_use(model: System, clips: Sequence[PreparedClip], features: Features, spec: BagSpec) -> Experts:
    """Return the share of each expert for stills, clips, and clips of each emotion; empty without experts."""
    if not isinstance(model, S4D) or model.adapter is None or model.adapter.router is None:
        return {}
    bags = torch.from_numpy(np.stack([f[segments(len(f), spec)] for f in features]).astype(np.float32))
    middle = bags[:, spec.ticks // 2 : spec.ticks // 2 + 1].expand(-1, spec.ticks, -1)
    assert stills(middle).all()
    served = {
        kind: model.adapter.use(model.instances(x)).mean(dim=1) for kind, x in (("clips", bags), ("stills", middle))
    }
    labels = np.array([clip.label for clip in clips])
    rows = {kind: use.mean(dim=0) for kind, use in served.items()}
    rows |= {EMOTIONS[k]: served["clips"][labels == k].mean(dim=0) for k in np.unique(labels)}
    return {name: [round(float(share), 3) for share in use] for name, use in rows.items()}
