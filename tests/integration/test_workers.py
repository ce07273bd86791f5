"""Work in processes of its own; a piece is an expression, since the test's own functions exist only here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from functools import partial
from time import monotonic

import psutil
import pytest

from realtime_micacl.errors import StageFailed
from realtime_micacl.making.data import workers
from realtime_micacl.making.data.workers import Died, shared_out

WORK = partial(nullcontext, eval)
DIE = "__import__('os')._exit(7)"
SLEEP = "__import__('time').sleep(60)"


@pytest.mark.parametrize("jobs", [1, 3])
def test_each_piece_is_done_once(jobs: int) -> None:
    assert dict(shared_out(WORK, [f"{n} * {n}" for n in range(10)], jobs)) == {n: n * n for n in range(10)}


def test_without_pieces_no_process_is_made() -> None:
    assert list(shared_out(partial(os._exit, 3), [], 4)) == []


def test_a_process_that_dies_costs_the_piece_in_hand() -> None:
    assert dict(shared_out(WORK, ["1", DIE, "2", DIE, "3"], 2)) == {0: 1, 1: Died(7), 2: 2, 3: Died(7), 4: 3}


def test_a_process_that_hangs_is_killed() -> None:
    assert dict(shared_out(WORK, ["1", SLEEP, "2"], 1, limit_s=4.0)) == {0: 1, 1: Died(-signal.SIGKILL), 2: 2}


def test_a_process_that_was_stopped_with_this_one_is_not_taken_for_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    asleep_s = 0.0
    monkeypatch.setattr(workers, "monotonic", lambda: monotonic() + asleep_s)
    found = shared_out(WORK, ["1", "__import__('time').sleep(1) or 2"], 2)
    first = next(found)
    asleep_s = 1e4
    assert dict([first, *found]) == {0: 1, 1: 2}


def test_what_cannot_be_opened_is_an_error() -> None:
    with pytest.raises(StageFailed, match="crashed while it started, exit code 3"):
        list(shared_out(partial(os._exit, 3), ["1"], 2))


def test_work_that_raises_is_an_error_and_ends_all() -> None:
    with pytest.raises(StageFailed, match="ZeroDivisionError"):
        list(shared_out(WORK, [SLEEP, "1 / 0"], 2))
    left = [" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)]
    assert not [line for line in left if "resource_tracker" not in line]


def test_processes_end_when_their_parent_is_killed() -> None:
    script = (
        "from contextlib import nullcontext\n"
        "from functools import partial\n"
        "from realtime_micacl.making.data.workers import shared_out\n"
        "for _ in shared_out(partial(nullcontext, eval), ['1'] + ['__import__(\"time\").sleep(1)'] * 99, 2):\n"
        "    print('going', flush=True)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "going\n"
    children = psutil.Process(parent.pid).children(recursive=True)
    assert len(children) >= 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
