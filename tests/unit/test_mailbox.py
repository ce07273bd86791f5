from __future__ import annotations

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.live.mailbox import Mailbox


def test_the_newest_item_wins_and_the_others_come_back() -> None:
    box: Mailbox[int] = Mailbox()
    assert [box.put(item) for item in range(5)] == [None, 0, 1, 2, 3]
    box.close()
    assert list(box.read(1.0)) == [4]


def test_reading_says_none_when_nothing_comes() -> None:
    box: Mailbox[int] = Mailbox()
    reader = box.read(0.01)
    assert next(reader) is None
    box.put(1)
    assert next(reader) == 1
    assert next(reader) is None


def test_peek_leaves_the_item_unread() -> None:
    box: Mailbox[str] = Mailbox()
    assert box.peek() is None
    box.put("a")
    assert box.peek() == box.peek() == "a"
    assert next(box.read(1.0)) == "a"
    assert box.peek() == "a"


def test_nothing_is_taken_after_close() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(1)
    box.close()
    box.put(2)
    assert list(box.read(1.0)) == [1]
    assert list(box.read(1.0)) == []


def test_close_wakes_a_waiting_reader_at_once() -> None:
    box: Mailbox[int] = Mailbox()
    ended: list[float] = []

    def read() -> None:
        list(box.read(30.0))
        ended.append(time.monotonic())

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(0.05)
    closed_s = time.monotonic()
    box.close()
    thread.join(5.0)
    assert ended and ended[0] - closed_s < 1.0


@given(st.lists(st.integers(), min_size=1, max_size=50), st.integers(0, 2**31))
def test_what_is_read_is_in_order_and_ends_with_the_last(items: list[int], seed: int) -> None:
    box: Mailbox[tuple[int, int]] = Mailbox()
    got: list[tuple[int, int]] = []
    replaced: list[tuple[int, int]] = []
    reader = box.read(0.0)
    for number, item in enumerate(items):
        replaced += filter(None, [box.put((number, item))])
        if (seed >> (number % 31)) & 1 and (read := next(reader)) is not None:
            got.append(read)
    box.close()
    got += [item for item in reader if item is not None]
    assert got == sorted(got)
    assert got[-1] == (len(items) - 1, items[-1])
    assert sorted(got + replaced) == list(enumerate(items))
