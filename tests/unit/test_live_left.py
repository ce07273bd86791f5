"""Odd uses from Python: a `live` that is forgotten or over, a reader in two threads, paths that are none."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from realtime_micacl.api import live
from realtime_micacl.api.corpus import process
from realtime_micacl.api.ending import Ending
from realtime_micacl.api.loaded import load_engine
from realtime_micacl.api.reader import Reader
from realtime_micacl.api.table import Table
from realtime_micacl.errors import ConfigError
from realtime_micacl.live import session as running
from realtime_micacl.live.session import LiveSession
from realtime_micacl.testing import IMAGE, FakeCamera, FakeStages, until


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "openers", lambda *_: FakeStages().openers)


@pytest.mark.usefixtures("opened")
def test_one_that_was_entered_and_forgotten_ends() -> None:
    face = live.Live("synthetic").__enter__()
    next(face)
    session = face._session
    assert session is not None and session.running
    del face
    gc.collect()
    until(lambda: not session.running)


@pytest.mark.usefixtures("opened")
def test_one_that_was_left_takes_no_mark_and_begins_no_recording(tmp_path: Path) -> None:
    with live.Live("synthetic") as face:
        assert face.mark().number == 1
    for use in (face.mark, lambda: face.record(tmp_path / "late.csv")):
        with pytest.raises(ConfigError, match="it is not running"):
            use()
    assert not list(tmp_path.iterdir())


def test_one_that_was_left_does_not_run_though_a_thread_of_it_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "JOIN_S", 0.01)
    may_open, stages = Event(), FakeStages().openers

    def slowly() -> Any:
        may_open.wait(30)
        return stages.recognizer()

    monkeypatch.setattr(live, "openers", lambda *_: stages._replace(recognizer=slowly))
    with live.Live("synthetic") as face:
        assert face.running
    session = face._session
    assert session is not None and session.running
    assert not face.running
    may_open.set()


@pytest.mark.parametrize("name", [None, 7, b"door"])
def test_a_name_is_a_text(name: Any) -> None:
    with pytest.raises(ConfigError, match="the name is of type"):
        live.Live("synthetic", name=name)


def test_a_program_does_not_end_while_a_stage_of_a_session_that_was_left_is_still_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "JOIN_S", 0.01)
    begun, may_open, one, stages = Event(), Event(), Ending(), FakeStages().openers

    def slowly() -> Any:
        begun.set()
        may_open.wait(30)
        return stages.recognizer()

    with LiveSession(FakeCamera(frames=1), stages.perceiver, slowly) as session:
        one.waits_for(session)
        assert begun.wait(30)
    ended = Thread(target=one.end, daemon=True)
    ended.start()
    ended.join(0.2)
    assert ended.is_alive() and session.stuck == ["recognize"]
    may_open.set()
    ended.join(30)
    assert not ended.is_alive() and not session.running


def test_a_session_that_was_left_open_is_ended_with_the_program() -> None:
    one, said = Ending(), []
    session = LiveSession(FakeCamera(frames=1), *FakeStages().openers, [said.append]).__enter__()
    one.waits_for(session)
    one.end()
    assert not session.running and said[-1].state == "ended"


@pytest.mark.parametrize(
    "use",
    [
        lambda: Table([]).to_csv("a\0b.csv"),
        lambda: process("a\0b", "out"),
        lambda: load_engine("a\0b"),
        lambda: live.Live("synthetic", engine="a\0b"),
    ],
    ids=["table", "process", "load_engine", "live"],
)
def test_a_zero_byte_in_a_path_is_said(use: Callable[[], object]) -> None:
    with pytest.raises(ConfigError, match=r"the path 'a\\x00b(\.csv)?' holds a zero byte"):
        use()


def test_a_reader_that_two_threads_use_at_once_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, begun, may_end = Reader(), Event(), Event()

    def read(*_: Any) -> list[Any]:
        begun.set()
        may_end.wait(30)
        return []

    monkeypatch.setattr(reader, "_read", read)
    first = Thread(target=reader.push, args=(IMAGE, 0.0), daemon=True)
    first.start()
    assert begun.wait(30)
    with pytest.raises(ConfigError, match="another thread is at work with this reader"):
        reader.push(IMAGE, 0.1)
    may_end.set()
    first.join(30)
    assert reader.push(IMAGE, 0.2) == []
