"""Photographs, image sequences that are read as a clip, and why a file cannot be read."""

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
ANIMATED = "it is an animated WebP, which is read from a file only; save it as one, or make a GIF or a video of it"
NO_INDEX = "it was not written completely: its index (moov) is missing; a repair program such as untrunc may help"
DASH = b"<MPD"
DESCRIBED = "it only describes a stream (SDP); give the camera's rtsp:// address"
RECORDED = "it is a recording of this program: `realtime-micacl replay FILE` shows it, `report FILE` makes a page of it"
BEGUN = "it begins with zeros only: the download or the copy was not finished"
PAGE = "it is a web page, perhaps an error or a login, that was downloaded in place of the video"
POINTER = "it only points to a file of Git LFS; `git lfs pull` fetches the video itself"
ENCRYPTED = "it is encrypted (DRM); only the player of the shop that sold it opens it"
PACKED = "it is an archive; unpack it first"
KNOWN = {
    (b'{"schema"', b"time_s,track,"): RECORDED,
    (b"version https://git-lfs",): POINTER,
    (b"PK\3\4", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"): PACKED,
}
"""First bytes of a file -> why it is not read."""
HEAD_BYTES = 500
MOOV_BYTES = 1 << 22
BOXES = 100_000  # a recording in fragments of a second has 80,000 in eleven hours
NUMBER = re.compile(r"%0?(\d{0,3})d")


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures of a folder in the order of their numbers; none if there is no such folder."""
    if not folder.is_dir():
        return []
    named = (f for f in folder.iterdir() if f.suffix.lower() in SUFFIXES and not f.name.startswith("."))
    found = [f for f in named if not is_fifo(f)]  # reading one would wait for a writer
    return sorted(found, key=lambda f: [(int(n) if n.isdecimal() else 0, n) for n in re.split(r"(\d+)", f.stem)])


def warn_of_videos(folder: Path) -> None:
    """Warn of videos in a folder of which only the pictures are read."""
    shown = [file.name for file in folder.iterdir() if not file.name.startswith(".")]
    videos = sum((guess_type(name)[0] or "").startswith("video/") for name in shown)
    if videos:
        mend = f"`realtime-micacl process {folder} OUT` reads those"
        log.warning("%s: its pictures are read, not its %s; %s", folder, counted(videos, "video"), mend)


def pictures_like(pattern: Path) -> list[Path]:
    """Return the pictures of a pattern such as `img%04d.png`, in order; none if it is no pattern."""
    parts = NUMBER.split(pattern.name)
    if len(parts) != 3 or pattern.exists() or not pattern.parent.is_dir():
        return []
    digits = rf"\d{{{int(parts[1])},}}" if parts[1] else r"\d+"
    name = re.compile(f"{re.escape(parts[0])}({digits}){re.escape(parts[2])}")
    files = (file for file in pattern.parent.iterdir() if not is_fifo(file))
    found = {int(m[1]): file for file in files if (m := name.fullmatch(file.name))}
    return [found[number] for number in sorted(found)]


def is_picture(container: av.container.InputContainer) -> bool:
    """Say whether a file is a picture; further pages or a clip inside it do not count."""
    return container.format.name.endswith("_pipe") or container.format.name == "image2"


def jpegs(path: Path) -> str | None:
    """Return FFmpeg's format for a file of JPEG after JPEG, else None: by itself FFmpeg reads one of large pictures."""
    if path.suffix.lower() not in (".mjpeg", ".mjpg"):
        return None
    with path.open("rb") as stream:
        return "mjpeg" if stream.read(2) == b"\xff\xd8" else None


def why_refused(path: Path) -> str:
    """Return why a file cannot be opened or decoded; empty if the reason is unknown."""
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
            bare = b"#EXTM3U\n" if path.suffix.lower() == ".m3u" else b""
            if known := reason_by_head(bare + head):
                return known
            if head[4:8] == b"ftyp":
                boxes = dict(reversed(list(_boxes(stream))))  # the first of each kind
                if not {b"moov", b"meta"} & boxes.keys():
                    return NO_INDEX
                stream.seek(boxes.get(b"moov", 0))
                if b"encv" in stream.read(MOOV_BYTES):
                    return ENCRYPTED
    except OSError:
        return ""
    return ""


def reason_by_head(head: bytes) -> str:
    """Return why something with these first bytes is not read; empty if the reason is unknown."""
    start = head[:32]
    if is_animated_webp(head):
        return ANIMATED
    if named := LISTED if DASH in head else listed(head):
        return named
    if known := next((reason for marks, reason in KNOWN.items() if start.startswith(marks)), ""):
        return known
    if head[257:262] == b"ustar":
        return PACKED
    if start.startswith(b"v=0") and b"\nm=video " in head:
        return DESCRIBED
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html")):
        return PAGE
    return BEGUN if len(start) == 32 and not any(start) else ""


def is_animated_webp(head: bytes) -> bool:
    """Say whether something with these first bytes is an animated WebP."""
    return head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(head[20:21]) and bool(head[20] & 2)


def second_mp4(path: Path) -> int:
    """Return where another MP4 begins in an MP4 without fragments; 0 if there is none."""
    with path.open("rb") as stream:
        boxes = list(_boxes(stream)) if stream.read(8)[4:] == b"ftyp" else []
    begins = [at for kind, at in boxes if kind == b"ftyp"]
    return begins[1] if len(begins) > 1 and b"moof" not in dict(boxes) else 0


def _boxes(stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield the kind of each box in an MP4, and where it begins."""
    at = 0
    for _ in range(BOXES):
        stream.seek(at)
        head = stream.read(16)
        if len(head) < 8:
            break
        size = int.from_bytes(head[:4], "big")
        size = int.from_bytes(head[8:], "big") if size == 1 else size
        yield head[4:8], at
        if size < 8:  # the last box, which goes to the end of the file
            break
        at += size


def read_sequence(
    files: list[Path], shown: str, rate_hz: float | None, read: Callable[[Path], Generator[Frame]]
) -> Iterator[Frame]:
    """Yield the pictures of an image sequence as the frames of a clip; `read` opens each.

    Those that cannot be read are left out and counted in the log; the others keep their times. Raise SourceError if
    none can be read.
    """
    if rate_hz is None:
        log.warning(
            "%s is read at %g pictures a second; --rate changes that, and at 1 each is a photograph", shown, RATE_HZ
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
