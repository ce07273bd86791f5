"""Reads a folder of pictures as a clip: numbered files in the order of their numbers, at a given rate.

Sets of face crops leave out frames without a face: where most numbers follow each other, a gap is a gap in time.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources.stills import pictures_in
from realtime_micacl.types import U8, Frame
from realtime_micacl.wording import counted

log = logging.getLogger(__name__)


def read_pictures(folder: Path, rate_hz: float) -> Iterator[Frame]:
    """Yield the pictures of a folder as frames; raise SourceError if none can be read.

    Damaged pictures are left out and counted in the log; the others keep their times.
    """
    files = pictures_in(folder)
    if not files:
        raise SourceError(f"no pictures in {folder}" if folder.is_dir() else f"no folder at {folder}")
    damaged = []
    places = _places(files)
    for index, file in enumerate(files):
        image = _picture(file)
        if image is None:
            damaged.append(file.name)
        else:
            yield Frame(image, places[index] / rate_hz, index)
    if len(damaged) == len(files):
        raise SourceError(f"{folder}: none of {counted(len(files), 'picture')} can be read")
    if damaged:
        log.warning(
            "%s: %d of %d pictures cannot be read: %s", folder, len(damaged), len(files), ", ".join(damaged[:5])
        )


def _places(files: Sequence[Path]) -> list[int]:
    """Return the place of each picture in its clip, in frames, by the last number of its name or else by its order."""
    numbers = [int((re.findall(r"\d+", file.stem) or ["0"])[-1]) for file in files]
    steps = sorted(after - before for before, after in pairwise(numbers))
    counted_up = bool(steps) and steps[0] > 0 and steps[len(steps) // 2] == 1
    return [number - numbers[0] for number in numbers] if counted_up else list(range(len(files)))


def _picture(file: Path) -> U8 | None:
    """Return a picture as read-only RGB [H,W,3], None if it is damaged."""
    try:
        image = cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):
        return None
    if image is None:
        return None
    picture = cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
    picture.flags.writeable = False
    return picture
