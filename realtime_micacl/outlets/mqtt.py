"""MQTT, for home automation, museums and Node-RED; Home Assistant can find the sensors by itself.

Whatever happens to the broker, the connection is tried again for as long as it takes.
"""

from __future__ import annotations

import json
import logging
import sys
from time import monotonic
from typing import Any

from realtime_micacl.installed import require
from realtime_micacl.live.records.slots import Board
from realtime_micacl.outlets import homeassistant
from realtime_micacl.outlets.about import About
from realtime_micacl.outlets.address import Peer
from realtime_micacl.outlets.thread import KEPT, Ring
from realtime_micacl.types import EmotionDistribution, Event, Mark, StateChange
from realtime_micacl.wording import why

log = logging.getLogger(__name__)

KEEPALIVE_S = 10
BACKOFF_S = (0.5, 8)
LOOK_S = 0.5
AWAY_S = 2.0  # a broker that has not answered for this long is away
FACE_S = 0.2  # between two readings of a face
SUMMARY_S, BEAT_S = 1.0, 5.0  # between two summaries of a face that changes, and of one that does not
NO_BROKER = "the port is open, but what answers there is no broker; check the port, and whether it needs mqtts://"


class Mqtt:
    """Publishes under realtime-micacl/NAME: availability, state, event, face/K and face/K/summary."""

    name = "mqtt"

    def __init__(self, peer: Peer, password: str | None, prefix: str | None, about: About) -> None:
        """Take the broker, and the discovery `prefix` of Home Assistant: "off" to be forgotten there, None for none."""
        self.notice, self.lost = "", 0
        self._peer, self._prefix, self._about = peer, prefix, about
        self._root = f"realtime-micacl/{peer.name}"
        self._board = Board(about.slots, about.stale_s)
        self._read_s: dict[int, float] = {}
        self._said: dict[str, str] = {}
        self._said_s: dict[str, float] = {}
        self._there_s, self._greeted, self._reason = monotonic(), False, "no answer"
        module = require("paho.mqtt.client", "mqtt")
        client = self._client = module.Client(module.CallbackAPIVersion.VERSION2)
        client.will_set(f"{self._root}/availability", "offline", qos=1, retain=True)
        client.max_queued_messages_set(KEPT)
        client.reconnect_delay_set(*BACKOFF_S)
        client.on_connect, client.on_connect_fail = self._connected, self._not_connected
        client.on_socket_open = self._reached
        if peer.user:
            client.username_pw_set(peer.user, password)
        if peer.secure:
            client.tls_set()

    def run(self, ring: Ring) -> None:
        """Publish what the ring brings; at the end announce that the program is offline."""
        self._client.connect_async(self._peer.host, self._peer.port, KEEPALIVE_S)
        self._client.loop_start()
        try:
            while not ring.over:
                for event in ring.take(LOOK_S):
                    self._board.take(event)
                    self._tell(event)
                self._look()
        finally:
            self._publish("availability", "offline", qos=1, retain=True)
            self._client.disconnect()
            self._client.loop_stop()

    def _tell(self, event: Event) -> None:
        """Publish an event."""
        line = json.dumps(self._about.record(event))
        if not isinstance(event, EmotionDistribution):
            self._publish("event", line, qos=1)
        if isinstance(event, Mark):
            return
        if isinstance(event, StateChange) and event.track_id is None:
            if self._greeted:  # a broker that comes back gets the present state, not the past ones
                self._publish(self._state_topic(event.source), str(event.state), qos=1, retain=True)
        elif event.slot:
            since_s = event.time_s - self._read_s.get(event.slot, 0.0)
            if isinstance(event, StateChange) or since_s >= FACE_S:
                self._read_s[event.slot] = event.time_s
                self._publish(f"face/{event.slot}", line)

    def _look(self) -> None:
        """Check the connection: greet a broker that is new, and set the notice while there is none."""
        now_s = monotonic()
        if not self._client.is_connected():
            self._greeted = False
            if now_s - self._there_s >= AWAY_S:
                self.notice = f"MQTT: {self._peer} cannot be reached: {self._reason}"
                log.warning("MQTT: %s cannot be reached: %s; retrying", self._peer, self._reason)
            return
        self._there_s, self.notice, self._reason = now_s, "", "no answer"
        if not self._greeted:
            self._greeted = self._greet()
        if self._prefix and self._prefix != "off":
            self._summarize(now_s)

    def _greet(self) -> bool:
        """Publish the retained topics to a new broker; return False if the client had no room for all of them."""
        sent = [self._publish("availability", "online", qos=1, retain=True)]
        for source, state in self._board.states.items():
            sent.append(self._publish(self._state_topic(source), str(state), qos=1, retain=True))
        if self._prefix:
            topic, config = homeassistant.device(self._prefix, self._root, self._about)
            sent.append(self._send(topic, config, qos=1, retain=True))
        return all(sent)

    def _summarize(self, now_s: float) -> None:
        """Publish a summary of each slot for Home Assistant, when it is due."""
        for slot, reading in zip(self._board.slots, self._board.readings(now_s), strict=True):
            topic, text = f"face/{slot}/summary", homeassistant.summary(reading)
            after_s = SUMMARY_S if text != self._said.get(topic) else BEAT_S
            if now_s - self._said_s.get(topic, -BEAT_S) >= after_s:
                self._said[topic], self._said_s[topic] = text, now_s
                self._publish(topic, text)

    def _state_topic(self, source: str) -> str:
        return f"state/{self._about.sources.index(source) + 1}" if source else "state"

    def _publish(self, topic: str, text: str, *, qos: int = 0, retain: bool = False) -> bool:
        return self._send(f"{self._root}/{topic}", text, qos=qos, retain=retain)

    def _send(self, topic: str, text: str, *, qos: int, retain: bool) -> bool:
        """Hand a message to the client; return False if it had no room for it, so that it is lost."""
        refused = bool(self._client.publish(topic, text, qos, retain).rc)
        self.lost += refused
        return not refused

    def _connected(self, client: Any, data: Any, flags: Any, code: Any, properties: Any) -> None:
        """Note how the broker answered; called on the client's thread."""
        self._greeted = False
        self._reason = str(code)  # such as "Not authorized"

    def _reached(self, client: Any, data: Any, socket: Any) -> None:
        """Note that the port is open; the broker has yet to answer. Called on the client's thread."""
        self._reason = NO_BROKER

    def _not_connected(self, client: Any, data: Any) -> None:
        """Note why there is no connection; called on the client's thread, while it handles the cause."""
        cause = sys.exception()
        self._reason = why(cause) if isinstance(cause, Exception) else "no answer"
