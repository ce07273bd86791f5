"""Caches arrays that are computed from other data, in files named by the hash of that data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from numpy.lib.npyio import NpzFile

from realtime_micacl.files import replacing

Array = npt.NDArray[Any]


def key(*of: bytes) -> str:
    """Return the hash of some data, 16 hex digits, for the name of a file."""
    return hashlib.sha256(b"".join(of)).hexdigest()[:16]


def cached(file: Path, make: Callable[[], Array]) -> Array:
    """Return the array in a .npy file; if there is none that can be read, call `make` and write it."""
    found = _stored(file)
    if found is None:
        file.parent.mkdir(parents=True, exist_ok=True)
        found = make()
        with replacing(file) as part:
            np.save(part, found)
    return np.asarray(found)


def cached_arrays(file: Path, make: Callable[[], Mapping[str, Array]]) -> dict[str, Array]:
    """Return the arrays in a .npz file by name; if there is none that can be read, call `make` and write it."""
    found = _stored(file)
    if found is None:
        file.parent.mkdir(parents=True, exist_ok=True)
        found = {name: np.asarray(array) for name, array in make().items()}
        with replacing(file) as part:
            np.savez_compressed(part, **found)
    return dict(found)


def _stored(file: Path) -> Any:
    """Return the array of a file, or its arrays by name; None if it is missing or damaged."""
    try:
        with file.open("rb") as stream:
            stored = np.load(stream)
            return {name: stored[name] for name in stored.files} if isinstance(stored, NpzFile) else stored
    except (OSError, ValueError, EOFError, BadZipFile):
        return None
