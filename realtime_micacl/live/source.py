"""Which source is meant, and how it is opened. A source is an iterable of frames; closing it frees the device."""

from __future__ import annotations

import random
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from typing import Literal
from urllib.parse import urlsplit

from realtime_micacl.errors import ConfigError, SourceError, SourceLost
from realtime_micacl.types import Frame, Retry

DEMO = Path(__file__).with_name("demo.mp4")
PORTS = {"rtsp": 554, "rtspu": 554, "rtsps": 322, "http": 80, "https": 443}  # rtspu: its pictures come by UDP
BACKOFF_S = (0.5, 8.0)
LOOK_S, LOOK_TIMEOUT_S = 0.5, 0.3


@dataclass(frozen=True)
class SourceSpec:
    """A source as it was asked for."""

    kind: Literal["camera", "stream", "file", "synthetic"]
    value: str
    """Camera index, address or path; it may hold a password: show `name` instead."""

    @property
    def name(self) -> str:
        """What people and logs may see."""
        match self.kind:
            case "camera":
                return f"camera {self.value}"
            case "file" if self.loops:
                return "the demo clip"
        return redacted(self.value)

    @property
    def loops(self) -> bool:
        """Whether it starts again when it ends: the demo clip does."""
        return self.kind == "file" and Path(self.value) == DEMO

    @property
    def live(self) -> bool:
        """Whether the world goes on while nobody reads."""
        return self.kind in ("camera", "stream")


def parse_source(text: str) -> SourceSpec:
    """Return what `text` names: an address, `synthetic`, `demo` or the path of a file; raise ConfigError."""
    if text == "synthetic":
        return SourceSpec("synthetic", text)
    if text == "demo":
        return SourceSpec("file", str(DEMO))
    scheme, mark, rest = text.partition("://")
    if not mark:
        if not text:
            raise ConfigError("source is empty; give an address, a file, 'demo' or 'synthetic'")
        return SourceSpec("file", text)
    if scheme.lower() not in PORTS:
        raise ConfigError(f"source {redacted(text)}: {scheme}:// is not read; use {', '.join(PORTS)} or a path")
    if not re.fullmatch(r"(?:\S*@)?(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?(?:[/?]\S*)?", rest):
        raise ConfigError(f"source {redacted(text)} is not a valid address; it looks like {scheme}://host:port/path")
    return SourceSpec("stream", f"{scheme.lower()}://{rest}")


def check(spec: SourceSpec) -> None:
    """Raise SourceError at once for a file or camera that is plainly not there."""
    match spec.kind:
        case "file":
            from realtime_micacl.live.video import check_file

            check_file(Path(spec.value))
        case "camera":
            from realtime_micacl.live.camera import check_camera

            check_camera(int(spec.value))


def open_source(
    spec: SourceSpec, *, wait: bool = False, give_up_after_s: float | None = None
) -> Iterator[Frame | Retry]:
    """Return the frames of a source: a live one for ever, a file or the test picture at its own rate.

    `wait` waits for a live source that is not there yet, `give_up_after_s` limits how long one is looked for. The
    source is opened by the first `next`.
    """
    from realtime_micacl.live.stream import read_stream
    from realtime_micacl.live.video import paced, read_file

    match spec.kind:
        case "camera":
            from realtime_micacl.live.camera import Webcam

            webcam = Webcam(int(spec.value))
            return reconnecting(webcam.frames, webcam.plugged, wait=wait, give_up_after_s=give_up_after_s)
        case "stream":
            opens, there = (lambda: read_stream(spec.value, spec.name)), (lambda: answers(spec.value))
            return reconnecting(opens, there, wait=wait, give_up_after_s=give_up_after_s)
        case "synthetic":
            from realtime_micacl.live.synthetic import read_synthetic

            return paced(read_synthetic())
        case "file" if spec.loops:
            return paced(looped(lambda: read_file(Path(spec.value))))
        case "file":
            return paced(read_file(Path(spec.value)))


def looped(open_frames: Callable[[], Iterator[Frame]]) -> Iterator[Frame]:
    """Yield the frames of a file again and again, times and numbers going on."""
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
    open_frames: Callable[[], Iterator[Frame]],
    there: Callable[[], bool] = lambda: True,
    *,
    wait: bool = False,
    give_up_after_s: float | None = None,
    seed: int | None = None,
) -> Iterator[Frame | Retry]:
    """Yield the frames of a live source and open it again whenever it is lost: for ever, or `give_up_after_s`.

    A first failure to open is raised, unless `wait`. While it is lost a Retry is yielded several times a second, so
    that whoever reads can stop. The pauses grow from 0.5 to 8 s and are jittered, lest many readers come at once;
    one is cut short when the source, seen to be away by `there`, appears.
    """
    jitter = random.Random(seed)
    index = attempt = 0
    lost_s: float | None = None
    while True:
        reason = "lost"
        try:
            with closing(open_frames()) as frames:  # type: ignore[type-var]  # a generator
                for frame in frames:
                    attempt, lost_s = 0, None
                    yield replace(frame, index=index)
                    index += 1
        except SourceError as cause:
            if not (index or wait):
                raise
            reason = str(cause)
        attempt += 1
        lost_s = lost_s or monotonic()
        if give_up_after_s is not None and monotonic() - lost_s >= give_up_after_s:
            raise SourceLost(f"{reason}; given up after {give_up_after_s:g} s (--give-up-after)")
        longest_s = min(BACKOFF_S[1], BACKOFF_S[0] * 2 ** min(attempt - 1, 9))
        until_s = monotonic() + longest_s * jitter.uniform(0.5, 1.0)
        if give_up_after_s is not None:
            until_s = min(until_s, lost_s + give_up_after_s)
        yield from _pause(Retry(attempt, 0.0, reason), until_s, there)


def _pause(retry: Retry, until_s: float, there: Callable[[], bool]) -> Iterator[Retry]:
    """Yield what is being waited for until the time is up, or until the source appears."""
    away, look_s = False, 0.0
    while (left_s := until_s - (now_s := monotonic())) > 0:
        yield replace(retry, wait_s=left_s)
        if now_s >= look_s:
            look_s = now_s + LOOK_S
            if (seen := there()) and away:
                break
            away = not seen
        sleep(min(left_s, 0.1))
    yield retry


def answers(url: str) -> bool:
    """Say whether anybody listens where `url` points; True where that cannot be told."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
        with socket.create_connection((parts.hostname or "", port), LOOK_TIMEOUT_S):
            return True
    except ValueError:  # a password with a slash hides the host
        return True
    except OSError:
        return False


def redacted(text: str) -> str:
    """Return `text` without the passwords of the addresses in it."""
    text = re.sub(r"(\w+://)([^\s'\"/@:]*)(?::[^\s'\"]*)?@", r"\1\2:***@", text)
    return re.sub(r"(?i)([?&](?:pass(?:word|wd)?|pwd|token|secret|key|auth)=)[^&\s'\"]+", r"\1***", text)
