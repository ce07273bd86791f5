"""What is computed from other data and kept in a folder, under the hash of all that it comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_micacl.files import replacing

Array = npt.NDArray[Any]


def key(*of: bytes) -> str:
    """Return the hash that stands for data, as it stands in the names of files."""
    return hashlib.sha256(b"".join(of)).hexdigest()[:16]


def kept(file: Path, make: Callable[[], Array]) -> Array:
    """Return the array in a .npy file, made and written there first where it is not there yet."""
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        made = make()
        with replacing(file) as part:
            np.save(part, made)
    return np.asarray(np.load(file))


def kept_together(file: Path, make: Callable[[], Mapping[str, Array]]) -> dict[str, Array]:
    """Return the arrays in a .npz file by name, made and written there first where it is not there yet."""
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        made = make()
        with replacing(file) as part:
            np.savez_compressed(part, **made)  # type: ignore[arg-type]  # its other argument is no array
    with np.load(file) as stored:
        return {name: stored[name] for name in stored.files}
