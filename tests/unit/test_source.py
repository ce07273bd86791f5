from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.sources.address import answers, parse_address
from realtime_micacl.live.sources.framing import Framer, Framing
from realtime_micacl.live.sources.source import open_source, parse_source, redacted
from realtime_micacl.types import Frame


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("clip.mp4", "file"),
        ("/a folder/clip with: colon.mp4", "file"),
        ("synthetic", "synthetic"),
        ("demo", "file"),
        ("rtsp://camera.local/stream", "stream"),
        ("RTSP://10.0.0.5:554/h264?channel=1", "stream"),
        ("rtsp://user:p@ss:word@10.0.0.5/x", "stream"),
        ("rtsp://[fe80::1]:554/x", "stream"),
        ("rtspu://camera.local/stream", "stream"),
        ("http://localhost:8080/mjpeg", "stream"),
    ],
)
def test_what_a_text_names(text: str, kind: str) -> None:
    assert parse_source(text).kind == kind


@pytest.mark.parametrize(
    "text",
    ["", "rtsp://", "rtsp:// host/x", "file://host/x.mp4", "concat://a|b", "ftp://host/x.mp4", "rtsp://host:123456/x"],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_source(text)


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://admin:hunter2@10.0.0.5/stream",
        "rtsp://admin:hu:nter2@10.0.0.5/stream",
        "rtsp://admin:x/hunter2@10.0.0.5/stream",
        "rtsp://admin:p@hunter2@10.0.0.5/stream",
        "http://10.0.0.5/mjpeg?user=admin&password=hunter2",
        "http://10.0.0.5/mjpeg?pwd=hunter2&x=1",
    ],
)
def test_no_password_is_shown(address: str) -> None:
    assert "hunter2" not in redacted(address)
    assert "10.0.0.5" in redacted(address)
    assert "hunter2" not in redacted(f"[Errno 111] Connection refused: '{address}' after 2 s")
    assert "hunter2" not in parse_source(address).name


@given(st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="/@:'\"?&"), min_size=6))
def test_no_password_is_shown_whatever_it_is(secret: str) -> None:
    assert f":{secret}@" not in redacted(f"cannot open rtsp://user:{secret}@host/path")


@given(st.text(st.characters(exclude_categories=["C"], exclude_characters="%"), min_size=6, max_size=30).map(str.strip))
def test_no_password_is_shown_where_an_address_is_refused_or_read(secret: str) -> None:
    assume(len(secret) > 5 and secret not in "password's special characters may be written in percent")
    for address in (f"rtsp://user:{secret}@10.0.0.5/path", f"rtsp://user:{secret}@10.0.0.5:99999/path"):
        try:
            shown = parse_source(address).name
        except ConfigError as error:
            shown = str(error)
        assert secret not in redacted(shown)


@pytest.mark.parametrize("address", ["rtsp://me:it's@10.0.0.5/x", "http://10.0.0.5/x?token=it's&a=1"])
def test_quotes_in_a_password_are_written_in_percent(address: str) -> None:
    spec = parse_source(address)
    assert "it%27s" in spec.value
    assert "it%27s" not in redacted(f"'{spec.value}' was lost")


def test_text_without_a_password_stays() -> None:
    for text in ("rtsp://host:554/a", "see user@example.org", "half: 1/2", "http://h/x?y=1&passenger=2"):
        assert redacted(text) == text


def test_who_opens_a_source_says_how_it_is_framed_and_hears_whether_it_is_a_camera() -> None:
    framer = Framer(Framing(turn=90))
    for text, of_camera in (("0", True), ("synthetic", False)):
        items = open_source(parse_source(text), framer=framer)
        assert framer.of_camera is of_camera
    frame = next(items)
    assert isinstance(frame, Frame)
    assert frame.image.shape[0] > frame.image.shape[1], "the test picture, upright"
    items.close()  # type: ignore[attr-defined]


def test_whether_anybody_listens() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        assert not answers(f"rtsp://127.0.0.1:{port}/x")
        server.listen()
        assert answers(f"rtsp://user:p@127.0.0.1:{port}/x")
        assert answers(f"rtsp://user:a/b@127.0.0.1:{port}/x")


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("0", "camera", "0"),
        ("/dev/video2", "camera", "2"),
        ("file:clip.mp4", "file", "clip.mp4"),
        ("file:///a%20b/clip.mp4", "file", "/a b/clip.mp4"),
        ("FILE:///clip.mp4", "file", "/clip.mp4"),
        ("-", "stream", "-"),
        ("  RTSP://h/x ", "stream", "rtsp://h/x"),
        ("rtsp://u:a#b@h/x", "stream", "rtsp://u:a%23b@h/x"),
        ("rtsp://u:a@b@h/x@y", "stream", "rtsp://u:a%40b@h/x@y"),
        ("rtsp://u:a/b@h:99/x", "stream", "rtsp://u:a%2Fb@h:99/x"),
        ("rtsp://u:a%23b@h/x", "stream", "rtsp://u:a%23b@h/x"),
        ("rtsp://h/live@main", "stream", "rtsp://h/live@main"),
        ("http://h/my clip.mp4", "stream", "http://h/my%20clip.mp4"),
        ("http://h/clip.mp4#t=1,2?x", "stream", "http://h/clip.mp4"),
        ("https://h/clip.mp4?a=b#t=10", "stream", "https://h/clip.mp4?a=b"),
        ("http://h/snap?user=me&pwd=p#ss", "stream", "http://h/snap?user=me&pwd=p%23ss"),
        ("rtsp://[fe80::1%25eth0]/x", "stream", "rtsp://[fe80::1%eth0]/x"),
        ("rtsp://h/live#1", "stream", "rtsp://h/live%231"),
        ("http://me:ü@küche.lan:81/ü", "stream", "http://me:%C3%BC@xn--kche-0ra.lan:81/%C3%BC"),
        ("udp://@:5000", "stream", "udp://:5000"),
        ("udp://@239.0.0.1:5000", "stream", "udp://239.0.0.1:5000"),
    ],
)
def test_a_source_is_what_is_meant(text: str, kind: str, value: str) -> None:
    spec = parse_source(text)
    assert (spec.kind, spec.value) == (kind, value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("srt://h:9", "PyAV"),
        ("http://kü che/x", "valid"),
        ("http://\u2603..h/x", "valid"),
        ("rtp://h:9", "rtsp://"),
        ("udp://h", "valid"),
        ("smb://h/x", "mount"),
    ],
)
def test_what_is_not_read_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_source(text)


def test_the_home_of_nobody_is_no_home() -> None:
    for text in ("~no.such.person/clip.mp4", "~no.such.person"):
        assert (parse_source(text).kind, parse_source(text).value) == ("file", text)


def test_a_file_is_one_whatever_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "0").touch()
    (tmp_path / " x ").touch()
    assert parse_source("0").kind == "file"
    assert parse_source(" x ").value == " x "


@pytest.mark.parametrize(
    ("text", "name", "live", "loops"),
    [
        ("3", "camera 3", True, False),
        ("-", "standard input", True, False),
        ("rtsp://me:hunter2@door/1", "rtsp://me:***@door/1", True, False),
        ("demo", "the demo clip", False, True),
        (__file__, __file__, False, False),
        ("synthetic", "synthetic", False, False),
    ],
)
def test_what_a_source_is_called_and_whether_the_world_goes_on(text: str, name: str, live: bool, loops: bool) -> None:
    spec = parse_source(text)
    assert (spec.name, spec.live, spec.loops) == (name, live, loops)


def test_standard_input_is_a_file_where_a_file_was_put_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for there, allowed, kind in ((True, True, "file"), (True, False, "stream"), (False, False, "stream")):
        monkeypatch.setattr("os.path.isfile", lambda _, there=there: there)
        monkeypatch.setattr("os.access", lambda *_, allowed=allowed: allowed)
        spec = parse_source("-")
        assert (spec.kind, spec.name) == (kind, "standard input")


def test_blanks_around_an_address_do_not_count_and_those_of_a_file_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "3").touch()
    assert parse_source("3").value == "3"
    assert parse_source(" rtsp://door/1 ").value == "rtsp://door/1"
    assert parse_source(" 4 ").name == "camera 4"


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("rtsp://host/x", 554),
        ("rtspu://host/x", 554),
        ("rtsps://host/x", 322),
        ("http://host/x", 80),
        ("https://host/x", 443),
        ("rtmp://host/x", 1935),
        ("rtmps://host/x", 443),
        ("tcp://host:65535", 65535),
    ],
)
def test_an_address_without_a_port_means_the_one_of_its_protocol(address: str, port: int) -> None:
    assert parse_address(address).origin == f"host:{port}"


@pytest.mark.parametrize("port", ["0", "65536", "99999"])
def test_a_port_that_no_machine_has_is_refused(port: str) -> None:
    with pytest.raises(ConfigError, match="not a valid"):
        parse_address(f"tcp://host:{port}")
