"""Workers on many machines, through a Ray cluster: each reads a clip and sends back the files that it wrote.

Every machine needs the program and the clips under the same path; the results are written by this one.
"""

from __future__ import annotations

import logging
import re
import socket
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from realtime_micacl.corpus.job import ClipReader, Job, Outcome, Wanted
from realtime_micacl.corpus.workers import TRIES, OnShare
from realtime_micacl.errors import SourceError, StageFailed
from realtime_micacl.installed import require
from realtime_micacl.wording import why

log = logging.getLogger(__name__)

POLL_S, ANSWER_S = 0.5, 10.0
AHEAD = 2  # tasks per core, so that none is idle while results travel

_readers: dict[Wanted, ClipReader] = {}


def read_there(wanted: Wanted, job: Job) -> tuple[Outcome, dict[str, bytes]]:
    """Read a clip on a machine of the cluster; return the outcome, and the contents of its files by their endings."""
    if wanted not in _readers:
        _readers.clear()
        _readers[wanted] = ClipReader(wanted)
    with tempfile.TemporaryDirectory(prefix="realtime-micacl-") as folder:
        part = Path(folder) / "part"
        outcome = _readers[wanted].read(replace(job, part=str(part)))
        files = [] if outcome.error else list(part.parent.iterdir())
        made = {file.name.removeprefix("part"): file.read_bytes() for file in files}
    return outcome, made


def _answers(address: str) -> None:
    """Raise SourceError if nobody answers at HOST:PORT, as Ray itself would try for many minutes."""
    found = re.fullmatch(r"(?:ray://)?([^/]+):(\d{1,5})", address)
    if not found:
        return
    try:
        socket.create_connection((found[1].strip("[]"), int(found[2])), ANSWER_S).close()
    except (OSError, OverflowError) as cause:
        raise SourceError(
            f"no Ray cluster can be reached at {address}: {why(cause)}; `ray status` names its address"
        ) from cause


class RayWorkers:
    """The cores of a Ray cluster."""

    def __init__(self, wanted: Wanted, address: str) -> None:
        """Connect to the cluster; raise ConfigError if Ray is missing, SourceError if nobody answers."""
        self._wanted, self._ray = wanted, require("ray", "ray")
        _answers(address)
        try:
            self._ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except Exception as cause:  # Ray raises what it likes
            reason = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
            raise SourceError(f"no Ray cluster can be reached at {address}: {reason}") from cause

    def run(self, jobs: Sequence[Job], progress: OnShare, interrupted: Callable[[], bool]) -> Iterator[Outcome]:
        """Yield the outcome of each job as it ends. A job whose worker or machine was lost is tried once more."""
        ray = self._ray
        task = ray.remote(num_cpus=1, max_retries=0, scheduling_strategy="SPREAD")(read_there)
        waiting, lost = deque(jobs), dict.fromkeys((job.clip for job in jobs), 0)
        running: dict[Any, Job] = {}
        try:
            while (waiting or running) and not interrupted():
                cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
                while waiting and len(running) < AHEAD * cores:
                    job = waiting.popleft()
                    running[task.remote(self._wanted, job)] = job
                ready, _ = ray.wait(list(running), num_returns=1, timeout=POLL_S)
                for reference in ready:
                    job = running.pop(reference)
                    try:
                        outcome, made = ray.get(reference)
                    except ray.exceptions.RayError as cause:
                        lost[job.clip] += 1
                        log.info("%s is read again: %s", job.clip, cause)
                        if lost[job.clip] < TRIES:
                            waiting.append(job)
                            continue
                        text = f"the process that read it was lost {TRIES} times: {type(cause).__name__}"
                        outcome, made = Outcome(job.clip, error=text, code=StageFailed.exit_code), {}
                    for ending, content in made.items():
                        Path(f"{job.part}{ending}").write_bytes(content)
                    yield outcome
        finally:
            for reference in running:
                ray.cancel(reference, force=True)
            ray.shutdown()
