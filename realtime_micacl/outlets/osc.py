"""OSC over UDP, for Max, TouchDesigner, Wekinator, VRChat: a fixed set of addresses, each a float.

A patch breaks if an address vanishes, so all of them are sent once a second, as zeros if nobody is there.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Any, Literal

from realtime_micacl.installed import require
from realtime_micacl.live.records.slots import Board
from realtime_micacl.outlets.about import About
from realtime_micacl.outlets.address import Peer
from realtime_micacl.outlets.thread import Ring
from realtime_micacl.types import EMOTIONS, EmotionDistribution, Event, Mark
from realtime_micacl.wording import why

log = logging.getLogger(__name__)

PORTS = {"plain": 9000, "wekinator": 6448, "vrchat": 9000}
BEAT_S = 1.0
Style = Literal["plain", "wekinator", "vrchat"]
Message = tuple[str, tuple[float, ...]]


class Osc:
    """Sends the present state to one peer, whether it listens or not; one that cannot be reached is tried again."""

    name = "osc"

    def __init__(self, peer: Peer, style: Style, about: About) -> None:
        self.notice, self.lost = "", 0
        self._peer, self._style = peer, style
        self._board = Board(about.slots, about.stale_s)
        self._shown = tuple(self._board.slots) if style == "plain" else (1,)
        self._message = require("pythonosc.osc_message_builder", "osc").OscMessageBuilder
        bundles = require("pythonosc.osc_bundle_builder", "osc")
        self._bundle, self._now = bundles.OscBundleBuilder, bundles.IMMEDIATELY
        self._socket: socket.socket | None = None
        self._address: Any = None

    def run(self, ring: Ring) -> None:
        """Send the slot of each event at once, and all slots once a second."""
        beat_s = monotonic()
        while not ring.over:
            due = set[int]()
            for event in ring.take(beat_s - monotonic()):
                self._board.take(event)
                due.update(self._touched(event))
            if monotonic() >= beat_s:
                beat_s, due = monotonic() + BEAT_S, set(self._shown)
                self._open()
            self._send(sorted(due))
        self._close()

    def _touched(self, event: Event) -> Iterable[int]:
        """Return the slots that an event changes."""
        if isinstance(event, Mark):
            return ()
        if event.track_id is None:
            return self._shown
        return (event.slot,) if event.slot in self._shown else ()

    def _open(self) -> None:
        """Look up the peer and open a socket, unless there is one."""
        if self._socket:
            return
        try:
            found = socket.getaddrinfo(self._peer.host, self._peer.port, type=socket.SOCK_DGRAM)
            family, kind, protocol, _, self._address = found[0]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)  # allow broadcast addresses
            self._socket.setblocking(False)
        except OSError as cause:
            self._away(cause)

    def _send(self, slots: list[int]) -> None:
        """Send slots; if that fails, the peer is looked up again within a second."""
        if not self._socket:
            self.lost += len(slots)
            return
        try:
            for packet in self._packets(slots):
                self._socket.sendto(packet, self._address)
            self.notice = ""
        except BlockingIOError:  # the socket's buffer is full
            self.lost += 1
        except OSError as cause:
            self.lost += len(slots)
            self._away(cause)
            self._close()

    def _away(self, cause: OSError) -> None:
        self.notice = f"OSC cannot reach {self._peer}: {why(cause)}"
        log.warning("OSC cannot reach %s: %s; retrying every second", self._peer, why(cause))

    def _close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None

    def _packets(self, slots: list[int]) -> Iterator[bytes]:
        """Yield the packets for slots: in the plain style a bundle for each and one for all, else single messages."""
        now_s = monotonic()
        readings = self._board.readings(now_s)
        for slot in slots:
            messages = [self._built(*m) for m in messages_of(self._style, slot, readings[slot - 1])]
            yield from [self._bundled(messages)] if self._style == "plain" else (m.dgram for m in messages)
        if slots and self._style == "plain":
            everybody = [("/live", (self._board.live,)), ("/faces", (sum(r is not None for r in readings),))]
            yield self._bundled([self._built(*m) for m in everybody])

    def _built(self, address: str, values: Iterable[float]) -> Any:
        builder = self._message(address)
        for value in values:
            builder.add_arg(float(value), builder.ARG_TYPE_FLOAT)
        return builder.build()

    def _bundled(self, messages: Iterable[Any]) -> bytes:
        builder = self._bundle(self._now)
        for message in messages:
            builder.add_content(message)
        return bytes(builder.build().dgram)


def messages_of(style: Style, slot: int, reading: EmotionDistribution | None) -> Iterator[Message]:
    """Yield the addresses of a slot with their values, zeros without a reading."""
    shares = reading.probabilities.tolist() if reading else [0.0] * len(EMOTIONS)
    if style == "wekinator":
        yield "/wek/inputs", tuple(shares)
        return
    root = f"/face/{slot}" if style == "plain" else "/avatar/parameters/Micacl"
    names = EMOTIONS if style == "plain" else tuple(name.title() for name in EMOTIONS)
    yield (f"{root}/found" if style == "plain" else f"{root}/Found"), (float(reading is not None),)
    for name, share in zip(names, shares, strict=True):
        yield f"{root}/{name}", (share,)
    if style == "plain":
        leads = reading.emotion if reading else None
        yield f"{root}/leading", (float(EMOTIONS.index(leads) + 1) if leads else 0.0,)
        yield f"{root}/quality", (reading.quality if reading else 0.0,)
        yield f"{root}/track", (float(reading.track_id) if reading else 0.0,)
