"""Reads files of arrays that other programs wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from realtime_micacl.errors import ConfigError
from realtime_micacl.wording import why


def read_arrays(file: Path, what: str, names: Sequence[str]) -> list[npt.NDArray[Any]]:
    """Return the arrays of an .npz by name; raise ConfigError if the file is no .npz, is cut off, or lacks one."""
    try:
        with file.open("rb") as stream, np.load(stream) as stored:  # np.load leaves a file open that it cannot read
            return [stored[name] for name in names]
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as cause:
        raise ConfigError(f"{file} is not {what}, an .npz with {', '.join(names)}: {why(cause)}") from cause
