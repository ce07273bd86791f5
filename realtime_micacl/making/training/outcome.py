"""Runs the stages of a recipe; their outcome is the history, and the network's logits of people held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.sidecar import Shape
from realtime_micacl.making.data.prepared import PreparedClip
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.making.scores import Labels, calibrated
from realtime_micacl.making.training.clips import FrozenFeatures, clip_logits, people_digest, split, train_clips
from realtime_micacl.making.training.loop import Run
from realtime_micacl.making.training.objectives import weigh_logits
from realtime_micacl.making.training.saved import Row
from realtime_micacl.making.training.shapes import face_shape, shape_logits, train_shapes
from realtime_micacl.making.training.stages import (
    Faces,
    still_logits,
    train_bags,
    train_stills,
    train_teacher,
    training_clips,
)
from realtime_micacl.model.backbone import FrameEncoder, MapEncoder, PerFrame
from realtime_micacl.model.system import System
from realtime_micacl.types import EMOTIONS, F32


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of some stages."""

    history: tuple[Row, ...]
    trained_on: tuple[str, ...]
    counts: Labels
    """Training samples by emotion; of the last stage, as what follows."""
    logits: F32
    """Of people held out, [n,K], and their labels [n]."""
    labels: Labels
    held_out: str | None = None
    """A digest of the people that [clips] held out."""


def after_faces(model: System, recipe: Recipe, faces: Faces, run: Run, *, given: bool) -> Outcome:
    """Run [stills], [teacher], [tuning] and [bags]; [stills] is left out if the encoder was `given`."""
    encoder = model.encoder
    if not isinstance(encoder, PerFrame) or (
        (recipe.stills or recipe.tuning) and not isinstance(encoder, FrameEncoder)
    ):
        raise ConfigError('model.encoder: only "light" learns from single pictures, as this recipe says')
    if isinstance(encoder, MapEncoder) and recipe.stills and not given:
        raise ConfigError(f"{recipe.name}: [stills] trains no encoder of maps; name one with --encoder-from")
    history: list[Row] = []
    if recipe.stills and not given and isinstance(encoder, FrameEncoder):
        history += train_stills(encoder, recipe.stills, faces, run)[1]
    if recipe.tuning and isinstance(encoder, FrameEncoder):
        teacher = None
        if recipe.teacher:
            teacher, rows = train_teacher(encoder, recipe.teacher, faces, run)
            history += rows
        share = recipe.teacher.share if recipe.teacher else 0.0
        history += train_stills(encoder, recipe.tuning, faces, run, stage="tuning", teacher=teacher, share=share)[1]
    history += train_bags(model, encoder, recipe.bags, recipe, faces, run) if recipe.bags else []
    trained_on = ["FER+ train", "London face set train", "rendered official"]
    return Outcome(
        tuple(history),
        tuple(trained_on + ["photographs"] * bool(recipe.photographs)),
        np.bincount(faces.pictures.labels, minlength=len(EMOTIONS)),
        still_logits(model.eval(), encoder, faces.validation, recipe.bag, run),
        faces.validation.labels,
    )


def after_clips(
    before: Outcome | None,
    model: System,
    recipe: Recipe,
    clips: Sequence[PreparedClip],
    names: Sequence[str],
    run: Run,
    cache: FrozenFeatures,
) -> Outcome:
    """Run [clips] on prepared clips; `names` are the data sets, for the checkpoint."""
    plan, encoder = recipe.clips, model.encoder
    assert plan is not None
    parts = split(clips, plan, recipe.seed)
    history = train_clips(model, plan, recipe, parts, run, cache)
    features = cache.of(encoder, parts.held_out) if isinstance(encoder, PerFrame) and plan.frozen else None
    logits, labels = clip_logits(model, parts.held_out, recipe, plan, run, features)
    return Outcome(
        (*(before.history if before else ()), *history),
        (*(before.trained_on if before else ()), *names),
        np.bincount([clip.label for clip in parts.train], minlength=len(EMOTIONS)),
        logits,
        labels,
        people_digest(parts.held_out),
    )


def after_shapes(before: Outcome, model: System, recipe: Recipe, faces: Faces, run: Run) -> tuple[Outcome, Shape]:
    """Run [shapes]; the logits are then the sum of both streams, weighted as for strangers."""
    assert recipe.shapes
    assert model.shape is not None
    shape = face_shape(training_clips(faces.clips), recipe.shapes)
    history = train_shapes(model.shape, shape, recipe, faces.clips, faces.stills, run)
    weigh_logits((model.shape.head,), recipe.shapes.certainty)
    weight = 1 / (calibrated(before.logits, before.labels)[0] * recipe.shapes.doubt)
    weigh_logits(model.heads, weight)
    from_shape = shape_logits(model.shape.cpu().eval(), shape, faces.validation, recipe.bag)
    of_crops, of_shape = (float(count) for count in model.weights(torch.zeros(1, 1), torch.zeros(1, 1)))
    logits = np.float32(weight * of_crops) * before.logits + np.float32(of_shape) * from_shape
    return replace(before, history=(*before.history, *history), logits=np.asarray(logits, np.float32)), shape
