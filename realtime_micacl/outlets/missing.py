"""Imports the package that an outlet is built on, when the outlet is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from realtime_micacl.errors import ConfigError
from realtime_micacl.installed import install_command


def needed(module: str, extra: str, asked: str = "") -> Any:
    """Return a module; raise ConfigError where the extra that brings it is not installed."""
    try:
        return import_module(module)
    except ImportError as cause:
        what = asked or f"--{extra}"
        raise ConfigError(f"{what} needs {module}, which is not installed: {install_command(extra)}") from cause
