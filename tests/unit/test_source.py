from __future__ import annotations

import socket
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.errors import ConfigError, SourceError, SourceLost
from realtime_micacl.live.sources import source
from realtime_micacl.live.sources.address import answers, parse_address
from realtime_micacl.live.sources.framing import Framer, Framing
from realtime_micacl.live.sources.source import looped, open_source, parse_source, reconnecting, redacted
from realtime_micacl.types import Frame, Retry

IMAGE = np.zeros((2, 2, 3), np.uint8)


def frames(n: int, error: Exception | None = None, closed: list[bool] | None = None) -> Iterator[Frame]:
    try:
        for i in range(n):
            yield Frame(IMAGE, i / 10, i)
        if error:
            raise error
    finally:
        if closed is not None:
            closed.append(True)


def asleep(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let time pass only while it sleeps; return for how long it did."""
    slept_s: list[float] = []
    monkeypatch.setattr(source, "monotonic", lambda: 50.0 + sum(slept_s))
    monkeypatch.setattr(source, "sleep", slept_s.append)
    return slept_s


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


def test_text_without_a_password_stays() -> None:
    for text in ("rtsp://host:554/a", "see user@example.org", "half: 1/2", "http://h/x?y=1&passenger=2"):
        assert redacted(text) == text


def test_a_first_failure_is_raised() -> None:
    with pytest.raises(SourceError, match="refused"):
        next(reconnecting(lambda: frames(0, SourceError("refused"))))
    with pytest.raises(SourceLost, match="silent"):
        next(reconnecting(lambda: frames(0, SourceLost("silent"))))


def test_a_lost_source_is_opened_again_and_numbers_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BACKOFF_S", (0.02, 0.1))
    closed: list[bool] = []
    stream = reconnecting(lambda: frames(3, SourceLost("gone"), closed), seed=1)
    got = list(islice((x for x in stream if isinstance(x, Frame)), 9))
    assert [f.index for f in got] == list(range(9))
    stream.close()  # type: ignore[attr-defined]
    assert len(closed) == 3


def test_the_pauses_grow_are_jittered_and_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    asleep(monkeypatch)
    first = True

    def opens() -> Iterator[Frame]:
        nonlocal first
        n, first = int(first), False
        return frames(n, SourceLost("gone"))

    longest: dict[int, float] = {}
    for item in islice(reconnecting(opens, seed=7), 600):
        if isinstance(item, Retry):
            assert item.reason == "gone"
            longest[item.attempt] = max(longest.get(item.attempt, 0.0), item.wait_s)
    assert 0.25 <= longest[1] <= 0.5
    assert longest[4] > longest[1]
    assert all(wait_s <= 8.0 for wait_s in longest.values())
    assert len(set(list(longest.values())[5:9])) == 4, "late pauses differ"


def test_it_waits_for_a_source_that_is_not_there_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BACKOFF_S", (0.01, 0.02))
    tries: list[int] = []

    def opens() -> Iterator[Frame]:
        tries.append(1)
        return frames(2) if len(tries) > 3 else frames(0, SourceError("refused"))

    got = list(islice((x for x in reconnecting(opens, wait=True) if isinstance(x, Frame)), 2))
    assert len(got) == 2
    assert len(tries) == 4


def test_it_is_given_up_after_a_while_and_no_later(monkeypatch: pytest.MonkeyPatch) -> None:
    slept_s = asleep(monkeypatch)
    tries: list[int] = []

    def opens() -> Iterator[Frame]:
        tries.append(1)
        return frames(len(tries) == 1, SourceLost("camera 0 is gone"))

    with pytest.raises(SourceLost, match=r"camera 0 is gone; given up after 10 s \(--give-up-after\)"):
        list(reconnecting(opens, give_up_after_s=10.0))
    assert sum(slept_s) == pytest.approx(10.0, abs=0.01), "in the middle of a pause"
    assert len(tries) > 4, "and tried until then"


def test_who_opens_a_source_says_how_it_is_framed_and_hears_whether_it_is_a_camera() -> None:
    framer = Framer(Framing(turn=90))
    for text, of_camera in (("0", True), ("synthetic", False)):
        items = open_source(parse_source(text), framer=framer)
        assert framer.of_camera is of_camera
    frame = next(items)
    assert isinstance(frame, Frame)
    assert frame.image.shape[0] > frame.image.shape[1], "the test picture, upright"
    items.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("away", [True, False])
def test_a_source_that_appears_is_tried_at_once(monkeypatch: pytest.MonkeyPatch, away: bool) -> None:
    """One that was there all along is tried when the pause is over: it answers, and fails all the same."""
    slept_s = asleep(monkeypatch)
    there = [not away]
    fifth: list[float] = []
    for item in reconnecting(lambda: frames(0, SourceLost("gone")), lambda: there[0], wait=True, seed=1):
        assert isinstance(item, Retry)
        if item.attempt == 5:
            fifth.append(sum(slept_s))
            there[0] = there[0] or sum(slept_s) - fifth[0] >= 1.0
        if item.attempt == 6:
            break
    if away:
        assert 1.0 <= fifth[-1] - fifth[0] <= 1.6
    else:
        assert fifth[-1] - fifth[0] > 3.0


def test_whether_anybody_listens() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        assert not answers(f"rtsp://127.0.0.1:{port}/x")
        server.listen()
        assert answers(f"rtsp://user:p@127.0.0.1:{port}/x")
        assert answers(f"rtsp://user:a/b@127.0.0.1:{port}/x")


def test_a_looped_file_goes_on_in_time() -> None:
    got = list(islice(looped(lambda: frames(4)), 10))
    assert [f.index for f in got] == list(range(10))
    assert np.allclose([f.time_s for f in got], np.arange(10) / 10)


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


def test_blanks_around_an_address_do_not_count_and_those_of_a_file_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "3").touch()
    assert parse_source("3").value == "3"
    assert parse_source(" rtsp://door/1 ").value == "rtsp://door/1"
    assert parse_source(" 4 ").name == "camera 4"


def test_a_single_picture_is_looped_as_a_video_would_be() -> None:
    one, two, three = islice(looped(lambda: frames(1)), 3)
    assert 0.01 < two.time_s - one.time_s == pytest.approx(three.time_s - two.time_s)
    assert two.time_s - one.time_s < 0.1


@pytest.mark.parametrize("give_up_after_s", [1.0, 60.0])
def test_it_is_given_up_when_that_time_is_over_and_it_can_be_stopped_until_then(
    give_up_after_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept_s = asleep(monkeypatch)
    first = True

    def opens() -> Iterator[Frame]:
        nonlocal first
        n, first = int(first), False
        return frames(n, SourceLost("gone"))

    with pytest.raises(SourceLost, match="given up"):
        list(reconnecting(opens, give_up_after_s=give_up_after_s, seed=1))
    assert sum(slept_s) == pytest.approx(give_up_after_s, abs=0.1)
    assert max(slept_s) < 0.5, "whoever reads can stop it several times a second"


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
