"""The sidecar of an engine: `engine.json`, the only source of label order, bag shape, crop recipe and calibration."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct

from realtime_micacl.errors import EngineError
from realtime_micacl.files import write_whole
from realtime_micacl.types import EMOTIONS, F32
from realtime_micacl.wording import why

NAME = "engine.json"
LIMIT_BYTES = 1 << 30  # no engine file is larger

Count = Annotated[int, Meta(ge=1, le=64)]
Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
FileName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*$")]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class BagSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """`bag`: the form of a window; there is no other place that defines it."""

    instances: Count
    frames: Count
    size_px: Annotated[int, Meta(ge=16, le=512)]
    span_s: Annotated[float, Meta(ge=0.1, le=60.0)]
    mirrored: bool = False
    """Every other frame is mirrored for the encoder, so that both sides of a face count the same."""
    padded: bool = False
    """A window is read from a face's first frame on, which fills the ticks before it."""

    @property
    def ticks(self) -> int:
        """Sampled frames in a bag, N * L."""
        return self.instances * self.frames

    @property
    def tick_s(self) -> float:
        """Time between two sampled frames."""
        return self.span_s / self.ticks


class Crop(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`crop`: where right eye, left eye, nose tip and mouth centre lie, as fractions of the crop's side."""

    points: tuple[
        tuple[Fraction, Fraction], tuple[Fraction, Fraction], tuple[Fraction, Fraction], tuple[Fraction, Fraction]
    ]


Landmark = Annotated[int, Meta(ge=0, lt=468)]


class Shape(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`shape`: how a face's landmarks become its shape, if the engine reads it; see live/seeing/shape.py."""

    bone: tuple[Landmark, ...]
    """Landmarks on bone, from which the pose of the head is taken."""
    frame: tuple[tuple[float, float, float], ...]
    """Where they lie in a face that looks at the camera, in distances between the outer corners of the eyes."""
    points: tuple[Landmark, ...]
    """The P landmarks that make up the shape."""
    mean: tuple[float, ...]
    """Where these lie in the mean neutral face of all people, [3 P]."""
    prior: Annotated[float, Meta(gt=0.0)]
    """How many neutral ticks of a track the mean face counts for in its neutral one."""
    half_s: Annotated[float, Meta(gt=0.0)]
    """The time after which a tick counts half, in s."""

    def __post_init__(self) -> None:
        if len(self.frame) != len(self.bone) or len(self.mean) != 3 * len(self.points) or len(self.bone) < 4:
            raise ValueError("as many places as landmarks are needed, and at least four on bone")


class Calibration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`calibration`: chosen on held-out people when the engine was made."""

    temperature: Annotated[float, Meta(ge=0.01, le=100.0)]
    abstain_below: Fraction


class Sidecar(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an engine says of itself."""

    schema: Literal[1]
    name: str
    labels: tuple[str, ...]
    bag: BagSpec
    crop: Crop
    piece: Count
    """Frames in a piece, P: 1, or those of an instance."""
    feature_size: Annotated[int, Meta(ge=1, le=8192)]
    """Numbers in the feature of a piece, D."""
    shape: Shape | None = None
    """None: the engine reads crops alone."""
    calibration: Calibration
    files: dict[FileName, Digest]
    """File name -> SHA-256."""
    model: dict[str, Any]
    """The network's configuration."""
    trained_on: tuple[str, ...]
    measured: dict[str, Any]
    """Accuracy on people the engine never saw, as measured when it was made."""

    @property
    def pieces(self) -> int:
        """Pieces in a bag, N * L / P."""
        return self.bag.ticks // self.piece

    @property
    def coordinates(self) -> int:
        """Numbers in a face's shape, 3 P; 0 if the engine reads none."""
        return len(self.shape.mean) if self.shape else 0

    @property
    def row_size(self) -> int:
        """Numbers per piece that `classify` takes: its feature and, with a shape, its changes."""
        return self.feature_size + (self.coordinates + 1 if self.shape else 0)

    def rows(self, features: F32, changes: F32 | None) -> F32:
        """Return the input of the classifying graph, [B,N*L/P,row size]; without `changes` these are 0."""
        if not self.shape:
            return features
        if changes is None:
            changes = np.zeros((*features.shape[:2], self.coordinates + 1), np.float32)
        return np.concatenate([features, changes], axis=-1)


def read_sidecar(path: Path) -> tuple[Path, Sidecar]:
    """Read the sidecar of the engine at `path`, a folder or its engine.json; return the folder and the sidecar.

    The hashes of its files are checked too. Raise EngineError if anything is missing or damaged, or if the label order
    is not this program's.
    """
    try:
        file = path / NAME if path.is_dir() else path
        there = file.is_file()
    except OSError as cause:
        raise EngineError(f"no engine can be read at {path}: {why(cause)}") from cause
    if not there:
        mend = "name a folder that `realtime-micacl export` wrote"
        if (path / "checkpoint.json").is_file():
            mend = f"it is a checkpoint, of which `realtime-micacl export {path} FOLDER` makes an engine"
        raise EngineError(f"no engine at {path}: {NAME} is missing; {mend}")
    if file.suffix.lower() != ".json":
        raise EngineError(f"{path} is a single file; an engine is a folder with {NAME} and the files that it names")
    try:
        sidecar = msgspec.json.decode(file.read_bytes(), type=Sidecar)
    except (msgspec.MsgspecError, UnicodeDecodeError) as cause:
        raise EngineError(f"{file} is not a valid engine sidecar: {cause}; export the engine again") from cause
    if sidecar.piece not in (1, sidecar.bag.frames):
        raise EngineError(
            f"{file} has pieces of {sidecar.piece} frames; 1 or those of an instance, {sidecar.bag.frames}"
        )
    if sidecar.shape and sidecar.piece != 1:
        raise EngineError(f"{file} has a shape and pieces of {sidecar.piece} frames; only single frames have one")
    if sidecar.bag.mirrored and sidecar.piece != 1:
        raise EngineError(f"{file} has mirrored frames in pieces of {sidecar.piece}; only single ones can be mirrored")
    if sidecar.labels != EMOTIONS:
        raise EngineError(f"{file} has the label order {list(sidecar.labels)}, this program's is {list(EMOTIONS)}")
    for name, expected in sidecar.files.items():
        _check(file.parent / name, expected)
    return file.parent, sidecar


def write_sidecar(folder: Path, sidecar: Sidecar | Mapping[str, Any]) -> None:
    """Write what an engine says of itself into its folder, whole."""
    write_whole(folder / NAME, msgspec.json.format(msgspec.json.encode(sidecar), indent=2) + b"\n")


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check(file: Path, expected: str) -> None:
    if not file.is_file():
        raise EngineError(
            f"the engine in {file.parent} is incomplete: {file.name} is missing; install or export it again"
        )
    if file.stat().st_size > LIMIT_BYTES:
        raise EngineError(f"{file} has {file.stat().st_size} bytes, more than any engine needs; it is not loaded")
    found = sha256(file)
    if found != expected:
        raise EngineError(
            f"{file} is damaged or was replaced: its SHA-256 is {found[:12]}.., the sidecar says {expected[:12]}..; "
            "install or export the engine again"
        )
