"""A live source is opened again whenever it is lost, and a file that is looped goes on in time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from realtime_micacl.errors import SourceError, SourceLost
from realtime_micacl.live.sources import source
from realtime_micacl.live.sources.source import looped, reconnecting
from realtime_micacl.types import Frame, Retry

IMAGE = np.zeros((2, 2, 3), np.uint8)


def frames(n: int, error: Exception | None = None, closed: list[bool] | None = None) -> Iterator[Frame]:
    try:
        for i in range(n):
            yield Frame(IMAGE, i / 10, i)
        if error:
            raise error
    finally:
        if closed is not None:
            closed.append(True)


def asleep(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let time pass only while it sleeps; return for how long it did."""
    slept_s: list[float] = []
    monkeypatch.setattr(source, "monotonic", lambda: 50.0 + sum(slept_s))
    monkeypatch.setattr(source, "sleep", slept_s.append)
    return slept_s


def test_a_first_failure_is_raised() -> None:
    with pytest.raises(SourceError, match="refused"):
        next(reconnecting(lambda: frames(0, SourceError("refused"))))
    with pytest.raises(SourceLost, match="silent"):
        next(reconnecting(lambda: frames(0, SourceLost("silent"))))


def test_a_lost_source_is_opened_again_and_numbers_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BACKOFF_S", (0.02, 0.1))
    closed: list[bool] = []
    stream = reconnecting(lambda: frames(3, SourceLost("gone"), closed), seed=1)
    got = list(islice((x for x in stream if isinstance(x, Frame)), 9))
    assert [f.index for f in got] == list(range(9))
    stream.close()  # type: ignore[attr-defined]
    assert len(closed) == 3


def test_the_pauses_grow_are_jittered_and_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    asleep(monkeypatch)
    first = True

    def opens() -> Iterator[Frame]:
        nonlocal first
        n, first = int(first), False
        return frames(n, SourceLost("gone"))

    longest: dict[int, float] = {}
    for item in islice(reconnecting(opens, seed=7), 600):
        if isinstance(item, Retry):
            assert item.reason == "gone"
            longest[item.attempt] = max(longest.get(item.attempt, 0.0), item.wait_s)
    assert 0.25 <= longest[1] <= 0.5
    assert longest[4] > longest[1]
    assert all(wait_s <= 8.0 for wait_s in longest.values())
    assert len(set(list(longest.values())[5:9])) == 4, "late pauses differ"


def test_it_waits_for_a_source_that_is_not_there_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BACKOFF_S", (0.01, 0.02))
    tries: list[int] = []

    def opens() -> Iterator[Frame]:
        tries.append(1)
        return frames(2) if len(tries) > 3 else frames(0, SourceError("refused"))

    got = list(islice((x for x in reconnecting(opens, wait=True) if isinstance(x, Frame)), 2))
    assert len(got) == 2
    assert len(tries) == 4


def test_it_is_given_up_after_a_while_and_no_later(monkeypatch: pytest.MonkeyPatch) -> None:
    slept_s = asleep(monkeypatch)
    tries: list[int] = []

    def opens() -> Iterator[Frame]:
        tries.append(1)
        return frames(len(tries) == 1, SourceLost("camera 0 is gone"))

    with pytest.raises(SourceLost, match=r"camera 0 is gone; given up after 10 s \(--give-up-after\)"):
        list(reconnecting(opens, give_up_after_s=10.0))
    assert sum(slept_s) == pytest.approx(10.0, abs=0.01), "in the middle of a pause"
    assert len(tries) > 4, "and tried until then"


@pytest.mark.parametrize("away", [True, False])
def test_a_source_that_appears_is_tried_at_once(monkeypatch: pytest.MonkeyPatch, away: bool) -> None:
    """One that was there all along is tried when the pause is over: it answers, and fails all the same."""
    slept_s = asleep(monkeypatch)
    there = [not away]
    fifth: list[float] = []
    for item in reconnecting(lambda: frames(0, SourceLost("gone")), lambda: there[0], wait=True, seed=1):
        assert isinstance(item, Retry)
        if item.attempt == 5:
            fifth.append(sum(slept_s))
            there[0] = there[0] or sum(slept_s) - fifth[0] >= 1.0
        if item.attempt == 6:
            break
    if away:
        assert 1.0 <= fifth[-1] - fifth[0] <= 1.6
    else:
        assert fifth[-1] - fifth[0] > 3.0


def test_a_looped_file_goes_on_in_time() -> None:
    got = list(islice(looped(lambda: frames(4)), 10))
    assert [f.index for f in got] == list(range(10))
    assert np.allclose([f.time_s for f in got], np.arange(10) / 10)


def test_a_single_picture_is_looped_as_a_video_would_be() -> None:
    one, two, three = islice(looped(lambda: frames(1)), 3)
    assert 0.01 < two.time_s - one.time_s == pytest.approx(three.time_s - two.time_s)
    assert two.time_s - one.time_s < 0.1


@pytest.mark.parametrize("give_up_after_s", [1.0, 60.0])
def test_it_is_given_up_when_that_time_is_over_and_it_can_be_stopped_until_then(
    give_up_after_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept_s = asleep(monkeypatch)
    first = True

    def opens() -> Iterator[Frame]:
        nonlocal first
        n, first = int(first), False
        return frames(n, SourceLost("gone"))

    with pytest.raises(SourceLost, match="given up"):
        list(reconnecting(opens, give_up_after_s=give_up_after_s, seed=1))
    assert sum(slept_s) == pytest.approx(give_up_after_s, abs=0.1)
    assert max(slept_s) < 0.5, "whoever reads can stop it several times a second"
