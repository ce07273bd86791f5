"""A program that ends while a thread reads waits for what is at work, and lets nothing begin."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from realtime_micacl.api import ending
from realtime_micacl.api.ending import Ending


def test_the_end_waits_for_what_is_at_work_and_nothing_begins_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "PATIENCE_S", 30.0)
    one, begun, seen_over = Ending(), Event(), Event()
    order = []

    def read() -> None:
        with one.at_work():
            begun.set()
            while not one.over():
                pass
            order.append("read")
        seen_over.set()
        with one.at_work():
            order.append("began again")

    thread = Thread(target=read, daemon=True)
    thread.start()
    assert begun.wait(30) and not one.over()
    one.end()
    order.append("ended")
    assert seen_over.wait(30) and order == ["read", "ended"]
    with one._changed:  # lest the thread stays
        one._over = False
        one._changed.notify_all()
    thread.join(30)


def test_what_does_not_come_to_its_end_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "PATIENCE_S", 0.01)
    one = Ending()
    with one.at_work():
        one.end()
    with one.at_work():
        assert not one.over(), "whoever ends the program, as in atexit, may still read"
