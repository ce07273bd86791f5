"""R25, the short form: scripted visitors at a real kiosk window; `tests/bench/visitors.py` says what is checked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "bench" / "visitors.py"


def test_it_comes_back_from_every_visitor_and_nothing_of_them_is_kept() -> None:
    command = [sys.executable, "-W", "error", str(SCRIPT), "--visits", "5", "--speed", "4"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    figures = json.loads(done.stdout)
    assert figures["visits"] == 5
    assert len(figures["ways"]) == 5
    assert figures["readings"] > 8
    assert figures["left"] == {}
    assert figures["threads"] == 1
