"""MQTT with a real broker: what it gets, and what happens when it is away, killed, silent and back."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from realtime_micacl.outlets.address import Peer
from realtime_micacl.outlets.mqtt import KEEPALIVE_S, Mqtt
from realtime_micacl.outlets.thread import KEPT, OutletThread
from realtime_micacl.types import EMOTIONS, State, StateChange
from tests.integration.broker import Broker, Listener, records
from tests.unit.test_slots import about, reading

ROOT = "realtime-micacl/door"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    started = Broker(tmp_path)
    started.start()
    yield started
    started.kill()


@pytest.fixture
def ear(broker: Broker) -> Iterator[Listener]:
    listener = Listener(broker.port)
    yield listener
    listener.close()


@pytest.fixture
def posted() -> Iterator[Callable[..., OutletThread]]:
    made: list[OutletThread] = []

    def make(port: int, prefix: str | None = None, password: str = "", **changes: Any) -> OutletThread:
        peer = Peer("127.0.0.1", port, "me" if password else "", "door")
        made.append(OutletThread(Mqtt(peer, password or None, prefix, about(slots=2, **changes))))
        return made[-1]

    yield make
    for sink in made:
        sink.close()
        assert sink.wait(3.0)


def live(sink: OutletThread, track: int = 1, slot: int = 1) -> None:
    sink(StateChange(time.monotonic(), None, State.LIVE))
    sink(reading(track, time.monotonic(), slot=slot))


def test_a_broker_hears_availability_states_faces_and_the_end(
    broker: Broker, ear: Listener, posted: Callable[..., OutletThread]
) -> None:
    sink = posted(broker.port)
    ear.until(f"{ROOT}/availability", lambda text: text == "online")
    live(sink)
    face = json.loads(ear.until(f"{ROOT}/face/1"))
    assert (face["schema"], face["track"], face["slot"], face["emotion"]) == (2, 1, 1, "sad")
    assert set(face["probabilities"]) == set(EMOTIONS)
    assert ear.until(f"{ROOT}/state") == "live"
    sink(StateChange(time.monotonic(), 1, State.NO_FACE, slot=1))
    ear.until(f"{ROOT}/face/1", lambda text: json.loads(text)["state"] == "no face")
    sink.close()
    assert sink.wait(2.0)
    ear.until(f"{ROOT}/availability", lambda text: text == "offline")
    events = [record["state"] for record in records(ear.of(f"{ROOT}/event"))]
    assert events == ["live", "no face"]
    assert not any("summary" in topic or topic.startswith("homeassistant") for topic, _, _ in ear.heard)


def test_of_a_face_five_readings_a_second_are_sent_and_the_broker_keeps_states_alone(
    broker: Broker, ear: Listener, posted: Callable[..., OutletThread]
) -> None:
    sink = posted(broker.port)
    ear.until(f"{ROOT}/availability", lambda text: text == "online")
    live(sink)
    began_s = time.monotonic()
    while time.monotonic() - began_s < 2.0:
        sink(reading(1, time.monotonic(), slot=1))
        sink(reading(2, time.monotonic(), slot=2))
        time.sleep(0.08)
    time.sleep(0.2)
    for slot in (1, 2):
        assert 7 <= len(ear.of(f"{ROOT}/face/{slot}")) <= 12
    late = Listener(broker.port)
    late.until(f"{ROOT}/state")
    time.sleep(0.1)
    kept = {topic for topic, _, retained in late.heard if retained}
    late.close()
    assert kept == {f"{ROOT}/state", f"{ROOT}/availability"}


def test_home_assistant_finds_one_device_with_a_word_and_seven_shares_for_each_face(
    broker: Broker, ear: Listener, posted: Callable[..., OutletThread]
) -> None:
    sink = posted(broker.port, "homeassistant")
    topic = "homeassistant/device/realtime-micacl-door/config"
    config = json.loads(ear.until(topic))
    assert set(config) == {"device", "origin", "components", "availability_topic", "qos"}
    assert config["availability_topic"] == f"{ROOT}/availability"
    parts = config["components"]
    assert len(parts) == 1 + 2 * (1 + len(EMOTIONS))
    assert len({part["unique_id"] for part in parts.values()}) == len(parts)
    known = {"platform", "unique_id", "name", "state_topic", "device_class", "options", "value_template"}
    known |= {"unit_of_measurement", "state_class", "expire_after"}
    for part in parts.values():
        assert part["platform"] == "sensor"
        assert set(part) <= known
        assert ("options" in part) == (part.get("device_class") == "enum") != ("state_class" in part)
    live(sink)
    said = json.loads(ear.until(f"{ROOT}/face/1/summary", lambda text: "sad" in text and "nobody" not in text))
    assert said["expression"] in parts["face_1"]["options"]
    assert {name for name in EMOTIONS if said[name] == 14} == set(EMOTIONS)
    for _ in range(30):
        sink(reading(1, time.monotonic(), slot=1))
        time.sleep(0.05)
    assert len(ear.of(f"{ROOT}/face/1/summary")) <= 5, "once a second at most"
    again = posted(broker.port, "off")
    ear.until(topic, lambda text: text == "")
    again.close()


@pytest.mark.fault("R19")
def test_a_broker_that_is_away_then_there_then_killed_then_back(
    tmp_path: Path, posted: Callable[..., OutletThread], measured: Callable[[str], None]
) -> None:
    broker = Broker(tmp_path)
    sink = posted(broker.port, "homeassistant")
    live(sink)
    deadline_s = time.monotonic() + 8.0
    while "cannot be reached" not in sink.notice:
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    assert "refused" in sink.notice
    for n in range(3 * KEPT):
        sink(StateChange(time.monotonic(), None, State.LIVE if n % 2 else State.NO_FACE))
        time.sleep(0.001)
    try:
        took_s = []
        for again in range(2):
            broker.start()
            started_s = time.monotonic()
            ear = Listener(broker.port)
            ear.until(f"{ROOT}/availability", lambda text: text == "online")
            took_s.append(time.monotonic() - started_s)
            assert ear.until(f"{ROOT}/state") == "live", "what stands, also for a broker that kept nothing"
            ear.until("homeassistant/device/realtime-micacl-door/config")
            deadline_s = time.monotonic() + 3.0
            while sink.notice:
                assert time.monotonic() < deadline_s
                time.sleep(0.02)
            sink(reading(9, time.monotonic(), slot=2))
            ear.until(f"{ROOT}/face/2", lambda text: json.loads(text)["track"] == 9)
            ear.close()
            if not again:
                broker.kill()
                time.sleep(1.0)
        assert max(took_s) < 10.0
        assert sink.dropped > 0, "what found no room was counted"
        measured(f"MQTT broker away: said after 2 s, back {max(took_s):.1f} s after the broker")
    finally:
        broker.kill()


@pytest.mark.fault("R19", "R24")
def test_a_broker_that_accepts_and_says_nothing_holds_nobody_up(
    posted: Callable[..., OutletThread], measured: Callable[[str], None]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as dumb:
        sink = posted(dumb.getsockname()[1])
        deadline_s = time.monotonic() + 8.0
        while not sink.notice:
            live(sink)
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
        assert "the port is open, but what answers there is no broker; check the port" in sink.notice
        started_s = time.monotonic()
        sink.close()
        sink.wait(0.4)
        measured(f"MQTT broker silent: left after {time.monotonic() - started_s:.1f} s")
        assert time.monotonic() - started_s < 1.0


@pytest.mark.fault("R19")
def test_the_will_of_one_that_dies_is_told(broker: Broker, ear: Listener) -> None:
    code = (
        "import sys, time; sys.path.insert(0, '.')\n"
        "from tests.integration.test_outlet_mqtt import *\n"
        f"sink = OutletThread(Mqtt(Peer('127.0.0.1', {broker.port}, '', 'door'), None, None, about()))\n"
        "live(sink); time.sleep(60)"
    )
    dying = subprocess.Popen([sys.executable, "-c", code])
    ear.until(f"{ROOT}/availability", lambda text: text == "online")
    dying.send_signal(signal.SIGKILL)
    dying.wait()
    ear.until(f"{ROOT}/availability", lambda text: text == "offline", 1.5 * KEEPALIVE_S)


def test_a_password_comes_from_a_file_and_a_wrong_one_is_told(
    tmp_path: Path, posted: Callable[..., OutletThread]
) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_text("me:hunter2hunter2\n")
    passwords.chmod(0o600)
    subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True)
    broker = Broker(tmp_path, "allow_anonymous false", f"password_file {passwords}", "user root")
    broker.start()
    try:
        wrong = posted(broker.port, password="not the one")
        deadline_s = time.monotonic() + 8.0
        while "authori" not in wrong.notice.lower():
            assert time.monotonic() < deadline_s, wrong.notice
            time.sleep(0.05)
        assert "not the one" not in wrong.notice
        wrong.close()
        ear = Listener(broker.port, "me", "hunter2hunter2")
        right = posted(broker.port, password="hunter2hunter2")
        ear.until(f"{ROOT}/availability", lambda text: text == "online")
        live(right)
        ear.until(f"{ROOT}/face/1")
        ear.close()
    finally:
        broker.kill()
