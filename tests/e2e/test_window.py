"""The window on a real screen (in memory): what a person sees, and how it ends."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

PALETTE = [(0xEE, 0xCC, 0x66), (0x44, 0x77, 0xAA), (0xCC, 0x66, 0x77), (0x7A, 0x9A, 0x01), (0x99, 0xDD, 0xFF)]


def colours_shown(picture: np.ndarray) -> int:
    """How many colours of the emotion palette cover at least a few pixels."""
    return sum(int((np.abs(picture.astype(int) - colour).max(axis=2) < 6).sum() > 12) for colour in PALETTE)


def seen(screen, true: Callable[[np.ndarray], bool], timeout_s: float = 25.0) -> float:
    started_s = time.monotonic()
    while not true(screen.picture()):
        assert time.monotonic() - started_s < timeout_s, "it was never seen"
        time.sleep(0.05)
    return time.monotonic() - started_s


def test_picture_first_then_faces_with_bars_and_a_clean_end(
    start: Callable, clips: Path, screen, tmp_path: Path
) -> None:
    file = tmp_path / "r.jsonl"
    where = {"DISPLAY": screen.display, "QT_QPA_PLATFORM": "xcb"}
    running = start("--source", clips / "three_faces_720p.mp4", "--record", file, **where)
    picture_s = seen(screen, lambda p: p.std() > 20)
    assert picture_s < 10.0, "three seconds on an idle machine; docs/performance.md has the measured time"
    seen(screen, lambda p: colours_shown(p) >= 3)
    running.until(lambda now: '"ended"' in file.read_text(), 40.0)
    time.sleep(2.0)
    ended, took_s = running.stop()
    assert ended.code == 0, ended.err
    assert took_s < 2.0
    assert ended.err == ""
    assert ended.out == ""


@pytest.mark.fault("R3")
def test_the_window_is_there_before_its_source(start: Callable, screen, measured: Callable[[str], None]) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"rtsp://127.0.0.1:{nobody.getsockname()[1]}/x"
        running = start("--source", address, "--wait", DISPLAY=screen.display, QT_QPA_PLATFORM="xcb")
        window_s = seen(screen, lambda p: bool(p.max() > 200))
    assert window_s < 10.0
    measured(f"window with its message {window_s:.1f} s after the start")
    assert running.stop()[0].code == 0


def test_a_signal_closes_the_window(start: Callable, screen) -> None:
    running = start("--source", "synthetic", DISPLAY=screen.display, QT_QPA_PLATFORM="xcb")
    seen(screen, lambda p: p.std() > 20)
    ended, took_s = running.stop()
    assert ended.code == 0, ended.err
    assert took_s < 2.0
