"""The systems that `realtime-micacl compare` trains, each with its own settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from realtime_micacl.making.recipe import Recipe

ENCODER = ("encoder", "widths", "blocks", "pooling", "dropout")
"""Keys of the recipe's table [model] that all systems share."""
PLAIN: Mapping[str, object] = {"mccl": 0.0, "sampler": "random"}
JOINT: Mapping[str, object] = {"mccl": 0.0, "still_share": 0.33}


@dataclass(frozen=True)
class System:
    """A row of the table: its network, and its own settings of the stage [clips]."""

    name: str
    model: Mapping[str, object]
    clips: Mapping[str, object] = field(default_factory=dict)


def _s4d(name: str, kinds: int, adapter: str) -> System:
    return System(f"S4D: {name}", {"system": "s4d", "wian_hidden": 96, "kinds": kinds, "adapter": adapter}, JOINT)


SYSTEMS = (
    System("M3DFEL", {"system": "m3dfel", "lstm_hidden": 96}, PLAIN),
    System("MICACL", {"system": "micacl", "wian_hidden": 96}),
    System("IFDD", {"system": "ifdd", "dropout": 0.5}, {"mccl": 0.0}),
    _s4d("one head", 1, "none"),
    _s4d("two heads", 2, "none"),
    _s4d("two heads, experts", 2, "experts"),
    _s4d("two heads, dense adapter", 2, "dense"),
)


def changed(recipe: Recipe, system: System, seed: int) -> Recipe:
    """Return the recipe of a system."""
    assert recipe.clips is not None
    shared = {key: recipe.model[key] for key in ENCODER if key in recipe.model}
    clips = msgspec.structs.replace(recipe.clips, **system.clips)
    return msgspec.structs.replace(recipe, seed=seed, model=shared | dict(system.model), clips=clips)
