"""Pictures that are converted only when they are needed, which most frames of a camera are not."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]


class Lazy(Protocol):
    """A picture that is not converted yet."""

    shape: tuple[int, ...]
    """The shape of the picture, [H,W,3]."""

    @property
    def luma(self) -> U8:
        """Approximately how light each pixel is, [H,W]; does not convert the picture."""

    def made(self) -> U8:
        """Return the picture, RGB, [H,W,3], the same array each time; any thread may call it."""


def made(picture: U8 | Lazy) -> U8:
    """Return a picture [H,W,3], converted if it was not yet."""
    return picture if isinstance(picture, np.ndarray) else picture.made()
