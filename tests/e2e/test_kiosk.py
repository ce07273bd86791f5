"""The kiosk as it is started, on a real screen (in memory) with a real keyboard and pointer."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

BACKGROUND, ACCENT = (0x10, 0x20, 0x40), (0x88, 0xFF, 0xAA)
TOML = """
qr = "https://example.org/kiosk"
counter = "visits.csv"
[colours]
background = "#102040"
accent = "#88FFAA"
[times]
thanks_s = 1.5
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "kiosk.toml"
    file.write_text(TOML)
    return file


@pytest.fixture
def fingers(screen) -> Callable:
    """Press keys and touch the screen."""
    assert shutil.which("xdotool"), "install xdotool, as scripts/test does"

    def do(*words: object) -> None:
        environment = os.environ | {"DISPLAY": screen.display}
        subprocess.run(["xdotool", *map(str, words)], env=environment, check=True, timeout=10)

    return do


def share(picture: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((np.abs(picture.astype(int) - colour).max(-1) < 3).mean())


def until(screen, true: Callable[[np.ndarray], bool], timeout_s: float = 25.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not true(screen.picture()):
        assert time.monotonic() < deadline_s, "it was never seen"
        time.sleep(0.05)


def attract(picture: np.ndarray) -> bool:
    """The kiosk's ground, its accent in the words that say how to begin, and no button."""
    return share(picture, BACKGROUND) > 0.5 and share(picture[:, 640:], ACCENT) > 0 and not card(picture)


def card(picture: np.ndarray) -> bool:
    """A wide button in the accent's colour at the bottom."""
    return share(picture[-140:, 640:], ACCENT) > 0.1


def camera(picture: np.ndarray) -> bool:
    """A picture: many colours at the left."""
    return picture[150:650, 50:600].std() > 35 and share(picture[150:650, 50:600], BACKGROUND) < 0.5


def test_a_visit_with_keys(start: Callable, screen, settings: Path, fingers: Callable, tmp_path: Path) -> None:
    running = start("--source", "demo", "--kiosk", settings, DISPLAY=screen.display, QT_QPA_PLATFORM="xcb")
    until(screen, lambda p: share(p, BACKGROUND) > 0.5)
    assert (screen.picture()[[0, -1], :] == BACKGROUND).all(), "it fills the screen"
    until(screen, card)
    fingers("key", "alt+F4")
    fingers("key", "Escape")
    until(screen, attract)
    fingers("key", "Return")
    until(screen, card)
    assert not camera(screen.picture())
    time.sleep(1.3)
    fingers("key", "Return")
    until(screen, camera)
    fingers("key", "Escape")
    until(screen, lambda p: not camera(p))
    until(screen, attract)
    lines = (tmp_path / "visits.csv").read_text().splitlines()
    assert [line.partition(",")[2] for line in lines] == ["visits", "1"]
    assert {path.name for path in tmp_path.iterdir()} == {"kiosk.toml", "visits.csv", "screen", "run0"}
    ended, took_s = running.stop()
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert took_s < 2.0


def test_a_touch_and_the_operators_chord(start: Callable, screen, settings: Path, fingers: Callable) -> None:
    running = start("--source", "synthetic", "--kiosk", settings, DISPLAY=screen.display, QT_QPA_PLATFORM="xcb")
    until(screen, attract)
    fingers("mousemove", 640, 400, "click", 1)
    until(screen, card)
    fingers("keydown", "ctrl", "keydown", "alt", "keydown", "shift", "keydown", "q")
    ended = running.ended(15.0)
    fingers("keyup", "q", "keyup", "shift", "keyup", "alt", "keyup", "ctrl")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kiosk", "none.toml"], "no file at none.toml"),
        (["--kiosk", "--headless"], "a kiosk has a window and keeps nothing"),
        (["--kiosk", "--record", "x.csv"], "a kiosk has a window and keeps nothing"),
    ],
)
def test_what_cannot_be_a_kiosk_is_refused(command: Callable, arguments: list[str], said: str) -> None:
    ended = command("--source", "demo", *arguments, QT_QPA_PLATFORM="offscreen")
    assert ended.code == 2
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_a_mistake_in_the_settings_is_named(command: Callable, tmp_path: Path) -> None:
    (tmp_path / "k.toml").write_text("[times]\nconsent = 3\n")
    ended = command("--source", "demo", "--kiosk", tmp_path / "k.toml", QT_QPA_PLATFORM="offscreen")
    assert ended.code == 2
    assert "k.toml: unknown key 'consent'; the nearest known one is 'consent_s'" in ended.err
