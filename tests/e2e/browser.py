"""A real browser without a window, over its DevTools protocol: what a page shows, and whom it asks."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import connect

OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
    *("--remote-debugging-port=0", "--remote-allow-origins=*"),
)


class Browser:
    """Chromium with a folder of its own, showing one page."""

    def __init__(self, folder: Path, size: tuple[int, int] = (1280, 720)) -> None:
        program = shutil.which("chromium")
        assert program, "chromium is not installed: apt-get install chromium"
        command = [program, *OPTIONS, f"--user-data-dir={folder}", f"--window-size={size[0]},{size[1]}", "about:blank"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self._process.pid
        port = self._port(folder / "DevToolsActivePort")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
            (page,) = (target for target in json.load(answer) if target["type"] == "page")
        self._socket = connect(
            page["webSocketDebuggerUrl"], max_size=None, compression=None, ping_interval=None, legacy=True
        )
        self._number = 0
        self.asked: list[str] = []
        """Every address that the page asked for, WebSockets included."""
        self.errors: list[str] = []
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.do(f"{domain}.enable")
        self.resize(*size)

    def do(self, method: str, timeout_s: float = 20.0, **parameters: Any) -> dict[str, Any]:
        """Ask the browser for something; return what it answers."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        deadline_s = time.monotonic() + timeout_s
        while True:  # a page that is fed sends messages of its own all the time, so that each of them may be in time
            message = json.loads(self._socket.recv(timeout=max(0.0, deadline_s - time.monotonic())))
            self._note(message)
            if message.get("id") == self._number:
                assert "error" not in message, message
                return dict(message["result"])

    def resize(self, width: int, height: int, scale: float = 1.0) -> None:
        """Give the page another size."""
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)

    def scheme(self, name: str) -> None:
        """Prefer a dark or a light page, as a system does."""
        self.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def open(self, address: str) -> None:
        """Go to a page."""
        self.do("Page.navigate", url=address)

    def value(self, script: str) -> Any:
        """Return what an expression is worth in the page."""
        found = self.do("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, script: str, timeout_s: float = 10.0) -> Any:
        """Wait until an expression is true in the page; return its value."""
        deadline_s = time.monotonic() + timeout_s
        while not (value := self.value(f"(() => {{ try {{ return {script} }} catch {{ return null }} }})()")):
            assert time.monotonic() < deadline_s, f"{script} did not come true: {self.value('document.body.innerText')}"
            time.sleep(0.05)
        return value

    def picture(self, path: Path) -> None:
        """Write what the page shows as a PNG; where the page is transparent, so is the picture."""
        self.do("Emulation.setDefaultBackgroundColorOverride", color={"r": 0, "g": 0, "b": 0, "a": 0})
        for timeout_s in (5.0, 10.0, 20.0):  # where no new picture of the page is drawn the browser never answers
            with suppress(TimeoutError):
                answer = self.do("Page.captureScreenshot", timeout_s, format="png")
                path.write_bytes(base64.b64decode(answer["data"]))
                return
        raise AssertionError("the browser gave no picture of the page")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self._socket.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _port(self, file: Path) -> int:
        deadline_s = time.monotonic() + 30
        while not (file.exists() and file.read_text().count("\n")):
            assert self._process.poll() is None, "chromium ended at once"
            assert time.monotonic() < deadline_s, "chromium did not open its port within 30 s"
            time.sleep(0.05)
        return int(file.read_text().splitlines()[0])

    def _note(self, message: dict[str, Any]) -> None:
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.asked.append(message["params"]["request"]["url"])
            case "Network.webSocketCreated":
                self.asked.append(message["params"]["url"])
            case "Runtime.exceptionThrown":
                self.errors.append(json.dumps(message["params"]["exceptionDetails"]))
            case "Log.entryAdded" if message["params"]["entry"]["level"] == "error":
                self.errors.append(json.dumps(message["params"]["entry"]))
