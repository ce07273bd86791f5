"""Prepared folders: what `realtime-micacl prepare` writes and what training and evaluation read.

`prepared.json` says what was cut and how, `index.jsonl` has a line for each clip, `clips/*.npz` the crops.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta, Struct

from realtime_micacl.errors import ConfigError
from realtime_micacl.files import write_whole
from realtime_micacl.inference.sidecar import Crop
from realtime_micacl.making.data.clips import Clip
from realtime_micacl.types import EMOTIONS, F32, U8
from realtime_micacl.wording import why

MANIFEST, INDEX, CLIPS, SKIPPED = "prepared.json", "index.jsonl", "clips", "skipped.csv"
MEND = "run the same `realtime-micacl prepare` command again"
DAMAGE = (OSError, ValueError, KeyError, EOFError, IndexError, RuntimeError, zipfile.BadZipFile)
"""What reading a damaged or foreign archive may raise."""
Header = tuple[tuple[int, ...], bool, np.dtype[Any]]
"""Shape, whether in Fortran order, and kind of a stored array."""
Part = Literal["train", "test"]
PARTS: tuple[Part, ...] = get_args(Part)
Count = Annotated[int, Meta(ge=0)]


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`prepared.json`."""

    schema: Literal[1] = 1
    name: str
    """Of the data set."""
    labels: tuple[str, ...] = EMOTIONS
    size_px: Annotated[int, Meta(ge=16, le=512)]
    crop: Crop | None
    """None if the set's own crops were taken unchanged."""
    version: str
    """Of the program that cut the crops."""
    clips: Count | None = None
    """None until the run is complete."""
    skipped: Count = 0
    skipped_tests: dict[str, Count] = {}  # msgspec copies it
    """Of each split, how many clips of its test part were skipped."""
    frames: Count = 0
    counts: dict[str, Count] = {}  # msgspec copies it
    """Clips of each emotion."""


class Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of `index.jsonl`."""

    clip: str
    label: str
    subject: str
    parts: dict[str, Part]
    frames: Annotated[int, Meta(ge=1, le=1_000_000)]
    file: Annotated[str, Meta(pattern=rf"^{CLIPS}/[0-9a-f]+\.npz$")]


@dataclass(frozen=True, eq=False)
class PreparedClip:
    """One clip of a prepared set."""

    clip: str
    """Unique in its set."""
    label: int
    """Its place in EMOTIONS."""
    subject: str
    """Empty if the set does not name people."""
    parts: Mapping[str, Part]
    """Name of a split -> the part of it that the clip is in."""
    frames: int
    file: Path
    size_px: int

    def load(self) -> Clip:
        """Read the crops; raise ConfigError if the file is damaged or differs from the index."""
        crops, times_s, targets = read_crops(self.file, self.frames, self.size_px)
        return Clip(self.subject, crops, times_s, targets, held_out=self.parts.get("official") == "test")


@dataclass(frozen=True, eq=False)
class Prepared:
    """A prepared data set."""

    name: str
    folder: Path
    size_px: int
    crop: Crop | None
    """None if the set's own crops were taken unchanged."""
    clips: tuple[PreparedClip, ...]
    splits: tuple[str, ...]
    """Names of the splits, in order."""
    skipped_tests: Mapping[str, int] = field(default_factory=dict)
    """By split, how many clips of its test part gave no crops: a fair comparison counts them as wrong."""

    def split(self, name: str | None) -> str:
        """Return `name`, or the only split if it is None; raise ConfigError, with a list of splits, if not there."""
        found = name or (self.splits[0] if len(self.splits) == 1 else None)
        if found in self.splits:
            return found
        if not self.splits:
            raise ConfigError(
                f"{self.name} in {self.folder} has no split, since it has only one clip or person; add others "
                "and prepare it again"
            )
        there = f"{self.name} in {self.folder} has the splits {', '.join(self.splits)}"
        raise ConfigError(f"--split {name}: {there}" if name else f"{there}; name one with --split")

    def part(self, split: str, part: Part) -> tuple[PreparedClip, ...]:
        """Return the clips of one part of a split."""
        return tuple(clip for clip in self.clips if clip.parts.get(split) == part)


def read_prepared(folder: Path) -> Prepared:
    """Return the prepared set in a folder; raise ConfigError if it is none, unfinished or damaged."""
    manifest = read_manifest(folder)
    if manifest is None:
        raise ConfigError(
            f"{folder} is not a prepared data set: it has no {MANIFEST}; make one with `realtime-micacl prepare`"
        )
    if manifest.clips is None:
        raise ConfigError(f"{folder} was not prepared to the end; {MEND}")
    clips = tuple(_clip(folder, line, manifest.size_px) for line in _lines(folder / INDEX))
    if len(clips) != manifest.clips or len({clip.clip for clip in clips}) != len(clips):
        raise ConfigError(
            f"{folder / INDEX} has {len(clips)} lines, {MANIFEST} says {manifest.clips} different clips; {MEND}"
        )
    splits = tuple(sorted({name for clip in clips for name in clip.parts}))
    return Prepared(manifest.name, folder, manifest.size_px, manifest.crop, clips, splits, manifest.skipped_tests)


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest in `prepared.json`, None if there is none; raise ConfigError if it is damaged."""
    file = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(file.read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as cause:
        raise ConfigError(
            f"{file} is damaged or not ours: {cause}; prepare the data set into another folder"
        ) from cause
    if manifest.labels != EMOTIONS:
        raise ConfigError(f"{file} has the label order {list(manifest.labels)}, this program's is {list(EMOTIONS)}")
    return manifest


def write_crops(file: Path, crops: U8, times_s: F32, targets: F32) -> None:
    """Write a clip's file whole or not at all: crops [T,S,S,3], times [T] and targets [T,K].

    It is not compressed: crops hardly get smaller, and training reads each clip hundreds of times.
    """
    content = io.BytesIO()  # on a full disk np.savez would also raise in a destructor
    np.savez(content, crops=crops, times_s=times_s, targets=targets)
    write_whole(file, content.getbuffer())


def read_crops(file: Path, frames: int, size_px: int) -> tuple[U8, F32, F32]:
    """Return crops [T,S,S,3], times [T] and targets [T,K] of a clip's file; raise ConfigError if it is damaged."""
    try:
        with zipfile.ZipFile(file) as archive:
            crops, times_s, targets = (_array(archive, *member) for member in _members(frames, size_px))
    except DAMAGE as cause:
        raise ConfigError(f"{file} is damaged: {cause}; delete it, then {MEND}") from cause
    return crops, times_s, targets


def frames_in(file: Path, size_px: int) -> int | None:
    """Return how many crops a clip's file holds, None where it is missing or damaged; the crops are not read."""
    try:
        with zipfile.ZipFile(file) as archive:
            frames = int(_header(archive, "times_s")[0][0])
            for name, shape, dtype in _members(frames, size_px):
                _check(archive, name, shape, dtype)
    except DAMAGE:
        return None
    return frames or None


def _members(frames: int, size_px: int) -> Iterator[tuple[str, tuple[int, ...], npt.DTypeLike]]:
    yield "crops", (frames, size_px, size_px, 3), np.uint8
    yield "times_s", (frames,), np.float32
    yield "targets", (frames, len(EMOTIONS)), np.float32


def _header(archive: zipfile.ZipFile, name: str) -> Header:
    with archive.open(f"{name}.npy") as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"{name} is in another version of the format")
        return np.lib.format.read_array_header_1_0(stream)


def _check(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> None:
    """Raise ValueError if an array has another shape or type, or is cut off."""
    found, fortran, kind = _header(archive, name)
    if (found, fortran, kind) != (shape, False, np.dtype(dtype)):
        raise ValueError(f"{name} is {kind}{list(found)}, expected {np.dtype(dtype)}{list(shape)}")
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type != zipfile.ZIP_STORED or info.file_size < np.dtype(dtype).itemsize * int(np.prod(shape)):
        raise ValueError(f"{name} is compressed or cut off")


def _array(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    _check(archive, name, shape, dtype)
    with archive.open(f"{name}.npy") as stream:
        array: npt.NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    array.flags.writeable = False
    return array


def _lines(file: Path) -> Iterator[Line]:
    try:
        rows = file.read_bytes().splitlines()
    except OSError as cause:
        raise ConfigError(f"{file} cannot be read ({why(cause)}); {MEND}") from cause
    for number, row in enumerate(rows, 1):
        try:
            yield msgspec.json.decode(row, type=Line)
        except (UnicodeDecodeError, msgspec.MsgspecError) as cause:
            raise ConfigError(f"{file}, line {number} is damaged: {cause}; {MEND}") from cause


def _clip(folder: Path, line: Line, size_px: int) -> PreparedClip:
    if line.label not in EMOTIONS:
        raise ConfigError(f"{folder / INDEX}: {line.clip} has the label {line.label!r}; known are {list(EMOTIONS)}")
    file = folder / line.file
    if not file.is_file():
        raise ConfigError(f"{folder / INDEX} names {line.file}, which is missing; {MEND}")
    label = EMOTIONS.index(line.label)
    return PreparedClip(line.clip, label, line.subject, line.parts, line.frames, file, size_px)
