"""What all tests share: an offscreen Qt, a watch on threads, and where clips are found."""

from __future__ import annotations

import faulthandler
import gc
import logging
import os
import platform
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from tqdm import tqdm

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads fight over the tiny matrices of tests: five times slower
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # without a display PyQt6 ends the interpreter

os.environ.setdefault("LSLAPICFG", str(Path(__file__).with_name("data") / "lsl_api.cfg"))  # read once, by liblsl

signal.signal(signal.SIGINT, signal.default_int_handler)  # `scripts/test &` ignores it, and so would all programs here

gc.set_threshold(10_000)  # looking for garbage took a tenth of the unit tests' time
tqdm.monitor_interval = 0  # no thread of its own
# The same examples on every machine, and few: the unit tests are to take ten seconds.
settings.register_profile("steady", deadline=None, derandomize=True, max_examples=15)
settings.register_profile("long", deadline=None, max_examples=20_000)
settings.load_profile("steady")

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests" / "data"
REAL = ROOT.parent / "shared" / "data"


HANGS_S, AGAIN_S = 300.0, 30.0
watch = SimpleNamespace(errors=2, since_s=-AGAIN_S)


def pytest_configure() -> None:
    """Keep a way to standard error, which is captured while tests run."""
    watch.errors = os.dup(2)


def watched() -> None:
    """Let a test that hangs say where all threads stand, and end the run.

    Begun anew for each test, as pytest's own watch is, it would take a tenth of the unit tests' time.
    """
    now_s = time.monotonic()
    if now_s - watch.since_s >= AGAIN_S:
        watch.since_s = now_s
        faulthandler.dump_traceback_later(HANGS_S + AGAIN_S, file=watch.errors, exit=True)


def pytest_sessionfinish() -> None:
    faulthandler.cancel_dump_traceback_later()


def pytest_collection_finish() -> None:
    """What was imported is no garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def all_is_left_as_it_was() -> Iterator[None]:
    """No thread stays, and those tests that run the command, which sets how much is logged, change nothing."""
    watched()
    before, level = set(threading.enumerate()), logging.getLogger().level
    yield
    logging.getLogger().setLevel(level)
    deadline_s = time.monotonic() + 2.0
    while time.monotonic() < deadline_s and set(threading.enumerate()) - before:
        time.sleep(0.01)
    left = [t.name for t in set(threading.enumerate()) - before]
    assert not left, f"threads left running: {left}"


@pytest.fixture(autouse=True, scope="session")
def memory_lies_where_it_lay() -> Iterator[None]:
    """What pytest holds beside a session would take long to bring into large pages, and would count as growth."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("realtime_micacl.live.huge_pages.SETTLED_S", float("inf"))
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the fault tests as long as their bars ask")


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    """Whether the full form is asked for: `-m fault --long`, about half an hour."""
    asked = bool(request.config.getoption("--long"))
    if asked:
        faulthandler.cancel_dump_traceback_later()  # what takes ten minutes does not hang
        watch.since_s = -AGAIN_S
    return asked


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Note a figure for the table of bars."""
    return lambda figure: record_property("figure", figure)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        bars = [bar for mark in item.iter_markers("fault") for bar in mark.args]
        item.user_properties.append(("bars", bars))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """After `pytest -m fault` print the table of docs/tables/reliability.md."""
    if config.option.markexpr != "fault":
        return
    found: dict[str, tuple[list[str], list[str]]] = {}
    for report in terminalreporter.stats.get("passed", []):
        for bar in dict(report.user_properties).get("bars", []):
            tests, figures = found.setdefault(bar, ([], []))
            tests.append(report.nodeid.split("::")[1].split("[")[0])
            figures += [str(value) for name, value in report.user_properties if name == "figure"]
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    terminalreporter.write_line(f"\nMeasured on {time.strftime('%Y-%m-%d')}, {machine}:\n")
    terminalreporter.write_line("| bar | measured | tests |\n|---|---|---|")
    for bar in sorted(found, key=lambda name: int(name[1:])):
        tests, figures = found[bar]
        names = ", ".join(f"`{name}`" for name in dict.fromkeys(tests))
        terminalreporter.write_line(f"| {bar} | {'; '.join(dict.fromkeys(figures))} | {names} |")


@pytest.fixture
def clips() -> Path:
    """The rendered clips that travel with the project."""
    return DATA


@pytest.fixture
def real() -> Path:
    """Real clips, kept beside the checkout and not in it; the tests that need them are left out elsewhere."""
    if not REAL.is_dir():
        pytest.skip("the real clips are not beside this checkout")
    return REAL
