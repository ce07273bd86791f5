"""A recording is made and shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def test_a_recording_is_shown_until_it_is_left_and_a_bad_one_refused(
    command: Callable, start: Callable, clips: Path, tmp_path: Path
) -> None:
    recorded, short = tmp_path / "r.jsonl", tmp_path / "short.jsonl"
    assert command("--source", clips / "face_leaves.mp4", "--offline", "--record", recorded).code == 0
    short.write_text("".join(recorded.read_text().splitlines(keepends=True)[:40]))
    shown = start("replay", short, QT_QPA_PLATFORM="offscreen")
    time.sleep(6.0)
    done, took_s = shown.stop()
    assert (done.code, done.err, done.out) == (0, "", "")
    assert took_s < 2.0
    short.write_text("{}\n")
    refused = command("replay", short, QT_QPA_PLATFORM="offscreen")
    assert refused.code == 3
    assert "line 1 is not a record" in refused.err
