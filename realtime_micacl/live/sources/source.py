"""Parses, checks and opens sources. A source is an iterator of frames; closing it frees the device."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Literal

from realtime_micacl.errors import ConfigError, SourceError, SourceLost
from realtime_micacl.live.sources.address import device_of, parse_address, path_of
from realtime_micacl.live.sources.framing import Framer
from realtime_micacl.live.sources.items import Item, Pending
from realtime_micacl.live.sources.pipe import is_fifo
from realtime_micacl.types import Frame, Retry

if TYPE_CHECKING:
    from realtime_micacl.live.sources.stream import Stream

DEMO, STDIN = Path(__file__).with_name("demo.mp4"), "/dev/stdin"
BACKOFF_S = (0.5, 8.0)
LOOK_S = 0.5
CAMERA = re.compile(r"(?:/dev/video)?(\d{1,2})")


@dataclass(frozen=True)
class SourceSpec:
    """A source as a person names it."""

    kind: Literal["camera", "stream", "file", "synthetic"]
    value: str
    """Camera index, address, path, or `-` for standard input; it may hold a password: show `name` instead."""

    @property
    def name(self) -> str:
        """Its name for people and logs, without a password."""
        match self.kind:
            case "camera":
                return f"camera {self.value}"
            case "file" if self.loops:
                return "the demo clip"
            case _ if self.value in ("-", STDIN):
                return "standard input"
        return redacted(self.value)

    @property
    def loops(self) -> bool:
        """Whether it starts again when it ends: the demo clip does."""
        return self.kind == "file" and Path(self.value) == DEMO

    @property
    def live(self) -> bool:
        """Whether pictures pass by that are not read in time."""
        return self.kind in ("camera", "stream")


def parse_source(text: str) -> SourceSpec:
    """Return what `text` names: an address, a camera's number or device, `synthetic`, `demo`, `-` or a path.

    Raise ConfigError if it names none of these.
    """
    text = text.strip() if "://" in text or not os.path.exists(text) else text
    match text:
        case "":
            raise ConfigError("source is empty; give an address, a file, a camera's number, 'demo' or 'synthetic'")
        case "synthetic":
            return SourceSpec("synthetic", text)
        case "demo":
            return SourceSpec("file", str(DEMO))
        case "-":
            seeks = os.path.isfile(STDIN) and os.access(STDIN, os.R_OK)  # as after `< clip.mp4`
            return SourceSpec("file", STDIN) if seeks else SourceSpec("stream", text)
    if text.lower().startswith("file:"):
        text = path_of(text)
    elif "://" in text:
        try:
            return SourceSpec("stream", parse_address(text).url)
        except ConfigError as cause:
            shown = re.sub(r"(?s)(?<=://)([^:@/]*):.*@", r"\1:***@", text)  # even if the password is not encoded
            raise ConfigError(f"source {redacted(shown)}: {cause}") from None
    camera = CAMERA.fullmatch(device_of(text))
    if camera and (text.startswith("/dev/") or not os.path.exists(text)):
        return SourceSpec("camera", str(int(camera[1])))
    path = os.path.expanduser(text)  # unlike Path it lets an unknown ~user pass
    return SourceSpec("stream" if is_fifo(Path(path)) else "file", path)


def check(spec: SourceSpec) -> None:
    """Raise SourceError if a file or camera is plainly not there."""
    match spec.kind:
        case "file":
            from realtime_micacl.live.sources.file_checks import check_file

            check_file(Path(spec.value))
        case "camera":
            from realtime_micacl.live.sources.camera import check_camera

            check_camera(int(spec.value))


def open_source(
    spec: SourceSpec,
    *,
    wait: bool = False,
    give_up_after_s: float | None = None,
    rate_hz: float | None = None,
    framer: Framer | None = None,
    stays: bool = False,
) -> Iterator[Item]:
    """Return the frames of a source: a live one for ever, a file or the test picture at its own rate.

    `wait`: wait for a live source that is not there yet; `give_up_after_s`: how long to try to open a lost one again;
    `rate_hz`: the rate of files without time stamps; `framer`: what to ask a camera for, and how all pictures are
    turned and cropped; `stays`: a photograph has no end. The first `next` opens the source.
    """
    framer = framer or Framer()
    return framer(_opened(spec, framer, wait, give_up_after_s, rate_hz, stays))


def _opened(
    spec: SourceSpec, framer: Framer, wait: bool, give_up_after_s: float | None, rate_hz: float | None, stays: bool
) -> Iterator[Item]:
    from realtime_micacl.live.sources.paced import paced
    from realtime_micacl.live.sources.sparse import marked_items

    framer.of_camera = spec.kind == "camera"
    match spec.kind:
        case "camera":
            from realtime_micacl.live.sources.camera import Webcam

            webcam = Webcam(int(spec.value), asked=lambda: framer.now)
            items = reconnecting(webcam.frames, webcam.plugged, wait=wait, give_up_after_s=give_up_after_s)
            return marked_items(items, spec.name)
        case "stream":
            from realtime_micacl.live.sources.stream import Stream

            stream = Stream(spec.value, spec.name, wait=wait, patience_s=give_up_after_s, rate_hz=rate_hz)
            return marked_items(_streamed(stream, wait, give_up_after_s), spec.name)
        case "synthetic":
            from realtime_micacl.live.sources.synthetic import read_synthetic

            return paced(read_synthetic())
        case "file":
            from realtime_micacl.live.sources.video import read_file

            file = Path(spec.value)
            return paced(looped(lambda: read_file(file)) if spec.loops else read_file(file, rate_hz), stays=stays)


def _streamed(stream: Stream, wait: bool, give_up_after_s: float | None) -> Iterator[Item]:
    """Yield a stream's frames, and end its attempts when the reader stops."""
    again = reconnecting(stream.frames, stream.there, ready=stream.ready, wait=wait, give_up_after_s=give_up_after_s)
    with closing(again), closing(stream):  # type: ignore[type-var]  # a generator
        yield from again


def looped(open_frames: Callable[[], Iterator[Frame]]) -> Iterator[Frame]:
    """Yield the frames of a file in a loop; times and indices go on."""
    start_s = end_s = 0.0
    index = 0
    while True:
        with closing(open_frames()) as frames:  # type: ignore[type-var]  # a generator
            for frame in frames:
                step_s = max(0.0, start_s + frame.time_s - end_s)
                end_s = start_s + frame.time_s
                yield replace(frame, time_s=end_s, index=index)
                index += 1
        start_s = end_s + (step_s or 0.04)


def reconnecting(
    open_frames: Callable[[], Iterator[Frame] | Iterator[Frame | Pending]],
    there: Callable[[], bool] = lambda: True,
    *,
    ready: Callable[[], bool] = lambda: False,
    wait: bool = False,
    give_up_after_s: float | None = None,
    seed: int | None = None,
) -> Iterator[Item]:
    """Yield the frames of a live source and open it again whenever it is lost: for ever, or for `give_up_after_s`.

    A source that ends without an error has ended. If it cannot be opened at first that error is raised, unless `wait`.
    While it is lost a Retry is yielded several times a second, so that the reader can stop. The pauses grow from 0.5 to
    8 s, with jitter so that many readers do not come at once. A pause ends early if the source comes back, as `there`
    says, or if an earlier attempt is `ready`.
    """
    jitter = random.Random(seed)
    index = attempt = 0
    lost_s: float | None = None
    while True:
        try:
            with closing(open_frames()) as frames:  # type: ignore[type-var]  # a generator
                for item in frames:
                    if isinstance(item, Frame):
                        attempt, lost_s = 0, None
                        item = replace(item, index=index)
                        index += 1
                    yield item
            return
        except SourceError as cause:
            if not (index or wait):
                raise
            reason = str(cause)
        attempt += 1
        lost_s = lost_s or monotonic()
        end_s = inf if give_up_after_s is None else lost_s + give_up_after_s
        if monotonic() >= end_s:
            raise SourceLost(f"{reason}; given up after {give_up_after_s:g} s (--give-up-after)")
        until_s = min(end_s, monotonic() + _backoff_s(attempt) * jitter.uniform(0.5, 1.0))
        yield from _pause(Retry(attempt, 0.0, reason), until_s, there, ready)


def _backoff_s(attempt: int) -> float:
    """Return the pause before an attempt, without jitter: twice the one before, up to a limit."""
    first_s, most_s = BACKOFF_S
    return min(most_s, first_s * 2.0 ** min(attempt - 1, 9))


def _pause(retry: Retry, until_s: float, there: Callable[[], bool], ready: Callable[[], bool]) -> Iterator[Retry]:
    """Yield a Retry with the time left until the time is up or the source comes back."""
    away, look_s = False, 0.0
    while (left_s := until_s - (now_s := monotonic())) > 0:
        yield replace(retry, wait_s=left_s)
        if ready():
            break
        if now_s >= look_s:
            look_s = now_s + LOOK_S
            if (seen := there()) and away:
                break
            away = not seen
        sleep(min(left_s, 0.1))
    yield retry


def redacted(text: str) -> str:
    """Return `text` with the passwords of its addresses as `***`."""
    text = re.sub(r"(\w+://)(?!NAME:PASSWORD@)([^\s'\"/@:]*)(?::[^\s'\"]*)?@", r"\1\2:***@", text)
    return re.sub(r"(?i)([?&](?:pass(?:word|wd)?|pwd|token|secret|key|auth)=)[^&\s'\"]+", r"\1***", text)
