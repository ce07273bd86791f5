"""Where no window can be shown, what is said leads on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.programs import replay
from realtime_micacl.programs.screen import open_screen


@pytest.fixture(autouse=True)
def no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


def test_who_has_no_screen_is_sent_to_what_goes_without() -> None:
    with pytest.raises(ConfigError, match=r"no display was found .*; use --headless"):
        open_screen()


def test_a_recording_is_shown_without_a_screen_by_its_report(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text(json.dumps({"schema": 2, "time_s": 1.0, "track": None, "state": "no face"}) + "\n")
    with pytest.raises(ConfigError, match=r"no display was found .*; `realtime-micacl report FILE` makes a page"):
        replay.main([str(file)])
