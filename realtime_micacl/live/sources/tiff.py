"""TIFFs that FFmpeg refuses or turns black; OpenCV reads them."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from realtime_micacl.errors import SourceError
from realtime_micacl.types import U8

BITS, COMPRESSION, PHOTOMETRIC, TILE_WIDTH, SAMPLE_FORMAT = 258, 259, 262, 322, 339  # tags
JPEGS, LAB, FLOAT = (6, 7), (8, 9, 10), 3  # values of them
PLAIN, BIG = 42, 43  # versions with offsets of 32 and of 64 bits
UNDECODED = (
    "is a picture that cannot be decoded: damaged, in a rare format, or too large (over 260 megapixels); save it as"
    " JPEG or PNG"
)


def is_odd_tiff(path: Path) -> bool:
    """Say whether a file is a BigTIFF, or a TIFF in tiles, in Lab, with JPEG inside or with integers over 16 bits."""
    with path.open("rb") as stream:
        order: Literal["little", "big"] | None = {b"II": "little", b"MM": "big"}.get(stream.read(2))  # type: ignore[assignment]
        if order is None:
            return False
        version = int.from_bytes(stream.read(2), order)
        if version != PLAIN:
            return version == BIG
        tags = _tags(stream, order)
    long = tags.get(BITS, 8) > 16 and tags.get(SAMPLE_FORMAT, 1) != FLOAT
    return TILE_WIDTH in tags or tags.get(COMPRESSION) in JPEGS or tags.get(PHOTOMETRIC) in LAB or long


def read_odd_tiff(path: Path) -> U8:
    """Return its first page, upright, RGB [H,W,3]; raise SourceError if OpenCV cannot read it either."""
    import cv2

    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(0)  # it would write to standard error
    try:
        image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    except (cv2.error, OSError):
        image = None
    finally:
        cv2.utils.logging.setLogLevel(level)
    if image is None:
        raise SourceError(f"{path} {UNDECODED}")
    rgb = np.ascontiguousarray(image[..., ::-1], np.uint8)
    rgb.flags.writeable = False
    return rgb


def _tags(stream: BinaryIO, order: Literal["little", "big"]) -> dict[int, int]:
    """Return the tags of the first page, each with its first value."""

    def number(size: int) -> int:
        return int.from_bytes(stream.read(size), order)

    stream.seek(number(4))
    found = {}
    for _ in range(number(2)):
        tag, kind, count, start = number(2), number(2), number(4), stream.tell()
        if kind == 3 and count > 2:  # numbers of 16 bits that lie elsewhere
            stream.seek(number(4))
        found[tag] = number(2 if kind == 3 else 4)
        stream.seek(start + 4)
    return found
