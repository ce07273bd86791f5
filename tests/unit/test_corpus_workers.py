"""Workers of `process` that hang are given up; those that were stopped, as by Ctrl-Z, are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import realtime_micacl as rm
from realtime_micacl.corpus import workers
from realtime_micacl.corpus.job import Job, Outcome, Wanted
from realtime_micacl.corpus.workers import HANG_S, Answers, Workers, _Worker
from realtime_micacl.errors import ConfigError


class Silent(_Worker):
    """A worker without a process, of whom nothing is heard."""

    def __init__(self, wanted: Wanted, answers: Answers) -> None:
        self.job, self.ready, self.heard_s, self.answers = None, True, workers.monotonic(), answers
        self._hung, self._stderr = False, BytesIO()  # type: ignore[assignment]
        self.process = SimpleNamespace(kill=lambda: None, wait=lambda: -9)
        self._process = self.process  # type: ignore[assignment]

    def _tell(self, what: object) -> None: ...

    def _close_input(self) -> None: ...


@pytest.mark.parametrize(
    ("steps_s", "given_up"),
    [
        ([0.2] * int(5 * HANG_S - 10), False),
        ([0.2] * int(5 * HANG_S + 10), True),
        ([0.2, 1000.0, 0.2, 0.2, 1000.0, 0.2], False),
        ([0.2, 1000.0, *[0.2] * int(5 * HANG_S + 10)], True),
    ],
)
def test_only_a_worker_that_is_silent_while_this_process_runs_is_given_up(
    steps_s: Sequence[float], given_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s, steps, made = 0.0, iter(steps_s), list[Silent]()

    def passes() -> bool:
        nonlocal now_s
        step_s = next(steps, None)
        now_s += step_s or 0.0
        if step_s is None:
            made[0].answers.put((made[0], {"outcome": asdict(Outcome("a.mp4"))}))
        return False

    def begun(wanted: Wanted, answers: Answers) -> Silent:
        made.append(Silent(wanted, answers))
        return made[-1]

    monkeypatch.setattr(workers, "_Worker", begun)
    monkeypatch.setattr(workers, "POLL_S", 0.0)
    monkeypatch.setattr(workers, "monotonic", lambda: now_s)
    done = list(Workers(Wanted(), 1).run([Job("a.mp4", "a.mp4", "part")], lambda name, share: None, passes))
    assert [outcome.clip for outcome in done] == ["a.mp4"]
    assert made[0]._hung == given_up


@pytest.mark.parametrize(
    ("jobs", "said"), [(np.int64(1), "is not a folder"), (np.int64(0), "jobs is 0"), ("2", "jobs is")]
)
def test_numbers_of_numpy_are_numbers(jobs: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        rm.process(tmp_path / "none", tmp_path / "out", jobs=jobs, progress=False)
