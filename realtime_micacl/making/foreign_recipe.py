"""The TOML file that describes somebody else's frame encoder; see docs/zoo.md."""

from __future__ import annotations

from math import inf, isfinite
from typing import Annotated, Literal

from msgspec import Meta, Struct

from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.sidecar import BagSpec, Crop, Fraction

Numbers = tuple[float, ...]
NOTHING = "-"
"""The label of a number that stands for no emotion, such as valence."""


class Input(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[input]`: the encoder's input; a pixel becomes (value / divide_by - mean) / std."""

    layout: Literal["NCHW", "NHWC"] = "NCHW"
    colour: Literal["rgb", "bgr", "grey"] = "rgb"
    divide_by: Annotated[float, Meta(gt=0.0)] = 255.0
    mean: Numbers = (0.0,)
    """One number, or one for each channel in the order of `colour`."""
    std: Numbers = (1.0,)

    def __post_init__(self) -> None:
        for name, numbers in (("mean", self.mean), ("std", self.std)):
            if len(numbers) not in (1, self.channels):
                raise ConfigError(f"input.{name} has {len(numbers)} numbers, 1 or {self.channels} are needed")
        if not all(0 < number < inf for number in (*self.std, self.divide_by)):
            raise ConfigError("input.std and input.divide_by must be above 0 and finite")
        if not all(map(isfinite, self.mean)):
            raise ConfigError("input.mean must be finite")

    @property
    def channels(self) -> int:
        """1 for grey pictures, else 3."""
        return 1 if self.colour == "grey" else 3


class Output(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[output]`: the encoder's output."""

    gives: Literal["logits", "shares", "vector"]
    """Scores before the softmax (logits) or after it (shares); or a vector, for which a linear layer is fitted."""
    name: str = ""
    """Name of the output; needed if there are several."""
    labels: tuple[str, ...] = ()
    """Names of the scores in order. Emotions outside the seven are dropped; "-" is a number that is no emotion."""
    temperature: Annotated[float, Meta(ge=0.01, le=100.0)] = 1.0
    abstain_below: Fraction = 0.4

    def __post_init__(self) -> None:
        if (self.gives == "vector") == bool(self.labels):
            raise ConfigError("output.labels are needed for logits and shares, and must be left out for a vector")


class Theirs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    name: Annotated[str, Meta(pattern=r"^\S[^\x00-\x1f]*\Z", description="a name on one line")]
    bag: BagSpec
    crop: Crop
    input: Input = Input()
    output: Output

    def __post_init__(self) -> None:
        right, left, nose, mouth = self.crop.points
        if not (right[0] < left[0] and max(right[1], left[1]) < nose[1] < mouth[1]):
            raise ConfigError("crop.points: the right eye lies left of the left one, nose and mouth below both")
