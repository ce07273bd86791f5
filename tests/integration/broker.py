"""A real mosquitto that can be killed, frozen and started again on the same port, and what it got."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.fault.proxy import free_port

PROGRAM = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


class Listener:
    """Hears everything; `heard` holds topic, text and whether the broker had kept it."""

    def __init__(self, port: int, user: str = "", password: str = "") -> None:
        self.heard: list[tuple[str, str, bool]] = []
        self.on_text: Callable[[str, str], None] = lambda topic, text: None
        self._client = Client(CallbackAPIVersion.VERSION2)
        if user:
            self._client.username_pw_set(user, password)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def of(self, topic: str) -> list[str]:
        """Return the texts of a topic, in order."""
        return [text for found, text, _ in self.heard if found == topic]

    def until(self, topic: str, true: Callable[[str], bool] = bool, timeout_s: float = 15.0) -> str:
        """Wait for a text of a topic; return it."""
        deadline_s = time.monotonic() + timeout_s
        while not (found := [text for text in self.of(topic) if true(text)]):
            assert time.monotonic() < deadline_s, self.heard[-10:]
            time.sleep(0.02)
        return found[-1]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _hear(self, client: Client, data: Any, message: MQTTMessage) -> None:
        self.heard.append((message.topic, message.payload.decode(), message.retain))
        self.on_text(message.topic, message.payload.decode())


class Broker:
    """One broker, on a port of its own."""

    def __init__(self, folder: Path, *access: str) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", *(access or ("allow_anonymous true",))]
        self._config.write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [PROGRAM, "-c", str(self._config)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline_s = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < deadline_s, "mosquitto did not open its port"
                time.sleep(0.02)

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def records(texts: list[str]) -> list[dict[str, Any]]:
    return [json.loads(text) for text in texts]
