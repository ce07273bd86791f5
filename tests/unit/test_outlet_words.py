"""What OSC and Home Assistant are told, without a network."""

from __future__ import annotations

import json
from dataclasses import replace

from realtime_micacl.outlets.address import Peer
from realtime_micacl.outlets.homeassistant import device, summary
from realtime_micacl.outlets.osc import PORTS, Osc, messages_of
from realtime_micacl.types import EMOTIONS, Mark, State, StateChange
from tests.unit.test_slots import about, reading


def test_each_style_of_osc_has_its_addresses_and_zeros_where_nobody_is() -> None:
    said = dict(messages_of("plain", 2, reading(7)))
    assert said["/face/2/found"] == (1.0,)
    assert said["/face/2/leading"] == (EMOTIONS.index("sad") + 1.0,)
    assert dict(messages_of("plain", 2, replace(reading(7), emotion=None)))["/face/2/leading"] == (0.0,)
    assert said["/face/2/track"] == (7.0,)
    nobody = dict(messages_of("plain", 2, None))
    assert nobody == dict.fromkeys(said, (0.0,))
    assert [len(values) for _, values in messages_of("wekinator", 1, reading(7))] == [7]
    assert dict(messages_of("vrchat", 1, None)) == {
        f"/avatar/parameters/Micacl/{name}": (0.0,) for name in ("Found", *(e.title() for e in EMOTIONS))
    }
    assert (PORTS["plain"], PORTS["wekinator"], PORTS["vrchat"]) == (9000, 6448, 9000), "where those programs listen"


def test_home_assistant_has_a_state_for_each_source_and_forgets_what_is_silent_within_half_a_minute() -> None:
    for sources, topics in ((("camera 0",), ["r/n/state"]), (("a", "b"), ["r/n/state/1", "r/n/state/2"])):
        topic, text = device("ha", "r/n", about(slots=2, sources=sources))
        sensors = json.loads(text)["components"]
        assert topic == "ha/device/realtime-micacl-n/config"
        assert [sensor["state_topic"] for key, sensor in sensors.items() if key.startswith("state")] == topics
        assert all(5 < s["expire_after"] <= 30 for key, s in sensors.items() if key.startswith("face"))
    assert device("off", "r/n", about()) == ("homeassistant/device/realtime-micacl-n/config", "")


def test_a_slot_is_said_in_whole_percents() -> None:
    assert json.loads(summary(reading(1)))["expression"] == "sad"
    assert json.loads(summary(replace(reading(1), emotion=None)))["expression"] == "unsure"
    assert json.loads(summary(None)) == {"expression": "nobody"} | dict.fromkeys(EMOTIONS, 0)
    assert json.loads(summary(reading(1)))["happy"] == 14


def test_what_concerns_everybody_is_sent_of_all_slots_at_once() -> None:
    osc = Osc(Peer("127.0.0.1", 9), "plain", about(slots=2))
    assert list(osc._touched(StateChange(0.0, None, State.STALLED))) == [1, 2]
    assert list(osc._touched(reading(7, slot=2))) == [2]
    assert list(osc._touched(replace(reading(7), slot=3))) == list(osc._touched(Mark(0.0, 1))) == []
