"""One engine for several streams: whose rows are whose, what waits for what, and what a failure costs."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from realtime_micacl.errors import EngineError
from realtime_micacl.inference import shared
from realtime_micacl.inference.shared import SharedEngine
from realtime_micacl.types import F32, U8


class Doubler:
    """An engine whose answers say what it was asked; it can be held, and it can fail."""

    device = "a test"

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.threads = {threading.get_ident()}
        self.held = threading.Event()
        self.held.set()
        self.stopped = self.fails = self.closed = False

    def encode(self, crops: U8) -> F32:
        self.threads.add(threading.get_ident())
        self.batches.append([int(n) for n in crops[:, 0]])
        self.stopped = not self.held.is_set()
        self.held.wait(20)
        self.stopped = False
        if self.fails:
            raise ValueError("boom")
        return crops.astype(np.float32) * 2

    def classify(self, features: F32, changes: F32 | None = None) -> tuple[F32, F32]:
        self.threads.add(threading.get_ident())
        self.batches.append([-int(n) for n in features[:, 0]])
        return features + 1, features + 2

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed = True


def until(true: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.001)


def many() -> tuple[list[Doubler], SharedEngine]:
    """Return a shared engine, and those that were opened for it."""
    engines: list[Doubler] = []

    def opens() -> Doubler:
        engines.append(Doubler())
        return engines[-1]

    return engines, SharedEngine(opens)


def crops(*rows: int) -> U8:
    return np.array([[n] for n in rows], np.uint8)


def test_what_waits_together_is_one_batch_and_each_gets_its_own() -> None:
    engine = Doubler()
    pool = ThreadPoolExecutor(6)
    joint = SharedEngine(lambda: engine)
    shares = [joint.share() for _ in range(6)]
    engine.held.clear()
    first = pool.submit(shares[0].encode, crops(1))
    until(lambda: engine.batches == [[1]])
    asked = []
    for n, one in enumerate(shares[1:5]):
        asked.append(pool.submit(one.encode, crops(10 * n, 10 * n + 1)))
        until(lambda n=n: len(joint._running._waiting) == n + 1)  # type: ignore[union-attr, misc]
    other = pool.submit(shares[5].classify, np.array([[7.0]], np.float32))
    until(lambda: len(joint._running._waiting) == 5)  # type: ignore[union-attr]
    engine.held.set()
    assert first.result(5).tolist() == [[2]]
    for n, answer in enumerate(asked):
        assert answer.result(5).tolist() == [[20 * n], [20 * n + 2]]
    assert [part.tolist() for part in other.result(5)] == [[[8]], [[9]]]
    assert engine.batches == [[1], [0, 1, 10, 11, 20, 21, 30, 31], [-7]], "a batch of each kind, oldest first"
    assert not engine.closed
    for one in shares:
        one.close()
    assert engine.closed
    assert len(engine.threads - {threading.get_ident()}) == 1, "the engine is called from one thread"
    pool.shutdown()


def test_a_batch_is_bounded_and_nobody_waits_for_ever() -> None:
    """One stream asks for as much as it can all the time; the others have their turn after one of its requests."""
    engine = Doubler()
    joint = SharedEngine(lambda: engine)
    greedy, modest = joint.share(), joint.share()
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            greedy.encode(crops(*[1] * shared.MOST))

    with ThreadPoolExecutor(2) as pool:
        asking = pool.submit(ask)
        try:
            for _ in range(20):
                engine.held.clear()
                until(lambda: engine.stopped)
                before = len(engine.batches)
                answer = pool.submit(modest.encode, crops(2))
                until(lambda: len(joint._running._waiting) == 1)  # type: ignore[union-attr]
                engine.held.set()
                assert answer.result(5).tolist() == [[4]]
                assert engine.batches[before] == [2]
        finally:
            stop.set()
            engine.held.set()
        asking.result(5)
    assert max(map(len, engine.batches)) == shared.MOST
    greedy.close()
    modest.close()


def test_after_a_failure_the_next_share_is_of_a_new_engine() -> None:
    engines, joint = many()
    one, two = joint.share(), joint.share()
    engines[0].fails = True
    for old in (one, two):
        with pytest.raises(ValueError, match="boom"):
            old.encode(crops(1))
    until(lambda: engines[0].closed)
    new = joint.share()
    one.close()
    assert new.encode(crops(3)).tolist() == [[6]]
    two.close()
    assert len(engines) == 2
    assert not engines[1].closed
    new.close()
    assert engines[1].closed


def test_an_engine_that_hangs_is_replaced_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "STUCK_S", 0.02)
    monkeypatch.setattr(shared, "JOIN_S", 0.02)
    engines, joint = many()
    one = joint.share()
    engines[0].held.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(one.encode, crops(1))
        until(lambda: bool(engines[0].batches))
        time.sleep(0.03)
        two = joint.share()
        with pytest.raises(EngineError, match="is replaced"):
            waiting.result(5)
        assert two.encode(crops(4)).tolist() == [[8]]
    one.close()
    two.close()
    assert engines[1].closed
    engines[0].held.set()
    until(lambda: engines[0].closed)


def test_an_engine_that_cannot_be_opened_says_why_to_each_and_may_be_opened_later() -> None:
    answers: list[Doubler | EngineError] = [EngineError("no such engine"), EngineError("still not"), Doubler()]

    def opens() -> Doubler:
        answer = answers.pop(0)
        if isinstance(answer, EngineError):
            raise answer
        return answer

    joint = SharedEngine(opens)
    for said in ("no such engine", "still not"):
        with pytest.raises(EngineError, match=said):
            joint.share()
    joint.share().close()


def test_small_requests_are_joined_large_ones_are_not_and_none_is_too_large() -> None:
    engine = Doubler()
    joint = SharedEngine(lambda: engine)
    shares = [joint.share() for _ in range(5)]
    engine.held.clear()
    with ThreadPoolExecutor(5) as pool:
        answers = []
        for n, (one, rows) in enumerate(zip(shares, (1, 20, 20, 50, 500), strict=True)):
            answers.append(pool.submit(one.encode, crops(*[n] * rows)))
            until(lambda n=n: engine.stopped and len(joint._running._waiting) == n)  # type: ignore[union-attr, misc]
        engine.held.set()
        assert [len(answer.result(5)) for answer in answers] == [1, 20, 20, 50, 500]
    assert [len(batch) for batch in engine.batches] == [1, 40, 50, 500]
    for one in shares:
        one.close()


def test_the_changes_of_a_face_reach_the_engine() -> None:
    class Adder(Doubler):
        def classify(self, features: F32, changes: F32 | None = None) -> tuple[F32, F32]:
            return features + (100 if changes is None else changes), features

    joint = SharedEngine(Adder)
    one, row = joint.share(), np.array([[7.0]], np.float32)
    assert one.classify(row, row)[0].tolist() == [[14]]
    assert one.classify(row)[0].tolist() == [[107]]
    one.close()


@pytest.mark.parametrize(("works_s", "replaced"), [(1.0, False), (2.0, True)])
def test_an_engine_that_works_for_a_second_is_not_given_up(
    works_s: float, replaced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever hangs for two seconds is given up by the session, so a stuck engine has to be known before."""
    now_s = 50.0
    monkeypatch.setattr(shared, "monotonic", lambda: now_s)
    engines, joint = many()
    one = joint.share()
    engines[0].held.clear()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(one.encode, crops(1))
        until(lambda: engines[0].stopped)
        now_s += works_s
        other = joint.share()
        if not replaced:
            engines[0].held.set()
        assert (asked.exception(5) is not None) is replaced
        engines[0].held.set()
    assert len(engines) == 1 + replaced
    one.close()
    other.close()


def test_an_encoder_that_ends_its_thread_is_no_engine_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Doubler, "encode", lambda *_: sys.exit(3))
    one = SharedEngine(Doubler).share()
    with pytest.raises(SystemExit):
        one.encode(crops(1))
