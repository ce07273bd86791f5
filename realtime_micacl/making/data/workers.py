"""Shares items out to processes; if one of them crashes, only the item that it was working on is lost.

Each process has a pipe of its own. If the parent dies, its end of the pipe closes and the process ends. If a process
dies, for instance because a damaged video crashed its decoder, the parent knows which item it had.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from time import monotonic
from typing import Any, TypeVar, cast

from realtime_micacl.errors import MicaclError, StageFailed
from realtime_micacl.wording import in_words

STOPPED_S = 60.0  # between two looks for results: this process was stopped, as by Ctrl-Z, and the others with it
EXIT_S = 10.0  # a process that has been told to end and does not is killed after this time
T = TypeVar("T")
R = TypeVar("R")
Opener = Callable[[], AbstractContextManager[Callable[[T], R]]]
"""Called in each process; its context gives the function that does the work. It must be picklable."""


@dataclass(frozen=True)
class Died:
    """The result of an item whose process crashed or was killed."""

    exit_code: int | None


@dataclass(eq=False)
class _Worker:
    process: BaseProcess
    since_s: float
    index: int | None = None
    """Of the item that it works on; None while it starts."""


def shared_out(
    opener: Opener[T, R], items: Sequence[T], processes: int, *, limit_s: float = 1800.0
) -> Generator[tuple[int, R | Died]]:
    """Yield index and result of each item, in the order in which they are done by up to `processes` processes.

    A process that works on an item for longer than `limit_s` is killed. A MicaclError of the work is raised here; any
    other error of it, and a process that crashes while it starts, becomes StageFailed.
    """
    waiting = iter(range(len(items)))
    crew: dict[Connection, _Worker] = {}
    try:
        for _ in range(min(processes, len(items))):
            _start(opener, crew)
        looked_s = monotonic()
        while crew:
            for link in cast(list[Connection], wait(list(crew), min(limit_s, 5.0))):
                worker = crew[link]
                try:
                    received = link.recv()
                except (EOFError, OSError):
                    exit_code = _end(link, crew)
                    if worker.index is None:
                        raise StageFailed(f"a process crashed while it started, exit code {exit_code}") from None
                    yield worker.index, Died(exit_code)
                    _start(opener, crew)
                    continue
                if isinstance(received, MicaclError):
                    raise received
                if worker.index is not None:
                    yield worker.index, received
                worker.index, worker.since_s = next(waiting, None), monotonic()
                if worker.index is None:
                    _end(link, crew)
                else:
                    link.send(items[worker.index])
            before_s, looked_s = looked_s, monotonic()
            if looked_s - before_s > STOPPED_S:
                for worker in crew.values():
                    worker.since_s += looked_s - before_s
            _kill_slow(crew, limit_s)
    finally:
        for link in list(crew):
            crew[link].process.terminate()
            _end(link, crew)


def _start(opener: Opener[T, R], crew: dict[Connection, _Worker]) -> None:
    context = multiprocessing.get_context("spawn")  # a fork would copy the locks of threads
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(opener, theirs), daemon=True)
    process.start()
    theirs.close()  # else the pipe would stay open when the process dies
    crew[ours] = _Worker(process, monotonic())


def _kill_slow(crew: dict[Connection, _Worker], limit_s: float) -> None:
    for worker in crew.values():
        if monotonic() - worker.since_s > limit_s:
            worker.process.kill()


def _end(link: Connection, crew: dict[Connection, _Worker]) -> int | None:
    """Let a process end; return its exit code."""
    link.close()
    process = crew.pop(link).process
    process.join(EXIT_S)
    if process.is_alive():
        process.kill()
        process.join()
    return process.exitcode


def _serve(opener: Opener[Any, Any], link: Connection) -> None:
    """Do one item after the other until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the parent decides
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            with opener() as work:
                link.send(None)
                while True:
                    link.send(work(link.recv()))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise
        except MicaclError as error:
            link.send(error)
        except Exception as cause:
            link.send(StageFailed(f"a process failed: {in_words(cause)}"))
