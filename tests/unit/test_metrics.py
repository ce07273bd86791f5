"""The page for Prometheus and those who ask for it badly."""

from __future__ import annotations

import socket
import struct
import threading
from urllib.request import urlopen

import pytest

from realtime_micacl.programs.metrics import read_metrics, served
from realtime_micacl.testing import until


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.mark.parametrize("asked", [b"", b"GET /met", b"GET /metrics HTTP/1.1\r\n\r\n"])
def test_who_leaves_in_the_middle_is_no_event_of_ours(
    port: int, asked: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with served([], str(port), None):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # it is reset, not closed
            client.sendall(asked)
        with urlopen(f"http://127.0.0.1:{port}/metrics?target=door") as page:
            assert b"realtime_micacl_readings_total" in page.read()
        until(lambda: not any("process_request" in thread.name for thread in threading.enumerate()))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("host", ["localhost", "[::1]"])
def test_it_is_served_and_asked_for_under_each_name_of_this_machine(port: int, host: str) -> None:
    with served([], f"{host}:{port}", None):
        assert read_metrics(f"{host}:{port}") == {}, "there is no session"
