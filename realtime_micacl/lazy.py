"""Pictures that are converted only when somebody needs them: of most frames of a camera nobody does."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]


class Lazy(Protocol):
    """A picture to come."""

    shape: tuple[int, ...]
    """Of the picture, [H,W,3]."""

    @property
    def luma(self) -> U8:
        """How light each pixel is, about, [H,W]; this makes no picture."""

    def made(self) -> U8:
        """Return the picture, RGB, [H,W,3], the same each time; from any thread."""


def made(picture: U8 | Lazy) -> U8:
    """Return a picture, made if need be."""
    return picture if isinstance(picture, np.ndarray) else picture.made()
