"""Reads the data sets that a command names, for the stages of a recipe to learn from."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.making.data.clips import read_clips
from realtime_micacl.making.data.ferplus import Stills, read_ferplus
from realtime_micacl.making.data.form import FormModel, read_points
from realtime_micacl.making.data.landmarks import read_landmarks
from realtime_micacl.making.data.london import read_london
from realtime_micacl.making.data.photographs import half_named, read_portraits
from realtime_micacl.making.data.prepared import Prepared, PreparedClip, read_prepared
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.making.training.stages import Faces, frames_of, training_clips


def add_faces(p: argparse._ArgumentGroup) -> None:
    """Add the options for pictures and rendered clips."""
    p.add_argument("--ferplus", type=Path, metavar="FILE", help="FER+ as an npz file")
    p.add_argument("--london", type=Path, metavar="FOLDER", help="the London face set")
    p.add_argument("--rendered", type=Path, nargs="+", metavar="FOLDER", help="rendered clips")
    p.add_argument("--cache", type=Path, default=Path("runs/cache"), metavar="FOLDER", help="cache of crops")


@dataclass(frozen=True, kw_only=True)
class FaceFiles:
    """The files of pictures and rendered clips, as options name them."""

    ferplus: Path | None
    london: Path | None
    rendered: Sequence[Path] | None
    cache: Path
    photographs: Sequence[str] | None
    """A file of face crops, and which half of it."""
    encoder_given: bool
    """Whether --encoder-from gives the frame encoder, so that [stills] is not needed."""

    @classmethod
    def named(cls, arguments: argparse.Namespace, *, encoder_given: bool) -> Self:
        """Return the files that were named with the options of `add_faces`."""
        return cls(
            ferplus=arguments.ferplus,
            london=arguments.london,
            rendered=arguments.rendered,
            cache=arguments.cache,
            photographs=vars(arguments).get("photographs"),
            encoder_given=encoder_given,
        )


def read_faces(recipe: Recipe, files: FaceFiles) -> Faces:
    """Read pictures and rendered clips, their faces cut as the live program cuts them.

    Raise ConfigError if an option that the recipe needs is missing.
    """
    if not (files.ferplus and files.london and files.rendered):
        raise ConfigError(f"the recipe {recipe.name!r} needs --ferplus, --london and --rendered; see engines/README.md")
    aligner = Aligner(recipe.bag.size_px, recipe.crop.points)
    clips = [clip for folder in files.rendered for clip in read_clips(folder, aligner, files.cache)]
    faces = Faces(
        stills=read_ferplus(files.ferplus, "train", aligner, files.cache),
        photos=read_london(files.london, aligner, held_out=False),
        clips=clips,
        validation=read_ferplus(files.ferplus, "validation", aligner, files.cache),
    )
    if recipe.photographs:
        faces = replace(faces, portraits=portraits(recipe, files.photographs, aligner))
    if recipe.shapes:
        stills, validation = (
            replace(part, landmarks=read_landmarks(part.crops, aligner, files.cache))
            for part in (faces.stills, faces.validation)
        )
        faces = replace(faces, stills=stills, validation=validation)
    plans = (None if files.encoder_given else recipe.stills, recipe.teacher)
    learns_form = any(plan and plan.form for plan in plans)
    return with_forms(faces, files.cache) if learns_form else faces


def portraits(recipe: Recipe, named: Sequence[str] | None, aligner: Aligner) -> Stills:
    """Return the photographs for a recipe, each repeated `recipe.photographs` times."""
    if not named:
        raise ConfigError(f"the recipe {recipe.name!r} needs --photographs FILE HALF; see engines/README.md")
    found = read_portraits(Path(named[0]), half_named(named[1]), aligner)
    times = recipe.photographs
    return Stills(np.concatenate([found.crops] * times), np.concatenate([found.targets] * times))


def with_forms(faces: Faces, cache: Path) -> Faces:
    """Add the form of every face that is trained on, from the landmarks of mediapipe's face mesh."""
    stills, frames, photos = (
        read_points(pool.crops, cache)
        for pool in (faces.pictures, frames_of(training_clips(faces.clips)), faces.photos)
    )
    model = FormModel(stills)
    return replace(faces, forms=(model(stills), model(frames), model(photos)))


@dataclass(frozen=True)
class TrainingPart:
    """The clips that may be trained on."""

    clips: tuple[PreparedClip, ...]
    names: tuple[str, ...]
    """Each data set with its split, for `trained_on` in the sidecar, so that `evaluate` does not test on them."""


def read_training_part(recipe: Recipe, folders: Sequence[Path] | None, name: str | None) -> TrainingPart:
    """Return the training part of the split `name` of all data sets."""
    if not folders:
        raise ConfigError(f"the recipe {recipe.name!r} needs --data, folders that `realtime-micacl prepare` wrote")
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise ConfigError("--data names a folder twice, so a clip could be trained on and held out; name each once")
    parts = [_part(read_prepared(folder), name, recipe) for folder in folders]
    return TrainingPart(tuple(clip for clips, _ in parts for clip in clips), tuple(name for _, name in parts))


def _part(data: Prepared, name: str | None, recipe: Recipe) -> tuple[tuple[PreparedClip, ...], str]:
    if data.size_px != recipe.bag.size_px:
        raise ConfigError(
            f"{data.folder} holds crops of {data.size_px} px, the recipe {recipe.name!r} asks for "
            f"{recipe.bag.size_px}; prepare them again with --recipe"
        )
    split = data.split(name)
    return data.part(split, "train"), f"{data.name} {split}"
