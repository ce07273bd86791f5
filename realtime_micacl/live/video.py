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
import numpy as np
from av.video.reformatter import VideoReformatter

from realtime_micacl.errors import SourceError, SourceLost
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
    if not container.streams.video:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        container.close()
        raise SourceError(f"{shown} holds no video ({kinds} was found)")
    return container


def decoded(
    container: av.container.InputContainer, shown: str, patience_s: float = float("inf")
) -> Iterator[tuple[float, U8, int]]:
    """Yield time and upright RGB picture [H,W,3] of each frame, and how many damaged packets were left out before it.

    A stream of which nothing can be decoded for `patience_s` is lost.
    """
    stream = container.streams.video[0]
    stream.thread_type = "SLICE"  # frame threads hold back as many frames as there are threads
    reformatter = VideoReformatter()  # one of our own: the frame's costs ten times as much
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
            yield time_s - first_s, _upright(frame, reformatter), damaged
            all_damaged, damaged, decoded_s = all_damaged + damaged, 0, monotonic()
    if all_damaged + damaged:
        log.warning("%s: %d damaged packets or pictures were left out", shown, all_damaged + damaged)


def _upright(frame: av.VideoFrame, reformatter: VideoReformatter) -> U8:
    image = np.asarray(reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray(), np.uint8)
    if frame.rotation % 90 == 0 and frame.rotation:
        image = np.ascontiguousarray(np.rot90(image, frame.rotation // 90))
    image.flags.writeable = False
    return image


def _rate_hz(stream: Any) -> float:
    return float(stream.average_rate or 25)


def said(cause: Exception) -> str:
    """Return what FFmpeg says, without the address: it may hold a password."""
    return getattr(cause, "strerror", None) or type(cause).__name__
