"""Frames from files, and what files and streams have in common, by PyAV (FFmpeg)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import av
from av.stream import Disposition

from realtime_micacl.errors import SourceError, SourceLost
from realtime_micacl.live.picture import Upright
from realtime_micacl.types import U8, Frame

log = logging.getLogger(__name__)

RESYNC_S = 0.5  # a file that is later than this (it was paused, or the machine slept) goes on from where it is


def check_file(path: Path) -> None:
    """Raise SourceError where `path` is plainly no video file."""
    if not path.exists():
        raise SourceError(f"no file at {path}; check the path")
    if path.is_dir():
        raise SourceError(f"{path} is a folder; name one video file in it")
    if path.stat().st_size == 0:
        raise SourceError(f"{path} is empty (0 bytes); it was not written to the end")


def read_file(path: Path) -> Iterator[Frame]:
    """Yield every frame of a video file, `time_s` as the file says; raise SourceError where it is no video."""
    check_file(path)
    # The prefix keeps FFmpeg from reading a path with a colon as a protocol, and a play list from opening others.
    with closing(opened(f"file:{path}", str(path), {"protocol_whitelist": "file"}, None)) as container:
        count = 0
        for index, (time_s, image, damaged) in enumerate(decoded(container, str(path))):
            count += 1
            yield Frame(image, time_s, index, damaged)
        if not count:
            raise SourceError(f"{path} holds a video track but not one frame that can be decoded; it is damaged")


def paced(frames: Iterator[Frame]) -> Iterator[Frame]:
    """Yield `frames` at their own rate; the capture time of each is the moment at which it was due."""
    offset_s: float | None = None
    with closing(frames):  # type: ignore[type-var]  # a generator
        for frame in frames:
            now_s = monotonic()
            if offset_s is None or abs(now_s - offset_s - frame.time_s) > RESYNC_S:
                offset_s = now_s - frame.time_s
            sleep(max(0.0, offset_s + frame.time_s - now_s))
            yield replace(frame, time_s=offset_s + frame.time_s)


def opened(
    url: str, shown: str, options: dict[str, str], timeout: tuple[float, float] | None
) -> av.container.InputContainer:
    """Return an open container that holds a video; raise SourceError. `shown` is its name for messages."""
    started_s = monotonic()
    try:
        container = av.open(url, options=options, timeout=timeout)
    except (av.error.FFmpegError, OSError, ValueError) as cause:
        silent = timeout is not None and monotonic() - started_s >= timeout[0]
        reason = f"no answer within {monotonic() - started_s:.0f} s" if silent else said(cause)
        mend = "check the address, and that the camera is on" if timeout else "it is not a video, or it is damaged"
        raise SourceError(f"{shown} cannot be opened: {reason}; {mend}") from cause
    try:
        chosen(container, shown)
    except SourceError:
        container.close()
        raise
    return container


def chosen(container: av.container.InputContainer, shown: str) -> av.VideoStream:
    """Return the video that a player would show: the default one, never a cover; raise SourceError where none is."""
    covers = [one for one in container.streams.video if one.disposition & Disposition.attached_pic]
    videos = [one for one in container.streams.video if one not in covers]
    if not videos:
        kinds = ", ".join(sorted({one.type for one in container.streams if one not in covers})) or "nothing else"
        raise SourceError(f"{shown} holds no video ({'a cover picture and ' if covers else ''}{kinds} was found)")
    pool = [one for one in videos if one.disposition & Disposition.default] or videos
    best = container.streams.best("video")
    return best if isinstance(best, av.VideoStream) and best in pool else pool[0]


def decoded(
    container: av.container.InputContainer, shown: str, patience_s: float = float("inf")
) -> Iterator[tuple[float, U8, int]]:
    """Yield time and upright RGB picture [H,W,3] of each frame, and how many damaged packets were left out before it.

    A stream of which nothing can be decoded for `patience_s` is lost.
    """
    stream = chosen(container, shown)
    if (videos := len(container.streams.video)) > 1:
        place, size = container.streams.video.index(stream) + 1, f"{stream.width} x {stream.height}"
        log.warning("%s holds %d videos; number %d is read (%s, %s)", shown, videos, place, stream.name, size)
    stream.thread_type = "SLICE"  # frame threads hold back as many frames as there are threads
    upright = Upright(stream)
    damaged, all_damaged, first_s, last_s, decoded_s = 0, 0, None, 0.0, monotonic()
    packets = container.demux(stream)
    while True:
        if monotonic() - decoded_s > patience_s:
            raise SourceLost(f"{shown} sent nothing that can be decoded for {patience_s:.0f} s")
        try:
            packet = next(packets)
        except StopIteration:
            break
        except av.error.InvalidDataError as cause:
            damaged += 1
            if damaged < 1000:
                continue
            raise SourceLost(f"{shown} was lost: {said(cause)}") from cause
        except (av.error.FFmpegError, OSError) as cause:
            raise SourceLost(f"{shown} was lost: {said(cause)}") from cause
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            damaged += 1
            continue
        for frame in frames:
            if frame.is_corrupt:
                damaged += 1
                continue
            time_s = float(frame.time) if frame.time is not None else last_s + 1 / _rate_hz(stream)
            first_s = time_s if first_s is None else first_s
            last_s = time_s
            yield time_s - first_s, upright(frame), damaged
            all_damaged, damaged, decoded_s = all_damaged + damaged, 0, monotonic()
    if all_damaged + damaged:
        log.warning("%s: %d damaged packets or pictures were left out", shown, all_damaged + damaged)


def _rate_hz(stream: Any) -> float:
    return float(stream.average_rate or 25)


def said(cause: Exception) -> str:
    """Return what FFmpeg says, without the address: it may hold a password."""
    return getattr(cause, "strerror", None) or type(cause).__name__
