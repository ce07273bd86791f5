"""Processes that read clips side by side; one that dies or hangs costs only its clip.

That is why it is not `concurrent.futures`, which gives up all workers when one dies.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from time import monotonic
from typing import Any

import msgspec

import realtime_micacl
from realtime_micacl.corpus.job import Job, Outcome, Wanted
from realtime_micacl.corpus.worker import outcome_from
from realtime_micacl.errors import EngineError, StageFailed
from realtime_micacl.installed import own_python
from realtime_micacl.wording import why

HANG_S = 120.0  # a clip is given up if no picture was read for this long
POLL_S = 0.2
STOPPED_S = 5.0  # between two looks for answers: this process was stopped, as by Ctrl-Z, and its workers with it
TRIES = 2
HERE = Path(realtime_micacl.__file__).parents[1]  # workers run this very package, installed or not
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

OnShare = Callable[[str, float], None]
"""Called with the name of a clip and the share of it that is read, 0 to 1."""


class Workers:
    """Runs `jobs` worker processes, each with an engine of its own."""

    def __init__(self, wanted: Wanted, jobs: int, hang_s: float = HANG_S) -> None:
        self._wanted, self._jobs, self._hang_s = wanted, jobs, hang_s

    def run(self, jobs: Sequence[Job], progress: OnShare, interrupted: Callable[[], bool]) -> Iterator[Outcome]:
        """Yield the outcome of each job as it ends; raise EngineError if no worker can start.

        A job whose worker died is tried once more. Leaving the generator ends all workers.
        """
        waiting, died = deque(jobs), dict.fromkeys((job.clip for job in jobs), 0)
        answers: Answers = Queue()
        workers: list[_Worker] = []
        idle, looked_s = 0, monotonic()  # workers that ended without a job
        try:
            while (waiting or any(worker.job for worker in workers)) and not interrupted():
                self._set_to_work(workers, waiting, answers)
                found = None
                with suppress(Empty):
                    found = answers.get(timeout=POLL_S)
                before_s, looked_s = looked_s, monotonic()
                for worker in workers:
                    if looked_s - before_s > STOPPED_S:
                        worker.heard_s = looked_s
                    worker.give_up(self._hang_s)
                if not found:
                    continue
                worker, answer = found
                if answer is not None:
                    yield from worker.outcomes(answer, progress)
                    continue
                workers.remove(worker)
                job, fault = worker.job, worker.fault()
                if job is None:
                    idle += 1
                    if idle >= TRIES * self._jobs:
                        raise StageFailed(f"{sys.executable} ends before it takes a clip: {fault}")
                    continue
                died[job.clip] += 1
                if died[job.clip] < TRIES:
                    waiting.append(job)
                else:
                    text = f"the process that read it ended {TRIES} times: {fault}"
                    yield Outcome(job.clip, error=text, code=StageFailed.exit_code)
        finally:
            for worker in workers:
                worker.end()

    def _set_to_work(self, workers: list[_Worker], waiting: deque[Job], answers: Answers) -> None:
        """Start workers as needed, and give a job to each one that is ready."""
        busy = sum(1 for worker in workers if worker.job)
        while len(workers) < min(self._jobs, busy + len(waiting)):
            workers.append(_Worker(self._wanted, answers))
        for worker in workers:
            if worker.ready and not worker.job and waiting:
                worker.begin(waiting.popleft())


class _Worker:
    """One process. Its answers come into a queue that all workers share, with None when it has ended."""

    def __init__(self, wanted: Wanted, answers: Answers) -> None:
        self.job: Job | None = None
        self.ready = False
        self.heard_s = monotonic()
        self._hung = False
        command = [own_python(), "-P", "-m", "realtime_micacl.corpus.worker"]
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  # standard error, for when it crashes
        path = os.pathsep.join(filter(None, (str(HERE), os.environ.get("PYTHONPATH"))))
        env = os.environ | dict.fromkeys(THREADS, "1") | {"PYTHONPATH": path}
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, env=env
            )
        except OSError as cause:
            self._stderr.close()
            raise StageFailed(f"{command[0]} cannot be started to read clips: {why(cause)}") from cause
        self._tell({**asdict(wanted), "settings": msgspec.to_builtins(wanted.settings)})
        Thread(target=self._listen, args=(answers,), daemon=True).start()

    def begin(self, job: Job) -> None:
        """Give it a clip to read."""
        self.job, self.heard_s = job, monotonic()
        self._tell(asdict(job))

    def outcomes(self, answer: dict[str, Any], progress: OnShare) -> Iterator[Outcome]:
        """Take an answer; yield the outcome of the job if it holds one."""
        self.heard_s = monotonic()
        if "share" in answer and self.job:
            progress(self.job.clip, answer["share"])
        elif "outcome" in answer:
            self.job = None
            yield outcome_from(answer["outcome"])
        elif "ready" in answer:
            self.ready = True
        elif "error" in answer:
            raise EngineError(answer["error"])

    def give_up(self, hang_s: float) -> None:
        """Kill it where nothing was heard of it for too long."""
        silent_s = monotonic() - self.heard_s
        if (self.job and silent_s > hang_s) or (not self.ready and silent_s > HANG_S):
            self._hung = True
            self._process.kill()

    def fault(self) -> str:
        """Say why it ended."""
        code = self._process.wait()
        self._close_input()
        self._stderr.seek(0)
        lines = self._stderr.read().decode("utf-8", "replace").strip().splitlines()
        self._stderr.close()
        if self._hung:
            return "no further picture came"
        reasons = [line for line in lines if line.startswith("Fatal Python error")] or lines[-1:]
        return (reasons or [f"signal {-code}" if code < 0 else f"exit code {code}"])[0][:200]

    def end(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        self._close_input()
        self._stderr.close()

    def _close_input(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # what was still to be written finds nobody
            self._process.stdin.close()

    def _tell(self, what: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(what).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return  # it has died, which is noticed when its answer is read

    def _listen(self, answers: Answers) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                if line.endswith(b"\n"):
                    answers.put((self, json.loads(line)))
        answers.put((self, None))


Answers = Queue[tuple[_Worker, dict[str, Any] | None]]
