"""A web server on 127.0.0.1 that serves clips as cameras, players' servers and careless programs do."""

from __future__ import annotations

import gzip
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import AF_INET6

from tests.integration.made_clips import segments

Request = BaseHTTPRequestHandler
Answer = Callable[[Request], None]
BLOCK = 16384


class Web(ThreadingHTTPServer):
    """Answers each path as `routes` says, else with 404; `asked` lists the paths in the order in which they came."""

    daemon_threads = True

    def __init__(self, host: str = "127.0.0.1") -> None:
        if ":" in host:
            self.address_family = AF_INET6
        self.routes: dict[str, Answer] = {}
        self.asked: list[str] = []
        super().__init__((host, 0), self._handler())
        self.port = int(self.server_address[1])
        self.base = f"http://127.0.0.1:{self.port}"
        self.stopped = threading.Event()

    def _handler(web) -> type[BaseHTTPRequestHandler]:  # the handler's own self is inside
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # the server's name
                self.close_connection = True
                path = self.path.partition("?")[0]
                web.asked.append(path)
                with suppress(OSError):
                    web.routes.get(path, refused(404))(self)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@contextmanager
def served(host: str = "127.0.0.1") -> Iterator[Web]:
    """Run a server for the length of the block."""
    with Web(host) as web:
        thread = threading.Thread(target=web.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield web
        finally:
            web.stopped.set()
            web.shutdown()
            thread.join()


def begin(request: Request, code: int = 200, kind: str = "video/mp4", **headers: object) -> None:
    """Send a head; underscores in the names of headers are dashes, one that is None is left out."""
    request.send_response(code)
    request.send_header("Content-Type", kind)
    for name, value in ({"Connection": "close"} | headers).items():
        if value is not None:
            request.send_header(name.replace("_", "-"), str(value))
    request.end_headers()


def content(
    body: bytes, kind: str = "video/mp4", *, ranges: bool = True, length: bool = True, says_close: bool = True
) -> Answer:
    """Answer with a body; with `ranges` from the place that is asked for."""
    close = {} if says_close else {"Connection": None}

    def answer(request: Request) -> None:
        first = 0
        asked = request.headers["Range"]
        if ranges and asked:
            first = int(asked.removeprefix("bytes=").partition("-")[0])
            if first >= len(body):
                begin(request, 416, Content_Range=f"bytes */{len(body)}")
                return
            span = f"bytes {first}-{len(body) - 1}/{len(body)}"
            begin(request, 206, kind, Content_Length=len(body) - first, Content_Range=span, **close)
        elif length:
            begin(request, 200, kind, Content_Length=len(body), **({"Accept_Ranges": "bytes"} if ranges else {}))
        else:
            begin(request, 200, kind)
        request.wfile.write(body[first:])

    return answer


def chunked(body: bytes, kind: str = "video/mp2t") -> Answer:
    """Answer in chunks, without a length."""

    def answer(request: Request) -> None:
        begin(request, 200, kind, Transfer_Encoding="chunked")
        for at in range(0, len(body), BLOCK):
            part = body[at : at + BLOCK]
            request.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        request.wfile.write(b"0\r\n\r\n")

    return answer


def zipped(body: bytes, kind: str = "video/mp2t") -> Answer:
    """Answer with a gzipped body, asked for or not."""

    def answer(request: Request) -> None:
        packed = gzip.compress(body)
        begin(request, 200, kind, Content_Encoding="gzip", Content_Length=len(packed))
        request.wfile.write(packed)

    return answer


def trickled(body: bytes, seconds: float, kind: str = "video/mp2t", **headers: object) -> Answer:
    """Answer so slowly that the body takes `seconds`."""

    def answer(request: Request) -> None:
        begin(request, 200, kind, **headers)
        step = max(188, len(body) // 100)
        for at in range(0, len(body), step):
            request.wfile.write(body[at : at + step])
            if stopped(request).wait(seconds / 100):
                return

    return answer


def late(answer: Answer, seconds: float) -> Answer:
    """Answer after so many seconds."""

    def later(request: Request) -> None:
        if not stopped(request).wait(seconds):
            answer(request)

    return later


def stopped(request: Request) -> threading.Event:
    """Return what says that the server is going."""
    server = request.server
    assert isinstance(server, Web)
    return server.stopped


def refused(code: int) -> Answer:
    """Answer with a status and a page that says no more."""
    return lambda request: begin(request, code, "text/html", Content_Length=0)


def redirected(to: str, code: int = 302) -> Answer:
    """Send to another address."""
    return lambda request: begin(request, code, "text/html", Location=to, Content_Length=0)


def locked(answer: Answer, user: str) -> Answer:
    """Ask for `user`, NAME:PASSWORD, first."""

    def asked(request: Request) -> None:
        if request.headers["Authorization"] == f"Basic {b64encode(user.encode()).decode()}":
            answer(request)
        else:
            begin(request, 401, "text/html", WWW_Authenticate='Basic realm="camera"', Content_Length=0)

    return asked


def snapshot(pictures: list[bytes], rate_hz: float = 25.0) -> Answer:
    """Answer with the JPEG of the moment."""
    started_s = time.monotonic()

    def answer(request: Request) -> None:
        picture = pictures[int((time.monotonic() - started_s) * rate_hz) % len(pictures)]
        begin(request, 200, "image/jpeg", Content_Length=len(picture))
        request.wfile.write(picture)

    return answer


def motion_jpeg(pictures: list[bytes], rate_hz: float = 25.0) -> Answer:
    """Answer with one JPEG after the other, for ever."""

    def answer(request: Request) -> None:
        begin(request, 200, "multipart/x-mixed-replace; boundary=frame")
        number = 0
        while not stopped(request).wait(1 / rate_hz):
            picture = pictures[number % len(pictures)]
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            request.wfile.write(head.encode() + picture + b"\r\n")
            number += 1

    return answer


class Channel:
    """A live HLS playlist over a growing number of segments, which begin anew when they are over."""

    def __init__(self, folder: Path, *, seconds: int = 1, frames: int = 250) -> None:
        self.seconds = seconds
        self.parts = segments(folder, frames=frames, seconds=seconds)
        self.started_s = time.monotonic()
        self.frozen_s: float | None = None

    def route(self, web: Web, name: str = "/live") -> str:
        """Serve it; return its address."""
        web.routes[f"{name}.m3u8"] = self._listed
        for number, part in enumerate(self.parts):
            web.routes[f"/part{number}.ts"] = content(part, "video/mp2t")
        return f"{web.base}{name}.m3u8"

    def _listed(self, request: Request) -> None:
        now_s = self.frozen_s or time.monotonic()
        newest = 4 + int((now_s - self.started_s) / self.seconds)
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{self.seconds}"]
        lines.append(f"#EXT-X-MEDIA-SEQUENCE:{max(0, newest - 5)}")
        for number in range(max(0, newest - 5), newest):
            if number and number % len(self.parts) == 0:
                lines.append("#EXT-X-DISCONTINUITY")
            lines += [f"#EXTINF:{self.seconds:.3f},", f"part{number % len(self.parts)}.ts"]
        content("\n".join([*lines, ""]).encode(), "application/vnd.apple.mpegurl")(request)
