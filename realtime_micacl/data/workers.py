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
from typing import Any, Generic, TypeVar

from realtime_micacl.errors import MicaclError, StageFailed

T = TypeVar("T")
R = TypeVar("R")
Opener = Callable[[], AbstractContextManager[Callable[[T], R]]]
"""Opens, in the process that will use it, what does a piece of work; it must be picklable."""


@dataclass(frozen=True)
class Died:
    """A process ended with a piece of work in hand."""

    exit_code: int | None


@dataclass(eq=False)
class _Worker(Generic[T]):
    process: BaseProcess
    index: int | None = None
    """Of the piece in hand; None while it is being opened."""


def shared_out(opener: Opener[T, R], pieces: Sequence[T], jobs: int) -> Generator[tuple[int, R | Died]]:
    """Yield the index and the result of each piece as they are done, by up to `jobs` processes.

    Raise StageFailed where a process cannot be opened, or what the work itself raised, made into one if need be.
    """
    waiting = iter(range(len(pieces)))
    crew: dict[Connection, _Worker[T]] = {}
    try:
        for _ in range(min(jobs, len(pieces))):
            _hire(opener, crew)
        while crew:
            for link in wait(list(crew)):
                assert isinstance(link, Connection)
                worker = crew[link]
                try:
                    said = link.recv()
                except (EOFError, OSError):
                    _dismiss(link, crew)
                    if worker.index is None:
                        raise StageFailed(
                            f"a process ended while it was opened, exit code {worker.process.exitcode}"
                        ) from None
                    yield worker.index, Died(worker.process.exitcode)
                    _hire(opener, crew)
                    continue
                if isinstance(said, MicaclError):
                    raise said
                if worker.index is not None:
                    yield worker.index, said
                worker.index = next(waiting, None)
                if worker.index is None:
                    _dismiss(link, crew)
                else:
                    link.send(pieces[worker.index])
    finally:
        for link in list(crew):
            crew[link].process.terminate()
            _dismiss(link, crew)


def _hire(opener: Opener[T, R], crew: dict[Connection, _Worker[T]]) -> None:
    context = multiprocessing.get_context("spawn")  # a fork would copy threads' locks
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(opener, theirs), daemon=True)
    process.start()
    theirs.close()  # or the pipe would not end with the process
    crew[ours] = _Worker(process)


def _dismiss(link: Connection, crew: dict[Connection, _Worker[T]]) -> None:
    link.close()
    crew.pop(link).process.join()


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
            link.send(StageFailed(f"a process failed: {type(cause).__name__}: {cause}"))
