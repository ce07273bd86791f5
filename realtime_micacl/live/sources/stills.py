"""Photographs, and folders or rows of numbered pictures that are read as a clip."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from mimetypes import guess_type
from pathlib import Path
from typing import BinaryIO

import av

from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources.lists import LISTED, listed
from realtime_micacl.live.sources.pipe import is_fifo
from realtime_micacl.types import Frame
from realtime_micacl.wording import counted

log = logging.getLogger(__name__)

SUFFIXES = (
    *(".avif", ".bmp", ".dpx", ".exr", ".heic", ".heif", ".jfif", ".jp2", ".jpeg", ".jpg", ".pgm", ".png", ".ppm"),
    *(".qoi", ".tga", ".tif", ".tiff", ".webp"),
)
RATE_HZ = 25.0
ANIMATED = "it is an animated WebP, which is not read; make a GIF or a video of it, or a folder of its pictures"
NO_INDEX = "it was not written to its end: its index (moov) is missing; a repair program such as untrunc may help"
DASH = b"<MPD"
DESCRIBED = "it only describes a stream (SDP); give the camera's rtsp:// address"
RECORDED = "it is a recording of this program: `realtime-micacl replay FILE` shows it, `report FILE` makes a page of it"
BEGUN = "it begins with nothing but zeros: the download or the copy was not finished"
PAGE = "it is a web page: the download brought that, an error or a login, in place of the video"
POINTER = "it only stands for a file of Git LFS; `git lfs pull` fetches the video itself"
ENCRYPTED = "it is encrypted (DRM); only the player of whoever sold it opens it"
PACKED = "it is an archive; unpack it first"
KNOWN = {
    (b'{"schema"', b"time_s,track,"): RECORDED,
    (b"version https://git-lfs",): POINTER,
    (b"PK\3\4", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"): PACKED,
}
"""How a file begins -> what to say of it."""
HEAD_BYTES = 500
MOOV_BYTES = 1 << 22
BOXES = 64  # kinds of boxes: a file that has more is none
NUMBER = re.compile(r"%0?(\d{0,3})d")


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures of a folder, 2 before 10; none where there is no such folder."""
    if not folder.is_dir():
        return []
    named = (f for f in folder.iterdir() if f.suffix.lower() in SUFFIXES and not f.name.startswith("."))
    found = [f for f in named if not is_fifo(f)]  # which would be waited for
    return sorted(found, key=lambda f: [(int(n) if n.isdecimal() else 0, n) for n in re.split(r"(\d+)", f.stem)])


def tell_videos(folder: Path) -> None:
    """Say in the log where videos lie among the pictures of a folder, which alone are read."""
    shown = [file.name for file in folder.iterdir() if not file.name.startswith(".")]
    videos = sum((guess_type(name)[0] or "").startswith("video/") for name in shown)
    if videos:
        mend = f"`realtime-micacl process {folder} OUT` reads those"
        log.warning("%s: its pictures are read, not its %s; %s", folder, counted(videos, "video"), mend)


def pictures_like(pattern: Path) -> list[Path]:
    """Return the pictures that a pattern as `img%04d.png` names, in order; none where it is no pattern."""
    parts = NUMBER.split(pattern.name)
    if len(parts) != 3 or pattern.exists() or not pattern.parent.is_dir():
        return []
    digits = rf"\d{{{int(parts[1])},}}" if parts[1] else r"\d+"
    name = re.compile(f"{re.escape(parts[0])}({digits}){re.escape(parts[2])}")
    files = (file for file in pattern.parent.iterdir() if not is_fifo(file))
    found = {int(m[1]): file for file in files if (m := name.fullmatch(file.name))}
    return [found[number] for number in sorted(found)]


def is_picture(container: av.container.InputContainer) -> bool:
    """Say whether a file is a single picture; what is behind that in it, a film or a second page, is not meant."""
    return container.format.name.endswith("_pipe") or container.format.name == "image2"


def jpegs(path: Path) -> str | None:
    """Return FFmpeg's name for JPEG after JPEG where a file is that: of large ones it would see the first alone."""
    if path.suffix.lower() not in (".mjpeg", ".mjpg"):
        return None
    with path.open("rb") as stream:
        return "mjpeg" if stream.read(2) == b"\xff\xd8" else None


def refused(path: Path) -> str:
    """Return what to say of a file that cannot be opened or decoded; empty where nothing is known."""
    try:
        with path.open("rb") as stream:
            begins = stream.read(HEAD_BYTES)
            bare = b"#EXTM3U\n" if path.suffix.lower() == ".m3u" else b""
            if known := told_by(bare + begins):
                return known
            if begins[4:8] == b"ftyp":
                boxes = _boxes(stream)
                if not {b"moov", b"meta"} & boxes.keys():
                    return NO_INDEX
                stream.seek(boxes.get(b"moov", 0))
                if b"encv" in stream.read(MOOV_BYTES):
                    return ENCRYPTED
    except OSError:
        return ""
    return ""


def told_by(begins: bytes) -> str:
    """Return what to say of something that begins so and is not read; empty where nothing is known."""
    head = begins[:32]
    if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and head[20] & 2:
        return ANIMATED
    if named := LISTED if DASH in begins else listed(begins):
        return named
    if known := next((reason for marks, reason in KNOWN.items() if head.startswith(marks)), ""):
        return known
    if head.startswith(b"v=0") and b"\nm=video " in begins:
        return DESCRIBED
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html")):
        return PAGE
    return BEGUN if len(head) == 32 and not any(head) else ""


def _boxes(stream: BinaryIO) -> dict[bytes, int]:
    """Return the kinds of the boxes that an MP4 consists of, and where the first of each begins."""
    kinds, at = dict[bytes, int](), 0
    while len(kinds) < BOXES:
        stream.seek(at)
        head = stream.read(16)
        if len(head) < 8:
            break
        size = int.from_bytes(head[:4], "big")
        size = int.from_bytes(head[8:], "big") if size == 1 else size
        kinds.setdefault(head[4:8], at)
        if size < 8:  # the last: to the end of the file
            break
        at += size
    return kinds


def read_row(
    files: list[Path], shown: str, rate_hz: float | None, read: Callable[[Path], Generator[Frame]]
) -> Iterator[Frame]:
    """Yield pictures, each opened by `read`, as the frames of a clip; raise SourceError where not one can be read.

    Those that cannot be read are left out and counted in the log; the others keep their times.
    """
    if rate_hz is None:
        log.warning(
            "%s is read at %g pictures a second; --rate changes that, at 1 each is a photograph", shown, RATE_HZ
        )
    rate_hz, damaged, reason = rate_hz or RATE_HZ, [], ""
    for index, file in enumerate(files):
        try:
            with closing(read(file)) as frames:
                image = next(frames).image
        except SourceError as cause:
            damaged.append(file.name)
            reason = reason or str(cause)
            continue
        yield Frame(image, index / rate_hz, index)
    if len(damaged) == len(files):
        raise SourceError(f"{shown}: of {counted(len(files), 'picture')} none can be read; the first: {reason}")
    if damaged:
        log.warning("%s: %d of %d pictures cannot be read: %s", shown, len(damaged), len(files), ", ".join(damaged[:5]))
