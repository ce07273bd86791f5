"""Servers that promise more than they keep."""

from __future__ import annotations

from pathlib import Path

from tests.integration import made_clips, web
from tests.integration.test_stream import look
from tests.integration.web import Web

FRAMES = 50


def test_a_server_that_promises_a_part_and_sends_all_is_read_from_the_beginning(server: Web, tmp_path: Path) -> None:
    body = made_clips.write_clip(tmp_path / "clip.mp4", FRAMES).read_bytes()  # its index is at its end

    def lie(request: web.Request) -> None:
        first = (request.headers["Range"] or "bytes=0-").removeprefix("bytes=").partition("-")[0]
        web.begin(request, 206, Content_Length=len(body), Content_Range=f"bytes {first}-{len(body) - 1}/{len(body)}")
        request.wfile.write(body)

    server.routes["/clip.mp4"] = lie
    seen = look(f"{server.base}/clip.mp4")
    assert (seen.codes, seen.ended) == (list(range(FRAMES)), True), seen.error


def test_a_line_that_breaks_again_and_again_loses_no_picture(server: Web, tmp_path: Path) -> None:
    """Even if each piece is shorter than the way from one key frame to the next."""
    body = made_clips.write_clip(tmp_path / "clip.mp4", FRAMES, gop=FRAMES, movflags="faststart").read_bytes()

    def broken(request: web.Request) -> None:
        first = int((request.headers["Range"] or "bytes=0-").removeprefix("bytes=").partition("-")[0])
        span = f"bytes {first}-{len(body) - 1}/{len(body)}"
        web.begin(request, 206, Content_Length=len(body) - first, Content_Range=span, Accept_Ranges="bytes")
        request.wfile.write(body[first : first + len(body) // 5])

    server.routes["/clip.mp4"] = broken
    seen = look(f"{server.base}/clip.mp4")
    assert (seen.codes, seen.ended, seen.retries) == (list(range(FRAMES)), True, []), seen.error
