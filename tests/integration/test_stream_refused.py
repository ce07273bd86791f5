"""What is said of an address that cannot be read, and how its password is kept from it."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest

from realtime_micacl.live.sources.stills import why_refused
from tests.integration import made_clips, web
from tests.integration.test_stream import look
from tests.integration.web import Web

CLIP = Path(__file__).parents[1] / "data" / "sources" / "http_faststart.mp4"
SAID = {
    401: "asks for a name and a password: http://NAME:PASSWORD@127.0.0.1",
    403: "denies access (403)",
    404: "has nothing at this path (404)",
    410: "rejects the request (4XX)",
    500: "reports a fault of its own (5xx)",
}


@pytest.mark.parametrize("code", SAID)
def test_what_a_server_refuses_is_said(server: Web, code: int) -> None:
    server.routes["/video"] = web.refused(code)
    assert SAID[code] in look(f"{server.base}/video").error


def test_other_failures_are_said(server: Web) -> None:
    server.routes["/page"] = web.content(b"<html><body>camera</body></html>", "text/html")
    assert (
        "is not a video; it is a web page: yt-dlp saves the videos of many of them; open it in a browser"
        in look(f"{server.base}/page").error
    )
    server.routes["/circle"] = web.redirected("/circle")
    assert "answers nothing that can be read; open it in a browser" in look(f"{server.base}/circle").error
    assert "unknown host nowhere.invalid" in look("rtsp://admin:hunter2@nowhere.invalid/live").error
    assert "nothing listens at port 9 of 127.0.0.1" in look("http://127.0.0.1:9/x").error


def packed(clip: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.write(clip)
    return content.getvalue()


@pytest.mark.parametrize("name", ["animated.webp", "a.zip", "a.mp4.gz", "a.mp4"])
def test_what_is_said_of_a_file_is_said_of_it_on_the_web_too(server: Web, tmp_path: Path, name: str) -> None:
    made: dict[str, Callable[[], bytes]] = {
        "a.zip": lambda: packed(CLIP),
        "a.mp4.gz": lambda: gzip.compress(CLIP.read_bytes()),
        "a.mp4": lambda: b"version https://git-lfs.github.com/spec/v1\n",
    }
    content = made.get(name, CLIP.with_name(name).read_bytes)()
    server.routes["/clip"] = web.content(content)
    (tmp_path / name).write_bytes(content)
    said = why_refused(tmp_path / name)
    assert said in look(f"{server.base}/clip").error


@pytest.mark.parametrize("password", ["a#b", "p@ss", "p@ss%20w", "x/y", "50%", "a:b?c"])
def test_a_password_is_taken_as_it_is_and_shown_nowhere(server: Web, password: str) -> None:
    opened = web.motion_jpeg(made_clips.jpegs(3))
    server.routes["/video"] = web.locked(opened, f"admin:{unquote(password)}")
    address = f"{server.base}/video".replace("//", f"//admin:{password}@")
    assert look(address, lambda now: bool(now.codes)).codes
    wrong = look(address.replace("admin", "nobody")).error
    assert "rejects this name and password" in wrong
    assert password not in wrong
