"""The system clock is put forward and back by an hour: nothing notices."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable

import pytest

from realtime_micacl.config import Settings
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.sinks import json_lines
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.sources.source import open_source, parse_source
from tests.fault.conftest import until


@pytest.mark.fault("R20")
def test_times_go_on_when_the_clock_is_put_right(
    monkeypatch: pytest.MonkeyPatch, measured: Callable[[str], None]
) -> None:
    out, true_time = io.StringIO(), time.time
    started_s = time.monotonic()

    def readings() -> int:
        return out.getvalue().count("probabilities")

    opens = openers(Settings(), *read_sidecar(default_engine()))
    with LiveSession(open_source(parse_source("demo")), *opens, [json_lines(out, Clock(started_s))]):
        for shift_s in (0, 3600, -3600):
            monkeypatch.setattr(time, "time", lambda shift_s=shift_s: true_time() + shift_s)
            before = readings()
            until(lambda before=before: readings() > before + 8)
    lasted_s = time.monotonic() - started_s
    records = [json.loads(line) for line in out.getvalue().splitlines()]
    times = [record["time_s"] for record in records if "probabilities" in record]
    assert times == sorted(times)
    assert times[-1] <= lasted_s
    measured(f"{len(times)} readings in order over two jumps of an hour")
