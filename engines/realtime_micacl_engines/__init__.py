"""The engines that the package carries, as data."""

from pathlib import Path


def folder(name: str) -> Path:
    """Return the folder of a shipped engine."""
    return Path(__file__).parent / name
