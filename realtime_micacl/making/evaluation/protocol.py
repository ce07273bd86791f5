"""Which clips an engine is measured on: the test part of a split, and nothing that it was trained on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.data.prepared import Prepared, PreparedClip, read_manifest
from realtime_micacl.making.evaluation.candidates import Candidate
from realtime_micacl.making.figures import About
from realtime_micacl.making.scores import Labels

ALL = "all"
MANY = ("folders", "rendered")
"""Readers that are used for many sets: reports add the folder's name, `trained_on` in an engine's sidecar does not."""


@dataclass(frozen=True, eq=False)
class Part:
    """The clips of a data set that one candidate is measured on."""

    data: Prepared
    split: str | None
    """None if the set has no splits; then the part is the whole set."""
    clips: tuple[PreparedClip, ...]

    @property
    def title(self) -> str:
        """The name of the part in reports."""
        name = name_of(self.data)
        return f"{name} {self.split}, test part" if self.split else f"{name}, all clips"

    @property
    def lost(self) -> int:
        """How many clips `prepare` had to leave out of the part."""
        if self.split:
            return self.data.skipped_tests.get(self.split, 0)
        manifest = read_manifest(self.data.folder)
        return manifest.skipped if manifest else 0

    @property
    def people(self) -> Labels | None:
        """The person in each clip, [n], numbered alike in all parts of the set; None if the set names nobody.

        A clip without a name counts as another person.
        """
        numbers = {subject: i for i, subject in enumerate(sorted({c.subject for c in self.data.clips} - {""}))}
        alone = {c.clip: len(numbers) + i for i, c in enumerate(self.data.clips)}
        found = np.array([numbers.get(c.subject, alone[c.clip]) for c in self.clips], np.int64)
        return found if numbers else None


def parts_for(candidates: Sequence[Candidate], data: Prepared, splits: Sequence[str]) -> list[tuple[Candidate, Part]]:
    """Return which candidate is measured on which part of `data`.

    The one of `splits` that the set has is taken. With "all" instead, a single candidate is measured on every fold; as
    many candidates as folds are a cross-validation, each measured on its own fold. If `splits` is empty, it is the
    split that the candidate was trained on, or the only one. Raise ConfigError if there is no such split or more than
    one, if crops do not fit, or if a candidate was trained on clips that it would be measured on.
    """
    mine = [name for name in dict.fromkeys(splits) if name in data.splits]
    if len(mine) > 1:
        raise ConfigError(
            f"--split names {' and '.join(mine)} of {data.name}; a set is measured on one split at a time, or with "
            f"{ALL} on each fold"
        )
    named = mine[0] if mine else None
    if named is None and ALL in splits and len(folds_of(data)) > 1:
        pairs: list[tuple[Candidate, str | None]] = [*_folds(candidates, data)]
    else:
        asked = [name for name in splits if name != ALL]
        pairs = [(candidate, named or _own(candidate, data, asked)) for candidate in candidates]
    found = [(candidate, _part(data, name)) for candidate, name in pairs]
    for candidate, part in found:
        _check_crops(candidate, data)
        _check_unseen(candidate, part)
    return found


def name_of(data: Prepared) -> str:
    """Return the name of a set in reports."""
    return f"{data.name}/{data.folder.resolve().name}" if data.name in MANY else data.name


def folds_of(data: Prepared) -> tuple[str, ...]:
    """Return the splits of a set that are folds of a cross-validation."""
    return tuple(name for name in data.splits if name.startswith("fold"))


def note(data: Prepared, split: str) -> str:
    """Return how `trained_on` names the training part of a split."""
    return f"{data.name} {split}"


def facts(candidate: Candidate, part: Part) -> About:
    """Return what to know about a score: whether set and people were in training, and how many clips are left out."""
    return {
        "data": name_of(part.data),
        "split": part.split,
        "part": "test" if part.split else ALL,
        "training": _training(candidate, part),
        "people_in_both_parts": shared_people(part),
        "lost": part.lost,
    }


def shared_people(part: Part) -> int | None:
    """Return how many people of a test part are in its training part, too; None if the set names nobody."""
    tested = {clip.subject for clip in part.clips} - {""}
    trained = {clip.subject for clip in part.data.part(part.split, "train")} - {""} if part.split else set()
    return len(tested & trained) if tested and trained else None


def _folds(candidates: Sequence[Candidate], data: Prepared) -> list[tuple[Candidate, str]]:
    splits = folds_of(data)
    if len(candidates) == 1:
        return [(candidates[0], name) for name in splits]
    if len(candidates) != len(splits):
        raise ConfigError(
            f"--split all: {data.name} has {len(splits)} folds ({', '.join(splits)}) and {len(candidates)} engines "
            f"are named; name one engine, or {len(splits)}, one for each fold"
        )
    named = [_fold_of(candidate, data) for candidate in candidates]
    if set(named) == set(splits):
        return [(candidate, name) for candidate, name in zip(candidates, named, strict=True) if name]
    return list(zip(candidates, splits, strict=True))


def _fold_of(candidate: Candidate, data: Prepared) -> str | None:
    """Return the fold that a candidate's sidecar says it was trained on, or else the fold in its name."""
    for split in folds_of(data):
        if note(data, split) in candidate.sidecar.trained_on:
            return split
    name = candidate.name.lower()
    numbers = re.findall(r"(?:fold|set|split)[_-]?(\d+)", name) or re.findall(r"\d+", name)
    found = [split for split in folds_of(data) if numbers and re.findall(r"\d+", split)[-1:] == numbers[-1:]]
    return found[0] if len(found) == 1 else None


def _own(candidate: Candidate, data: Prepared, asked: Sequence[str]) -> str | None:
    """Return the split for a candidate if the set has none of those in `asked`."""
    if not asked:
        trained = [name for name in data.splits if note(data, name) in candidate.sidecar.trained_on]
        if len(trained) == 1 or len(data.splits) <= 1:
            return next(iter((*trained, *data.splits)), None)
    there = f"it has {', '.join(data.splits)}" if data.splits else "it has none; leave --split away"
    also = f", or {ALL} for each fold" if len(folds_of(data)) > 1 else ""
    found = f"has no split {' or '.join(asked)}" if asked else f"has several splits and {candidate.name} names none"
    raise ConfigError(f"{data.name} in {data.folder} {found}; name one with --split: {there}{also}")


def _part(data: Prepared, split: str | None) -> Part:
    clips = data.clips if split is None else data.part(split, "test")
    if not clips:
        raise ConfigError(f"{data.name} in {data.folder} has no clip in the test part of {split or 'any split'}")
    return Part(data, split, clips)


def _check_crops(candidate: Candidate, data: Prepared) -> None:
    bag, crop = candidate.sidecar.bag, candidate.sidecar.crop
    mend = f"cut them for it: realtime-micacl prepare {data.name} ROOT NEW_FOLDER --recipe ITS_RECIPE.toml"
    if bag.size_px != data.size_px:
        raise ConfigError(
            f"{data.folder} holds crops of {data.size_px} px, {candidate.name} takes {bag.size_px} px; {mend}"
        )
    if data.crop is not None and data.crop != crop:
        raise ConfigError(
            f"{data.folder} was cut with the face at {data.crop.points}, {candidate.name} takes it at {crop.points}; "
            f"{mend}"
        )


def _check_unseen(candidate: Candidate, part: Part) -> None:
    """Raise ConfigError if the candidate's sidecar says that it was trained on clips of this part."""
    data, trained_on = part.data, candidate.sidecar.trained_on
    for name in [name for name in data.splits if note(data, name) in trained_on]:
        seen = sum(clip.parts.get(name) == "train" for clip in part.clips)
        if seen:
            raise ConfigError(
                f"{candidate.name} was trained on {note(data, name)}, which holds {seen} of the {len(part.clips)} "
                f"clips of {part.title}; measure it with --split {name}"
            )
    if data.name in trained_on:
        unclear = f"{candidate.name} says that it was trained on {data.name}, but not on which split"
        raise ConfigError(f"{unclear}; measure it on another set")


def _training(candidate: Candidate, part: Part) -> str:
    trained_on = candidate.sidecar.trained_on
    if not trained_on:
        return "unknown: it does not say what it was trained on"
    own = [note(part.data, name) for name in part.data.splits if note(part.data, name) in trained_on]
    if own:
        same = f" (if it is the same set: all that are read as {part.data.name!r} share that name)"
        return f"trained on {' and '.join(own)}, without these clips" + (same if part.data.name in MANY else "")
    return f"this set is not among what it says it was trained on: {', '.join(trained_on)}"
