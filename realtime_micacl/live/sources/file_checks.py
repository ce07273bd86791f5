"""Checks the files that people name: missing, unreadable, a folder, an address without rtsp://, cut off."""

from __future__ import annotations

import logging
import os
import re
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

import av

from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources.stills import NUMBER, SUFFIXES, pictures_in, pictures_like, second_mp4
from realtime_micacl.wording import why

log = logging.getLogger(__name__)

ADDRESS = re.compile(r"(?:\d+(?:\.\d+){3}|localhost|www\.[^/]+|[\w-]+(?:\.[\w-]+)*(?=:\d))(?::\d+)?(?:/.*)?")
HOSTED = re.compile(r"[\w-]+(?:\.[\w-]+)+/", re.ASCII)
SLIP = re.compile(r"(?:https?|rtsp[us]?|rtmps?|tcp|udp):[/\\]", re.IGNORECASE)
WEBCAM = re.compile(r"(?:(?:web|usb)?[ -]?cam(?:era)?|usb|v4l2?|/dev/video)[ :=_-]*\d*|video=.*", re.IGNORECASE)
QUOTES = "\"'\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb"
WEBCAMS = "a webcam is named by its number, as 0; --list-cameras lists them"
ALIKE = 0.9  # likeness of names that differ by a letter or two
ONE = "%s: of the %d pictures that its index counts one is shown; its time scale or its edit list may be damaged"
GREW = "%s grew while it was read; MPEG-TS or Matroska is followed by `tail -c +1 -f %s | realtime-micacl -`"
JOINED = "%s: another MP4 begins at byte %d, as after `cat`, and is not read; ffmpeg -f concat joins them"
MISSING_S = 1.0  # a file is cut off if more than this is missing, and more than this share of its stated length
MISSING_SHARE = 0.02


def check_file(path: Path) -> None:
    """Raise SourceError if `path` is plainly no video, no picture and no image sequence."""
    try:
        if pictures_like(path):
            return
        if not os.path.exists(path):
            path.stat()  # raises the reason
        if path.is_dir() and not pictures_in(path):
            many = f"a folder of videos is read by `realtime-micacl process {path} OUT`"
            raise SourceError(f"{path} is a folder without pictures; name a video; {many}")
        if path.is_char_device():  # a serial line or a terminal would be waited for
            raise SourceError(f"{path} is a device that gives no video; {WEBCAMS}")
        if path.is_file() and path.stat().st_size == 0:
            raise SourceError(f"{path} is empty (0 bytes); it was not written completely")
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last: a zero byte
        raise SourceError(f"no file at {path}{_meant(path)}") from None
    except OSError as cause:
        raise SourceError(f"{path} cannot be read: {why(cause)}") from cause


def _meant(path: Path) -> str:
    """Return a hint at what was meant by a path that does not exist."""
    if path.is_symlink():
        return f": it is a link to {os.readlink(path)}, which is not there"
    if WEBCAM.fullmatch(str(path)):
        return f"; {WEBCAMS}"
    hosted = HOSTED.match(str(path)) and not os.path.exists(path.parts[0])
    if hosted or ADDRESS.fullmatch(str(path)) or SLIP.match(str(path)):
        return "; an address begins with rtsp:// or http://"
    if (bare := str(path).strip(QUOTES)) != str(path) and os.path.exists(bare):
        return f"; the quotes are taken as part of the name; leave them out: {bare}"
    if NUMBER.search(path.name):
        return "; no pictures have such numbers; check the path"
    if set("*?") & set(path.name) and path.suffix.lower() not in SUFFIXES:
        return "; no file has that name; several videos are read by `realtime-micacl process FOLDER OUT`"
    if set("*?#") & set(path.name):
        return "; an image sequence is named by its folder, or as img%04d.png"
    with suppress(OSError):
        names = {name.casefold(): name for name in os.listdir(path.parent)}
        if near := get_close_matches(path.name.casefold(), names, n=1, cutoff=ALIKE):
            return f"; did you mean {path.with_name(names[near[0]])}?"
    return "; check the path"


def warn_of_more(stream: av.VideoStream, path: Path, count: int, size: int) -> None:
    """Warn if a file, of so many bytes at first, plainly holds more than the `count` pictures that were read."""
    with suppress(OSError):  # it was removed meanwhile
        if path.stat().st_size > size:
            log.warning(GREW, path, path)
        if at := second_mp4(path):
            log.warning(JOINED, path, at)
    if count == 1 < stream.frames:
        log.warning(ONE, path, stream.frames)


def warn_cut_off(container: av.container.InputContainer, stream: av.VideoStream, shown: str, end_s: float) -> None:
    """Warn if the pictures of a file ended, at `end_s`, long before the length that the file states."""
    stated_s = _stated_s(container, stream)
    if stated_s - end_s > max(MISSING_S, MISSING_SHARE * stated_s):
        why_short = "it was not written, copied or downloaded completely, or holds no more pictures"
        log.warning("%s claims to last %.1f s but ends after %.1f s: %s", shown, stated_s, end_s, why_short)


def _stated_s(container: av.container.InputContainer, stream: av.VideoStream) -> float:
    """Return the length of the video that a file states; 0 if it states none."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if stated := re.fullmatch(r"(\d+):(\d+):([\d.]+)", stream.metadata.get("DURATION", "")):  # Matroska
        begins_s = float((stream.start_time or 0) * stream.time_base) if stream.time_base else 0.0
        return 3600 * int(stated[1]) + 60 * int(stated[2]) + float(stated[3]) - begins_s
    alone = len(container.streams) == 1  # else the sound may be longer
    return (container.duration or 0) / 1e6 if alone else 0.0
