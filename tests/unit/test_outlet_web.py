"""The rules of the page's server, with doubles of its clients: who keeps up, what stands, who may look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from realtime_micacl.outlets import web as module
from realtime_micacl.outlets.address import Peer
from realtime_micacl.outlets.web import Web
from realtime_micacl.types import Mark, State, StateChange
from tests.unit.test_slots import about, reading

TOKEN = "0123456789abcdef"


class Client:
    """Somebody who listens: `waiting` bytes were not yet taken from us."""

    def __init__(self) -> None:
        self.waiting, self.closed, self.lines = 0, False, list[dict[str, Any]]()
        self.transport = SimpleNamespace(get_write_buffer_size=lambda: self.waiting, abort=self._abort)

    def _abort(self) -> None:
        self.closed = True

    @property
    def said(self) -> list[str]:
        """What it was told since it was last asked: "hello", states, and "reading"."""
        found = ["hello" if "hello" in one else "reading" if "emotion" in one else one["state"] for one in self.lines]
        self.lines.clear()
        return found


class Served:
    """A server on whose clock nothing passes by itself."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s, self.made = 100.0, list[Web]()
        monkeypatch.setattr(module, "monotonic", lambda: self.now_s)

    def web(self, *clients: Client, host: str = "127.0.0.1", token: str | None = None, **how: Any) -> Web:
        made = Web(Peer(host, 0), token, about(slots=2, **how))
        made._server = SimpleNamespace(broadcast=self._broadcast)
        made._clients = dict.fromkeys(clients)
        self.made.append(made)
        return made

    @staticmethod
    def _broadcast(clients: list[Client], line: str) -> None:
        for client in clients:
            client.lines.append(json.loads(line))


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    found = Served(monkeypatch)
    yield found
    for web in found.made:
        web._socket.close()


def test_who_is_far_behind_is_left_out_and_gets_what_stands_once_it_has_caught_up(served: Served) -> None:
    slow, quick = Client(), Client()
    web = served.web(slow, quick)
    slow.waiting = 10_000
    web._tell(StateChange(1.0, None, State.LIVE))
    assert slow.said == quick.said == ["live"], "a few lines are no matter"
    slow.waiting = 1 << 20
    for time_s in (1.1, 1.2):
        web._tell(reading(1, time_s))
    assert (slow.said, quick.said, web.lost) == ([], ["reading"] * 2, 2)
    slow.waiting = 1 << 10
    web._tell(reading(1, 1.3))
    assert slow.said == [], "it has to catch up wholly"
    slow.waiting = 0
    web._tell(reading(1, 1.4))
    assert slow.said == ["hello", "live", "reading"]
    web._tell(reading(1, 1.5))
    assert slow.said == ["reading"]
    assert not slow.closed


def test_who_stays_behind_is_closed_after_some_seconds_and_nobody_else_is(served: Served) -> None:
    slow, quick = Client(), Client()
    web = served.web(slow, quick)
    slow.waiting = 1 << 20
    web._tell(reading(1, 1.0))
    served.now_s += 3.0
    web._tell(reading(1, 4.0))
    assert not slow.closed
    served.now_s += 27.0
    web._tell(reading(1, 31.0))
    assert (slow.closed, quick.closed, list(web._clients)) == (True, False, [quick])


def standing(web: Web) -> list[tuple[str, int | None, str]]:
    """Return what a new client gets after the hello: source, track, and what is said."""
    client = Client()
    web._greet(client)
    assert "hello" in client.lines.pop(0)
    return [(o.get("source", ""), o["track"], "reading" if "emotion" in o else o["state"]) for o in client.lines]


def test_what_stands_is_the_newest_of_each_source_and_face(served: Served) -> None:
    web = served.web(sources=("a", "b"))
    for source in ("a", "b"):
        web._tell(StateChange(1.0, None, State.LIVE, source=source))
        for track in (1, 2):
            web._tell(StateChange(1.0, track, State.LIVE, source=source))
            web._tell(reading(track, 1.0, source))
    web._tell(Mark(1.1, 1))
    web._tell(StateChange(1.2, 2, State.LOW_QUALITY, source="a"))
    assert standing(web) == [
        ("a", None, "live"),
        ("a", 1, "live"),
        ("a", 1, "reading"),
        ("a", 2, "low quality"),
        *(("b", track, what) for track, what in [(None, "live"), (1, "live"), (1, "reading")]),
        *(("b", 2, what) for what in ("live", "reading")),
    ], "a face that is too poor has no reading any more"
    web._tell(StateChange(1.3, 1, State.NO_FACE, source="b"))
    assert [one for one in standing(web) if one[0] == "b"] == [
        ("b", None, "live"),
        ("b", 2, "live"),
        ("b", 2, "reading"),
    ]
    web._tell(StateChange(1.4, None, State.ENDED, source="a"))
    assert [one for one in standing(web) if one[0] == "a"] == [("a", None, "ended")], "and its faces with it"


def test_a_run_that_begins_again_says_hello_again_and_one_of_its_sources_does_not(served: Served) -> None:
    client = Client()
    web = served.web(client)
    for event, said in (
        (StateChange(1.0, None, State.STARTING), ["hello", "starting"]),
        (StateChange(1.0, None, State.STARTING, source="a"), ["starting"]),
        (StateChange(1.0, None, State.LIVE), ["live"]),
        (reading(1, 1.0), ["reading"]),
    ):
        web._tell(event)
        assert client.said == said


@pytest.mark.parametrize(("sources", "said"), [(("shelf",), ["camera 0"]), (("a", "b"), ["a", "b"])])
def test_several_sources_are_named_as_the_run_names_them_and_one_as_it_is_now(
    served: Served, sources: tuple[str, ...], said: list[str]
) -> None:
    assert json.loads(served.web(sources=sources)._hello())["hello"]["sources"] == said


def judged(web: Web, path: str = "/events", **headers: str) -> int | None:
    """Return the code with which a request is answered; None where it may open a socket."""
    client = SimpleNamespace(respond=lambda code, text: SimpleNamespace(code=code, headers={"Content-Type": ""}))
    answer = web._answer(client, SimpleNamespace(path=path, headers={"Host": "127.0.0.1:1"} | headers))
    return answer and answer.code


def test_a_page_from_elsewhere_gets_in_with_the_token_alone(served: Served) -> None:
    web, locked = served.web(), served.web(token=TOKEN)
    assert judged(web) is None
    assert judged(web, Origin="http://127.0.0.1:1") is None
    assert judged(web, Origin="http://evil.example") == 403
    assert judged(locked) == 401
    assert judged(locked, "/events?token=wrong") == 401
    assert judged(locked, f"/events?token={TOKEN}", Origin="http://evil.example") is None
    assert judged(locked, Authorization=f"Bearer {TOKEN}") is None
    assert judged(web, Host="evil.example") == 403
    assert (judged(web, "/"), judged(web, "/x"), judged(web, "//[")) == (200, 404, 400)


@pytest.mark.parametrize(
    ("host", "known", "unknown"),
    [
        ("127.0.0.1", ["127.0.0.1", "localhost", "::1"], ["10.0.0.5", "me.local", "evil.example"]),
        ("0.0.0.0", ["127.0.0.1", "localhost", "10.0.0.5", "me", "me.local"], ["evil.example", "not-me.local"]),
    ],
)
def test_a_host_is_us_by_its_number_or_by_our_own_name(
    served: Served, monkeypatch: pytest.MonkeyPatch, host: str, known: list[str], unknown: list[str]
) -> None:
    monkeypatch.setattr(module.socket, "gethostname", lambda: "Me")
    web = served.web(host=host, token=TOKEN)
    assert [name for name in known + unknown if web._is_own(name)] == known


def test_many_may_connect_at_once_but_not_hundreds() -> None:
    class Transport:
        def __init__(self, number: int) -> None:
            self.number = number

        def abort(self) -> None:
            aborted.append(self.number)

    class Kind:
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def connection_lost(self, exc: Exception | None) -> None:
            pass

    aborted: list[int] = []
    kind = module._counted(Kind, transports := set())
    connections = []
    for number in range(300):
        connections.append(kind())
        connections[-1].connection_made(Transport(number))
    assert not [n for n in aborted if n < 20]
    assert set(range(200, 300)) <= set(aborted)
    for connection in connections:
        connection.connection_lost(None)
    assert not transports
