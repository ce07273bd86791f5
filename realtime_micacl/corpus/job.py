"""The job that a worker gets for a clip, the outcome that it reports, and the reader that does it."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from realtime_micacl.config import Settings
from realtime_micacl.corpus.summary import Summary
from realtime_micacl.corpus.tables import Form, table
from realtime_micacl.errors import EngineError, MicaclError, StageFailed
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.clip import read_clip
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.records.record import one_line
from realtime_micacl.live.records.sinks import Sink
from realtime_micacl.live.supervision import Perceives
from realtime_micacl.types import Bag, Frame, Scene
from realtime_micacl.wording import why

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)  # no other clip could be written either
MOST_NOTES = 5

Progress = Callable[[float], None]
"""Called with the time in the clip, in seconds, up to which it has been read."""


@dataclass(frozen=True)
class Wanted:
    """What to make of every clip."""

    settings: Settings = field(default_factory=Settings)
    form: Form = "jsonl"
    video: bool = False
    """Whether an annotated video is written as well."""
    blur: bool = False


@dataclass(frozen=True)
class Job:
    """One clip to be read."""

    clip: str
    """Its path under the folder."""
    path: str
    part: str
    """The file that the readings are written to; an annotated video is written to the same name with `.mp4` added."""


@dataclass(frozen=True)
class Outcome:
    """The result of a job."""

    clip: str
    rows: tuple[dict[str, Any], ...] = ()
    """Rows of the summary."""
    error: str = ""
    code: int = 0
    """The exit code of the error; 0 without one."""
    fatal: bool = False
    """Whether every other clip would fail in the same way."""


class ClipReader:
    """Reads one clip after the other with an engine that stays open."""

    def __init__(self, wanted: Wanted) -> None:
        """Open the engine; raise EngineError."""
        settings = wanted.settings
        self._wanted = wanted
        self._folder, self._sidecar = read_sidecar(Path(settings.engine) if settings.engine else default_engine())
        self._engine: Engine | None = open_engine(self._folder, self._sidecar, settings.device)

    def read(self, job: Job, progress: Progress = lambda time_s: None) -> Outcome:
        """Read a clip into `job.part`, written whole unless the outcome is an error."""
        path, summary = Path(job.path), Summary(one_line(job.clip))
        try:
            with _notes(path, job.clip) as notes, ExitStack() as stack:
                opens = openers(self._wanted.settings, self._folder, self._sidecar, share=self._borrowed)
                sinks: list[Sink] = [summary]
                instances = self._sidecar.bag.instances
                sinks.append(stack.enter_context(table(Path(job.part), self._wanted.form, instances, job.clip)))
                if self._wanted.video:
                    from realtime_micacl_ui.annotated import drawn

                    target, language = Path(f"{job.part}.mp4"), self._wanted.settings.language
                    video = drawn(target, opens, blur=self._wanted.blur, language=language)
                    opens, sink = stack.enter_context(video)
                    sinks.append(sink)
                watched = opens._replace(perceiver=partial(_WithProgress, opens.perceiver, progress))
                for event in read_clip(path, self._wanted.settings, watched):
                    for sink in sinks:
                        sink(event)
        except EngineError as error:
            return Outcome(job.clip, error=str(error), code=error.exit_code, fatal=True)
        except MicaclError as error:
            return Outcome(job.clip, error=_short(str(error), path, job.clip), code=error.exit_code)
        except OSError as cause:
            text = f"the readings cannot be written: {why(cause)}"
            return Outcome(job.clip, error=text, code=StageFailed.exit_code, fatal=cause.errno in NO_ROOM)
        return Outcome(job.clip, tuple(summary.rows("; ".join(notes))))

    def _borrowed(self) -> Engine:
        assert self._engine is not None
        return _Borrowed(self._engine)


class _WithProgress:
    """A perceiver that reports how far it has read."""

    def __init__(self, opens: Callable[[], Perceives], progress: Progress) -> None:
        self._perceiver, self._progress = opens(), progress

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        """Return what the perceiver returns."""
        self._progress(frame.time_s)
        return self._perceiver.perceive(frame)

    def close(self) -> None:
        """Free the perceiver."""
        self._perceiver.close()


class _Borrowed:
    """An engine whose `close` does nothing, as its owner keeps it open."""

    def __init__(self, engine: Engine) -> None:
        self.device, self.encode, self.classify = engine.device, engine.encode, engine.classify

    def close(self) -> None:
        """Leave the engine open."""


@contextmanager
def _notes(path: Path, clip: str) -> Iterator[list[str]]:
    """Collect the log's warnings about a clip: in a run over many clips they belong into its row of the summary."""
    found: list[str] = []

    class Collecting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = _short(record.getMessage(), path, clip)
            if len(found) < MOST_NOTES and text not in found and not text.startswith("ended with no reading"):
                found.append(text)

    handler = Collecting(logging.WARNING)
    logging.getLogger("realtime_micacl").addHandler(handler)
    try:
        yield found
    finally:
        logging.getLogger("realtime_micacl").removeHandler(handler)


def _short(text: str, path: Path, clip: str) -> str:
    """Return a message with the clip's name instead of its path, so that it is the same on every machine."""
    return one_line(text.replace(str(path), clip))
