"""What a broker is told and how often, with a double of the client."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from realtime_micacl.outlets import mqtt as module
from realtime_micacl.outlets.address import Peer
from realtime_micacl.outlets.mqtt import Mqtt
from realtime_micacl.types import Mark, State, StateChange
from tests.unit.test_slots import about, reading


class Client:
    """Notes what is published; `there` is whether the broker is, `room` whether one more message is taken."""

    def __init__(self, *_: object) -> None:
        self.there = self.room = True
        self.sent: list[tuple[str, str, bool]] = []

    def publish(self, topic: str, text: str, qos: int, retain: bool) -> SimpleNamespace:
        if self.room:
            self.sent.append((topic.removeprefix("realtime-micacl/door/"), text, retain))
        return SimpleNamespace(rc=0 if self.room else 15)

    def is_connected(self) -> bool:
        return self.there

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None

    def told(self, topic: str) -> list[str]:
        return [text for at, text, _ in self.sent if at == topic]


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    found = SimpleNamespace(s=100.0)
    monkeypatch.setattr(module, "monotonic", lambda: found.s)
    library = SimpleNamespace(Client=Client, CallbackAPIVersion=SimpleNamespace(VERSION2=2))
    monkeypatch.setattr(module, "require", lambda *_: library)
    return found


def outlet(prefix: str | None = None, **how: Any) -> tuple[Mqtt, Client]:
    made = Mqtt(Peer("127.0.0.1", 9, "", "door"), None, prefix, about(slots=2, **how))
    return made, made._client


def hears(made: Mqtt, *events: Any) -> None:
    for event in events:
        made._board.take(event)
        made._tell(event)


def test_of_a_face_some_readings_a_second_are_sent_and_every_change_at_once(now: SimpleNamespace) -> None:
    made, client = outlet()
    hears(made, *(reading(1, 0.08 * n, slot=1) for n in range(1, 51)))
    assert 12 <= len(client.told("face/1")) <= 30, "of 50 in four seconds"
    client.sent.clear()
    changes = [StateChange(4.0 + n / 100, 1, State.LIVE, slot=1) for n in range(5)]
    hears(made, *changes)
    assert len(client.told("face/1")) == len(client.told("event")) == 5
    hears(made, reading(2, 4.05, slot=2), reading(3, 4.05))
    assert len(client.told("face/2")) == 1, "each slot by itself, and none without one"
    assert len(client.told("event")) == 5, "a reading is no event"


def test_a_marker_is_an_event_alone(now: SimpleNamespace) -> None:
    made, client = outlet()
    made._look()
    client.sent.clear()
    hears(made, Mark(1.0, 3))
    assert [topic for topic, _, _ in client.sent] == ["event"]


def test_a_broker_gets_the_state_that_is_and_not_those_that_were(now: SimpleNamespace) -> None:
    made, client = outlet()
    hears(made, StateChange(1.0, None, State.STARTING), StateChange(1.1, None, State.LIVE))
    assert client.told("state") == []
    made._look()
    made._look()
    assert [(topic, text) for topic, text, kept in client.sent if kept] == [
        ("availability", "online"),
        ("state", "live"),
    ]
    hears(made, StateChange(1.2, None, State.STALLED), StateChange(1.2, 1, State.LIVE, slot=1))
    assert client.told("state") == ["live", "stalled"], "of the source, and not of a face"


def test_each_of_several_sources_has_a_state(now: SimpleNamespace) -> None:
    made, client = outlet(sources=("a", "b"))
    made._look()
    hears(made, StateChange(1.0, None, State.LIVE, source="b"))
    assert client.told("state/2") == ["live"]


def test_one_that_comes_back_is_greeted_again_and_until_there_was_room_for_it(now: SimpleNamespace) -> None:
    made, client = outlet()
    hears(made, StateChange(1.1, None, State.LIVE))
    client.room = False
    made._look()
    assert made.lost == 2
    client.room = True
    made._look()
    assert (client.told("availability"), client.told("state"), made.lost) == (["online"], ["live"], 2)
    client.there = False
    made._look()
    client.there = True
    made._look()
    assert len(client.told("availability")) == 2


def test_a_greeting_of_which_a_part_was_lost_is_said_again(now: SimpleNamespace) -> None:
    made, client = outlet()
    hears(made, StateChange(1.1, None, State.LIVE))
    taken = client.publish
    client.sent.clear()

    def the_first_alone(topic: str, text: str, qos: int, retain: bool) -> SimpleNamespace:
        client.room = not client.sent
        return taken(topic, text, qos, retain)

    client.publish = the_first_alone  # type: ignore[method-assign]
    made._look()
    client.publish, client.room = taken, True  # type: ignore[method-assign]
    made._look()
    assert client.told("state") == ["live"]


def test_that_nobody_can_be_reached_is_said_after_a_moment_and_no_longer_once_somebody_is(now: SimpleNamespace) -> None:
    made, client = outlet()
    client.there = False
    now.s += 1.0
    made._look()
    assert made.notice == "", "it may still come"
    now.s += 4.0
    made._look()
    assert made.notice == "MQTT: 127.0.0.1:9 cannot be reached: no answer"
    try:
        raise ConnectionRefusedError(111, "Connection refused")
    except OSError:
        made._not_connected(client, None)
    made._look()
    assert made.notice == "MQTT: 127.0.0.1:9 cannot be reached: Connection refused"
    made._reached(client, None, None)
    made._look()
    assert "the port is open, but" in made.notice
    client.there = True
    made._look()
    assert made.notice == ""
    client.there = False
    now.s += 1.0
    made._look()
    assert made.notice == ""


def summaries(now: SimpleNamespace, prefix: str | None, *, changes: bool) -> list[str]:
    """Return what is said of a slot within twenty seconds, looked at four times a second."""
    made, client = outlet(prefix)
    made._look()
    client.sent.clear()
    for n in range(80):
        now.s += 0.25
        made._board.take(reading(1, now.s, slot=1))
        if changes and n % 2:
            made._board.take(StateChange(now.s, 1, State.NO_FACE, slot=1))
        made._look()
    return client.told("face/1/summary")


def test_home_assistant_is_told_of_each_slot_as_long_as_it_is_asked_for(now: SimpleNamespace) -> None:
    still, moving = (summaries(now, "homeassistant", changes=changes) for changes in (False, True))
    assert 3 <= len(still) <= 9, "now and then, so that it is not taken for silent"
    assert 15 <= len(moving) <= 25, "once a second"
    assert {json.loads(text)["expression"] for text in still} == {"sad"}
    assert summaries(now, None, changes=True) == summaries(now, "off", changes=True) == []


def test_what_changes_for_the_first_time_is_said_at_once(now: SimpleNamespace) -> None:
    made, client = outlet("homeassistant")
    made._look()
    assert len(client.told("face/1/summary")) == len(client.told("face/2/summary")) == 1
