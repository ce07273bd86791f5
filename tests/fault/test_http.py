"""A real HTTP server with motion JPEG: it ends, falls silent, sends something else, or points at local files."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from realtime_micacl.errors import SourceError
from realtime_micacl.live import source
from realtime_micacl.live.source import open_source, parse_source
from realtime_micacl.live.video import LIVE_OPTIONS
from realtime_micacl.types import State
from tests.fault.conftest import Watched, until, usage

BOUNDARY = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"


def jpeg(size: tuple[int, int] = (320, 180)) -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
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
    body: bytes | None = None
    """Sent instead of pictures."""
    kind: str = "text/html"
    redirect: str = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/video"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
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
                picture = jpeg(self.sizes[number // 10 % len(self.sizes)])
                request.wfile.write(BOUNDARY % len(picture) + picture + b"\r\n")
                number += 1
            self.stop.wait(0.02)


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
            scene = running.scenes.peek()
            if scene and scene.frame:
                seen.add(scene.frame.image.shape)
            time.sleep(0.005)
    assert seen == {(180, 320, 3), (360, 640, 3)}


LISTS = {
    "a play list": ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n", "application/x-mpegurl"),
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
