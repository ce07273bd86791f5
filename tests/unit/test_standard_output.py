"""Standard output whose reader waits, comes back or leaves: a pipe that holds some hundred lines."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from contextlib import closing
from threading import Event as Flag
from threading import Thread
from time import sleep
from types import SimpleNamespace
from typing import BinaryIO

import numpy as np
import pytest

from realtime_micacl.live.records import on_thread, standard_output
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.standard_output import KEPT, StandardOutput
from realtime_micacl.types import EmotionDistribution, State, StateChange

SHARES = np.full(7, 1 / 7, np.float32)


def reading(time_s: float) -> EmotionDistribution:
    return EmotionDistribution(1, time_s, SHARES, np.ones(4, np.float32), None, 0.9, 1.0)


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[BinaryIO]:
    """Who reads standard output."""
    ours, theirs = os.pipe()
    out = SimpleNamespace(stdout=SimpleNamespace(fileno=lambda: theirs))
    monkeypatch.setattr(standard_output, "sys", out)  # pytest would set its own again
    monkeypatch.setattr(on_thread, "PATIENCE_S", 0.05)
    with os.fdopen(ours, "rb") as stream:
        yield stream
    os.close(theirs)


def test_standard_output_without_a_descriptor_is_written_to_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = io.StringIO()
    monkeypatch.setattr(standard_output, "sys", SimpleNamespace(stdout=notebook))
    with closing(StandardOutput(Clock())) as out:
        out(reading(1.5))
    assert json.loads(notebook.getvalue())["time_s"] == 1.5


def test_a_reader_that_waits_holds_nobody_and_gets_the_newest_lines_when_it_is_back(
    reader: BinaryIO, caplog: pytest.LogCaptureFixture
) -> None:
    many, times = 2000, list[float]()

    def read() -> None:
        while many + 1 not in times:
            times.append(json.loads(reader.readline())["time_s"])

    with closing(StandardOutput(Clock())) as out:
        for n in range(many):
            out(reading(n))
        out(StateChange(many, None, State.STALLED))
        back = Thread(target=read)
        back.start()
        while not caplog.messages:
            sleep(0.01)
        out(StateChange(many + 1, None, State.LIVE))
        back.join()
    assert times == sorted(times)
    assert times[-KEPT:] == list(range(many + 2 - KEPT, many + 2))
    assert KEPT < len(times) < many
    left_out = many + 2 - len(times)
    said = f"standard output took nothing for a while; readings and states left out: {left_out}"
    assert [(one.levelno, one.getMessage()) for one in caplog.records] == [(logging.WARNING, said)]


def test_nothing_is_left_out_where_all_is_asked_for(reader: BinaryIO) -> None:
    asked_to_end, times = Flag(), list[float]()
    with closing(StandardOutput(Clock(), asked_to_end.is_set)) as out:
        back = Thread(target=lambda: times.extend(json.loads(reader.readline())["time_s"] for _ in range(2000)))
        back.start()
        for n in range(2000):
            out(reading(n))
        back.join()
        assert times == list(range(2000))
        asked_to_end.set()
        for n in range(2000):  # nobody reads these
            out(reading(n))


def test_a_reader_that_has_left_is_noticed_and_so_is_one_that_leaves_a_waiting_line(reader: BinaryIO) -> None:
    with closing(StandardOutput(Clock())) as out:
        for n in range(1000):
            out(reading(n))
        reader.close()
        with pytest.raises(BrokenPipeError):  # noqa: PT012  # at one of them
            for n in range(10**6):
                out(reading(n))
        with pytest.raises(BrokenPipeError):
            out(reading(0))
