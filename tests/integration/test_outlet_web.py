"""The page and its WebSocket as clients of every kind meet them."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from realtime_micacl.errors import ConfigError
from realtime_micacl.outlets.address import Peer
from realtime_micacl.outlets.thread import OutletThread
from realtime_micacl.outlets.web import Web
from realtime_micacl.types import EMOTIONS, State, StateChange
from tests.fault.proxy import free_port
from tests.unit.test_slots import about, reading

TOKEN = "0123456789abcdef"


def status(port: int, path: str = "/", **headers: str) -> tuple[int, str, dict[str, str]]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


def opened(port: int, path: str = "/events", **more: Any) -> ClientConnection:
    return connect(f"ws://127.0.0.1:{port}{path}", legacy=True, compression=None, **more)


def lines(client: ClientConnection, count: int) -> list[dict[str, Any]]:
    return [json.loads(client.recv(timeout=5)) for _ in range(count)]


def test_a_client_gets_a_hello_what_stands_and_then_every_line(posted: Callable[..., tuple[OutletThread, int]]) -> None:
    sink, port = posted()
    sink(StateChange(time.monotonic(), None, State.LIVE))
    sink(StateChange(time.monotonic(), 1, State.COLLECTING, slot=1))
    sink(StateChange(time.monotonic(), 1, State.LIVE, slot=1))
    sink(reading(1, time.monotonic(), slot=1))
    sink(StateChange(time.monotonic(), 2, State.COLLECTING, slot=2))
    sink(StateChange(time.monotonic(), 2, State.NO_FACE, slot=2))
    time.sleep(0.2)
    with opened(port) as client:
        hello, *standing = lines(client, 4)
        assert (hello["schema"], hello["hello"]["labels"], hello["hello"]["slots"]) == (2, list(EMOTIONS), 2)
        assert [(r["track"], r["state"], "emotion" in r) for r in standing] == [
            (None, "live", False),
            (1, "live", False),
            (1, "live", True),
        ], "who has left is not sent"
        for n in range(3):
            sink(reading(1, time.monotonic() + n, slot=1))
        assert [r["emotion"] for r in lines(client, 3)] == ["sad"] * 3
        sink(StateChange(time.monotonic(), None, State.ENDED))
        assert lines(client, 1)[0]["state"] == "ended"
    with opened(port) as client:
        assert [r.get("state") for r in lines(client, 2)] == [None, "ended"]


def test_the_page_is_one_answer_that_may_run_its_own_script_alone(
    posted: Callable[..., tuple[OutletThread, int]],
) -> None:
    _, port = posted()
    code, page, headers = status(port)
    assert code == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline" not in policy.split(";")[1]
    assert "https://" not in page
    assert page.count("http://") == page.count("http://www.w3.org/2000/svg")
    assert status(port, "/x")[0] == 404
    assert status(port, "/../../etc/passwd")[0] == 404


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("localhost:{port}", 200),
        ("127.0.0.1:{port}", 200),
        ("[::1]:{port}", 200),
        ("evil.example:{port}", 403),
        ("127.0.0.1.evil.example", 403),
        ("192.168.0.9:{port}", 403),
        ("a:b:c", 403),
        ("[", 400),
    ],
)
def test_a_name_that_was_made_to_point_here_gets_nothing(
    posted: Callable[..., tuple[OutletThread, int]], host: str, code: int
) -> None:
    _, port = posted()
    assert status(port, Host=host.format(port=port))[0] == code


def test_a_page_from_elsewhere_opens_no_socket(posted: Callable[..., tuple[OutletThread, int]]) -> None:
    _, port = posted()
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1", "https://localhost", "http://["):
        with pytest.raises(InvalidStatus, match=r"40[03]"):
            opened(port, origin=origin)
    opened(port, origin=f"http://127.0.0.1:{port}").close()


def test_the_network_needs_a_token_and_with_it_a_page_may_come_from_elsewhere(
    posted: Callable[..., tuple[OutletThread, int]],
) -> None:
    with pytest.raises(ConfigError, match="lets the network look"):
        Web(Peer("0.0.0.0", free_port()), None, about())
    sink, port = posted("0.0.0.0", TOKEN)
    sink(StateChange(time.monotonic(), None, State.LIVE))
    assert [status(port)[0], status(port, "/?token=wrong")[0], status(port, f"/?token={TOKEN}x")[0]] == [401] * 3
    assert status(port, "/?token=%C3%A4")[0] == 401
    assert status(port, f"/?token={TOKEN}")[0] == 200
    assert status(port, Authorization=f"Bearer {TOKEN}")[0] == 200
    assert status(port, f"/?token={TOKEN}", Host=f"192.168.0.9:{port}")[0] == 200, "by its number"
    assert status(port, f"/?token={TOKEN}", Host=f"{socket.gethostname()}:{port}")[0] == 200
    assert status(port, f"/?token={TOKEN}", Host="evil.example")[0] == 403
    with pytest.raises(InvalidStatus, match="401"):
        opened(port)
    _, other = posted("0.0.0.0", "0123456789+abc/d=")
    assert status(other, "/?token=0123456789+abc/d=")[0] == 200, "of base64, as it is"
    with opened(port, f"/events?token={TOKEN}", origin="http://experiment.example") as client:
        assert "hello" in lines(client, 1)[0]


def test_a_port_that_is_taken_is_told_at_once(posted: Callable[..., tuple[OutletThread, int]]) -> None:
    _, port = posted()
    with pytest.raises(ConfigError, match="name another port"):
        Web(Peer("127.0.0.1", port), None, about())
    with pytest.raises(ConfigError, match="name another port or host"):
        Web(Peer("203.0.113.1", free_port()), TOKEN, about())
