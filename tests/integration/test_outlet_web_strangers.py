"""The web page among many clients, slow ones and strangers."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from realtime_micacl.outlets.thread import OutletThread
from realtime_micacl.outlets.web import CLIENTS, CONNECTIONS
from tests.integration.test_outlet_web import lines, opened
from tests.unit.test_slots import reading


@pytest.mark.fault("R19")
def test_one_that_never_reads_and_one_that_shouts_cost_the_others_nothing(
    posted: Callable[..., tuple[OutletThread, int]], measured: Callable[[str], None]
) -> None:
    sink, port = posted()
    good, stuck, shouting = opened(port), socket.create_connection(("127.0.0.1", port)), opened(port)
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.sendall(
        f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    lines(good, 1)
    shouting.send("x" * (1 << 20))
    with pytest.raises(ConnectionClosed, match="1009"):
        lines(shouting, 100)
    process, before = psutil.Process(), psutil.Process().memory_info().rss
    got: list[str] = []
    count = 12_000
    ear = threading.Thread(target=lambda: got.extend(good.recv(timeout=10) for _ in range(count)))
    ear.start()
    for n in range(count):
        sink(reading(1, float(n), slot=1))
        if n % 16 == 15:
            time.sleep(0.008)
    ear.join(30.0)
    more_mb = (process.memory_info().rss - before) / 1e6
    times = [json.loads(line)["time_s"] for line in got]
    assert len(got) + sink._ring.dropped >= count
    assert times == sorted(times)
    assert len(got) == count, "the good one lost nothing"
    assert sink.dropped > 0, "what the stuck one was not sent is counted"
    assert more_mb < 30.0  # of which the lines that were got here are most
    measured(f"WebSocket: {count} lines to one that reads, beside one that does not: none lost, {more_mb:+.1f} MB")
    good.close()
    stuck.close()


@pytest.mark.fault("R19")
def test_there_are_only_so_many_clients_and_connections(posted: Callable[..., tuple[OutletThread, int]]) -> None:
    sink, port = posted()
    clients = [opened(port) for _ in range(CLIENTS)]
    for client in clients:
        lines(client, 1)
    with pytest.raises(ConnectionClosed, match="1013"), opened(port) as late:
        late.recv(timeout=5)
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    time.sleep(0.3)
    held = [c for c in psutil.Process().net_connections("tcp") if c.laddr and c.laddr.port == port and c.raddr]
    assert len(held) <= CONNECTIONS
    sink(reading(1, 1.0, slot=1))
    assert lines(clients[0], 1)[0]["track"] == 1
    for one in (*silent, *clients):
        one.close()


@pytest.mark.fault("R4")
def test_two_hundred_clients_come_and_go_and_leave_nothing(
    posted: Callable[..., tuple[OutletThread, int]], measured: Callable[[str], None]
) -> None:
    sink, port = posted()
    process = psutil.Process()

    def visit() -> None:
        with opened(port) as client:
            lines(client, 1)

    def visits(count: int) -> tuple[int, int]:
        for n in range(count):
            visit()
            sink(reading(1, float(n), slot=1))
        time.sleep(0.3)
        return process.num_threads(), process.num_fds()

    before, after = visits(5), visits(200)
    threads, descriptors = (now - then for now, then in zip(after, before, strict=True))
    assert max(threads, descriptors) <= 0  # below it where clients of an earlier test were still closing
    measured(f"200 clients of the WebSocket came and went: threads {threads:+d}, descriptors {descriptors:+d}")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n",  # no upgrade
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
        b"GET / HTTP/1.1\r\n\r\n",  # no host
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET " + b"/" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://[/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
)
def test_what_strangers_say_is_refused_without_a_word_in_the_log(
    posted: Callable[..., tuple[OutletThread, int]], said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    sink, port = posted()
    with socket.create_connection(("127.0.0.1", port)) as stranger:
        stranger.sendall(said)
        stranger.shutdown(socket.SHUT_WR)
        stranger.settimeout(5)
        answer = b""
        try:
            while part := stranger.recv(4096):
                answer += part
        except ConnectionResetError:
            pass
    assert b" 200 " not in answer.partition(b"\r\n")[0] or said.startswith(b"POST")
    with opened(port) as client:
        assert "hello" in lines(client, 1)[0]
    assert caplog.text == ""
    assert sink.notice == ""
