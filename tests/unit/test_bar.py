"""What is told of a run's progress, wherever it is told."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from realtime_micacl.corpus import bar
from realtime_micacl.corpus.bar import Bar
from realtime_micacl.corpus.clips import Clip

CLIPS = [Clip(f"{n}.mp4", Path(f"{n}.mp4"), 100, 0) for n in range(4)]


def told(stream: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(bar, "LINE_S", -1.0)  # each is told
    shown = Bar(CLIPS, CLIPS[1:], shown=True)
    shown.share("1.mp4", 0.5)
    shown.close()


def test_without_a_terminal_it_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    told(out, monkeypatch)
    assert out.getvalue().splitlines() == ["1 of 4 clips, 0 %", "1 of 4 clips, 17 %"]


def test_a_program_without_a_console_tells_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    told(None, monkeypatch)


def test_whoever_read_it_may_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1) as stream:
        told(stream, monkeypatch)
        with open(os.devnull, "w") as nobody:
            os.dup2(nobody.fileno(), writer)  # for what it still holds
