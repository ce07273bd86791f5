"""One line of the report, and how to ask a program that may crash or hang."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass

ANSWER_TIMEOUT_S = 30


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    subject: str
    good: bool | None
    """None: absent, and nothing needs it."""
    said: str


Look = Callable[[], Iterator[Finding]]


def answer(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Return what a program says; one that says nothing within half a minute has failed."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no answer within {ANSWER_TIMEOUT_S} s")
