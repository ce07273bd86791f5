"""What is told of a run's progress, wherever it is told."""

from __future__ import annotations

import io
import os
import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from tqdm import tqdm

from realtime_micacl.corpus import progress
from realtime_micacl.corpus.clips import Clip
from realtime_micacl.corpus.job import Outcome
from realtime_micacl.corpus.progress import Progress

CLIPS = [Clip(f"{n}.mp4", Path(f"{n}.mp4"), 100, 0) for n in range(4)]


def told(stream: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "LINE_S", -1.0)  # each is told
    shown = Progress(CLIPS, CLIPS[1:], shown=True)
    shown.share("1.mp4", 0.5)
    shown.close()


def test_without_a_terminal_it_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    told(out, monkeypatch)
    assert out.getvalue().splitlines() == ["1 of 4 clips, 0 %", "1 of 4 clips, 17 %"]


def test_a_long_run_is_told_once_a_minute_with_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    out, now_s = io.StringIO(), 1000.0
    monkeypatch.setattr(sys, "stderr", out)
    monkeypatch.setattr(progress, "monotonic", lambda: now_s)
    shown, told_at_s = Progress(CLIPS, CLIPS, shown=True), []
    for n in range(40):
        now_s, before = now_s + 5.0, len(out.getvalue())
        shown.share("0.mp4", n / 40)
        told_at_s += [now_s] if len(out.getvalue()) > before else []
    assert len(told_at_s) == 3
    assert all(55.0 <= later - sooner <= 65.0 for sooner, later in pairwise([1000.0, *told_at_s]))
    shown.ended(Outcome("0.mp4", error="it is no video"))
    now_s += 100.0
    shown.ended(Outcome("1.mp4"))
    assert out.getvalue().splitlines()[-1] == "2 of 4 clips, 1 failed, 50 %"
    shown.close()


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_a_bar_that_goes_by_the_size_of_the_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Screen()
    monkeypatch.setattr(sys, "stderr", out)
    monkeypatch.setattr(tqdm, "mininterval", 0.0, raising=False)
    clips = [Clip("large", Path("large"), 900, 0), Clip("small", Path("small"), 100, 0), Clip("empty", Path("e"), 0, 0)]
    shown = Progress(clips, clips, shown=True)
    shown.ended(Outcome("empty"))
    shown.share("large", 0.5)
    shown.share("large", 0.4)  # a second try begins anew: the bar does not go back
    shown.ended(Outcome("small"))
    shown.close()
    found = re.findall(r"(\d of \d clips) +(\d+) %", out.getvalue())
    assert found[-1] == ("2 of 3 clips", "46")
    assert [int(percent) for _, percent in found] == sorted(int(percent) for _, percent in found)


def test_a_program_without_a_console_tells_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    told(None, monkeypatch)


def test_whoever_read_it_may_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1) as stream:
        told(stream, monkeypatch)
        with open(os.devnull, "w") as nobody:
            os.dup2(nobody.fileno(), writer)  # for what it still holds
