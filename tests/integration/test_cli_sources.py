"""One window, one source after the other: what the command does when a person asks for another."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from realtime_micacl.config import Settings
from realtime_micacl.live.sources.source import SourceSpec
from realtime_micacl.programs import live as programs
from realtime_micacl_ui import window as shown
from realtime_micacl_ui.options import Options


def test_each_source_has_a_session_of_its_own_and_one_recording_goes_through(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = [SourceSpec("synthetic", "synthetic"), None]
    seen: list[tuple[str, object, Any]] = []

    def show(session: Any, *, source_name: str, webcam: bool, options: Options, window: object, **_: object) -> object:
        assert session.running
        assert all(not earlier.running for _, _, earlier in seen), "the one before has ended"
        seen.append((source_name, window, session))
        while session.look().scene is None:
            session.wait(0.02)
        return SimpleNamespace(asked=asked[len(seen) - 1], goes_on=asked[len(seen) - 1] is not None)

    monkeypatch.setattr(programs, "open_screen", lambda: None)
    monkeypatch.setattr(shown, "show", show)
    file = tmp_path / "a.jsonl"
    assert programs.live(Settings(source="demo", record=str(file))) == 0
    assert [name for name, _, _ in seen] == ["the demo clip", "synthetic"]
    assert seen[0][1] is None
    assert seen[1][1] is not None
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["hello"]["sources"] for line in lines if "hello" in line] == [["the demo clip"], ["synthetic"]]
    records = [line for line in lines if "hello" not in line]
    assert [r["state"] for r in records if r["state"] in ("starting", "ended")] == ["starting", "ended"] * 2
    times = [r["time_s"] for r in records if r["state"] == "starting"]
    assert times[1] > times[0], "its time goes on"
