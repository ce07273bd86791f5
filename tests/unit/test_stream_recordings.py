"""Recordings behind an address: played at their rate, to their end, and on from where they broke off."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources.stream import Stream
from tests.unit.stream_double import Peer, read
from tests.unit.test_stream_frames import BROKEN, HTTP, RTSP, at_once


@pytest.mark.parametrize("cause", [None, BROKEN])
def test_a_recording_is_played_at_its_rate_to_its_end(peer: Peer, cause: Exception | None) -> None:
    peer.answers, peer.rounds = partial(peer.connection, length_s=3.2, cause=cause), [at_once(3.0)]
    frames, why = read(Stream(HTTP, "clip"))
    assert why == ""
    assert np.diff([frame.time_s for frame in frames]) == pytest.approx([0.5] * 5)
    assert [frame.index for frame in frames] == list(range(6))


@pytest.mark.parametrize("form", ["mp4", "hls"])
def test_a_recording_that_breaks_off_goes_on_where_it_was(peer: Peer, form: str) -> None:
    peer.answers = partial(peer.connection, form, length_s=30.0, cause=BROKEN)
    peer.rounds = [[*at_once(2.0), (3.0, 100.0), (2.0, 100.0)], at_once(5.0), at_once(2.0)]
    stream = Stream(HTTP, "clip")
    assert read(stream)[1] == "clip stopped after 3 of 30 s", "time stamps need not be in order"
    frames, why = read(stream)
    assert (len(frames), why) == (4, "clip stopped after 4 of 30 s"), "from the third second on"
    assert read(stream) == ([], ""), "it breaks off at the same place: that is all there is"
    assert [way.start_s for way in peer.ways] == pytest.approx([0.0, 3.0, 4.5])


def test_a_few_seconds_before_its_end_are_missed(peer: Peer) -> None:
    peer.answers, peer.rounds = partial(peer.connection, length_s=30.0, cause=BROKEN), [at_once(25.0)]
    assert read(Stream(HTTP, "clip"))[1] == "clip stopped after 24 of 30 s"


def test_a_recording_may_begin_at_any_time_and_with_its_sound(peer: Peer) -> None:
    peer.answers, peer.rounds = partial(peer.connection, length_s=30.0, cause=BROKEN, start_s=3.0), [at_once(2.0, 5.0)]
    stream = Stream(HTTP, "clip")
    read(stream)
    frames, why = read(stream)
    assert (len(frames), why) == (1, ""), "the last picture, and nothing after it"
    assert peer.ways[1].start_s == pytest.approx(3.5)


@pytest.mark.parametrize(("cause", "said"), [(None, ""), (BROKEN, "clip stopped after 2 s")])
def test_of_one_whose_length_nobody_knows_the_end_is_an_end_and_a_break_a_loss(
    peer: Peer, cause: Exception | None, said: str
) -> None:
    peer.answers, peer.rounds = partial(peer.connection, size=1000, cause=cause), [at_once(2.0)]
    frames, why = read(Stream(HTTP, "clip"))
    assert (len(frames), why) == (4, said)


def test_a_recording_whose_server_cannot_go_back_is_fetched_whole(peer: Peer) -> None:
    causes = iter([BROKEN, None])
    peer.answers = lambda: peer.connection(length_s=3.0, cause=next(causes))
    peer.rounds = [[], at_once(3.0)]
    frames, why = read(Stream(HTTP, "clip"))
    assert (len(frames), why) == (6, "")
    assert [way.pipe is None for way in peer.ways] == [True, False]


@pytest.mark.parametrize(
    ("value", "cause", "tried", "said"),
    [
        (HTTP, None, 1, "it is damaged"),
        (HTTP, BROKEN, 2, "it is damaged"),
        (RTSP, BROKEN, 1, "it is damaged"),
        ("-", BROKEN, 1, "a pipe cannot seek"),
    ],
)
def test_a_recording_without_a_picture_is_refused(
    peer: Peer, value: str, cause: Exception | None, tried: int, said: str
) -> None:
    peer.answers = partial(peer.connection, length_s=3.0, cause=cause)
    with pytest.raises(SourceError, match=f"holds no picture that can be decoded; .*{said}"):
        read(Stream(value, "clip"))
    assert len(peer.ways) == tried, "on the web it may stand where only who has it whole can find it"


def test_a_broadcast_that_is_over_is_not_played_again(peer: Peer) -> None:
    lengths_s = iter([0.0, 60.0])
    peer.answers, peer.rounds = lambda: peer.connection("hls", next(lengths_s)), [at_once(2.0)]
    stream = Stream(HTTP, "channel")
    assert read(stream)[1] == "channel ended"
    assert read(stream) == ([], "")
