"""The size and rate asked of a camera, and how the pictures of every source are turned and cropped first of all."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from realtime_micacl.config import Settings
from realtime_micacl.errors import ConfigError
from realtime_micacl.lazy import made
from realtime_micacl.types import U8, Frame

log = logging.getLogger(__name__)

T = TypeVar("T")
WHOLE = (0.0, 0.0, 1.0, 1.0)
LEAST_PX = 16
TURNS = (0, 90, 180, 270)
Region = tuple[float, float, float, float]


@dataclass(frozen=True)
class Framing:
    """A choice of all of it; the window replaces it as a whole."""

    size: tuple[int, int] | None = None
    """Width and height in px that a camera is asked for."""
    fps: float | None = None
    """Pictures a second that a camera is asked for."""
    turn: int = 0
    """By how many degrees each picture is turned clockwise."""
    region: Region = WHOLE
    """Left, top, width and height of the part that is used, in shares of the turned picture."""

    def framed(self, image: U8) -> U8:
        """Return a picture, RGB [H,W,3], turned and cropped."""
        if self.turn:
            image = np.rot90(image, -self.turn // 90)
        if self.region != WHOLE:
            height, width = image.shape[:2]
            left, top, wide, high = self.region
            x, y = round(left * width), round(top * height)
            x, y = min(x, max(0, width - LEAST_PX)), min(y, max(0, height - LEAST_PX))
            image = image[y : y + max(LEAST_PX, round(high * height)), x : x + max(LEAST_PX, round(wide * width))]
        if not image.flags.c_contiguous:
            image = np.ascontiguousarray(image)
            image.flags.writeable = False
        return image


class Framer:
    """How pictures are framed now, shared by the window and whoever opens a source; `now` is replaced as a whole."""

    def __init__(self, now: Framing | None = None) -> None:
        self.now = now or Framing()
        self.of_camera = False
        """Whether the present source is a camera, which can be asked for a size and rate."""

    def __call__(self, items: Iterator[T]) -> Iterator[T]:
        """Yield the items of a source, each picture framed as it is chosen at that moment."""
        with closing(items):  # type: ignore[type-var]  # a generator
            for item in items:
                now = self.now
                if isinstance(item, Frame) and (now.turn or now.region != WHOLE):
                    yield replace(item, picture=now.framed(item.image))
                else:
                    yield item


def to_be_painted(items: Iterator[T]) -> Iterator[T]:
    """Yield the items of a source for a window, with each picture converted here: every one is painted anyway."""
    with closing(items):  # type: ignore[type-var]  # a generator
        for item in items:
            if isinstance(item, Frame):
                made(item.picture)
            yield item


def framing(settings: Settings) -> Framing:
    """Return the framing that the settings ask for; raise ConfigError for a region outside the picture."""
    width, _, height = (settings.size or "").partition("x")
    size = (int(width), int(height)) if width else None
    return Framing(size, settings.fps, settings.rotate, checked_region(settings.region) if settings.region else WHOLE)


def checked_region(region: Region) -> Region:
    """Return the region; raise ConfigError if it is not inside the picture."""
    left, top, width, height = region
    inside = min(left, top) >= 0 and min(width, height) > 0 and left + width <= 1.001 and top + height <= 1.001
    if not inside:
        shown = ",".join(f"{share:g}" for share in region)
        raise ConfigError(
            f"region {shown} is not inside the picture; it is left,top,width,height in shares of it, such as"
            " 0.25,0,0.5,1 for the middle"
        )
    return region


def log_camera(camera: int, asked: Framing, size: tuple[int, int], fps: float) -> None:
    """Log what a camera gives, as a warning if it was asked for something else."""
    gave = f"{size[0]} x {size[1]}" + (f" at {fps:g} a second" if 0 < fps < 1000 else "")
    refused = [f"{asked.size[0]} x {asked.size[1]}"] if asked.size and asked.size != size else []
    refused += [f"{asked.fps:g} a second"] if asked.fps and 0 < fps < 1000 and abs(asked.fps - fps) > 0.5 else []
    if refused:
        log.warning("camera %d was asked for %s and gives %s", camera, " and ".join(refused), gave)
    else:
        log.info("camera %d gives %s", camera, gave)
