"""`evaluate` as a command: its exit codes and its one line of complaint."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--data", "nowhere"], 2, "nowhere is not a prepared data set"),
        (["nowhere", "--through-tracker", "."], 4, "no engine at nowhere"),
        ([], 2, "nothing to measure on"),
    ],
)
def test_what_cannot_be_measured(command: Callable, arguments: list[str], code: int, words: str) -> None:
    ended = command("evaluate", *arguments)
    assert ended.code == code
    assert "Traceback" not in ended.err
    assert [line for line in ended.err.splitlines() if line.startswith("realtime-micacl: ") and words in line]
    assert not ended.out
