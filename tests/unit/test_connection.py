"""A connection's thread, with doubles of what FFmpeg opens: what is held ready, what is waited for, what ends it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import av
import pytest
from av.stream import Discard

from realtime_micacl.live.sources import connection as module
from realtime_micacl.live.sources.connection import Connection, Way

MB = 1_000_000
DAMAGED = av.error.InvalidDataError(1, "damaged")
HOLE = av.error.BlockingIOError(11, "Resource temporarily unavailable")


class Container:
    """What was opened: a video and a sound; its packets are sizes, or what is raised in the place of one."""

    def __init__(self, packets: Iterator[int | Exception], start_time: int | None = None) -> None:
        self.video, self.sound = SimpleNamespace(discard=None), SimpleNamespace(discard=None)
        self.streams, self.start_time = [self.video, self.sound], start_time
        self.packets, self.drawn, self.closed = packets, 0, False
        self.sought_us: list[int] = []

    def demux(self, _: object) -> Iterator[SimpleNamespace]:
        for packet in self.packets:
            self.drawn += 1
            if isinstance(packet, Exception):
                raise packet
            yield SimpleNamespace(size=packet)

    def seek(self, at_us: int) -> None:
        self.sought_us.append(at_us)

    def close(self) -> None:
        self.closed = True


class Opened:
    """Stands for `av.open`; it notes how it was called."""

    def __init__(self) -> None:
        self.result: Any = None
        self.asked: list[tuple[Any, dict[str, Any]]] = []
        self.let: Callable[[], object] = lambda: None

    def __call__(self, what: object, **how: Any) -> Any:
        self.asked.append((what, how))
        self.let()
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    found = Opened()
    monkeypatch.setattr(module, "av", SimpleNamespace(open=found, error=av.error, container=av.container))
    monkeypatch.setattr(module, "chosen", lambda container, _: container.video)
    return found


def connected(**how: Any) -> Connection:
    return Connection(Way("rtsp://door/1", "door", {}, 3.0, 2.0, **how))


def soon(condition: Callable[[], object]) -> bool:
    """Say whether something comes true within two seconds."""
    end_s = time.monotonic() + 2.0
    while not condition() and time.monotonic() < end_s:
        time.sleep(0.002)
    return bool(condition())


def endless(size: int) -> Iterator[int]:
    while True:
        yield size


def test_it_is_settled_once_it_is_open_or_could_not_be(opened: Opened) -> None:
    go = False
    opened.let = lambda: soon(lambda: go)
    opened.result = Container(iter([1]))
    connection = connected()
    assert not connection.settled
    assert not connection.wait(0.01)
    go = True
    assert connection.wait(2.0)
    assert connection.settled
    connection.leave()
    opened.result = OSError("no route")
    connection = connected()
    assert connection.wait(2.0)
    assert (connection.settled, connection.container, str(connection.cause)) == (True, None, "no route")
    connection.leave()


def test_so_many_packets_are_waited_for_unless_no_more_will_come(opened: Opened) -> None:
    more = False

    def two_then_one() -> Iterator[int]:
        yield from (1, 2)
        soon(lambda: more)
        yield 3

    opened.result = Container(two_then_one())
    connection = connected()
    assert connection.wait(2.0, packets=2)
    assert not connection.over
    assert not connection.wait(0.01, packets=3)
    more = True
    assert connection.wait(2.0, packets=3)
    assert connection.wait(2.0, packets=99), "it is over"
    assert [packet.size for packet, _ in connection.waiting()] == [1, 2, 3]
    connection.leave()


def test_packets_are_taken_in_order_and_none_where_none_comes(opened: Opened) -> None:
    more = False

    def one_then_one() -> Iterator[int]:
        yield 1
        soon(lambda: more)
        yield 2

    opened.result = Container(one_then_one())
    connection = connected()
    before_s = time.monotonic()
    first = connection.take(2.0)
    assert first
    assert first[0].size == 1
    assert before_s - 0.1 <= first[1] <= time.monotonic()
    assert connection.take(0.01) is None
    assert not connection.over
    more = True
    second = connection.take(2.0)
    assert second
    assert second[0].size == 2
    assert connection.take(2.0) is None
    assert connection.over
    connection.leave()


def test_some_is_taken_off_the_line_ahead_and_the_rest_when_there_is_room(opened: Opened) -> None:
    opened.result = container = Container(endless(MB))
    connection = connected()
    assert soon(lambda: connection.full)
    time.sleep(0.02)
    ahead = container.drawn
    assert 4 <= ahead <= 20, "seconds of a camera, and not all the memory there is"
    for _ in range(3):
        connection.take(1.0)
    assert soon(lambda: container.drawn == ahead + 3)
    assert len(connection.waiting()) == ahead - 1, "and one waits for room"
    connection.leave()
    assert soon(lambda: container.closed)


def test_a_little_is_not_much(opened: Opened) -> None:
    opened.result = Container(iter([MB]))
    connection = connected()
    assert connection.wait(2.0, packets=1)
    assert not connection.full
    connection.leave()


class Damaged(Container):
    """After an error demuxing goes on with what stands next; in the end nothing is whole."""

    def demux(self, _: object) -> Iterator[SimpleNamespace]:
        while True:
            self.drawn += 1
            if isinstance(packet := next(self.packets, DAMAGED), Exception):
                raise packet
            yield SimpleNamespace(size=packet)


def test_what_is_damaged_is_stepped_over_and_a_stream_of_nothing_else_given_up(opened: Opened) -> None:
    opened.result = container = Damaged(iter([*[DAMAGED] * 300, 7, *[HOLE] * 300, 8]))
    connection = connected()
    assert soon(lambda: connection.over)
    assert [packet.size for packet, _ in connection.waiting()] == [7, 8]
    assert isinstance(connection.cause, av.error.InvalidDataError)
    assert container.drawn < 5000
    connection.leave()


def test_of_all_that_is_sent_only_the_pictures_are_fetched(opened: Opened) -> None:
    opened.result = container = Container(iter([1]))
    connection = connected()
    assert connection.wait(2.0, packets=1)
    assert (container.video.discard, container.sound.discard) == (None, Discard.all)
    connection.leave()


@pytest.mark.parametrize(("start_time", "sought_us"), [(None, [2_500_000]), (1_000_000, [3_500_000])])
def test_a_recording_goes_on_where_it_was(opened: Opened, start_time: int | None, sought_us: list[int]) -> None:
    opened.result = container = Container(iter([1]), start_time)
    connection = connected(start_s=2.5)
    assert connection.wait(2.0, packets=1)
    assert container.sought_us == sought_us
    connection.leave()
    opened.result = container = Container(iter([1]), start_time)
    connection = connected()
    assert connection.wait(2.0, packets=1)
    assert container.sought_us == []
    connection.leave()


def test_a_pipe_is_read_in_the_place_of_an_address_and_closed(opened: Opened) -> None:
    done: list[str] = []
    pipe = SimpleNamespace(close=lambda: done.append("closed"), stop=lambda: done.append("stopped"))
    opened.result = Container(iter([1]))
    connection = connected(pipe=lambda: pipe)
    assert connection.wait(2.0, packets=1)
    assert soon(lambda: connection.over)
    assert done == ["closed"]
    connection.leave()
    assert done == ["closed", "stopped"]
    ((what, how),) = opened.asked
    assert what is pipe
    assert how["timeout"] is None, "whoever writes into it may take any time"
    connected().leave()
    what, how = opened.asked[-1]
    assert (what, how["timeout"]) == ("rtsp://door/1", (3.0, 2.0))
