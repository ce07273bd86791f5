"""Compares how all kinds of streams are read: now, at an earlier revision, and by a loop around `cv2.VideoCapture`.

python -m tests.bench.stream_kinds [--old FOLDER] > table.md

FOLDER is a checkout of the earlier revision. All servers run on this machine; each reader is a process of its own
and reads for eight seconds. It takes about seven minutes.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path

from tests.bench.stream_readers import CV2, OURS, read
from tests.fault.proxy import free_port
from tests.integration import made_clips, senders, web
from tests.integration.web import Web

FRAMES = 100
LISTING = "application/vnd.apple.mpegurl"


class Bodies:
    """The clips that are served: 4 s, 25 pictures a second."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fast = made_clips.write_clip(folder / "fast.mp4", FRAMES, movflags="+faststart").read_bytes()
        self.slow = made_clips.write_clip(folder / "slow.mp4", FRAMES).read_bytes()
        self.ts = made_clips.write_clip(folder / "clip.ts", FRAMES, form="mpegts").read_bytes()
        self.long = made_clips.write_clip(folder / "long.ts", 2 * FRAMES, gop=100, form="mpegts").read_bytes()
        self.hevc = made_clips.write_clip(
            folder / "hevc.ts", 2 * FRAMES, codec="libx265", gop=100, form="mpegts"
        ).read_bytes()
        self.flv = made_clips.write_clip(folder / "clip.flv", 2 * FRAMES).read_bytes()
        self.bare = made_clips.write_clip(folder / "clip.h264", FRAMES, form="h264").read_bytes()
        self.parts = made_clips.segments(folder / "parts", frames=FRAMES)
        self.pictures = made_clips.jpegs(50)


Served = Callable[[Web, Bodies], str]


def answered(make: Callable[[Bodies], web.Answer], path: str = "/video") -> Served:
    """Serve one answer."""

    def serve(server: Web, bodies: Bodies) -> str:
        server.routes[path] = make(bodies)
        return f"{server.base}{path}"

    return serve


def listed(names: list[str], path: str = "/list.m3u8", kind: str = LISTING, **how: object) -> Served:
    """Serve a playlist of segments."""

    def serve(server: Web, bodies: Bodies) -> str:
        for number, part in enumerate(bodies.parts):
            server.routes[f"/{number}.ts"] = web.content(part, "video/mp2t")
        server.routes[path] = web.content(made_clips.play_list(names, **how), kind)  # type: ignore[arg-type]
        return f"{server.base}{path}"

    return serve


def master(server: Web, bodies: Bodies) -> str:
    """Serve a playlist with three rates, of which one is dead."""
    address = listed(["0.ts", "1.ts", "2.ts", "3.ts"])(server, bodies)
    rates = "".join(
        f"#EXT-X-STREAM-INF:BANDWIDTH={n}00000\n{name}\n" for n, name in ((1, "list.m3u8"), (9, "gone.m3u8"))
    )
    server.routes["/master.m3u8"] = web.content(f"#EXTM3U\n{rates}".encode(), LISTING)
    return address.replace("list", "master")


def locked(password: str) -> Served:
    """Serve a camera whose password has characters that an address may not contain."""

    def serve(server: Web, bodies: Bodies) -> str:
        server.routes["/video"] = web.locked(web.motion_jpeg(bodies.pictures), "admin:p#s@1")
        return f"{server.base}/video".replace("//", f"//admin:{password}@")

    return serve


def _halved(body: bytes) -> web.Answer:
    def answer(request: web.Request) -> None:
        web.begin(request, Content_Length=len(body))
        request.wfile.write(body[: len(body) // 2])

    return answer


PARTS = ["0.ts", "1.ts", "2.ts", "3.ts"]
ON_THE_WEB: dict[str, Served] = {
    "file, fast start": answered(lambda b: web.content(b.fast)),
    "file, index at the end": answered(lambda b: web.content(b.slow)),
    "file, no ranges": answered(lambda b: web.content(b.fast, ranges=False)),
    "file, no ranges, no length": answered(lambda b: web.content(b.slow, ranges=False, length=False)),
    "file, cut off after half": answered(lambda b: _halved(b.fast)),
    "MPEG-TS": answered(lambda b: web.content(b.ts, "video/mp2t")),
    "MPEG-TS, in chunks, no length": answered(lambda b: web.chunked(b.ts)),
    "MPEG-TS, gzipped": answered(lambda b: web.zipped(b.ts)),
    "MPEG-TS, as text/plain": answered(lambda b: web.content(b.ts, "text/plain")),
    "MPEG-TS, trickling at its own rate": answered(lambda b: web.trickled(b.ts, 4.0)),
    "MPEG-TS, from mid-GOP, live": answered(lambda b: web.trickled(b.long[len(b.long) // 4 // 188 * 188 :], 6.0)),
    "HEVC, from mid-GOP, live": answered(lambda b: web.trickled(b.hevc[len(b.hevc) // 4 // 188 * 188 :], 6.0)),
    "HLS, recorded": listed(PARTS),
    "HLS, recorded, as text/plain without a suffix": listed(PARTS, "/list", "text/plain"),
    "HLS, a dead segment": listed(["0.ts", "gone.ts", "2.ts", "3.ts"]),
    "HLS, a discontinuity": listed([*PARTS, "0.ts"], before={4: "#EXT-X-DISCONTINUITY"}),
    "HLS, two rates, one dead": master,
    "HLS, live": lambda server, b: web.Channel(Path(tempfile.mkdtemp(dir=b.folder)), frames=200).route(server),
    "snapshot JPEG": answered(lambda b: web.snapshot(b.pictures), "/snap.jpg"),
    "motion JPEG": answered(lambda b: web.motion_jpeg(b.pictures)),
    "motion JPEG, answers after 4 s": answered(lambda b: web.late(web.motion_jpeg(b.pictures), 4.0)),
    "redirected twice": lambda server, b: _sent_on(server, b),
    "password with # and @": locked("p#s@1"),
    "the same in percent": locked("p%23s%401"),
    "wrong password": locked("p"),
    "403": answered(lambda b: web.refused(403)),
    "404": answered(lambda b: web.refused(404)),
    "500": answered(lambda b: web.refused(500)),
    "a page": answered(lambda b: web.content(b"<html>camera</html>", "text/html")),
    "scheme in capitals, blanks around": lambda server, b: (
        " " + answered(lambda b: web.content(b.fast))(server, b).replace("http", "HTTP") + "  "
    ),
}


def _sent_on(server: Web, bodies: Bodies) -> str:
    server.routes |= {"/a": web.redirected("/b"), "/b": web.redirected("/c", 301), "/c": web.content(bodies.fast)}
    return f"{server.base}/a"


@contextmanager
def _web(serve: Served, bodies: Bodies) -> Iterator[str]:
    with web.served() as server:
        yield serve(server, bodies)


@contextmanager
def _ipv6(bodies: Bodies) -> Iterator[str]:
    with web.served("::1") as server:
        server.routes["/clip.mp4"] = web.content(bodies.fast)
        yield f"http://[::1]:{server.port}/clip.mp4"


@contextmanager
def _datagrams(bodies: Bodies, loss: float = 0.0, drift: float = 0.0) -> Iterator[str]:
    port = free_port()
    with senders.datagrams(bodies.ts, port, 4.0, loss=loss, drift=drift):
        yield f"udp://127.0.0.1:{port}"


@contextmanager
def _served(serve: Callable[..., None], address: str) -> Iterator[str]:
    with senders.listening(serve) as port:
        yield address.format(port=port)


@contextmanager
def _fifo(bodies: Bodies) -> Iterator[str]:
    path, stop = Path(tempfile.mkdtemp(dir=bodies.folder)) / "fifo", threading.Event()
    os.mkfifo(path)

    def write() -> None:
        while not stop.wait(0.5):
            with suppress(OSError):
                writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)  # ENXIO where nobody reads
                os.set_blocking(writer, True)
                with os.fdopen(writer, "wb") as out:
                    out.write(bodies.ts)

    thread = threading.Thread(target=write)
    thread.start()
    yield str(path)
    stop.set()
    thread.join()


def cases(bodies: Bodies) -> Iterator[tuple[str, Callable[[], AbstractContextManager[str]]]]:
    """Yield each case and what serves it."""
    for name, serve in ON_THE_WEB.items():
        yield f"http: {name}", lambda serve=serve: _web(serve, bodies)
    yield "http: IPv6", lambda: _ipv6(bodies)
    yield "udp: MPEG-TS", lambda: _datagrams(bodies)
    yield "udp: a tenth of it lost", lambda: _datagrams(bodies, 0.1)
    yield "rtmp", lambda: _served(senders.rtmp(bodies.flv, 8.0), "rtmp://127.0.0.1:{port}/live/door")
    yield "tcp: bare H.264", lambda: _served(senders.plainly(bodies.bare, 4.0), "tcp://127.0.0.1:{port}")
    yield "rtsp: control packets only", lambda: _served(senders.mute_rtsp, "rtsp://127.0.0.1:{port}/live")
    yield "FIFO whose writer leaves and returns", lambda: _fifo(bodies)
    yield "unknown host", lambda: _named("rtsp://nowhere.invalid/live")
    yield "srt://", lambda: _named("srt://127.0.0.1:9000")


@contextmanager
def _named(address: str) -> Iterator[str]:
    yield address


def looked(serving: Callable[[], AbstractContextManager[str]], code: str, where: Path | None) -> str:
    """Return the outcome of a reader on a case."""
    with serving() as address:
        return read(code, address, where).replace(address.strip(), "it")


def main() -> None:
    """Write the table."""
    old = Path(sys.argv[2]) if sys.argv[1:2] == ["--old"] else None
    heads = ["case", *(["before"] if old else []), "now", "the cv2 loop"]
    sys.stdout.write(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}\n")
    readers = [*([(OURS, old)] if old else []), (OURS, None), (CV2, None)]
    with tempfile.TemporaryDirectory() as folder:
        bodies = Bodies(Path(folder))
        for name, serving in cases(bodies):
            with ThreadPoolExecutor() as pool:  # each has a server of its own
                seen = list(pool.map(partial(looked, serving), *zip(*readers, strict=True)))
            sys.stdout.write(f"| {' | '.join([name, *seen])} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
