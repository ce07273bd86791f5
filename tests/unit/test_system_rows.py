"""Rows of `compare`: a system's figures over its seeds, which differences are more than chance, and their tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_micacl.making import scores
from realtime_micacl.making.data.prepared import PreparedClip
from realtime_micacl.making.evaluation import system_rows
from realtime_micacl.making.evaluation.compare_table import as_table, cost_table, real_table
from realtime_micacl.making.evaluation.system_rows import differences, judged, system_row
from realtime_micacl.making.figures import SystemRow, Trained
from realtime_micacl.types import EMOTIONS

HAPPY, SAD, NEUTRAL, DISGUST, FEAR = (EMOTIONS.index(e) for e in ("happy", "sad", "neutral", "disgust", "fear"))
SHOWN = (HAPPY, SAD, FEAR, FEAR, DISGUST)
HALF_RIGHT = (HAPPY, HAPPY, FEAR, HAPPY, HAPPY)


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    for draw in (scores.bootstrap, scores.compare, scores.report):
        monkeypatch.setattr(system_rows, draw.__name__, partial(drawn, draw))


def drawn(draw: Callable[..., Any], *given: Any, draws: int = 0) -> Any:
    return draw(*given, draws=20)


def row(
    *seeds: Sequence[int],
    people: Sequence[str] = "aabbc",
    about: Sequence[Trained] = (),
    shown: Sequence[int] = SHOWN,
    system: str = "x",
) -> SystemRow:
    """What each seed said of the clips; with the frames in another order each says "happy"."""
    test = [
        PreparedClip(f"c{n}", label, who, {}, 9, Path("none"), 16)
        for n, (label, who) in enumerate(zip(shown, people, strict=True))
    ]
    turned = dict.fromkeys(("reversed", "shuffled"), one_hot([HAPPY] * len(shown)))
    return system_row(system, [{"logits": one_hot(said)} | turned for said in seeds], about, test)


def one_hot(said: Sequence[int]) -> np.ndarray:
    return np.eye(7, dtype=np.float32)[list(said)]


def trained(**followed: Any) -> Trained:
    about: Any = {"parameters": 1_500_000, "piece_macs": 2_600_000, "window_macs": 400_000, "kept_bytes": 2048}
    return about | {"piece_ms": 1.234, "window_ms": 0.5, "experts": {}, "delays": [], "calm": []} | followed


def test_seeds_are_pooled_by_hand() -> None:
    found = row(SHOWN, HALF_RIGHT)
    assert (found["n"], found["people"], found["seeds"]) == (5, 3, 2)
    assert found["war"] == pytest.approx(7 / 10)
    assert found["war_sd"] == pytest.approx(0.6 / 2**0.5, abs=1e-4)
    assert found["tail"] == pytest.approx((3 / 4 + 1 / 2) / 2), "the recall of fear and of disgust"
    assert found["reversed"] == found["shuffled"] == pytest.approx(-5 / 10)
    assert found["said"] == [list(SHOWN), list(HALF_RIGHT)]
    assert "cost" not in found, "of a fusion nothing else is known"


def test_whole_people_are_drawn_and_one_who_is_not_known_is_somebody_else_in_each_clip() -> None:
    assert row(HALF_RIGHT, people="aaaaa")["war_95"] == [0.4, 0.4]
    low, high = row(HALF_RIGHT, people=[""] * 5)["war_95"]
    assert low < 0.4 < high


def test_where_nobody_shows_fear_or_disgust_their_recall_is_left_out() -> None:
    found = row((HAPPY, SAD), shown=(HAPPY, SAD), people="ab")
    assert "tail" not in found
    assert "| x | 1.000 [1.000, 1.000] | 1.000 [1.000, 1.000] |  | " in as_table("t", [found], "one try")


def test_how_soon_and_how_calm_by_hand() -> None:
    seeds = [
        trained(delays=[(0, 0.2), (1, None)], calm=[(4, 2, 30.0)]),
        trained(delays=[(2, 0.6), (3, 0.4)], calm=[(4, 1, 30.0)]),
    ]
    found = row(SHOWN, SHOWN, about=seeds)
    assert (found["response_s"], found["missed"], found["flips"]) == (0.4, 0.25, 3.0)
    assert found["flips_95"] == [3.0, 3.0], "one person"
    assert found["response_s_95"][0] < 0.4 < found["response_s_95"][1]
    never = row(SHOWN, about=[trained(delays=[(0, None)])])
    assert never["missed"] == 1.0
    assert not {"response_s", "flips"} & set(never)


def test_rows_are_compared_with_micacl_and_the_pairs_that_are_asked_for() -> None:
    rows = [row(HALF_RIGHT, system=name) for name in ("S4D: one head", "MICACL", "S4D: two heads")]
    better = row(SHOWN, people=[""] * 5, system="LSTM")
    more = row(SHOWN, SHOWN, system="two seeds")
    assert differences([*rows, better, more]) == [
        "S4D: one head against MICACL: WAR +0.000 [+0.000, +0.000], cannot be told apart",
        "S4D: two heads against MICACL: WAR +0.000 [+0.000, +0.000], cannot be told apart",
        differences([rows[1], better])[0],
        "two seeds against MICACL: other seeds",
        "S4D: two heads against S4D: one head: WAR +0.000 [+0.000, +0.000], cannot be told apart",
    ]
    assert differences([rows[1], better])[0].startswith("LSTM against MICACL: WAR +0.600 [")


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ([0.01, 0.2], "better"),
        ([0.0, 0.2], "cannot be told apart"),
        ([-0.1, 0.2], "cannot be told apart"),
        ([-0.2, 0.0], "cannot be told apart"),
        ([-0.2, -0.01], "worse"),
    ],
)
def test_a_difference_counts_when_its_interval_leaves_out_nought(interval: list[float], verdict: str) -> None:
    assert judged(0.1, interval) == f"+0.100 [{interval[0]:+.3f}, {interval[1]:+.3f}], {verdict}"


def test_the_spread_over_seeds_is_told_where_there_are_several() -> None:
    one, two = as_table("t", [row(SHOWN)], "one try"), as_table("t", [row(SHOWN, HALF_RIGHT)], "one try")
    assert "One seed, [95 % interval" in one and "±" not in one
    assert "2 seeds: mean ± standard deviation" in two and "| x | 0.700 ± 0.424 [" in two
    assert "5 clips of 3 people" in two


def test_each_expert_has_a_column() -> None:
    said = as_table("t", [row(SHOWN, about=[trained(experts={"stills": [0.25, 0.75]})])], "one try")
    assert "\n|  | 1 | 2 |\n| --- | --- | --- |\n| stills | 0.25 | 0.75 |\n" in said


def test_costs_are_told_in_millions_milliseconds_and_kilobytes() -> None:
    said = cost_table([row(SHOWN, about=[trained()]), row(SHOWN, system="fusion")])
    assert said.splitlines()[-1] == "| x | 1.50 M | 2.6 M | 0.4 M | 1.23 | 0.50 | 2 kB |"


def test_real_people_with_what_ships_beside() -> None:
    read: Any = {"war": 0.5, "war_95": [0.4, 0.6], "war_sd": 0.1, "uar": 0.3, "uar_95": [0.2, 0.4], "uar_sd": 0.2}
    read |= {"n": 8, "ece": 0.1, "words": 20, "words_shown": 10, "words_wrong": 4, "changes_a_minute": 7.0}
    silent = read | dict.fromkeys(("words", "words_shown", "words_wrong"), 0)
    silent["against"] = {"war": 0.1, "war_95": [0.0, 0.2]}
    said = real_table(
        [{"system": "ships", "seeds": 1, "clips": read}, {"system": "x", "seeds": 2, "photographs": silent}], "Here."
    )
    photographs, clips = said.split("### clips")
    assert "2 seeds, ± over them" in photographs
    figures = "0.500 ± 0.100 [0.400, 0.600] | 0.300 ± 0.200 [0.200, 0.400] | 0.100"
    against = "+0.100 [+0.000, +0.200], cannot be told apart"
    assert f"| x | 8 | {figures} | {against} | 0.00 | 0.00 |" in photographs
    assert "| ships | 8 | 0.500 [0.400, 0.600] | 0.300 [0.200, 0.400] | 0.100 |  | 0.50 | 0.40 | 7.0 |" in clips
