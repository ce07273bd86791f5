"""Frames from files, by PyAV (FFmpeg)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import Any

import av
from av.format import Flags
from av.stream import Disposition

from realtime_micacl.errors import SourceError, SourceLost
from realtime_micacl.lazy import Lazy
from realtime_micacl.live.sources import playlist
from realtime_micacl.live.sources.by_pillow import is_for_pillow, read_by_pillow
from realtime_micacl.live.sources.decoder import DAMAGED, DAMAGED_IN_A_ROW, Damage, without_delay
from realtime_micacl.live.sources.ffmpeg_errors import reason_of
from realtime_micacl.live.sources.file_checks import check_file, warn_cut_off, warn_of_more
from realtime_micacl.live.sources.file_clock import FileClock
from realtime_micacl.live.sources.sparse import marked_frames
from realtime_micacl.live.sources.stills import (
    RATE_HZ,
    is_picture,
    jpegs,
    pictures_in,
    pictures_like,
    read_sequence,
    warn_of_videos,
    why_refused,
)
from realtime_micacl.live.sources.tiff import UNDECODED, is_odd_tiff, read_odd_tiff
from realtime_micacl.live.sources.upright import Upright
from realtime_micacl.types import U8, Frame

log = logging.getLogger(__name__)

NOTHING = "holds a video track but no frame that can be decoded; it is damaged"
EDITED = "%s has an edit list that leaves out all its pictures; it is read as if it had none"
CHANGED = "it may go on in another codec, which is not followed; cut it there and read both parts"
PICTURES = ("mjpeg", "png", "bmp", "gif", "webp", "tiff")
"""Codecs of cover pictures, which not every program marks as such."""
FASTEST_HZ = 2000  # no recording has more pictures a second; its time scale is wrong
MPEG_TS = (".ts", ".mts", ".m2ts")
FAR = {"resync_size": "10000000"}  # bytes of other data that may stand before MPEG-TS, as in files of dashcams
UNKNOWN = "is in a format that is not decoded here, such as a cinema camera's raw video; save it as MP4 (H.264) or JPEG"


def read_file(path: Path, rate_hz: float | None = None) -> Generator[Frame]:
    """Yield every frame of a video, a picture or an image sequence: a folder, or a pattern such as `img%04d.png`.

    `time_s` counts from the first frame. `rate_hz` is for what has no time stamps: image sequences and bare streams
    such as .h264. Frames with no other near in time are marked as stills. Raise SourceError if nothing can be read.
    """
    check_file(path)
    if path.is_dir():
        warn_of_videos(path)
    if row := pictures_in(path) or pictures_like(path):
        yield from marked_frames(read_sequence(row, str(path), rate_hz, read_file), str(path))
    else:
        yield from marked_frames(_read_video(path, rate_hz), str(path))


def _read_video(path: Path, rate_hz: float | None, *, edited: bool = True) -> Iterator[Frame]:
    if is_for_pillow(path):
        yield from read_by_pillow(path)
        return
    with closing(opened(path, edited=edited)) as container:
        if is_picture(container) and is_odd_tiff(path):
            yield Frame(read_odd_tiff(path), 0.0, 0)
            return
        video, timed = chosen(container, str(path)), _timed(container, str(path), rate_hz)
        count, time_s, begins_s, size = 0, 0.0, _seconds(video.start_time, video.time_base), path.stat().st_size
        stamps = [inf if begins_s is None else begins_s, -inf]
        for index, (stamp_s, stays_s, image, damaged) in enumerate(decoded(container, str(path))):
            count += 1
            if damaged and not index and stamp_s is not None and begins_s is not None:
                timed(begins_s)  # the frames that were left out count
            time_s = timed(stamp_s)
            if stamp_s is not None:
                stamps = [min(stamps[0], stamp_s), max(stamps[1], stamp_s + stays_s)]
            yield Frame(image, time_s, index, damaged)
            if is_picture(container):
                break
        if count and not edited:
            log.warning(EDITED, path)
        if not count and edited and video.frames:  # its index counts some
            yield from _read_video(path, rate_hz, edited=False)
            return
        if not count:
            reason = why_refused(path)
            nothing = UNDECODED if is_picture(container) else NOTHING
            raise SourceError(f"{path} cannot be read: {reason}" if reason else f"{path} {nothing}")
        if not is_picture(container):
            warn_of_more(video, path, count, size)
            warn_cut_off(container, video, str(path), max(time_s, stamps[1] - stamps[0]))


def _timed(
    container: av.container.InputContainer, shown: str, rate_hz: float | None
) -> Callable[[float | None], float]:
    """Return a function that turns the time stamp of each frame of a file, in order, into its time."""
    stream = chosen(container, shown)
    picture, stamped = is_picture(container), Flags.no_timestamps not in Flags(container.format.flags)
    if stamped and (stream.average_rate or 0) > FASTEST_HZ:
        log.warning("%s claims %.3g pictures a second, so its time stamps are not used", shown, stream.average_rate)
        stamped = False
    if stamped and rate_hz and not picture:
        log.warning("%s has time stamps of its own, so --rate has no effect", shown)
    if stamped:
        return FileClock(1 / _rate_hz(stream), shown).time
    clock: FileClock | None = None

    def timed(_: float | None) -> float:
        nonlocal clock
        if clock is None:  # only once it decodes does the stream know its rate
            stream_hz = float(stream.codec_context.framerate or 0)
            taken_hz = rate_hz or stream_hz or RATE_HZ
            if not (rate_hz or picture):
                why = "as it says itself" if stream_hz else "as most have"
                log.warning(
                    "%s has no time stamps; it is read at %.4g pictures a second, %s; --rate changes that",
                    shown,
                    taken_hz,
                    why,
                )
            clock = FileClock(1 / taken_hz, shown)
        return clock.time(None)

    return timed


def opened(path: Path, *, edited: bool = True, form: str | None = None) -> av.container.InputContainer:
    """Return the open container of a file that holds a video, cut as its edit list says or not; raise SourceError.

    `form` is FFmpeg's name for what it is, where that is known.
    """
    listed = playlist.kind_of(path)
    if listed and playlist.names_itself(path.read_text("utf-8", "replace"), path.resolve().as_uri()):
        raise SourceError(f"{path} cannot be opened: {playlist.CIRCLE}")
    options = {"protocol_whitelist": "file"} | playlist.OPTIONS.get(listed or "", {})
    options |= ({} if edited else {"ignore_editlist": "1"}) | (FAR if form else {})
    try:
        # The prefix keeps FFmpeg from reading a path with a colon as a protocol.
        container = av.open(
            f"file:{path}",
            format=form or listed or jpegs(path),
            options=options,
            io_open=playlist.opens_beside(path) if listed else None,
        )
    except (av.error.FFmpegError, OSError, ValueError) as cause:
        for rate in playlist.rates_beside(path) if listed == "hls" else ():  # FFmpeg gives up all rates if one is dead
            with suppress(SourceError):
                return opened(rate)
        if path.suffix.lower() in MPEG_TS and not form:
            with suppress(SourceError):
                return opened(path, form="mpegts")
        known = isinstance(cause, OSError)  # the system says why, such as missing permission
        reason = why_refused(path) or f"{reason_of(cause)}{'' if known else '; it is not a video, or it is damaged'}"
        raise SourceError(f"{path} cannot be opened: {reason}") from cause
    try:
        chosen(container, str(path))
    except SourceError as cause:
        container.close()
        if reason := why_refused(path):
            raise SourceError(f"{path} cannot be opened: {reason}") from cause
        raise
    return container


def chosen(container: av.container.InputContainer, shown: str) -> av.VideoStream:
    """Return the default video, without one the largest, never a cover; raise SourceError if there is none."""
    covers = [one for one in container.streams.video if one.disposition & Disposition.attached_pic]
    tiles = [one for one in container.streams.video if one.disposition & Disposition.dependent]
    videos = [one for one in container.streams.video if one not in (*covers, *tiles)]
    if tiles and not videos:
        raise SourceError(f"{shown} is a photograph in tiles, which is read from a file only; give it as one")
    if not videos:
        kinds = ", ".join(sorted({one.type for one in container.streams if one not in covers})) or "nothing else"
        raise SourceError(f"{shown} holds no video ({'a cover picture and ' if covers else ''}{kinds} was found)")
    videos = [one for one in videos if one.codec_context]
    if not videos:
        raise SourceError(f"{shown} {UNKNOWN}")
    if container.format.name == "ico":  # the same picture in several sizes
        return max(videos, key=lambda one: one.width)
    videos = [one for one in videos if one.codec_context.name not in PICTURES] or videos
    best, pool = container.streams.best("video"), [one for one in videos if one.disposition & Disposition.default]
    if not pool:
        return max(videos, key=lambda one: (one.width * one.height, one == best))
    return best if isinstance(best, av.VideoStream) and best in pool else pool[0]


def decoded(container: av.container.InputContainer, shown: str) -> Iterator[tuple[float | None, float, U8 | Lazy, int]]:
    """Yield each frame: time stamp, duration, upright RGB picture [H,W,3], number left out before it as damaged."""
    stream = chosen(container, shown)
    videos = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
    if len(videos) > 1:
        place, size = videos.index(stream) + 1, f"{stream.width} x {stream.height}"
        log.warning("%s holds %d videos; number %d is read (%s, %s)", shown, len(videos), place, stream.name, size)
    without_delay(stream)
    upright, damage = Upright(stream), Damage()
    damaged = all_damaged = count = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except DAMAGED:
            damaged += 1
            if damaged >= DAMAGED_IN_A_ROW:
                break
            packets = container.demux(stream)  # a generator that has raised is over
            continue
        except (av.error.FFmpegError, OSError) as cause:
            raise SourceLost(f"{shown} was lost: {reason_of(cause)}") from cause
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            if packet.is_keyframe:
                damage.key(intact=False)
            damaged += 1
            continue
        for frame in frames:
            if damage.shows_in(frame):
                damaged += 1
                continue
            stays_s = _seconds(frame.duration, frame.time_base) or 1 / _rate_hz(stream)
            yield _seconds(frame.pts, frame.time_base), stays_s, upright(frame), damaged
            all_damaged, damaged, count = all_damaged + damaged, 0, count + 1
    if all_damaged + damaged:
        rest = f"; the last {damaged} in a row: {CHANGED}" if count and damaged >= RATE_HZ else ""
        log.warning("%s: damaged packets and pictures, left out: %d%s", shown, all_damaged + damaged, rest)


def _seconds(count: int | None, base: Fraction | None) -> float | None:
    return None if count is None or base is None else count * base.numerator / base.denominator


def _rate_hz(stream: Any) -> float:
    return float(stream.average_rate or RATE_HZ)
