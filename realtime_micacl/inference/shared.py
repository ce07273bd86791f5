"""One engine for several streams: what they ask for at the same time runs as one batch.

The engine has a thread of its own, as it may be used from only one. While it works, requests queue up; then it takes
as many of them as fit into a batch, oldest first. A stream has only one request waiting, so none can crowd out others.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Lock, Thread
from time import monotonic
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.engine import Engine
from realtime_micacl.stack import started
from realtime_micacl.types import F32, U8

MOST = 64  # rows of a batch: larger ones are hardly faster, and take memory
STUCK_S = 1.5  # an engine that takes longer for a batch is replaced; its callers count as hung after 2 s
ANSWER_S = 30.0
JOIN_S = 1.0

Operation = Literal["encode", "classify"]
Rows = npt.NDArray[Any]


class SharedEngine:
    """Opens the engine for the first share, closes it after the last one, and opens it again after a failure."""

    def __init__(self, open_engine: Callable[[], Engine]) -> None:
        self._open = open_engine
        self._lock = Lock()
        self._process = os.getpid()
        self._running: _EngineThread | None = None

    def share(self) -> Share:
        """Return a share, which is an engine, to be closed by the caller; raise what opening the engine raises.

        A forked process has neither the engine's thread nor usable locks, so it opens an engine of its own.
        """
        if self._process != os.getpid():
            self._lock, self._process, self._running = Lock(), os.getpid(), None
        with self._lock:
            if self._running is None or not self._running.join():
                self._running = _EngineThread(self._open)
                self._running.join()
            running = self._running
        return Share(running)


class Share:
    """The shared engine as one stream sees it."""

    def __init__(self, running: _EngineThread) -> None:
        self._running = running
        self.device = running.device()

    def encode(self, crops: U8) -> F32:
        """Return the features [M,D] of pieces [M,P,S,S,3]."""
        (features,) = self._running.ask("encode", crops)
        return features

    def classify(self, features: F32, changes: F32 | None = None) -> tuple[F32, F32]:
        """Return logits [B,K] and importance [B,N] of bags of piece features [B,N*L/P,D] and changes [B,N*L,3P+1]."""
        logits, importance = self._running.ask("classify", features, *(() if changes is None else (changes,)))
        return logits, importance

    def close(self) -> None:
        """Give the share back."""
        self._running.leave()


@dataclass(eq=False)
class _Request:
    operation: Operation
    rows: tuple[Rows, ...]
    """The arguments of the operation, all of one length."""
    answer: tuple[Rows, ...] | None = None


class _EngineThread:
    """An engine from its opening to its first failure, and the requests that wait for it."""

    def __init__(self, open_engine: Callable[[], Engine]) -> None:
        self._open = open_engine
        self._changed = Condition()
        self._waiting: list[_Request] = []
        self._engine: Engine | None = None
        self._error: BaseException | None = None
        self._since_s: float | None = None
        self._shares = 0
        self._process = os.getpid()
        self._thread = Thread(target=self._run, name="engine", daemon=True)

    def join(self) -> bool:
        """Take a share; return False if the engine has failed, is stuck or was closed."""
        with self._changed:
            if self._since_s is not None and monotonic() - self._since_s > STUCK_S:
                self._fail(EngineError("the engine hangs and is replaced"))
            if self._error:
                return False
            self._shares += 1
            if self._shares == 1:
                started(self._thread)
            return True

    def device(self) -> str:
        """Wait until the engine is open and return what it runs on; raise what opening it raised."""
        with self._changed:
            self._changed.wait_for(lambda: self._engine or self._error)
            if self._error:
                raise self._error
            assert self._engine is not None
            return self._engine.device

    def ask(self, operation: Operation, *rows: Rows) -> tuple[Rows, ...]:
        """Return what the engine returns for `rows`; raise what it raises, even if that was due to another stream."""
        if self._process != os.getpid():
            raise EngineError("the engine was opened before the process was forked; open it in each process")
        request = _Request(operation, rows)
        with self._changed:
            self._waiting.append(request)
            self._changed.notify_all()
            self._changed.wait_for(lambda: request.answer is not None or self._error, ANSWER_S)
            if request.answer is not None:
                return request.answer
            raise self._error or EngineError(f"the engine did not answer within {ANSWER_S:.0f} s")

    def leave(self) -> None:
        """Give a share back; after the last one the engine is closed."""
        if self._process != os.getpid():
            return
        with self._changed:
            self._shares -= 1
            if self._shares:
                return
            self._error = self._error or EngineError("the engine was closed")
            self._changed.notify_all()
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        try:
            engine = self._open()
        except Exception as cause:
            self._fail(cause)
            return
        with self._changed:
            self._engine = engine
            self._changed.notify_all()
        try:
            while batch := self._batch():
                self._answer(engine, batch)
        except BaseException as cause:  # an encoder of the caller's may end its thread
            self._fail(cause)
        with suppress(Exception):  # it may be broken
            engine.close()

    def _batch(self) -> list[_Request]:
        """Wait for requests; return the oldest and others like it that fit into one batch, none at the end."""
        with self._changed:
            self._since_s = None
            self._changed.wait_for(lambda: self._waiting or self._error)
            if self._error:
                return []
            batch: list[_Request] = []
            oldest = self._waiting[0]
            for request in list(self._waiting):
                fits = not batch or len(request.rows[0]) + sum(len(r.rows[0]) for r in batch) <= MOST
                alike = (request.operation, len(request.rows)) == (oldest.operation, len(oldest.rows))
                if fits and alike:
                    batch.append(request)
            self._waiting = [request for request in self._waiting if request not in batch]
            self._since_s = monotonic()
            return batch

    def _answer(self, engine: Engine, batch: list[_Request]) -> None:
        rows = batch[0].rows
        if len(batch) > 1:
            rows = tuple(np.concatenate(each) for each in zip(*(r.rows for r in batch), strict=True))
        made = (engine.encode(*rows),) if batch[0].operation == "encode" else engine.classify(*rows)
        ends = np.cumsum([len(r.rows[0]) for r in batch])[:-1]
        parts = zip(*(np.split(rows, ends) for rows in made), strict=True)
        with self._changed:
            for request, answer in zip(batch, parts, strict=True):
                request.answer = answer
            self._changed.notify_all()

    def _fail(self, cause: BaseException) -> None:
        with self._changed:
            self._error = self._error or cause
            self._changed.notify_all()
