"""What an error says of a value that may not be, and of those that may."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct

from realtime_micacl.allowed import value_at, words_at


class Limits(Struct):
    """Two numbers."""

    bits_s: Annotated[int, Meta(ge=1, le=500_000_000)]
    frames: Annotated[int, Meta(ge=0, le=2_000_000_000)]


def test_a_limit_is_said_unless_nobody_would_reach_it() -> None:
    assert words_at(Limits, "$.bits_s") == "a whole number from 1 to 5e+08"
    assert words_at(Limits, "$.frames") == "a whole number of at least 0"


@pytest.mark.parametrize(
    ("fields", "place", "value"),
    [
        ({"a": [1, {"b": 2}]}, "$.a[1].b", "2"),
        ({"a": 1}, "$.b", '{"a": 1}'),  # what is missing is missing of that
        ("text", "$.ex", '"text"'),
        ([1, 2], "$[2]", "[1, 2]"),
        ([1, 2], "$.name", "[1, 2]"),
        (12, "$[0]", "12"),
    ],
)
def test_a_value_is_shown_as_far_as_it_is_there(fields: Any, place: str, value: str) -> None:
    assert value_at(fields, place) == value


def test_a_value_as_long_as_a_path_is_shown_whole_and_a_page_is_not() -> None:
    assert value_at("x" * 50, "$") == f'"{"x" * 50}"'
    assert value_at("x" * 500, "$").endswith("xx..")
    assert len(value_at("x" * 500, "$")) < 100
