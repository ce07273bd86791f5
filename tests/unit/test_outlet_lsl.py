"""What is pushed to LSL and with which time, with a double of its library."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from realtime_micacl.outlets import lsl as module
from realtime_micacl.outlets.lsl import Lsl, channels
from realtime_micacl.outlets.thread import Ring
from realtime_micacl.types import Baseline, Event, State, StateChange
from tests.unit.test_slots import about, reading

LABELS = [label for label, _, _ in channels(4)]


class Desc:
    """A description of a stream; nobody reads it here."""

    def append_child(self, name: str) -> Desc:
        return self

    def append_child_value(self, name: str, value: str) -> Desc:
        return self


class Library:
    """LSL: its clock is ahead of ours, and it keeps what is pushed."""

    IRREGULAR_RATE, cf_string, cf_float32 = 0.0, "string", "float32"

    def __init__(self) -> None:
        self.now_s, self.ahead_s, self.looks, self.configs = 100.0, 0.0, 0, list[str]()
        self.pushed: dict[str, list[tuple[list[Any], float]]] = {}
        self.kinds: dict[str, tuple[str, str]] = {}

    def set_config_content(self, text: str) -> None:
        self.configs.append(text)

    def local_clock(self) -> float:
        self.looks += 1
        return self.now_s + self.ahead_s

    def StreamInfo(self, name: str, type: str, channel_format: str, **_: object) -> Any:
        self.kinds[name] = type, channel_format
        return SimpleNamespace(name=name, desc=Desc)

    def StreamOutlet(self, info: Any, **_: object) -> Any:
        kept = self.pushed.setdefault(info.name.rpartition("x ")[2], [])
        return SimpleNamespace(push_sample=lambda sample, time_s: kept.append((sample, time_s)))


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    found = Library()
    monkeypatch.setattr(module, "require", lambda *_: found)
    monkeypatch.setattr(module, "monotonic", lambda: found.now_s)
    return found


class Script(Ring):
    """Events in steps, each with how much time has passed by then."""

    def __init__(self, library: Library, steps: Sequence[tuple[float, list[Event]]]) -> None:
        super().__init__()
        self._library, self._steps = library, list(steps)

    @property
    def over(self) -> bool:
        return not self._steps

    def take(self, timeout_s: float) -> list[Event]:
        passed_s, events = self._steps.pop(0)
        self._library.now_s += passed_s
        return events


def pushed(library: Library, *steps: tuple[float, list[Event]]) -> dict[str, list[tuple[list[Any], float]]]:
    Lsl("x", about(slots=2)).run(Script(library, steps))
    return library.pushed


def test_a_reading_goes_to_its_slot_and_all_else_to_the_markers(library: Library) -> None:
    events = [StateChange(1.0, None, State.LIVE), reading(7, 1.1, slot=2), reading(8, 1.2)]
    found = pushed(library, (0.0, events))
    assert {what: len(samples) for what, samples in found.items()} == {"face 1": 0, "face 2": 1, "markers": 1}
    ((marker, at_s),) = found["markers"]
    assert (json.loads(marker[0])["state"], at_s) == ("live", 1.0)
    assert library.kinds == {
        "x face 1": ("Expression", "float32"),
        "x face 2": ("Expression", "float32"),
        "x markers": ("Markers", "string"),
    }


def test_a_slot_that_becomes_free_ends_there(library: Library) -> None:
    found = pushed(library, (0.0, [reading(7, 1.0, slot=1), StateChange(1.5, 7, State.NO_FACE, slot=1)]))
    (_, (nobody, at_s)) = found["face 1"]
    assert at_s == 1.5
    values = dict(zip(LABELS, nobody, strict=True))
    assert values.pop("track") == -1
    assert all(map(math.isnan, values.values()))


def test_what_is_not_known_is_no_number_of_its_own(library: Library) -> None:
    known = replace(reading(7, 1.0, slot=1), emotion=None, latency_s=0.25, baseline=Baseline.SET)
    found = pushed(library, (0.0, [known, reading(7, 1.1, slot=1)]))
    first, second = (dict(zip(LABELS, sample, strict=True)) for sample, _ in found["face 1"])
    assert (first["leading"], first["age"], first["baseline"]) == (-1.0, 0.25, 1.0)
    assert (second["leading"], second["baseline"]) == (1.0, 0.0), "sad"
    assert math.isnan(second["age"])


@pytest.mark.parametrize(("ahead_s", "added_s"), [(0.0, 0.0), (0.0002, 0.0), (0.005, 0.005), (-30.0, -30.0)])
def test_a_moment_is_given_on_lsl_s_clock_where_it_is_another(library: Library, ahead_s: float, added_s: float) -> None:
    """What two looks at one clock differ by is no other clock."""
    library.ahead_s = ahead_s
    ((_, at_s),) = pushed(library, (0.0, [reading(7, 1.0, slot=1)]))["face 1"]
    assert at_s == pytest.approx(1.0 + added_s, abs=1e-6)


def test_a_clock_that_runs_away_is_followed_and_not_looked_at_for_each_reading(library: Library) -> None:
    steps = [(0.08, [reading(7, 1.0, slot=1)]) for _ in range(25)]
    pushed(library, *steps)
    assert 1 <= library.looks <= 40, "in two seconds"
    library.ahead_s = 0.5
    (*_, (_, at_s)) = pushed(library, *steps, (1.0, []), (3.0, [reading(7, 1.0, slot=1)]))["face 1"]
    assert at_s == pytest.approx(1.5)


def test_a_clock_is_followed_within_some_seconds(library: Library) -> None:
    made = Lsl("x", about(slots=2))
    assert made._on_lsl(1.0) == 1.0
    library.ahead_s = 0.5
    library.now_s += 3.0
    assert made._on_lsl(1.0) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("file", "variable", "quieted"), [(False, False, 1), (True, False, 0), (False, True, 0), (True, True, 0)]
)
def test_lsl_is_quieted_unless_somebody_has_settings_of_their_own(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: bool, variable: bool, quieted: int
) -> None:
    own = tmp_path / "lsl_api.cfg"
    monkeypatch.setattr(module, "CONFIGS", (str(own), str(tmp_path / "none.cfg")))
    monkeypatch.delenv("LSLAPICFG", raising=False)
    if file:
        own.touch()
    if variable:
        monkeypatch.setenv("LSLAPICFG", "mine.cfg")
    Lsl("x", about(slots=2))
    assert len(library.configs) == quieted
