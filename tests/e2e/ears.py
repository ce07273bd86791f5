"""A listener for every outlet: what each heard of faces, and when."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pylsl
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from realtime_micacl.types import EMOTIONS
from tests.fault.proxy import free_port
from tests.integration.broker import Broker, Listener

OUTLETS = ("lsl", "web", "osc", "mqtt", "latest")


@dataclass
class Heard:
    """A reading as it arrived."""

    at_s: float
    """Monotonic."""
    slot: int
    shares: tuple[float, ...]
    captured_s: float | None = None
    """Monotonic, where it was said."""


@dataclass
class Ears:
    """Listens on its own ports; `options` are what the command is to be given."""

    folder: Path
    name: str = "ears"
    heard: dict[str, list[Heard]] = field(
        default_factory=lambda: {n: [] for n in ("lsl", "web", "osc", "mqtt", "latest")}
    )

    def __post_init__(self) -> None:
        self.name += f"-{os.getpid()}"  # others on this machine may listen as well
        self._stack, self._over = ExitStack(), threading.Event()
        self.broker = Broker(self.folder)
        self._osc = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._osc.bind(("127.0.0.1", 0))
        self._osc.settimeout(0.2)
        self.web_port, self.latest = free_port(), self.folder / "now.json"
        self._threads: list[threading.Thread] = []

    @property
    def options(self) -> list[str]:
        osc, mqtt = f"127.0.0.1:{self._osc.getsockname()[1]}", f"127.0.0.1:{self.broker.port}/{self.name}"
        return [
            *("--lsl", self.name, "--web", str(self.web_port), "--osc", osc, "--mqtt", mqtt, "--mqtt-discovery"),
            *("--latest", str(self.latest)),
        ]

    def __enter__(self) -> Self:
        self.broker.start()
        self._stack.callback(self.broker.kill)
        self.listener = Listener(self.broker.port)
        self._stack.callback(self.listener.close)
        self.listener.on_text = self._mqtt_text
        return self

    def listen(self) -> None:
        """Begin, once the command runs."""
        for ear in (self._hear_osc, self._hear_web, self._hear_lsl, self._hear_latest):
            self._threads.append(threading.Thread(target=ear, name=ear.__name__, daemon=True))
            self._threads[-1].start()

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(10)
        self._osc.close()
        self._stack.close()

    def _note(self, outlet: str, record: dict[str, Any]) -> None:
        now_s = time.monotonic()
        shares = tuple(record["probabilities"][name] for name in EMOTIONS)
        captured_s = record["time_unix"] - (time.time() - now_s)
        self.heard[outlet].append(Heard(now_s, record["slot"], shares, captured_s))

    def _mqtt_text(self, topic: str, text: str) -> None:
        if "/face/" in topic and "probabilities" in text:
            self._note("mqtt", json.loads(text))

    def _hear_web(self) -> None:
        with connect(f"ws://127.0.0.1:{self.web_port}/events", compression=None) as client:
            while not self._over.is_set():
                try:
                    record = json.loads(client.recv(timeout=0.2))
                except TimeoutError:
                    continue
                except ConnectionClosed:
                    return
                if "probabilities" in record:
                    self._note("web", record)

    def _hear_lsl(self) -> None:
        inlets = []
        for slot in (1, 2, 3, 4):
            (info,) = pylsl.resolve_byprop("name", f"{self.name} face {slot}", 1, 20.0)
            inlets.append(pylsl.StreamInlet(info, recover=True))
            inlets[-1].open_stream(10.0)

        def pull(slot: int, inlet: Any) -> None:
            while not self._over.is_set():
                sample, time_s = inlet.pull_sample(0.2)
                if sample is not None and sample[0] == sample[0]:
                    self.heard["lsl"].append(Heard(time.monotonic(), slot, tuple(sample[:7]), time_s))

        pulling = [threading.Thread(target=pull, args=pair, daemon=True) for pair in enumerate(inlets, start=1)]
        for thread in pulling:
            thread.start()
        for thread in pulling:
            thread.join()

    def _hear_osc(self) -> None:
        while not self._over.is_set():
            try:
                packet = self._osc.recv(1 << 16)
            except TimeoutError:
                continue
            now_s, found = time.monotonic(), parsed(packet)
            slot = next((int(address.split("/")[2]) for address in found if address.startswith("/face/")), 0)
            if slot and found[f"/face/{slot}/found"] == (1.0,):
                shares = tuple(found[f"/face/{slot}/{name}"][0] for name in EMOTIONS)
                self.heard["osc"].append(Heard(now_s, slot, shares))

    def _hear_latest(self) -> None:
        seen: dict[int, tuple[float, ...]] = {}
        while not self._over.wait(0.002):
            for record in json.loads(self.latest.read_text())["latest"]["faces"]:
                shares = tuple(record["probabilities"].values())
                if seen.get(record["slot"]) != shares:
                    seen[record["slot"]] = shares
                    self._note("latest", record)


def parsed(packet: bytes) -> dict[str, tuple[float, ...]]:
    """Return address -> floats of an OSC message, or of all in a bundle; anything but floats is refused."""
    if packet.startswith(b"#bundle\0"):
        found, at = dict[str, tuple[float, ...]](), 16
        while at < len(packet):
            (size,) = struct.unpack_from(">i", packet, at)
            found |= parsed(packet[at + 4 : at + 4 + size])
            at += 4 + size
        return found
    end = packet.index(b"\0")
    tags = packet[end + 4 - end % 4 :]
    count = tags.index(b"\0") - 1
    assert tags[: count + 1] == b"," + b"f" * count
    start = count + 1 + 4 - (count + 1) % 4
    return {packet[:end].decode(): struct.unpack(f">{count}f", tags[start : start + 4 * count])}
