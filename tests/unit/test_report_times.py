"""How a report writes times, how many it writes below what is drawn, and whom it leaves out."""

from __future__ import annotations

import re

import numpy as np
import pytest

from realtime_micacl.report.html import clock
from realtime_micacl.report.page import page
from realtime_micacl.report.session import Session
from realtime_micacl.types import EmotionDistribution, State, StateChange


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        *((0.04, "0.0 s"), (9.9, "9.9 s"), (10.0, "10 s"), (59.4, "59 s")),
        *((60.0, "1:00 min"), (61.0, "1:01 min"), (599.0, "9:59 min"), (3599.0, "59:59 min"), (3661.0, "1:01:01")),
    ],
)
def test_a_time_is_written_as_people_write_it(seconds: float, written: str) -> None:
    assert clock(seconds) == written


def session(length_s: float, faces: int = 0) -> Session:
    found = Session("a.jsonl")
    found.take(StateChange(5.0, None, State.LIVE))
    for track in range(1, faces + 1):
        for n in range(track):  # the first was seen most briefly
            shares = np.full(7, 1 / 7, np.float32)
            found.take(EmotionDistribution(track, 5.0 + n * 0.08, shares, np.ones(4, np.float32), None, 0.5, 1.0))
    found.take(StateChange(5.0 + length_s, None, State.ENDED))
    return found


def axis(length_s: float) -> list[tuple[float, str]]:
    """Return the times below the states of a session, and how far to the right they stand, in percent."""
    found = re.findall(r'<span class="(?:tick|last)" style="left:([\d.]+)%">(.*?)</span>', page(session(length_s)))
    return [(float(place), text) for place, text in found]


def test_an_axis_has_neither_too_few_times_nor_too_many_whatever_the_length() -> None:
    counts = {length_s: len(axis(length_s)) for length_s in np.geomspace(9.0, 350_000.0, 200)}
    assert {length_s: n for length_s, n in counts.items() if not 4 <= n <= 9 and length_s < 100_000} == {}
    assert {length_s: n for length_s, n in counts.items() if not 3 <= n <= 9} == {}


def test_times_of_an_axis_are_round_and_stand_where_they_belong() -> None:
    assert [text for _, text in axis(20.0)] == ["0 s", "5 s", "10 s", "15 s", "20 s"]
    assert [text for _, text in axis(70.0)] == ["0 s", "10 s", "20 s", "30 s", "40 s", "50 s", "1:00", "1:10"]
    assert [text for _, text in axis(5 * 3600.0)] == ["0:00", *(f"{hour}:00:00" for hour in range(1, 6))]
    assert [place for place, _ in axis(20.0)] == [0.0, 25.0, 50.0, 75.0, 100.0]


def test_a_crowd_is_left_out_by_how_briefly_it_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    for picture in ("ribbon", "quality"):
        monkeypatch.setattr(f"realtime_micacl.report.page.{picture}", lambda *_: "data:,")
    few, many = page(session(60.0, faces=12)), page(session(60.0, faces=40))
    assert (few.count("<h2>face "), "left out" in few) == (12, False)
    shown = [int(track) for track in re.findall(r"<h2>face (\d+)", many)]
    assert 12 < len(shown) < 40
    assert shown == list(range(41 - len(shown), 41))
    assert f"{40 - len(shown)} faces that were seen more briefly are left out" in many
