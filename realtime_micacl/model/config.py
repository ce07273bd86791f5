"""The configuration that all networks share, and its checks."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Literal, Self, get_args

from realtime_micacl.errors import ConfigError
from realtime_micacl.types import EMOTIONS

Encoder = Literal["light", "r3d_18", "clip"]
Pooling = Literal["mean", "gdc"]

LONGEST = 16  # items of a list
LARGEST = 64  # value of a number; both limit what a downloaded file can ask for


@dataclass(frozen=True, kw_only=True)
class SystemConfig:
    """The keys of a recipe's `[model]` table that all networks share; each network adds its own.

    Raise ConfigError for a value that cannot be built.
    """

    choices: ClassVar[dict[str, tuple[str, ...]]] = {"encoder": ("light", "r3d_18"), "pooling": get_args(Pooling)}
    """Fields that hold a word, with the words that are allowed."""
    largest: ClassVar[dict[str, int]] = {"widths": 4096, "size_px": 512, "shape": 1404}
    """Fields with another limit than LARGEST."""
    zero: ClassVar[frozenset[str]] = frozenset({"shape"})
    """Fields that may be 0; other whole numbers are at least 1."""
    second_stream: ClassVar[bool] = False
    """Whether the network can read shapes beside crops."""

    encoder: Encoder = "light"
    """light (FrameEncoder) or r3d_18 (R3D18, the paper's); clip (ClipImage) for FineCLIPER alone."""
    widths: tuple[int, ...] = (32, 64, 128, 256)
    """Channels of the light encoder's stages, multiples of 8; the last is D."""
    blocks: tuple[int, ...] = (1, 1, 1, 1)
    """Residual blocks of the light encoder's stages."""
    pooling: Pooling = "mean"
    """How the light encoder pools its last maps: mean, or gdc, with learnt weights for each channel and place."""
    instances: int = 4
    frames: int = 4
    size_px: int = 64
    dropout: float = 0.0
    """Share of the bag vector that is dropped before the head in training."""
    shape: int = 0
    """Coordinates of a face's shape that a second stream reads, 3 P; 0: there is no second stream."""
    stranger_crops: float = 1.0
    """Weight of the crops' logits, beside a second stream, for a stranger; it is 1 once the face is known."""
    stranger_shape: float = 1.0
    """Weight of the second stream's logits for a stranger, who is compared with the average neutral face."""
    emotions: int = len(EMOTIONS)

    def __post_init__(self) -> None:
        for name, fault in self._faults():
            raise ConfigError(f"model.{name} {fault}, not {getattr(self, name)!r}")

    def _faults(self) -> Iterable[tuple[str, str]]:
        for field in fields(self):
            value = getattr(self, field.name)
            kind: type[Any] = type(field.default)
            least = 0 if field.name in self.zero else 1
            if type(value) is not kind and not (kind is float and type(value) is int):
                yield field.name, f"must be of type {kind.__name__}"
            elif kind is tuple and any(type(item) is not int or item < 1 for item in value):
                yield field.name, "must hold positive whole numbers"
            elif kind is int and value < least:
                yield field.name, f"must be at least {least}"
            elif kind in (int, tuple) and not _bounded(value, largest := self.largest.get(field.name, LARGEST)):
                yield field.name, f"must be at most {largest}, and a list at most {LONGEST} long"
        for name, choices in self.choices.items():
            if getattr(self, name) not in choices:
                yield name, f"must be one of {', '.join(choices)}"
        if len(self.widths) != len(self.blocks) or not self.widths:
            yield "blocks", f"must be as many as widths ({len(self.widths)})"
        if any(width % 8 for width in self.widths):
            yield "widths", "must be multiples of 8"
        if self.encoder == "light" and self.size_px % 2 ** len(self.widths):
            yield "size_px", f"must be a multiple of {2 ** len(self.widths)}"
        if self.shape and not self.second_stream:
            yield "shape", "must be 0 for this system, which reads crops alone"
        for name in ("stranger_crops", "stranger_shape"):
            if not 0 <= getattr(self, name) <= 4:
                yield name, "must be from 0 to 4"
        if not 0 <= self.dropout < 1:
            yield "dropout", "must be at least 0 and below 1"

    @property
    def side(self) -> int:
        """The side of the light encoder's last maps."""
        return self.size_px >> len(self.widths)

    @property
    def places(self) -> int:
        """`side` if `pooling` is gdc, else 0."""
        return self.side if self.pooling == "gdc" else 0

    @property
    def pieces(self) -> int:
        """The number of pieces in a bag, N * L / P."""
        return self.instances * (1 if self.encoder == "r3d_18" else self.frames)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Self:
        """Return the configuration of a table, with lists for tuples; raise ConfigError for an unknown key."""
        names = [field.name for field in fields(cls)]
        for key in table:
            if key not in names:
                nearest = difflib.get_close_matches(key, names, n=1, cutoff=0)[0]
                raise ConfigError(f"unknown key model.{key}; the nearest is model.{nearest}")
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return the table that `from_dict` takes back, with lists for tuples."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


@dataclass(frozen=True, kw_only=True)
class ShapedConfig(SystemConfig):
    """The configuration of networks that can have a second stream, which reads shapes."""

    largest: ClassVar[dict[str, int]] = SystemConfig.largest | dict.fromkeys(
        ("shape_components", "shape_width", "shape_hidden"), 512
    )
    second_stream: ClassVar[bool] = True

    shape_components: int = 64
    """How many principal components of the changes of shape the second stream reads."""
    shape_width: int = 48
    """Size of its feature of a tick."""
    shape_hidden: int = 32
    """H of its WIAN, a multiple of 4."""

    def _faults(self) -> Iterable[tuple[str, str]]:
        yield from super()._faults()
        if self.shape_hidden % 4:
            yield "shape_hidden", "must be a multiple of 4"
        if self.shape and self.shape < self.shape_components:
            yield "shape_components", f"must be at most as many as the coordinates ({self.shape})"
        if self.shape and (self.encoder == "r3d_18" or self.instances < 2):
            yield "shape", "needs an encoder of single frames and at least 2 instances"


def _bounded(value: int | tuple[int, ...], largest: int) -> bool:
    numbers = value if isinstance(value, tuple) else (value,)
    return len(numbers) <= LONGEST and all(number <= largest for number in numbers)
