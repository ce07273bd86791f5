"""How a stream is opened: how long that may take, what else is tried, and what is said."""

from __future__ import annotations

from functools import partial

import av
import pytest

from realtime_micacl.errors import SourceError, SourceLost
from realtime_micacl.live.sources import stream as module
from realtime_micacl.live.sources.items import Pending
from realtime_micacl.live.sources.stream import Stream
from tests.unit.stream_double import Peer, read

HTTP, RTSP = "http://127.0.0.1:9/v", "rtsp://127.0.0.1:9/v"
NO_VIDEO = av.error.InvalidDataError(1, "no video")


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Peer:
    return Peer(monkeypatch)


@pytest.mark.parametrize(
    ("patience_s", "wait", "least_s", "most_s"),
    [
        (None, False, 10.0, 25.0),
        (9.0, False, 8.0, 10.0),
        (1000.0, False, 10.0, 25.0),
        (0.1, False, 3.0, 8.0),
        (None, True, 1.0, 4.0),
        (1000.0, True, 1.0, 4.0),
    ],
)
def test_a_first_opening_is_waited_for_some_seconds(
    peer: Peer, patience_s: float | None, wait: bool, least_s: float, most_s: float
) -> None:
    """However soon a lost stream is to be given up; where all may come later, others are tried in between."""
    begun_s, pauses = peer.now_s, 0
    items = Stream(RTSP, "door", wait=wait, patience_s=patience_s).frames()
    try:
        while next(items) == Pending():
            pauses += 1
    except SourceLost as cause:
        assert str(cause) == "door cannot be opened: it is away"
    assert least_s <= peer.now_s - begun_s <= most_s
    assert pauses >= peer.now_s - begun_s, "whoever reads may stop"


def test_a_stream_that_was_seen_is_tried_again_after_two_seconds(peer: Peer) -> None:
    stream = Stream(RTSP, "door")
    peer.answers, peer.rounds = peer.connection, [[(0.0, 100.0)]]
    assert read(stream)[1] == "door ended"
    peer.answers, begun_s = lambda: None, peer.now_s
    assert read(stream)[1]
    assert 1.0 <= peer.now_s - begun_s <= 4.0


def test_one_that_answers_late_is_opened(peer: Peer) -> None:
    peer.answers = lambda: peer.connection() if peer.now_s > 103.0 else None
    peer.rounds = [[(0.0, 103.5)]]
    assert len(read(Stream(RTSP, "door", patience_s=0.1))[0]) == 1
    assert peer.left == 1


@pytest.mark.parametrize(
    ("value", "cause", "forms"),
    [
        (HTTP, NO_VIDEO, [None, "hls", None]),
        (HTTP, av.error.ConnectionRefusedError(1, "no"), [None, None]),
        (RTSP, NO_VIDEO, [None, None]),
    ],
)
def test_what_is_no_video_on_the_web_may_be_a_play_list(
    peer: Peer, value: str, cause: Exception, forms: list[str | None]
) -> None:
    peer.answers = partial(peer.refusal, cause)
    stream = Stream(value, "door")
    with pytest.raises(SourceError, match="door cannot be opened"):
        read(stream)
    peer.answers = lambda: None
    read(stream)
    assert [way.form for way in peer.ways] == forms, "if it was none, nothing is known of it"


def test_a_play_list_that_was_found_stays_one(peer: Peer) -> None:
    answers = iter([peer.refusal(NO_VIDEO), peer.connection("hls"), peer.connection("hls")])
    peer.answers = lambda: next(answers)
    stream = Stream(HTTP, "door")
    read(stream)
    read(stream)
    assert [way.form for way in peer.ways] == [None, "hls", "hls"]


def test_what_was_found_to_be_wrong_is_said_as_it_was_said(peer: Peer) -> None:
    peer.answers = lambda: peer.refusal(SourceError("it holds sound alone"))
    with pytest.raises(SourceError, match=r"^it holds sound alone$"):
        read(Stream(HTTP, "door"))
    assert peer.left == 1


@pytest.mark.parametrize("listens", [True, False])
def test_whether_somebody_answers_is_asked_of_an_address_alone(monkeypatch: pytest.MonkeyPatch, listens: bool) -> None:
    monkeypatch.setattr(module, "answers", lambda value: listens and value == HTTP)
    assert Stream(HTTP, "door").there() is listens
    assert Stream("-", "standard input").there()


@pytest.mark.parametrize(("given_hz", "polled_hz"), [(None, [module.RATE_HZ]), (3.0, [3.0])])
def test_a_single_picture_on_the_web_is_asked_for_again_and_again(
    peer: Peer, given_hz: float | None, polled_hz: list[float]
) -> None:
    peer.answers = partial(peer.connection, "image2", codec="mjpeg")
    stream = Stream(HTTP, "door", rate_hz=given_hz)
    assert len(read(stream)[0]) == 1
    assert peer.polled == polled_hz
    peer.answers, begun_s = lambda: None, peer.now_s
    read(stream)
    assert peer.now_s - begun_s <= 4.0, "it was seen"


@pytest.mark.parametrize(("value", "form", "codec"), [(HTTP, "mpjpeg", "mjpeg"), (RTSP, "image2", "mjpeg")])
def test_what_goes_on_is_not_polled(peer: Peer, value: str, form: str, codec: str) -> None:
    peer.answers = partial(peer.connection, form, codec=codec)
    assert read(Stream(value, "door"))[1] == "door ended"
    assert peer.polled == []
