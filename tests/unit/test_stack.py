"""Threads have room for the libraries, whatever the program around has set."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from realtime_micacl.stack import BYTES, started


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = threading.stack_size()
    yield
    threading.stack_size(before)


@pytest.mark.parametrize(("set_before", "used"), [(64 << 10, BYTES), (0, 0), (16 << 20, 16 << 20)])
def test_a_thread_has_room_and_the_program_s_own_keep_what_was_set(
    monkeypatch: pytest.MonkeyPatch, set_before: int, used: int
) -> None:
    threading.stack_size(set_before)
    thread, sizes = threading.Thread(), list[int]()
    monkeypatch.setattr(thread, "start", lambda: sizes.append(threading.stack_size()))
    started(thread)
    assert sizes == [used]
    assert threading.stack_size() == set_before
