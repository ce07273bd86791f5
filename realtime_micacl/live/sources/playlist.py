"""Playlists on disk: only the segments in the same folder are opened."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urljoin

log = logging.getLogger(__name__)

KINDS = {b"#EXTM3U": "hls", b"ffconcat": "concat"}
"""How a playlist begins -> FFmpeg's name for its format."""
OPTIONS = {"hls": {"allowed_extensions": "ALL", "extension_picky": "0", "live_start_index": "0", "max_reload": "1"}}
"""Segments of any name; a list that is still being written is read from its first segment to the present last."""

CIRCLE = "it is a playlist that names itself"
RATE = b"#EXT-X-STREAM-INF"
"""Precedes the name of a playlist in one of several rates."""


def kind_of(path: Path) -> str | None:
    """Return FFmpeg's name for the format of a playlist; None if the file is none."""
    try:
        with path.open("rb") as stream:
            head = stream.read(8)
    except OSError:
        return None
    return next((kind for mark, kind in KINDS.items() if head.startswith(mark)), None)


def rates(text: str) -> list[str]:
    """Return the names of the playlists in one of several rates, the largest first."""
    found = list[tuple[int, int, str]]()
    for about, name in re.findall(r"^#EXT-X-STREAM-INF:(.*)\s+^([^#\s].*?)\s*$", text, re.MULTILINE):
        across, down = (re.findall(r"RESOLUTION=(\d+)x(\d+)", about) or [(0, 0)])[0]
        bits = (re.findall(r"(?:^|,)BANDWIDTH=(\d+)", about) or [0])[0]
        found.append((int(across) * int(down), int(bits), name))
    return [name for _, _, name in sorted(found, key=lambda one: one[:2], reverse=True)]


def names_itself(text: str, place: str) -> bool:
    """Say whether a playlist at the address `place` names nothing but itself: FFmpeg would open it for ever."""
    return {urljoin(place, name) for name in re.findall(r"^\s*([^#\s].*?)\s*$", text, re.MULTILINE)} == {place}


def rates_beside(path: Path) -> list[Path]:
    """Return the playlists in one of several rates that lie in its folder, the largest first."""
    folder = path.resolve().parent
    named = [(folder / unquote(name)).resolve() for name in rates(path.read_text("utf-8", "replace"))]
    inside = [file for file in named if file.is_relative_to(folder) and file.is_file()]
    return [file for file in inside if not rates(file.read_text("utf-8", "replace"))]


def opens_beside(path: Path) -> Callable[[str, int, object], BinaryIO]:
    """Return a function that opens a playlist and the files of its folder; it warns that others are left out.

    FFmpeg does not call it for a concat list, where its own rule is as strict.
    """
    folder, named, lists = path.resolve().parent, set[str](), 0

    def opens(url: str, flags: int, options: object) -> BinaryIO:
        nonlocal lists
        name = url.removeprefix("file:")
        for file in (Path(name), Path(unquote(name))):
            if file.resolve().is_relative_to(folder) and file.is_file():
                if not kind_of(file):
                    return file.open("rb")
                lists += 1
                content = file.read_bytes()
                circle = lists > 1 and RATE in content  # FFmpeg would follow rates that name rates for ever
                return io.BytesIO(b"" if circle else content)  # PyAV closes only segments, no lists
        if url not in named:
            log.warning("%s: %s does not lie beside it and is left out", path, name)
        named.add(url)
        return io.BytesIO()

    return opens
