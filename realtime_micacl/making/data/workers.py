"""Work shared out to processes: one that dies costs the piece it had in hand and nothing else.

Each process has a pipe of its own. When the parent dies, however it does, the pipe ends and so does the process; when
a process dies, a broken decoder having torn it down, the parent learns which piece it was.
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

EXIT_S = 10.0  # a process that has nothing more to do and does not end within this is killed
T = TypeVar("T")
R = TypeVar("R")
Opener = Callable[[], AbstractContextManager[Callable[[T], R]]]
"""Opens, in the process that will use it, what does a piece of work; it must be picklable."""


@dataclass(frozen=True)
class Died:
    """A process ended with a piece of work in hand."""

    exit_code: int | None


@dataclass(eq=False)
class _Worker:
    process: BaseProcess
    since_s: float
    index: int | None = None
    """Of the piece in hand; None while it is being opened."""


def shared_out(
    opener: Opener[T, R], pieces: Sequence[T], jobs: int, *, limit_s: float = 1800.0
) -> Generator[tuple[int, R | Died]]:
    """Yield the index and the result of each piece as they are done, by up to `jobs` processes.

    A process that has a piece in hand for longer than `limit_s` is killed. Raise StageFailed where a process cannot be
    opened, or what the work itself raised, made into one if need be.
    """
    waiting = iter(range(len(pieces)))
    crew: dict[Connection, _Worker] = {}
    try:
        for _ in range(min(jobs, len(pieces))):
            _hire(opener, crew)
        while crew:
            for link in cast(list[Connection], wait(list(crew), min(limit_s, 5.0))):
                worker = crew[link]
                try:
                    said = link.recv()
                except (EOFError, OSError):
                    exit_code = _dismiss(link, crew)
                    if worker.index is None:
                        raise StageFailed(f"a process ended while it was opened, exit code {exit_code}") from None
                    yield worker.index, Died(exit_code)
                    _hire(opener, crew)
                    continue
                if isinstance(said, MicaclError):
                    raise said
                if worker.index is not None:
                    yield worker.index, said
                worker.index, worker.since_s = next(waiting, None), monotonic()
                if worker.index is None:
                    _dismiss(link, crew)
                else:
                    link.send(pieces[worker.index])
            _kill_slow(crew, limit_s)
    finally:
        for link in list(crew):
            crew[link].process.terminate()
            _dismiss(link, crew)


def _hire(opener: Opener[T, R], crew: dict[Connection, _Worker]) -> None:
    context = multiprocessing.get_context("spawn")  # a fork would copy the locks of threads
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(opener, theirs), daemon=True)
    process.start()
    theirs.close()  # or the pipe would not end with the process
    crew[ours] = _Worker(process, monotonic())


def _kill_slow(crew: dict[Connection, _Worker], limit_s: float) -> None:
    for worker in crew.values():
        if monotonic() - worker.since_s > limit_s:
            worker.process.kill()


def _dismiss(link: Connection, crew: dict[Connection, _Worker]) -> int | None:
    """Let a process end; return its exit code."""
    link.close()
    process = crew.pop(link).process
    process.join(EXIT_S)
    if process.is_alive():
        process.kill()
        process.join()
    return process.exitcode


def _serve(opener: Opener[Any, Any], link: Connection) -> None:
    """Do pieces of work until the pipe ends."""
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
