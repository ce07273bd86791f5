"""Streams of the web in which FFmpeg finds no video, though there is one."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_micacl.live.sources import stream
from realtime_micacl.live.sources.address import parse_address
from realtime_micacl.live.sources.guesses import rates
from tests.integration import made_clips, web
from tests.integration.test_stream import LISTING, look
from tests.integration.web import Web

FRAMES = 50
RATE = "#EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=999999,BANDWIDTH={},RESOLUTION={}\n{}\n"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return made_clips.segments(tmp_path_factory.mktemp("parts"), frames=FRAMES)


def hang(request: web.Request) -> None:
    request.server.stopped.wait(4.0)  # type: ignore[attr-defined]


DEAD = [web.refused(404), web.content(b""), web.content(b"<html>gone</html>", "text/html"), hang]


@pytest.mark.parametrize("what", ["the list", "its pieces"])
@pytest.mark.parametrize("dead", DEAD, ids=["gone", "empty", "page", "hangs"])
def test_of_several_rates_the_largest_that_lives_is_read(
    server: Web, parts: list[bytes], dead: web.Answer, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FFmpeg gives up all of them for one dead piece, waits for one that hangs, and a first that is gone is no end."""
    monkeypatch.setattr(stream, "FIRST_S", 1.0)
    for rate in ("large", "tiny", "small"):
        names = [f"{rate}{n}.ts" for n in range(len(parts))]
        server.routes[f"/{rate}.m3u8"] = web.content(made_clips.play_list(names), LISTING)
        for name, part in zip(names, parts, strict=True):
            server.routes[f"/{name}"] = dead if (rate, what) == ("large", "its pieces") else web.content(part, LISTING)
    if what == "the list":
        server.routes["/large.m3u8"] = dead
    sizes = {"large": "1280x720", "tiny": "320x240", "small": "640x360"}
    lines = "".join(RATE.format(len(rate), size, f"{rate}.m3u8") for rate, size in sizes.items())
    server.routes["/list.m3u8"] = web.content(f"#EXTM3U\n{lines}".encode(), LISTING)
    seen = look(f"{server.base}/list.m3u8")
    assert (seen.codes, seen.ended) == (list(range(FRAMES)), True), seen.error
    assert "/tiny0.ts" not in server.asked and "/large.m3u8" in server.asked


def test_a_recording_that_ends_too_soon_says_so(
    server: Web, parts: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    server.routes["/0.ts"] = web.content(parts[0], "video/mp2t")
    server.routes["/list.m3u8"] = web.content(made_clips.play_list(["0.ts", *(["gone.ts"] * 3)]), LISTING)
    assert look(f"{server.base}/list.m3u8").ended
    assert "stops after 1.0 of 4 s" in caplog.text


def test_rates_are_asked_for_where_the_list_lay_and_as_who_one_is() -> None:
    text = "#EXTM3U\r\n" + "".join(
        RATE.format(bits, size, name).replace("\n", "\r\n")
        for bits, size, name in (
            (1, "2x1", "a.m3u8?k=1"),
            (9, "2x1", "/b.m3u8"),
            (1, "3x1", "http://away/c.m3u8"),
            (5, "9x9", "srt://h:1"),
        )
    )
    address = parse_address("http://me:p#w@h:81/x/list.m3u8")
    found = [rate.url for rate in rates(text, address, "http://h:81/y/list.m3u8")]
    assert found == ["http://away/c.m3u8", "http://me:p%23w@h:81/b.m3u8", "http://me:p%23w@h:81/y/a.m3u8?k=1"]


@pytest.mark.parametrize("head", ["", "Content-Type: image/jpg\r\n", "Content-Type: IMAGE/JPEG; charset=x\r\n"])
@pytest.mark.parametrize("before", ["", "\r\nWelcome\r\n"])
def test_motion_jpeg_is_read_whatever_its_parts_are_called(server: Web, head: str, before: str) -> None:
    pictures = made_clips.jpegs(50)

    def answer(request: web.Request) -> None:
        web.begin(request, 200, "multipart/x-mixed-replace; boundary=frame")
        request.wfile.write(before.encode())
        for picture in pictures:
            part = f"--frame\r\n{head}Content-Length: {len(picture)}\r\n\r\n".encode() + picture + b"\r\n"
            request.wfile.write(part)
            time.sleep(0.04)

    server.routes["/video"] = answer
    seen = look(f"{server.base}/video", lambda now: len(now.codes) >= 20)
    assert seen.codes == list(range(seen.codes[0], seen.codes[0] + 20)), seen.error


def test_motion_jpeg_whose_lines_end_as_files_do_is_read(server: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """In declarations without a carriage return FFmpeg finds no end, and waits."""
    monkeypatch.setattr("realtime_micacl.live.sources.ways.PATIENCE_S", 3.0)
    pictures = made_clips.jpegs(50)

    def answer(request: web.Request) -> None:
        web.begin(request, 200, "multipart/x-mixed-replace; boundary=frame")
        for number in range(500):
            request.wfile.write(b"--frame\nContent-Type: image/jpeg\n\n" + pictures[number % 50] + b"\n")
            time.sleep(0.04)

    server.routes["/video"] = answer
    seen = look(f"{server.base}/video", lambda now: len(now.codes) >= 20, wait=True)
    assert seen.codes == [(seen.codes[0] + number) % 50 for number in range(20)], seen.error


def test_jpegs_in_a_row_are_a_stream_and_no_snapshot(server: Web) -> None:
    """Each of a thousand visits would get the first one."""
    pictures = made_clips.jpegs(50)

    def answer(request: web.Request) -> None:
        web.begin(request, 200, "video/x-motion-jpeg")
        for number in range(500):
            request.wfile.write(pictures[number % 50])
            time.sleep(0.04)

    server.routes["/video"] = answer
    seen = look(f"{server.base}/video", lambda now: len(now.codes) >= 20)
    assert seen.codes == [(seen.codes[0] + number) % 50 for number in range(20)], seen.error
    assert server.asked == ["/video"]


def test_where_an_address_ends_for_a_server(server: Web, tmp_path: Path) -> None:
    """What stands behind `#` is for the player."""
    server.routes["/clip.mp4"] = web.content(made_clips.write_clip(tmp_path / "clip.mp4", 25).read_bytes())
    assert look(f"{server.base}/clip.mp4#t=10", lambda now: bool(now.codes)).codes == [0]


def test_who_does_not_listen_is_said(server: Web) -> None:
    server.routes["/video"] = web.redirected("http://127.0.0.1:9/video")
    assert "redirects to another address, where nothing listens" in look(f"{server.base}/video").error


def test_png_in_parts_is_named(server: Web) -> None:
    part = cv2.imencode(".png", np.zeros((48, 64, 3), np.uint8))[1].tobytes()

    def answer(request: web.Request) -> None:
        web.begin(request, 200, "multipart/x-mixed-replace; boundary=frame")
        for _ in range(500):
            request.wfile.write(b"--frame\r\nContent-Type: image/png\r\n\r\n" + part + b"\r\n")

    server.routes["/video"] = answer
    assert "it sends PNG after PNG; only JPEG is read like that" in look(f"{server.base}/video").error
