"""A proxy on 127.0.0.1 that holds back, slows down, damages or loses what the server sends: TCP, and RTSP's UDP."""

from __future__ import annotations

import random
import re
import selectors
import socket
import threading
from contextlib import ExitStack, suppress
from typing import Self

CHUNK = 8192
PORTS = re.compile(rb"client_port=(\d+)-(\d+)")


class Proxy:
    """Forwards every connection to `port`; its fields may be changed while it runs."""

    def __init__(self, port: int, seed: int = 1) -> None:
        self.flips = 0.0
        """Share of the bits sent by the server that are turned over."""
        self.bytes_per_s = float("inf")
        self.delay_s = 0.0
        self.folder = b""
        """Below which a web server is seen here, and nowhere else, such as `/lab`."""
        self.loss = 0.0
        """Share of the datagrams that do not arrive."""
        self.flipped = self.lost = 0
        self._target, self._random = port, random.Random(seed)
        self._stop = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.1)
        self.port = self._server.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._server.close()

    def hang_up(self) -> None:
        """Refuse new connections, as a machine does whose server is gone."""
        self._server.close()

    def listen(self) -> None:
        """Take connections again."""
        self._server = socket.create_server(("127.0.0.1", self.port))
        self._server.settimeout(0.1)

    def _accept(self) -> None:
        while not self._stop.wait(0.005):
            with suppress(OSError):
                client, _ = self._server.accept()
                self._threads.append(threading.Thread(target=self._forward, args=(client,)))
                self._threads[-1].start()

    def _forward(self, client: socket.socket) -> None:
        with (
            client,
            socket.socket() as server,
            ExitStack() as opened,
            selectors.DefaultSelector() as ready,
            suppress(OSError),
        ):
            server.connect(("127.0.0.1", self._target))
            for end in (client, server):
                ready.register(end, selectors.EVENT_READ)
            while not self._stop.is_set():
                for key, _ in ready.select(0.1):
                    chunk = key.fileobj.recv(1 << 16 if key.data else CHUNK)  # type: ignore[union-attr]
                    if key.data:
                        self._pass_on(key.fileobj, chunk, key.data)  # type: ignore[arg-type]
                    elif not chunk:
                        return
                    elif key.fileobj is client:
                        below = b"GET " + self.folder + b"/"
                        if self.folder and chunk.startswith(b"GET ") and not chunk.startswith(below):
                            return
                        inside = chunk.replace(below, b"GET /", bool(self.folder))
                        server.sendall(PORTS.sub(lambda found: self._between(found, ready, opened), inside))
                    else:
                        self._stop.wait(self.delay_s + len(chunk) / self.bytes_per_s)
                        client.sendall(self._damaged(chunk))

    def _between(self, asked: re.Match[bytes], ready: selectors.BaseSelector, opened: ExitStack) -> bytes:
        """Open a port for each of the two at which the client awaits datagrams; return what the server hears."""
        while True:
            first, second = pair = [opened.enter_context(socket.socket(type=socket.SOCK_DGRAM)) for _ in range(2)]
            first.bind(("127.0.0.1", 0))
            with suppress(OSError):
                second.bind(("127.0.0.1", first.getsockname()[1] + 1))
                break
        for end, port in zip(pair, asked.groups(), strict=True):
            ready.register(end, selectors.EVENT_READ, int(port))
        return b"client_port=%d-%d" % tuple(end.getsockname()[1] for end in pair)

    def _pass_on(self, end: socket.socket, datagram: bytes, port: int) -> None:
        if self._random.random() < self.loss:
            self.lost += 1
        else:
            end.sendto(datagram, ("127.0.0.1", port))

    def _damaged(self, chunk: bytes) -> bytes:
        if not self.flips:
            return chunk
        content = bytearray(chunk)
        bits = 8 * len(content)
        count = int(bits * self.flips + self._random.random())
        for _ in range(count):
            bit = self._random.randrange(bits)
            content[bit // 8] ^= 1 << bit % 8
        self.flipped += count
        return bytes(content)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
