"""How a report writes times, how many it writes below what is drawn, and whom it leaves out."""

from __future__ import annotations

import re

import numpy as np
import pytest

from realtime_micacl.report.html import clock
from realtime_micacl.report.page import page
from realtime_micacl.report.session import Session
from realtime_micacl.types import EMOTIONS, EmotionDistribution, Mark, State, StateChange


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
    assert max(len(axis(days * 86400.0)) for days in range(5, 200)) <= 9


def test_times_of_an_axis_are_round_and_stand_where_they_belong() -> None:
    assert [text for _, text in axis(20.0)] == ["0 s", "5 s", "10 s", "15 s", "20 s"]
    assert [text for _, text in axis(70.0)] == ["0 s", "10 s", "20 s", "30 s", "40 s", "50 s", "1:00", "1:10"]
    assert [text for _, text in axis(300.0)] == [f"{minute}:00" for minute in range(6)]
    assert [text for _, text in axis(5 * 3600.0)] == ["0:00", *(f"{hour}:00:00" for hour in range(1, 6))]
    assert [place for place, _ in axis(20.0)] == [0.0, 25.0, 50.0, 75.0, 100.0]


def reading(time_s: float, word: str, latency_s: float | None = None, source: str = "") -> EmotionDistribution:
    shares = np.full(7, 0.02, np.float32)
    shares[EMOTIONS.index(word)] = 0.88
    return EmotionDistribution(1, time_s, shares, np.ones(4, np.float32), word, 0.5, 1.0, latency_s, source)


def test_a_face_has_the_word_that_led_most_and_the_markers_of_its_own_source() -> None:
    found = Session("a.jsonl")
    for source, word in (("door", "sad"), ("yard", "happy")):
        found.take(StateChange(0.0, None, State.LIVE, source=source))
        for n in range(4):
            found.take(reading(n * 0.08, word if n else "fear", source=source))
    found.take(Mark(0.1, 7, "yard"))
    door, yard = page(found).split('<section class="face">')[1:]
    assert "<b>sad</b><em>75 %</em>" in door
    assert "<b>happy</b><em>75 %</em>" in yard
    assert "<b>7</b>" not in door
    assert "<b>7</b>" in yard.partition("</section>")[0]


def test_states_are_listed_by_how_long_they_lasted() -> None:
    found = Session("a.jsonl")
    for time_s, state in ((0.0, State.STARTING), (0.0, State.LIVE), (5.0, State.STALLED), (30.0, State.RECONNECTING)):
        found.take(StateChange(time_s, None, state))
    found.take(StateChange(40.0, None, State.ENDED))
    (key,) = re.findall('<p class="key">(.*?)</p>', page(found))
    assert re.findall(r"</i>(.*?)</span>", key) == ["stalled 25 s", "reconnecting 10 s", "live 5.0 s"]


def test_delays_fill_the_height_of_their_chart_and_its_top_is_said() -> None:
    found = Session("a.jsonl")
    found.take(StateChange(0.0, None, State.LIVE))
    for n in range(100):
        found.take(reading(n * 0.08, "sad", 0.1 if n < 50 else 0.2))
    whole = page(found)
    (top_ms,) = re.findall(r"the top is (\d+) ms", whole)
    assert 200 < int(top_ms) < 250
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", whole.split('<path d="')[1].partition('"')[0])]
    assert heights[0] == pytest.approx(100 * (1 - 100 / int(top_ms)), abs=0.5)
    assert heights[-1] == pytest.approx(100 * (1 - 200 / int(top_ms)), abs=0.5)


def test_a_single_moment_is_a_page_as_well() -> None:
    found = Session("a.jsonl")
    found.take(reading(3.0, "sad", 0.0))
    assert "<h2>face 1" in page(found)


def test_a_crowd_is_left_out_by_how_briefly_it_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    for picture in ("ribbon", "quality"):
        monkeypatch.setattr(f"realtime_micacl.report.page.{picture}", lambda *_: "data:,")
    few, many = page(session(60.0, faces=12)), page(session(60.0, faces=40))
    assert (few.count("<h2>face "), "left out" in few) == (12, False)
    shown = [int(track) for track in re.findall(r"<h2>face (\d+)", many)]
    assert 12 < len(shown) < 40
    assert shown == list(range(41 - len(shown), 41))
    assert f"Left out: {40 - len(shown)} faces seen more briefly" in many
