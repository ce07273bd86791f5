"""What sends over loopback without the web: datagrams, a plain connection, an RTMP server, a mute RTSP camera."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

DATAGRAM = 7 * 188


@contextmanager
def datagrams(body: bytes, port: int, seconds: float, *, drift: float = 0.0, loss: float = 0.0) -> Iterator[None]:
    """Send MPEG-TS to a port, again and again, each time in so many seconds, or as much slower as `drift` says."""
    stop, chance = threading.Event(), random.Random(1)

    def send() -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            parts = [body[at : at + DATAGRAM] for at in range(0, len(body), DATAGRAM)]
            began_s = time.monotonic()
            for number in range(1 << 30):
                if stop.wait(max(0.0, began_s + number * seconds * (1 + drift) / len(parts) - time.monotonic())):
                    return
                if chance.random() >= loss:
                    sender.sendto(parts[number % len(parts)], ("127.0.0.1", port))

    with _running(send, stop):
        yield


@contextmanager
def listening(serve: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """Serve whoever calls; yield the port."""
    stop = threading.Event()

    def answer(caller: socket.socket) -> None:
        with caller, suppress(OSError):
            caller.settimeout(20.0)
            serve(caller, stop)

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)

        def accept() -> None:
            while not stop.is_set():
                with suppress(TimeoutError):
                    callers.append(threading.Thread(target=answer, args=server.accept()[:1]))
                    callers[-1].start()
            for caller in callers:
                caller.join()

        callers: list[threading.Thread] = []
        with _running(accept, stop):
            yield int(server.getsockname()[1])


@contextmanager
def _running(target: Callable[[], None], stop: threading.Event) -> Iterator[None]:
    thread = threading.Thread(target=target)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def plainly(body: bytes, seconds: float) -> Callable[[socket.socket, threading.Event], None]:
    """Serve a body in so many seconds, as `nc` and the cameras of small boards do."""

    def serve(caller: socket.socket, stop: threading.Event) -> None:
        step = max(1, len(body) // 100)
        for at in range(0, len(body), step):
            caller.sendall(body[at : at + step])
            if stop.wait(seconds / 100):
                return

    return serve


H264 = "video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000"


def mute_rtsp(caller: socket.socket, stop: threading.Event, media: str = H264) -> None:
    """Agree to everything, as a camera does whose pictures a firewall holds back, and send none."""
    described = f"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm={media}\r\na=control:track1\r\n"
    ready = False
    while not stop.is_set():
        asked = caller.recv(4096).decode(errors="replace")
        if not asked:
            return
        number = asked.partition("CSeq: ")[2].partition("\r\n")[0]
        answer = f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\nSession: 1\r\n"
        match asked.partition(" ")[0]:
            case "OPTIONS":
                answer += "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n"
            case "DESCRIBE":
                answer += f"Content-Type: application/sdp\r\nContent-Length: {len(described)}\r\n\r\n{described}"
            case "SETUP":
                ready = True
                answer += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"
            case "PLAY" if not ready:
                answer = f"RTSP/1.0 455 Method Not Valid in This State\r\nCSeq: {number}\r\n\r\n"
            case _:
                answer += "\r\n"
        caller.sendall(answer.encode())


def rtmp(flv: bytes, seconds: float, *, kept: int = 0) -> Callable[[socket.socket, threading.Event], None]:
    """Serve the tags of an FLV file by RTMP in so many seconds, the first `kept` at once, whatever is asked for."""

    def serve(caller: socket.socket, stop: threading.Event) -> None:
        hello = _exactly(caller, 1 + 1536)
        caller.sendall(b"\x03" + bytes(1536) + hello[1:])
        _exactly(caller, 1536)
        caller.sendall(_message(1, struct.pack(">I", 1 << 20)))  # chunks may be large
        heard = b""
        for command, answer in (
            (b"connect", ["_result", 1.0, {"fmsVer": "FMS/3,0"}, {"code": "NetConnection.Connect.Success"}]),
            (b"createStream", ["_result", 2.0, None, 1.0]),
            (b"play", ["onStatus", 0.0, None, {"level": "status", "code": "NetStream.Play.Start"}]),
        ):
            while command not in heard:
                heard += caller.recv(4096)
            number = heard[heard.index(command) + len(command) :][1:9]  # the number of the call
            reply = [answer[0], struct.unpack(">d", number)[0] if answer[0] == "_result" else 0.0, *answer[2:]]
            caller.sendall(_message(20, b"".join(_amf(value) for value in reply)))
            heard = heard[heard.index(command) + len(command) :]
        tags = list(_tags(flv))
        for number, (kind, time_ms, content) in enumerate(tags):
            caller.sendall(_message(kind, content, time_ms, stream=1))
            if number >= kept and stop.wait(seconds / (len(tags) - kept)):
                return

    return serve


def _exactly(caller: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        part = caller.recv(size - len(content))
        if not part:
            raise ConnectionError
        content += part
    return content


def _message(kind: int, content: bytes, time_ms: int = 0, stream: int = 0) -> bytes:
    head = struct.pack(">I", time_ms)[1:] + struct.pack(">I", len(content))[1:] + bytes([kind])
    return bytes([0x03]) + head + struct.pack("<I", stream) + content


def _tags(flv: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 13
    while at + 11 <= len(flv):
        kind, size = flv[at], int.from_bytes(flv[at + 1 : at + 4])
        yield kind, int.from_bytes(flv[at + 4 : at + 7]), flv[at + 11 : at + 11 + size]
        at += 15 + size


def _amf(value: object) -> bytes:
    match value:
        case str():
            return b"\x02" + struct.pack(">H", len(value)) + value.encode()
        case float():
            return b"\x00" + struct.pack(">d", value)
        case dict():
            pairs = (struct.pack(">H", len(key)) + key.encode() + _amf(one) for key, one in value.items())
            return b"\x03" + b"".join(pairs) + b"\x00\x00\x09"
        case _:
            return b"\x05"
