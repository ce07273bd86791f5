"""Makes an engine of somebody else's frame encoder: `realtime-micacl export --encoder X.onnx --recipe X.toml`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import torch
from onnxruntime import InferenceSession, SessionOptions
from torch.nn import functional as F

from realtime_micacl.config import read_toml
from realtime_micacl.errors import ConfigError, EngineError
from realtime_micacl.files import filling
from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.engine import CLASSIFY, ENCODE
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar, sha256, write_sidecar
from realtime_micacl.making.data.bags import segments
from realtime_micacl.making.data.prepared import Prepared
from realtime_micacl.making.data.samples import OUTSIDE, label_named
from realtime_micacl.making.foreign_graph import check_count, scores_only, wrap, write_mean
from realtime_micacl.making.foreign_recipe import NOTHING, Theirs
from realtime_micacl.making.scores import Labels, calibrated
from realtime_micacl.types import EMOTIONS, F32
from realtime_micacl.wording import short

LARGEST = 8192  # features of a frame, as in the sidecar
STEPS, DECAY = 200, 1e-2  # of the logistic regression
NEAR = 1e-3  # outputs that differ by less, relative to the largest above 1, count as equal
SLACK = 0.01  # how far probabilities may sum to something else than 1


def export_theirs(
    encoder: Path, recipe: Path, engine: Path, data: Prepared | None, split: str | None
) -> tuple[Sidecar, list[str]]:
    """Write the engine; return its sidecar and notes for people. Raise a MicaclError if encoder and recipe differ."""
    about = read_toml(recipe, Theirs)
    if not encoder.is_file():
        raise ConfigError(f"--encoder {encoder}: there is no such file")
    columns = columns_of(about.output.labels, recipe) if about.output.labels else []
    if (about.output.gives == "vector") != bool(data):
        raise ConfigError(f"{recipe}: an encoder that gives a vector needs --data, for its linear layer; others do not")
    with filling(engine) as made:
        return _written(encoder, about, columns, made, data, split)


def _written(
    encoder: Path, about: Theirs, columns: list[int | None], engine: Path, data: Prepared | None, split: str | None
) -> tuple[Sidecar, list[str]]:
    wrap(encoder, about, columns, engine / ENCODE)
    size, batched = _tested(engine / ENCODE, about, encoder)
    if not batched:
        wrap(encoder, about, columns, engine / ENCODE, one_by_one=True)
        size, batched = _tested(engine / ENCODE, about, encoder)
    if not batched:
        raise EngineError(f"{encoder} gives other values for a picture after it was given another one")
    notes = [f"{EMOTIONS[k]} is not among its labels and is never named" for k, c in enumerate(columns) if c is None]
    layer, calibration = None, (about.output.temperature, about.output.abstain_below)
    if data is not None:
        layer, calibration, note = _fitted(engine / ENCODE, about, data, split)
        notes.append(note)
    write_mean(about.bag.instances, about.bag.frames, size, layer, engine / CLASSIFY)
    sidecar = {
        "schema": 1,
        "name": about.name,
        "labels": EMOTIONS,
        "bag": about.bag,
        "crop": about.crop,
        "piece": 1,
        "feature_size": size,
        "calibration": {"temperature": calibration[0], "abstain_below": calibration[1]},
        "files": {name: sha256(engine / name) for name in (ENCODE, CLASSIFY)},
        "model": {"system": "theirs", "encoder": sha256(encoder), "input": about.input, "output": about.output},
        "trained_on": (f"{data.name} {data.split(split)}",) if data is not None else (),
        "measured": {},
    }
    write_sidecar(engine, sidecar)
    _, checked = read_sidecar(engine)
    with closing(OnnxEngine(engine, checked)):
        return checked, notes


def columns_of(labels: Sequence[str], recipe: Path) -> list[int | None]:
    """Return for each of the seven the index of its score, None if it has none.

    Raise ConfigError for a label that is unknown or there twice, and if fewer than two of the seven are there.
    """
    found: list[int | None] = [None] * len(EMOTIONS)
    for place, name in enumerate(labels):
        k = label_named(name)
        if k is None:
            if name.strip().lower() not in (*OUTSIDE, NOTHING):
                raise ConfigError(
                    f"{recipe}: output.labels has {name!r}, which is not a known emotion; "
                    f'write "{NOTHING}" for a number that is no emotion'
                )
            continue
        if found[k] is not None:
            raise ConfigError(f"{recipe}: output.labels has {EMOTIONS[k]} twice")
        found[k] = place
    if sum(place is not None for place in found) < 2:
        raise ConfigError(f"{recipe}: output.labels has fewer than two of {', '.join(EMOTIONS)}")
    return found


def _tested(file: Path, about: Theirs, encoder: Path) -> tuple[int, bool]:
    """Run a graph on random pictures; return its number of features, and whether it can take several at once.

    Raise EngineError if it does not run, or gives something else than its recipe says.
    """
    side = about.bag.size_px
    crops = np.random.default_rng(0).integers(0, 256, (3, 1, side, side, 3)).astype(np.uint8)
    try:
        if about.output.labels:
            session = _session(scores_only(file))
            scores = np.concatenate([session.run(None, {"crops": crop[None]})[0] for crop in crops])
            check_count(scores.shape[1], about, encoder)
            if np.isfinite(scores).all():
                _check_kind(scores, about, encoder)
        session = _session(file.read_bytes())
        singles = np.concatenate([session.run(None, {"crops": crop[None]})[0] for crop in crops])
        again = session.run(None, {"crops": crops[:1]})[0]
    except EngineError:
        raise
    except Exception as cause:  # the runtime raises types of its own that share no base
        raise EngineError(f"{encoder} does not run on what {about.name!r} gives it: {short(cause)}") from None
    if len(singles) != 3:
        raise EngineError(f"{encoder} gives {len(singles)} rows for three pictures; one for each is needed")
    if not np.isfinite(singles).all():
        raise EngineError(f"{encoder} gives numbers that are not finite (NaN or infinite)")
    near = NEAR * max(1.0, float(np.abs(singles).max()))
    if np.abs(again[0] - singles[0]).max() > near:
        raise EngineError(f"{encoder} reads the same picture differently each time; export it in evaluation mode")
    if singles.shape[1] > LARGEST:
        raise EngineError(f"{encoder} gives {singles.shape[1]} features per frame; at most {LARGEST} are possible")
    try:
        (batch,) = session.run(None, {"crops": crops})
        alike = batch.shape == singles.shape and float(np.abs(batch - singles).max()) <= near
    except Exception:
        alike = False
    return int(singles.shape[1]), alike


def _check_kind(scores: F32, about: Theirs, encoder: Path) -> None:
    """Raise EngineError if scores [n,labels] are probabilities and the recipe says logits, or the other way round."""
    emotions = scores[:, [name.strip() != NOTHING for name in about.output.labels]]
    shares = any(each.min() >= -SLACK and np.abs(each.sum(axis=1) - 1).max() <= SLACK for each in (scores, emotions))
    if shares == (about.output.gives == "shares"):
        return
    gives = f"{encoder} gives {scores.min():.3g} to {scores.max():.3g}, {scores[0].sum():.3g} in total for a picture"
    if not shares and scores.min() >= 0 and scores.max() <= 1:
        raise EngineError(f"{gives}: shares sum to 1; take what stands before its last sigmoid, as logits")
    raise EngineError(
        f'{gives}: output.gives is "{about.output.gives}", "{"shares" if shares else "logits"}" is needed'
    )


def _session(graph: bytes) -> InferenceSession:
    options = SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # faults are reported in a line of our own
    return InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _fitted(
    file: Path, about: Theirs, data: Prepared, split: str | None
) -> tuple[tuple[F32, F32], tuple[float, float], str]:
    """Return a linear layer, its calibration and a note; fitted to mean vectors of training clips.

    The calibration is fitted to every fifth person, on whom the layer is not.
    """
    name = data.split(split)
    clips = data.part(name, "train")
    if not clips or data.size_px != about.bag.size_px:
        raise ConfigError(
            f"{data.folder}: {len(clips)} training clips of {data.size_px} px; {about.bag.size_px} px needed"
        )
    session = _session(file.read_bytes())
    crops = (clip.load().crops[segments(clip.frames, about.bag)] for clip in clips)
    vectors = np.stack([session.run(None, {"crops": each[:, None]})[0].mean(axis=0) for each in crops])
    labels = np.array([clip.label for clip in clips], np.int64)
    _, people = np.unique([clip.subject or clip.clip for clip in clips], return_inverse=True)
    held = people % 5 == 4
    if not held.any():
        raise ConfigError(f"{data.folder}, split {name}: at least five people are needed, one of them for calibration")
    layer = linear(vectors[~held], labels[~held])
    logits = np.asarray(vectors[held] @ layer[0] + layer[1], np.float32)
    right = float((logits.argmax(axis=1) == labels[held]).mean())
    fitted_on, others = int((~held).sum()), int(held.sum())
    note = f"its linear layer, fitted on {fitted_on} clips, has an accuracy of {right:.3f} on {others} of other people"
    return layer, calibrated(logits, labels[held]), note


def linear(vectors: F32, labels: Labels) -> tuple[F32, F32]:
    """Return weight [D,K] and bias [K] of a logistic regression of labels [n] on vectors [n,D] with weight decay."""
    mean, spread = vectors.mean(axis=0), vectors.std(axis=0) + 1e-6
    x, y = torch.from_numpy((vectors - mean) / spread), torch.from_numpy(labels)
    weight = torch.zeros(x.shape[1], len(EMOTIONS), requires_grad=True)
    bias = torch.zeros(len(EMOTIONS), requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = F.cross_entropy(x @ weight + bias, y) + DECAY * weight.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    w = weight.detach().numpy() / spread[:, None]
    return np.asarray(w, np.float32), np.asarray(bias.detach().numpy() - mean @ w, np.float32)
