"""Play lists on disk: the pieces that lie beside them are read, and nothing else is opened."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

log = logging.getLogger(__name__)

KINDS = {b"#EXTM3U": "hls", b"ffconcat": "concat"}
"""How a play list begins -> FFmpeg's name for its kind."""
OPTIONS = {"hls": {"allowed_extensions": "ALL", "extension_picky": "0", "live_start_index": "0", "max_reload": "1"}}
"""Pieces of any name; of a list that is still written to, from its first piece to what is there now."""


def kind_of(path: Path) -> str | None:
    """Return FFmpeg's name for a play list's kind; None where a file is none."""
    try:
        with path.open("rb") as stream:
            head = stream.read(8)
    except OSError:
        return None
    return next((kind for mark, kind in KINDS.items() if head.startswith(mark)), None)


def opens_beside(path: Path) -> Callable[[str, int, object], BinaryIO]:
    """Return what opens a play list and the files of its folder; of others it says that they are left out.

    A concat list asks for no leave, and goes by FFmpeg's own rule, which is as strict.
    """
    folder, named = path.resolve().parent, set[str]()

    def opens(url: str, flags: int, options: object) -> BinaryIO:
        name = url.removeprefix("file:")
        for file in (Path(name), Path(unquote(name))):
            if file.resolve().is_relative_to(folder) and file.is_file():
                return io.BytesIO(file.read_bytes()) if kind_of(file) else file.open("rb")  # PyAV closes pieces alone
        if url not in named:
            log.warning("%s: %s does not lie beside it and is left out", path, name)
        named.add(url)
        return io.BytesIO()

    return opens
