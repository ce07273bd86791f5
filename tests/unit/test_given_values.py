"""Readings as other programs take them: by name, as a dict, one alone, and tables in the place of readings."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

import realtime_micacl as rm
from realtime_micacl.api.how import How
from realtime_micacl.api.picture import as_picture, as_time

READING = rm.EmotionDistribution(
    1, 0.5, np.array([0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], np.float32), np.ones(4, np.float32), "happy", 1.0, 1.0
)


def test_a_reading_is_a_mapping_of_its_shares() -> None:
    assert "happy" in READING
    assert "Happy" not in READING
    assert list(READING) == list(rm.EMOTIONS)
    assert dict(READING) == {**READING} == {name: READING[name] for name in rm.EMOTIONS}


def test_one_reading_or_a_table_serves_where_readings_do() -> None:
    table = rm.table(READING)
    assert len(table) == len(rm.table(table)) == len(rm.table(iter(table))) == 1
    assert list(table) == [READING]
    for given in (table, READING):
        assert len(rm.show(given).axes) == 1
    assert len(rm.table(rm.Mark(1.0, 1))) == 1


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv.gz", "a.Parquet", "a.jsonl", "a.sav"])
def test_a_table_is_not_written_under_the_name_of_another_form(name: str, tmp_path: Path) -> None:
    with pytest.raises(rm.ConfigError, match=r"to_csv writes text, not \.\w+; name a \.csv file"):
        rm.table(READING).to_csv(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_name_with_dollars_is_no_formula() -> None:
    figure = rm.show(replace(READING, source=r"5$ \frac 6$"))
    figure.savefig(io.BytesIO())
    assert figure.axes[0].get_ylabel() == r"5\$ \frac 6\$ face 1"


class Interface:
    """An image of a library that NumPy reads by its memory."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.__array_interface__ = pixels.__array_interface__


def test_what_numpy_reads_by_its_memory_is_a_picture() -> None:
    pixels = np.arange(32 * 32 * 3, dtype=np.uint8).reshape(32, 32, 3)
    for given in (memoryview(pixels), Interface(pixels)):
        assert (as_picture(given) == pixels).all()


@pytest.mark.parametrize("given", [b"\xff\xd8\xff", bytearray(b"\x89PNG"), io.BytesIO(b"GIF8")])
def test_a_file_s_content_is_opened_by_pillow(given: object) -> None:
    with pytest.raises(rm.ConfigError, match=r"(?i)of type b\w+; .*PIL\.Image\.open\(io\.BytesIO\(\.\.\)\)") as refused:
        as_picture(given)
    assert "path" not in str(refused.value)


def test_a_span_of_time_says_how_it_is_made_seconds() -> None:
    with pytest.raises(rm.ConfigError, match=r"0:00:02'; it is a number of seconds; t\.total_seconds\(\) is one"):
        as_time(timedelta(seconds=2), None, "")


def test_help_names_every_keyword_argument() -> None:
    assert rm.__doc__ is not None
    assert all(name in rm.__doc__.split("settings")[1] for name in How.__annotations__)
