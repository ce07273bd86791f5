from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator

import pytest

from realtime_micacl.programs import journal
from realtime_micacl.programs.journal import KEPT, configure_log

log = logging.getLogger("realtime_micacl.test")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    now_s = [100.0]
    monkeypatch.setattr(journal, "monotonic", lambda: now_s[0])
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield now_s
    root.handlers[:], level = before
    root.setLevel(level)
    logging.captureWarnings(False)


def test_a_repeated_fault_is_one_line_every_five_seconds(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_log("warning")
    for tenth in range(120):
        clock[0] = 100 + tenth / 10
        log.warning("lost, attempt %d", tenth)
        if tenth == 3:
            log.warning("something else")
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "lost, attempt 0",
        "something else",
        "lost, attempt 50 (and 49 more since)",
        "lost, attempt 100 (and 49 more since)",
    ]


def test_what_was_asked_for_is_all_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_log("debug")
    for _ in range(10):
        log.debug("detail")
    assert capsys.readouterr().err.count("detail") == 10


def test_it_remembers_only_so_many_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    configure_log("warning")
    for number in range(3 * KEPT):
        log.warning(f"kind {number}")  # each a kind of its own
    (calm,) = logging.getLogger().handlers[-1].filters
    assert len(calm._kinds) == KEPT  # type: ignore[union-attr]


def test_no_password_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_log("warning")
    log.warning("lost %s", "rtsp://u:hunter2@host/x")
    assert "rtsp://u:***@host/x" in capsys.readouterr().err


def test_a_message_is_one_line_that_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    configure_log("warning")
    log.warning("lost %s", "a\nERROR all is lost\x1b[2J\x9b2J")
    assert capsys.readouterr().err == "WARNING realtime_micacl.test: lost a ERROR all is lost [2J 2J\n"


@pytest.mark.parametrize(("level", "shown"), [("debug", 1), ("info", 0)])
def test_warnings_of_libraries_are_for_who_debugs(level: str, shown: int, capsys: pytest.CaptureFixture[str]) -> None:
    configure_log(level)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert capsys.readouterr().err.count("DeprecationWarning: old") == shown


def test_a_fault_right_after_the_machine_started_is_written(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_log("warning")
    clock[0] = 0.5
    log.warning("lost")
    assert "lost" in capsys.readouterr().err


@pytest.mark.parametrize(("kinds", "again"), [(50, 0), (2000, 1)])
def test_some_dozens_of_kinds_are_remembered_but_not_thousands(
    kinds: int, again: int, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_log("warning")
    log.warning("the first")
    for number in range(kinds):
        log.warning(f"kind {number}")
    log.warning("the first")
    assert capsys.readouterr().err.count("the first") == 1 + again
