"""Which source is meant, and how it is opened. A source is an iterable of frames; closing it frees the device."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Literal

from realtime_micacl.errors import ConfigError, SourceError
from realtime_micacl.types import Frame, Retry

SCHEMES = ("rtsp", "rtsps", "http", "https")
DEMO = Path(__file__).with_name("demo.mp4")
BACKOFF_S = (0.5, 8.0)


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
    if scheme.lower() not in SCHEMES:
        raise ConfigError(f"source {redacted(text)}: {scheme}:// is not read; use {', '.join(SCHEMES)} or a path")
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


def open_source(spec: SourceSpec, *, wait: bool = False) -> Iterator[Frame | Retry]:
    """Return the frames of a source: a live one for ever, a file or the test picture at its own rate.

    `wait` waits for a live source that is not there yet. The source is opened by the first `next`.
    """
    from realtime_micacl.live.video import paced, read_file, read_stream

    match spec.kind:
        case "camera":
            from realtime_micacl.live.camera import read_camera

            return reconnecting(lambda: read_camera(int(spec.value)), wait=wait)
        case "stream":
            return reconnecting(lambda: read_stream(spec.value, spec.name), wait=wait)
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
                yield Frame(frame.image, end_s, index)
                index += 1
        start_s = end_s + (step_s or 0.04)


def reconnecting(
    open_frames: Callable[[], Iterator[Frame]], *, wait: bool = False, seed: int | None = None
) -> Iterator[Frame | Retry]:
    """Yield the frames of a live source and open it again whenever it is lost, for ever.

    A first failure to open is raised, unless `wait`. While it is lost a Retry is yielded several times a second, so
    that whoever reads can stop. The pauses grow from 0.5 to 8 s and are jittered, lest many readers come at once.
    """
    jitter = random.Random(seed)
    index = 0
    attempt = 0
    while True:
        reason = "lost"
        try:
            with closing(open_frames()) as frames:  # type: ignore[type-var]  # a generator
                for frame in frames:
                    attempt = 0
                    yield Frame(frame.image, frame.time_s, index)
                    index += 1
        except SourceError as cause:
            if not (index or wait):
                raise
            reason = str(cause)
        attempt += 1
        pause_s = min(BACKOFF_S[1], BACKOFF_S[0] * 2 ** (attempt - 1)) * jitter.uniform(0.5, 1.0)
        until_s = monotonic() + pause_s
        while (left_s := until_s - monotonic()) > 0:
            yield Retry(attempt, left_s, reason)
            sleep(min(left_s, 0.1))
        yield Retry(attempt, 0.0, reason)


def redacted(text: str) -> str:
    """Return `text` without the passwords of the addresses in it."""
    text = re.sub(r"(\w+://)([^\s'\"/@:]*)(?::[^\s'\"]*)?@", r"\1\2:***@", text)
    return re.sub(r"(?i)([?&](?:pass(?:word|wd)?|pwd|token|secret|key|auth)=)[^&\s'\"]+", r"\1***", text)
