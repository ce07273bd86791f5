"""Finds the clips in a folder."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from realtime_micacl.errors import ConfigError
from realtime_micacl.files import files_below
from realtime_micacl.live.records.record import one_line
from realtime_micacl.live.sources.endings import VIDEOS
from realtime_micacl.live.sources.pipe import is_fifo
from realtime_micacl.live.sources.stills import pictures_in

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Clip:
    """A video file to be read, and its size and time when it was found."""

    name: str
    """Its path under the folder, with / between the parts."""
    path: Path
    size: int
    """In bytes; 0 if it is not accessible."""
    changed_ns: int


def find_clips(folder: Path, out: Path) -> list[Clip]:
    """Return the videos under `folder`, sorted by name; raise ConfigError if there is none.

    Left out are hidden files and folders, the folder `out`, and files that are not videos by their ending. A folder
    that can be reached twice by links is read once.
    """
    if not folder.is_dir():
        hint = f"one file is read by `realtime-micacl {folder} --offline`" if folder.exists() else "check the path"
        raise ConfigError(f"{folder} is not a folder; {hint}")
    found = [_clip(folder, path) for path in sorted(files_below(folder, out)) if _is_video(path)]
    if not found:
        if pictures_in(folder):
            raise ConfigError(f"{folder} holds pictures and no video; `realtime-micacl {folder} --offline` reads those")
        raise ConfigError(f"{folder} holds no video; files that end in {', '.join(sorted(VIDEOS))} are read")
    return found


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEOS and not is_fifo(path)  # which would be waited for


def _clip(folder: Path, path: Path) -> Clip:
    name = path.relative_to(folder).as_posix()
    try:
        found = path.stat()
    except OSError as cause:  # a link that leads nowhere: reading it says so
        log.debug("%s: %s", one_line(name), cause)
        return Clip(name, path, 0, 0)
    return Clip(name, path, found.st_size, found.st_mtime_ns)
