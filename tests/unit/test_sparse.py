"""Stills: pictures of recordings and live sources that are far from any other in time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from realtime_micacl.live.sources.sparse import marked_frames, marked_items
from realtime_micacl.types import Frame, Retry

IMAGE = np.zeros((2, 2, 3), np.uint8)


def at(*times_s: float) -> Iterator[Frame]:
    return (Frame(IMAGE, time_s, n) for n, time_s in enumerate(times_s))


@pytest.mark.parametrize(
    ("times_s", "still"),
    [
        ([], []),
        ([0.0], [True]),
        ([0.0, 0.04, 0.08], [False, False, True]),  # over before a face could be followed
        ([0.0, 0.04, 0.08, 0.12], [False] * 4),
        ([0.0, 1.0, 2.0], [True] * 3),
        ([0.0, 0.5, 1.0], [False] * 3),
        ([0.0, 0.04, 2.0, 2.04], [False] * 4),
        ([0.0, 0.04, 2.0, 4.0, 4.04], [False, False, True, False, False]),
    ],
)
def test_a_picture_of_a_recording_with_none_near_it_is_a_still(times_s: list[float], still: list[bool]) -> None:
    got = list(marked_frames(at(*times_s), "a.mp4"))
    assert [f.still for f in got] == still
    assert [f.time_s for f in got] == times_s


def test_a_slow_source_is_said_once_and_a_photograph_is_not(caplog: pytest.LogCaptureFixture) -> None:
    list(marked_frames(at(0.0), "a.png"))
    assert not caplog.text
    list(marked_frames(at(0.0, 2.0, 4.0, 6.0), "a.mp4"))
    assert caplog.text.count("a.mp4 gives a picture every 2 s; each is read by itself, as a still") == 1


def test_a_live_source_is_slow_from_the_second_wide_gap_on() -> None:
    def items() -> Iterator[Frame | Retry]:
        yield from at(0.0, 1.0, 2.0, 3.0, 3.04, 4.0, 5.0)
        yield Retry(1, 0.0, "lost")
        yield from at(6.0, 7.0, 8.0)

    got = [item.still if isinstance(item, Frame) else None for item in marked_items(items(), "camera 0")]
    assert got == [False, False, True, True, False, False, True, None, False, False, True]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_only_picture_of_a_live_source_that_ended_is_a_still(count: int) -> None:
    got = [item.still for item in marked_items(at(*range(count)), "standard input") if isinstance(item, Frame)]
    assert got == {0: [], 1: [False, True], 2: [False, False]}[count]


def test_leaving_it_closes_what_it_reads() -> None:
    closed = []

    def items() -> Iterator[Frame]:
        try:
            yield from at(0.0, 1.0, 2.0)
        finally:
            closed.append(True)

    for marks in (marked_frames, marked_items):
        got = marks(items(), "a")  # type: ignore[operator]
        next(got)
        got.close()
    assert closed == [True, True]


def test_a_slow_live_source_is_said_once_and_one_at_its_rate_never(caplog: pytest.LogCaptureFixture) -> None:
    list(marked_items(at(0.0, 0.04, 0.08, 0.12), "camera 0"))
    assert not caplog.text
    list(marked_items(at(0.0, 2.0, 4.0, 6.0), "camera 0"))
    assert caplog.text.count("camera 0 gives a picture every 2 s") == 1
