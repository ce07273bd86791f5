"""One line of the report, and how to run a program that may crash or hang."""

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
    """None: it is absent, which is no fault."""
    text: str


Check = Callable[[], Iterator[Finding]]


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program and return its output; one that takes longer than `ANSWER_TIMEOUT_S` counts as failed."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no answer within {ANSWER_TIMEOUT_S} s")
