"""Attempts to open a stream that overlap, with doubles of connections."""

from __future__ import annotations

import pytest

from realtime_micacl.live.sources import attempts
from realtime_micacl.live.sources.attempts import Attempts


class Opening:
    """Stands for a connection that is being opened: `container` once it is, `settled` once it is known."""

    def __init__(self, way: str) -> None:
        self.way, self.container, self.settled, self.left = way, "", False, False
        self.started_s = attempts.monotonic()
        BEGUN.append(self)

    def ends(self, container: str = "") -> None:
        self.container, self.settled = container, True

    def leave(self) -> None:
        self.left = True


BEGUN: list[Opening] = []
now_s = 0.0


@pytest.fixture(autouse=True)
def a_clock_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    global now_s
    now_s = 100.0
    BEGUN.clear()
    monkeypatch.setattr(attempts, "Connection", Opening)
    monkeypatch.setattr(attempts, "monotonic", lambda: now_s)
    monkeypatch.setattr(attempts, "sleep", passes)


def passes(seconds: float) -> None:
    global now_s
    now_s += seconds


def begun(count: int) -> Attempts:
    found = Attempts()
    for number in range(count):
        found.begin(str(number))  # type: ignore[arg-type]
    return found


def test_a_camera_has_three_visitors_at_most_and_one_that_waits_in_vain_makes_room() -> None:
    found = begun(5)
    assert [one.way for one in BEGUN] == ["0", "1", "2"]
    passes(14.0)
    found.begin("too soon")  # type: ignore[arg-type]
    passes(2.0)
    found.begin("now")  # type: ignore[arg-type]
    assert [one.way for one in BEGUN] == ["0", "1", "2", "now"]
    assert [one.left for one in BEGUN] == [True, False, False, False]


def test_the_first_that_opens_is_taken_and_the_others_are_left() -> None:
    found = begun(3)
    assert found.take(0.5) is None
    assert now_s == pytest.approx(100.5, abs=0.05), "no longer than asked"
    BEGUN[0].ends()
    assert found.take(0.1) is None, "one failed, the others are under way"
    assert not found.ready
    BEGUN[1].ends("a stream")
    assert found.ready
    assert found.take(0.1) is BEGUN[1]
    assert [one.left for one in BEGUN] == [True, False, True]
    assert found.take(0.0) is None


def test_where_all_have_failed_the_last_says_why() -> None:
    found = begun(2)
    for one in BEGUN:
        one.ends()
    assert found.take(9.0) is BEGUN[1]
    assert BEGUN[0].left
    assert now_s == 100.0, "at once"


def test_whoever_leaves_leaves_all() -> None:
    begun(3).leave()
    assert all(one.left for one in BEGUN)
