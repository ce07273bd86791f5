"""`process`: many clips in one call."""

from __future__ import annotations

import os
from typing import Unpack

import numpy as np

from realtime_micacl.api.how import How, path_of, settings_of
from realtime_micacl.corpus import process as corpus
from realtime_micacl.corpus.job import Wanted
from realtime_micacl.corpus.process import Report
from realtime_micacl.corpus.tables import Form
from realtime_micacl.errors import ConfigError


def process(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    engine: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    form: Form = "jsonl",
    again: bool = False,
    video: bool = False,
    blur_faces: bool = False,
    ray: str | None = None,
    progress: bool = True,
    **how: Unpack[How],
) -> Report:
    """Read every video under `folder` and write its readings, as `--offline` gives them, to a file under `out`.

    Clips that an earlier run has read are skipped unless they have changed, or with `again`. A clip that cannot be read
    is reported, and the others go on. `jobs` worker processes read side by side (default: one per core), or with `ray`
    the cores of the Ray cluster at that address. `video` also writes each clip with its readings drawn in; `blur_faces`
    makes the faces in it unrecognisable. Raise ConfigError for wrong arguments, EngineError if the engine does not run,
    StageFailed if `out` cannot be written any more.

    >>> report = process("corpus", "out", jobs=1, progress=False)
    >>> report.done, report.failed
    (1, ())
    """
    clips, results = path_of(folder, "a folder of videos"), path_of(out, "a folder for the results")
    if engine is not None and not isinstance(engine, str | os.PathLike):
        raise ConfigError("each worker opens an engine of its own; give the engine's folder")
    settings = settings_of(how, "process", engine=os.fsdecode(engine) if engine else None)
    wanted = Wanted(settings, form, video, blur_faces)
    jobs = int(jobs) if isinstance(jobs, np.integer) else jobs
    return corpus.process(clips, results, wanted, jobs=jobs, again=again, ray=ray, progress=progress)
