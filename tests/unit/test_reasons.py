"""Why a stream cannot be opened, where the system's own word would mislead."""

from __future__ import annotations

import errno
import re

import av
import pytest

from realtime_micacl.live.sources import reasons
from realtime_micacl.live.sources.address import parse_address
from realtime_micacl.live.sources.reasons import why, why_not_piped

REFUSED = av.error.ConnectionRefusedError(errno.ECONNREFUSED, "refused")
NO_VIDEO = av.error.InvalidDataError(errno.EINVAL, "invalid data")


@pytest.mark.parametrize(
    ("address", "proxy", "spared", "told"),
    [
        ("http://127.0.0.1:9/x", "http://me:secret@proxy:3128", "", True),
        ("https://127.0.0.1:9/x", "http://proxy:3128/", "other.lan", True),
        ("http://127.0.0.1:9/x", "http://proxy:3128", "other.lan,127.0.0.1", False),
        ("rtsp://127.0.0.1:9/x", "http://proxy:3128", "", False),
        ("http://127.0.0.1:9/x", "", "", False),
    ],
)
def test_a_proxy_that_stands_between_is_named(
    monkeypatch: pytest.MonkeyPatch, address: str, proxy: str, spared: str, told: bool
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", spared)
    said = why(parse_address(address), REFUSED, 0.0)
    assert ("the proxy proxy:3128 was asked for it" in said) is told
    assert "secret" not in said


def test_a_proxy_that_is_no_address_is_said_to_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://[::1")
    assert "http_proxy in the environment is no address" in why(parse_address("http://127.0.0.1/x"), REFUSED, 0.0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"#EXTM3U\n#EXTINF:1", "a playlist of which nothing can be read"),
        (b"#EXTM3U\nhttp://door/a.mp4\n", "and names http://door/a.mp4; give that"),
        (b"\n<!DOCTYPE html>", "is not a video; it is a web page: yt-dlp saves the videos of many of them; open it in"),
        (b"I am no video", "is not a video; open it in"),
        (b"Rar!\x1a\x07", "it is an archive; unpack it first"),
        (b"v=0\no=-\nm=video 5004", "it only describes a stream (SDP)"),
        (b"", "is not"),
    ],
)
def test_a_play_list_whose_pieces_are_gone_is_called_one(
    monkeypatch: pytest.MonkeyPatch, content: bytes, said: str
) -> None:
    monkeypatch.setattr(reasons, "first_bytes", lambda *_: (content, ""))
    assert said in why(parse_address("http://127.0.0.1:9/x"), NO_VIDEO, 0.0)


def of_the_system(number: int) -> OSError:
    return OSError(number, "the system's word")


@pytest.mark.parametrize(
    ("address", "cause", "said"),
    [
        ("udp://@:5000", of_the_system(errno.EADDRINUSE), "another program is using port 5000"),
        (
            "udp://8.8.8.8:5000",
            of_the_system(errno.EADDRNOTAVAIL),
            "8.8.8.8 is not this machine, .*; give udp://@:5000",
        ),
        ("udp://@:5000", None, "no MPEG-TS came to port 5000 within 4 s"),
        (
            "http://127.0.0.1:9/x",
            av.error.PatchWelcomeError(1, "patches welcome"),
            "in a format that is not decoded here",
        ),
        ("http://127.0.0.1:9/x", av.error.EOFError(1, "End of file"), "answers nothing that can be read; open it in"),
    ],
)
def test_what_the_system_says_is_said_in_words(address: str, cause: Exception | None, said: str) -> None:
    assert re.search(said, why(parse_address(address), cause, 4.0))


def test_a_pipe_of_what_is_read_from_files_only_is_told_so() -> None:
    said = why_not_piped(av.error.PatchWelcomeError(1, "patches welcome"), 0.0)
    assert "give it as a file" in said and "patches" not in said
