"""What is computed from other data and kept in a folder, under the hash of all that it comes from."""

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
    """Return the hash that stands for data, as it stands in the names of files."""
    return hashlib.sha256(b"".join(of)).hexdigest()[:16]


def kept(file: Path, make: Callable[[], Array]) -> Array:
    """Return the array in a .npy file; made and written there first where there is none that can be read."""
    found = _stored(file)
    if found is None:
        file.parent.mkdir(parents=True, exist_ok=True)
        found = make()
        with replacing(file) as part:
            np.save(part, found)
    return np.asarray(found)


def kept_together(file: Path, make: Callable[[], Mapping[str, Array]]) -> dict[str, Array]:
    """Return the arrays in a .npz file by name; made and written there first where there are none that can be read."""
    found = _stored(file)
    if found is None:
        file.parent.mkdir(parents=True, exist_ok=True)
        found = {name: np.asarray(array) for name, array in make().items()}
        with replacing(file) as part:
            np.savez_compressed(part, **found)
    return dict(found)


def _stored(file: Path) -> Any:
    """Return the array of a file, or its arrays by name; None where it is missing or damaged."""
    try:
        with file.open("rb") as stream:
            stored = np.load(stream)
            return {name: stored[name] for name in stored.files} if isinstance(stored, NpzFile) else stored
    except (OSError, ValueError, EOFError, BadZipFile):
        return None
