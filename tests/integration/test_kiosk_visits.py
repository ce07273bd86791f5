"""R25, the short form: scripted visitors at a real kiosk window; `tests/bench/visitors.py` says what is checked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.fault("R25")
def test_it_comes_back_from_every_visitor_and_nothing_of_them_is_kept(
    measured: Callable[[str], None], long: bool
) -> None:
    visits = 20 if long else 5
    command = [sys.executable, "-W", "error", "-m", "tests.bench.visitors", "--visits", str(visits), "--speed", "4"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 + 36 * visits, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    figures = json.loads(done.stdout)
    assert figures["visits"] == visits
    assert len(figures["ways"]) == 5
    assert figures["readings"] > 8
    assert figures["left"] == {}
    assert figures["threads"] == 1
    measured(f"{visits} visitors at four times the speed: back to attract each time, nothing of them kept")
