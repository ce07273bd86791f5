"""The table of the ablation of both streams, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from realtime_micacl.making.evaluation.streams_table import Row, as_table, figures
from realtime_micacl.types import EMOTIONS

HAPPY, SAD, DISGUST, FEAR = (EMOTIONS.index(e) for e in ("happy", "sad", "disgust", "fear"))
SHOWN = (HAPPY, SAD, FEAR, FEAR, DISGUST)
HALF_RIGHT = (HAPPY, HAPPY, FEAR, HAPPY, HAPPY)


def rows(shown: Sequence[int] = SHOWN, people: str = "aabbc", **said: Sequence[Sequence[int]]) -> list[Row]:
    """What each seed of each row said of the items of one set."""
    recorded: Any = SimpleNamespace(labels=np.array(shown), people=np.unique(list(people), return_inverse=True)[1])
    shares = {name: {"set": [np.eye(7, dtype=np.float32)[list(one)] for one in each]} for name, each in said.items()}
    return list(figures(shares, {"set": recorded})["set"])


def test_rows_are_means_over_seeds_and_differ_from_the_first() -> None:
    first, other = rows(base=[HALF_RIGHT, HALF_RIGHT], other=[SHOWN, HALF_RIGHT, [HAPPY] * 5])
    assert (first["seeds"], first["n"], first["people"]) == (2, 5, 3)
    assert (first["war"], first["war_sd"], first["rare"]) == (0.4, 0.0, 0.25)
    assert "less" not in first
    assert other["seeds"] == 3
    assert other["war"] == pytest.approx((1 + 0.4 + 0.2) / 3, abs=1e-4)
    assert other["war_sd"] == pytest.approx(np.std([1, 0.4, 0.2], ddof=1), abs=1e-4)
    assert other["rare"] == pytest.approx((1 + 0.25 + 0) / 3, abs=1e-4), "the recall of fear and of disgust"
    assert other["less"]["war"][0] == pytest.approx((1 + 0.4) / 2 - 0.4), "over the seeds that both have"
    assert other["less"]["uar"][0] == pytest.approx(((3 / 4 + 1 / 2 + 1 / 2 + 1) - (1 / 2 + 1)) / 4, abs=1e-4)


def test_where_nobody_shows_fear_or_disgust_there_is_no_figure_for_them() -> None:
    (row,) = rows(base=[(HAPPY, SAD)], shown=(HAPPY, SAD), people="ab")
    assert row["rare"] is None


def test_the_table_has_a_column_for_each_set_and_tells_groups_that_are_drawn_whole() -> None:
    grouped, apart = rows(base=[SHOWN], other=[SHOWN]), rows(people="abcde", base=[SHOWN], other=[HALF_RIGHT])
    said = as_table({"photographs": grouped, "clips": apart}).splitlines()
    assert said[0].startswith("photographs (n = 5, 3 groups drawn whole), clips (n = 5); 1 seed. WAR / UAR")
    assert said[2:4] == ["| variant | photographs | clips |", "|---|---|---|"]
    assert said[4] == "| base | 1.000 / 1.000 ± 0.000 | 1.000 / 1.000 ± 0.000 |"
    assert said[5].startswith(
        "| other | 1.000 / 1.000 ± 0.000, +0.000 [+0.000, +0.000] | 0.400 / 0.375 ± 0.000, -0.625 ["
    )
