"""Measures each pass over a full picture: its time, the bytes it moves, and how many new pictures it makes.

The floor of a pass is the time that copying as many bytes takes on one thread. It tells slow code from a slow machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import av
import numpy as np

from realtime_micacl.lazy import made
from realtime_micacl.live.seeing.cuts import CutDetector
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.sources.decoder import without_delay
from realtime_micacl.live.sources.upright import Upright
from realtime_micacl.live.sources.video import chosen, opened

PICTURES = 60
COPY_BYTES, COPIES = 32 << 20, 9


@dataclass(frozen=True)
class Pass:
    """One pass over a picture."""

    name: str
    bytes_px: float
    """Bytes read and written per px; 0 if only some px are read."""
    new: int
    """How many new pictures it makes."""


PASSES = (
    Pass("decode", 1.5, 1),
    Pass("to RGB, turned", 4.5, 1),
    Pass("cut", 0.0, 0),
    Pass("look for faces", 0.0, 0),
)


def passes(clip: Path) -> dict[str, Any]:
    """Return the median processor time of each pass over the first `PICTURES` of a clip, with its floor."""
    took: dict[str, list[float]] = {one.name: [] for one in PASSES}
    px = 0
    with closing(opened(clip)) as container, closing(FaceDetector()) as detector:
        upright, cuts = Upright(chosen(container, str(clip))), CutDetector()
        frames = _frames(container, str(clip))
        for _ in range(PICTURES):
            frame = _timed(took["decode"], partial(next, frames, None))
            if frame is None:
                break
            picture = upright(frame)
            _timed(took["cut"], partial(cuts.is_cut, picture))
            image = _timed(took["to RGB, turned"], partial(made, picture))
            _timed(took["look for faces"], partial(detector.detect, image))
            px = image.shape[0] * image.shape[1]
    bytes_s = _copied_bytes_s()
    rows = {}
    for one in PASSES:
        spent_s = median(took[one.name] or [float("nan")])
        floor_s = one.bytes_px * px / bytes_s
        rows[one.name] = {
            "ms": round(1e3 * spent_s, 3),
            "mb": round(one.bytes_px * px / 1e6, 2),
            "new": one.new,
            "floor_ms": round(1e3 * floor_s, 3),
        }
    return {"copies_gb_s": round(bytes_s / 1e9, 1), "rows": rows}


def table(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the figures of `passes` as rows of text, each with its title."""
    rows = [("passes", f"{'a picture':<16}{'ms':>9}{'MB moved':>10}{'new':>5}   floor / time")]
    for name, row in found["rows"].items():
        share = f"{row['floor_ms'] / row['ms']:.2f}" if row["mb"] else "some px only"
        rows.append(("", f"{name:<16}{row['ms']:>9.2f}{row['mb']:>10.2f}{row['new']:>5}   {share}"))
    return [*rows, ("", f"memory is copied at {found['copies_gb_s']:.1f} GB/s, read and written together")]


def _frames(container: av.container.InputContainer, shown: str) -> Iterator[av.VideoFrame]:
    stream = chosen(container, shown)
    without_delay(stream)
    yield from container.decode(stream)


def _timed(took_s: list[float], work: Callable[[], Any]) -> Any:
    start_s = process_time()
    done = work()
    took_s.append(process_time() - start_s)
    return done


def _copied_bytes_s() -> float:
    source, target = (np.full(COPY_BYTES, value, np.uint8) for value in (1, 0))
    took_s: list[float] = []
    for _ in range(COPIES):
        _timed(took_s, partial(np.copyto, target, source))
    return 2 * COPY_BYTES / max(median(took_s), 1e-9)
