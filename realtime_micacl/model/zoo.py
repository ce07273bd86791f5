"""The networks by name: `model.system` in a recipe selects one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtime_micacl.errors import ConfigError
from realtime_micacl.model.config import SystemConfig
from realtime_micacl.model.fineclip import FineCLIPER, FineCLIPERConfig
from realtime_micacl.model.ifdd import IFDD, IFDDConfig
from realtime_micacl.model.m3dfel import M3DFEL, M3DFELConfig
from realtime_micacl.model.micacl import MICACL, MICACLConfig
from realtime_micacl.model.s4d import S4D, S4DConfig
from realtime_micacl.model.system import System

SYSTEMS: dict[str, tuple[type[SystemConfig], type[System]]] = {
    "micacl": (MICACLConfig, MICACL),
    "m3dfel": (M3DFELConfig, M3DFEL),
    "ifdd": (IFDDConfig, IFDD),
    "s4d": (S4DConfig, S4D),
    "fineclip": (FineCLIPERConfig, FineCLIPER),
}


def configured(table: Mapping[str, Any]) -> SystemConfig:
    """Return the configuration of a `[model]` table; raise ConfigError if it is wrong."""
    name = table.get("system", "micacl")
    if not isinstance(name, str) or name not in SYSTEMS:
        raise ConfigError(f"model.system must be one of {', '.join(SYSTEMS)}, not {name!r}")
    return SYSTEMS[name][0].from_dict(table)


def build(config: SystemConfig) -> System:
    """Return the network of a configuration, with random weights."""
    (network,) = (network for kind, network in SYSTEMS.values() if type(config) is kind)
    return network(config)
