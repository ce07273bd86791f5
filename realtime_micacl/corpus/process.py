"""Reads a folder of videos with several workers; finished clips are kept, whatever ends the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import msgspec

from realtime_micacl import __version__
from realtime_micacl.corpus.clips import Clip, find_clips
from realtime_micacl.corpus.job import Job, Outcome, Wanted
from realtime_micacl.corpus.progress import Progress
from realtime_micacl.corpus.results import DONE, FAILED, MADE_WITH, SUMMARY, Results, opened
from realtime_micacl.corpus.tables import FORMS, Form, check_form
from realtime_micacl.corpus.workers import OnShare, Workers
from realtime_micacl.devices import cores, memory
from realtime_micacl.errors import ConfigError, EngineError, StageFailed
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import NAME, read_sidecar, sha256
from realtime_micacl.installed import require
from realtime_micacl.live.records.record import SCHEMA
from realtime_micacl.live.sources.framing import framing
from realtime_micacl.wording import why

WORKER_BYTES = 600_000_000  # memory of a worker, with some to spare
USED = (
    *("rate_hz", "rotate", "region", "device", "detector", "far", "max_faces", "smoothing_s", "baseline", "head"),
    "slots",
)
"""The settings that readings depend on."""


@dataclass(frozen=True)
class Report:
    """How a run over many clips ended."""

    out: Path
    done: int
    """The number of clips that are read, including those of earlier runs."""
    failed: tuple[tuple[str, str], ...]
    """Clip and reason, for each one that could not be read."""
    left: int
    """The number of clips that an interrupted run did not get to."""
    gone: int = 0
    """The number of clips of earlier runs that are no longer in the folder; the summary leaves them out."""


class Pool(Protocol):
    """Workers that read clips."""

    def run(self, jobs: list[Job], progress: OnShare, interrupted: Callable[[], bool]) -> Iterator[Outcome]:
        """Yield the outcome of each job as it ends."""


def process(
    folder: str | Path,
    out: str | Path,
    wanted: Wanted | None = None,
    *,
    jobs: int | None = None,
    again: bool = False,
    ray: str | None = None,
    progress: bool = True,
    interrupted: Callable[[], bool] = lambda: False,
) -> Report:
    """Make what is `wanted` of every video under `folder`; see `process` in realtime_micacl/api/corpus.py."""
    folder, out, wanted = Path(folder), Path(out), wanted or Wanted()
    _check(folder, out, wanted, jobs)
    clips = find_clips(folder, out)
    _check_names(clips, wanted.form)
    with opened(out, _made_with(wanted), form=wanted.form, video=wanted.video, again=again) as results:
        todo = sorted((clip for clip in clips if not results.is_done(clip)), key=lambda clip: (-clip.size, clip.name))
        failed: dict[str, Outcome] = {}
        shown = Progress(clips, todo, shown=progress)
        try:
            if todo:
                _read(results, wanted, todo, failed, _pool(wanted, jobs, len(todo), ray), shown, interrupted)
        finally:
            shown.close()
            _finish(results, clips, todo, failed)
    names = {clip.name for clip in clips}
    done = sum(1 for clip in clips if clip.name in results.entries and clip.name not in failed)
    gone = sum(1 for name in results.entries if name not in names)
    reasons = tuple((name, failed[name].error) for name in sorted(failed))
    return Report(out, done, reasons, len(clips) - done - len(failed), gone)


def _check(folder: Path, out: Path, wanted: Wanted, jobs: int | None) -> None:
    """Raise ConfigError for arguments that cannot work."""
    if wanted.form not in FORMS:
        raise ConfigError(f"the format is {wanted.form!r}; it must be one of {', '.join(FORMS)}")
    if jobs is not None and (type(jobs) is not int or jobs < 1):
        raise ConfigError(f"jobs is {jobs!r}; it must be a whole number of at least 1")
    if wanted.blur and not wanted.video:
        raise ConfigError("--blur-faces needs --video; add it, or leave out --blur-faces")
    if folder.exists() and out.exists() and folder.samefile(out):
        raise ConfigError(f"{out} is the folder of the clips itself; name another one for the results")
    check_form(wanted.form)
    if wanted.video:
        require("PyQt6.QtGui", "", "--video")
    framing(wanted.settings)


def _check_names(clips: list[Clip], form: Form) -> None:
    """Raise ConfigError if a folder of clips has the name of a file that will be written."""
    files = {MADE_WITH, DONE, SUMMARY, FAILED, *(f"{clip.name}.{form}" for clip in clips)}
    folders = {parent.as_posix() for clip in clips for parent in PurePosixPath(clip.name).parents}
    if both := sorted(files & folders):
        raise ConfigError(f"the folder {both[0]} of clips has the name of a file of the results; rename it")


def _pool(wanted: Wanted, jobs: int | None, clips: int, ray: str | None) -> Pool:
    if ray is not None:
        from realtime_micacl.corpus.on_ray import RayWorkers

        return RayWorkers(wanted, ray)
    return Workers(wanted, min(clips, jobs or usual_jobs()))


def usual_jobs() -> int:
    """Return the number of workers that this machine has cores and memory for."""
    return max(1, int(min(cores(), memory()[1] // WORKER_BYTES)))


def _read(
    results: Results,
    wanted: Wanted,
    todo: list[Clip],
    failed: dict[str, Outcome],
    pool: Pool,
    shown: Progress,
    interrupted: Callable[[], bool],
) -> None:
    """Let the pool read the clips in `todo`, and keep the results."""
    by_name = {clip.name: clip for clip in todo}
    for clip in todo:
        results.entries.pop(clip.name, None)
    try:
        work = [Job(clip.name, str(clip.path), str(results.part(clip.name))) for clip in todo]
        for outcome in pool.run(work, shown.share, interrupted):
            if outcome.fatal:
                raise (EngineError if outcome.code == EngineError.exit_code else StageFailed)(outcome.error)
            if outcome.error:
                failed[outcome.clip] = outcome
                results.drop(outcome.clip)
            else:
                results.keep(by_name[outcome.clip], outcome)
            shown.ended(outcome)
    except OSError as cause:
        where = cause.filename or results.out
        raise StageFailed(f"{where} cannot be written: {why(cause)}; what is done is kept") from cause


def _finish(results: Results, clips: list[Clip], todo: list[Clip], failed: dict[str, Outcome]) -> None:
    """Remove unfinished files and write the tables."""
    try:
        for clip in todo:
            if clip.name not in results.entries:
                results.drop(clip.name)
        results.close(clips, failed.values())
    except OSError as cause:
        raise StageFailed(f"{results.out} cannot be written: {why(cause)}; what is done is kept") from cause


def _made_with(wanted: Wanted) -> dict[str, Any]:
    """Return all that the results depend on besides the clips; raise EngineError."""
    engine = wanted.settings.engine
    place, sidecar = read_sidecar(Path(engine) if engine else default_engine())
    settings = msgspec.to_builtins(wanted.settings)
    made: dict[str, Any] = {
        "program": f"realtime-micacl {__version__}",
        "engine": sidecar.name,
        "engine_sha256": sha256(place / NAME if place.is_dir() else place),
        "settings": {name: settings[name] for name in USED} | {"abstain_below": sidecar.calibration.abstain_below},
    }
    return {"schema": SCHEMA, "form": wanted.form, "video": wanted.video, "blur_faces": wanted.blur, **made}
