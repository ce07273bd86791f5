"""A real HTTP server with motion JPEG: it ends, falls silent, sends something else, or points at local files."""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

import av
import cv2
import numpy as np
import pytest

from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources import source
from realtime_micacl.live.sources.source import open_source, parse_source
from realtime_micacl.live.sources.ways import LIVE_OPTIONS
from realtime_micacl.types import State
from tests.e2e.conftest import Running
from tests.fault.conftest import Watched, until, usage
from tests.fault.proxy import free_port

BOUNDARY = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"


def jpeg(size: tuple[int, int] = (320, 180), seed: int = 0) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    return cv2.imencode(".jpg", noise)[1].tobytes()


@dataclass
class Camera:
    """What the server does with the next requests."""

    port: int = 0
    pictures: int | None = None
    """After so many the connection is closed; None for never."""
    silent: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    sizes: tuple[tuple[int, int], ...] = ((320, 180),)
    every_s: float = 0.02
    user: str = ""
    """Name and password that it asks for."""
    body: bytes | None = None
    """Sent instead of pictures."""
    kind: str = "text/html"
    redirect: str = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/video"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        if self.user and request.headers["Authorization"] != f"Basic {b64encode(self.user.encode()).decode()}":
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="camera"')
            request.end_headers()
            return
        if self.redirect:
            request.send_response(302)
            request.send_header("Location", self.redirect)
            request.end_headers()
            return
        request.send_response(200)
        request.send_header("Content-Type", self.kind if self.body else "multipart/x-mixed-replace; boundary=frame")
        if self.body is not None:
            request.send_header("Content-Length", str(len(self.body)))
        request.end_headers()
        if self.body is not None:
            request.wfile.write(self.body)
            return
        number = 0
        while not self.stop.is_set() and number != self.pictures:
            if not self.silent.is_set():
                picture = jpeg(self.sizes[number // 10 % len(self.sizes)], number % 2)
                request.wfile.write(BOUNDARY % len(picture) + picture + b"\r\n")
                number += 1
            self.stop.wait(self.every_s)


@pytest.fixture
def camera() -> Iterator[Camera]:
    made = Camera()

    class Request(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the server's name
            try:
                made.answer(self)
            except OSError:
                return  # the reader left

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Request) as server:
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield made
        made.stop.set()
        server.shutdown()
        thread.join()


def frames(camera: Camera):  # type: ignore[no-untyped-def]
    return open_source(parse_source(camera.address))


@pytest.mark.fault("R2")
def test_a_silent_camera_is_stalled_then_left_and_found_again(
    camera: Camera, watch: Callable[..., Watched], measured: Callable[[str], None]
) -> None:
    watched = watch(frames(camera))
    with watched.session:
        watched.reads()
        camera.silent.set()
        stalled_s = watched.reaches(State.STALLED, State.RECONNECTING, timeout_s=10.0)
        watched.reaches(State.RECONNECTING, timeout_s=10.0)
        camera.silent.clear()
        watched.reads()
    measured(f"HTTP: no emotion after {stalled_s:.1f} s")


@pytest.mark.fault("R4")
def test_forty_losses_leave_nothing_behind(
    camera: Camera, watch: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch, measured: Callable[[str], None]
) -> None:
    monkeypatch.setattr(source, "BACKOFF_S", (0.01, 0.02))
    camera.pictures = 4
    watched = watch(frames(camera))

    def used_after(losses: int) -> tuple[int, int, float]:
        """The least that is used within the next few losses: between two, connections come and go."""
        until(lambda: watched.states.count(State.RECONNECTING) >= losses)
        samples = []
        while watched.states.count(State.RECONNECTING) < losses + 5:
            samples.append(usage())
            time.sleep(0.002)
        threads, descriptors, memory_mb = zip(*samples, strict=True)
        return min(threads), min(descriptors), min(memory_mb)

    with watched.session:
        before = used_after(10)
        after = used_after(50)
        camera.pictures = None
        watched.reads(10)
    threads, descriptors, grown_mb = (now - then for now, then in zip(after, before, strict=True))
    measured(f"40 losses: threads {threads:+d}, descriptors {descriptors:+d}, {grown_mb:+.1f} MB")
    assert threads <= 0
    assert descriptors <= 2
    assert grown_mb <= 20


@pytest.mark.fault("R6")
def test_a_size_that_changes_is_followed(camera: Camera, watch: Callable[..., Watched]) -> None:
    camera.sizes = ((320, 180), (640, 360))
    watched = watch(frames(camera))
    seen = set()
    with watched.session as running:
        while len(seen) < 2:
            scene = running.look().scene
            if scene and scene.frame:
                seen.add(scene.frame.image.shape)
            time.sleep(0.005)
    assert seen == {(180, 320, 3), (360, 640, 3)}


@pytest.mark.fault("R6")
@pytest.mark.parametrize("every_s", [0.01, 0.2])
def test_a_camera_of_any_rate_is_read(
    camera: Camera, watch: Callable[..., Watched], measured: Callable[[str], None], every_s: float
) -> None:
    """Motion JPEG has no time stamps; what FFmpeg makes up, 25 a second, would have the frames grow old or young."""
    camera.every_s = every_s
    watched = watch(frames(camera))
    with watched.session:
        watched.reads(round(4 / every_s) if every_s > 0.1 else 200)
    ages_s = [reading.latency_s or 0.0 for reading in watched.readings]
    assert State.RECONNECTING not in watched.states
    assert max(ages_s) < 1.0
    measured(f"motion JPEG every {every_s:g} s: oldest frame {max(ages_s):.2f} s")


@pytest.mark.fault("R18")
@pytest.mark.parametrize(("user", "code"), [("admin", 0), ("nobody", 3)])
def test_a_password_opens_the_camera_and_is_shown_nowhere(
    camera: Camera, start: Callable[..., Running], tmp_path: Path, user: str, code: int
) -> None:
    camera.user, record, port = "admin:hunter2", tmp_path / "r.jsonl", free_port()
    address = camera.address.replace("//", f"//{user}:hunter2@")
    running = start("--source", address, "--headless", "--record", record, "--metrics", port, "--log-level", "debug")
    page = ""
    if code == 0:
        running.until(lambda now: "no face" in now.states)
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            page = answer.read().decode()
        camera.pictures = 0
        camera.stop.set()
        running.until(lambda now: "reconnecting" in now.states)
        running.process.terminate()
    ended = running.ended()
    assert ended.code == code, ended.err
    assert "127.0.0.1" in ended.err
    assert "hunter2" not in ended.out + ended.err + page + record.read_text()


LISTS = {
    "a playlist": ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n", "application/x-mpegurl"),
    "a concat list": ("ffconcat version 1.0\nfile '{url}'\n", "text/plain"),
    "a page": ("<html>{url}</html>", "text/html"),
}


@pytest.mark.fault("R18")
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("scheme", ["file://", "file:", "concat:", "subfile:,,start,0,end,0,,:", ""])
def test_what_a_server_sends_cannot_open_a_local_file(camera: Camera, clips: Path, name: str, scheme: str) -> None:
    """The clip would play, had it been opened."""
    text, camera.kind = LISTS[name]
    camera.body = text.format(url=f"{scheme}{clips.absolute() / 'one_face_720p.mp4'}").encode()
    with pytest.raises(SourceError):
        next(frames(camera))


@pytest.mark.fault("R18")
def test_the_white_list_alone_keeps_local_files_closed(camera: Camera, clips: Path) -> None:
    """FFmpeg guards its lists as well; with that turned off, only the white list is left."""
    camera.body = f"ffconcat version 1.0\nfile 'file:{clips.absolute() / 'one_face_720p.mp4'}'\n".encode()
    unguarded = LIVE_OPTIONS | {"safe": "0"}
    with pytest.raises(av.error.FFmpegError):
        av.open(camera.address, options=dict(unguarded))
    unguarded["protocol_whitelist"] += ",file"
    with av.open(camera.address, options=unguarded) as opened:
        assert opened.streams.video, "the test would notice"


@pytest.mark.fault("R18")
@pytest.mark.parametrize("scheme", ["file://", "concat:", "data:video/mp4;base64,"])
def test_a_redirection_to_another_protocol_is_refused(camera: Camera, clips: Path, scheme: str) -> None:
    camera.redirect = f"{scheme}{clips.absolute() / 'one_face_720p.mp4'}"
    with pytest.raises(SourceError):
        next(frames(camera))
