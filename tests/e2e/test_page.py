"""The page of `--web` in a real browser: what it shows, in which words, and whom it asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest

from realtime_micacl.types import EMOTIONS
from tests.e2e.browser import Browser
from tests.fault.proxy import Proxy, free_port

READ = "[...document.querySelectorAll('article:is([data-state=lead], [data-state=unsure])')]"
SHARES = f"{READ}.map(card => [...card.querySelectorAll('li b')].map(b => Number(b.textContent)))"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest.mark.fault("R1")
def test_the_page_shows_each_face_comes_back_after_a_restart_and_asks_nobody_else(
    start: Callable, clips: Path, browser: Browser, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    clip = ("--source", "demo", "--headless", "--web", port)
    running = start(*clip)
    running.until(lambda now: len(now.readings) > 3, 40.0)
    browser.asked.clear()
    browser.open(f"{address}?lang=en&look=dark")
    opened_s = time.monotonic()
    browser.until(f"{READ}.length == 3")
    assert time.monotonic() - opened_s < 4.0
    words = browser.value("[...document.querySelector('article').querySelectorAll('li span')].map(s => s.textContent)")
    assert tuple(words) == EMOTIONS, "always in this order"
    assert all(95 <= sum(shares) <= 105 for shares in browser.value(SHARES))
    assert browser.value("document.querySelector('#badge b').textContent") == "live"
    assert "cannot say what the person feels" in browser.value("document.querySelector('#said').textContent")
    label = browser.value("document.querySelector('article').ariaLabel")
    assert label.startswith("face 1: ")
    time.sleep(1.0)
    browser.picture(tmp_path / "page.png")
    picture = cv2.imread(str(tmp_path / "page.png"), cv2.IMREAD_UNCHANGED)
    assert picture.shape[:2] == (720, 1280)
    assert len(set(map(tuple, picture[::7, ::7, :3].reshape(-1, 3).tolist()))) > 20, "a ribbon and bars are drawn"

    running.stop()
    browser.until("document.querySelector('#message h1').textContent == 'The program does not answer'")
    assert browser.value("document.querySelectorAll('article[data-state=lead]').length") == 0, "no old expression"
    again = start(*clip)
    again.until(lambda now: now.states == ["starting"] or len(now.states) > 1, 40.0)
    there_s = time.monotonic()
    browser.until("document.querySelector('#badge').dataset.state != 'away'")
    back_s = time.monotonic() - there_s
    assert back_s < 3.0
    measured(f"page in Chromium: back {back_s:.1f} s after the program's restart")
    browser.until("document.querySelectorAll('article[data-state=lead]').length > 0", 40.0)
    assert {one.partition("?")[0] for one in browser.asked} == {address, f"ws://127.0.0.1:{port}/events"}
    assert [error for error in browser.errors if "ERR_CONNECTION" not in error] == []
    again.stop()


def test_another_device_with_a_token_sees_it_in_german_and_a_stream_is_given_one_face_on_nothing(
    start: Callable, clips: Path, browser: Browser, tmp_path: Path
) -> None:
    port = free_port()
    token = "0123456789abcdef"
    (tmp_path / "token.txt").write_text(f"{token}\n")
    running = start(
        *("--source", "demo", "--headless", "--web", f"0.0.0.0:{port}", "--web-token-file", tmp_path / "token.txt")
    )
    running.until(lambda now: len(now.readings) > 3, 40.0)
    browser.resize(390, 844)
    browser.open(f"http://127.0.0.1:{port}/?token={token}&lang=de")
    browser.until("document.querySelectorAll('article').length == 3")
    assert browser.value("document.querySelector('li span').textContent") == "fröhlich"
    assert browser.value("document.documentElement.lang") == "de"
    assert browser.value("document.documentElement.scrollWidth") <= 390, "nothing is wider than a phone"
    browser.resize(400, 300)
    browser.open(f"http://127.0.0.1:{port}/?token={token}&transparent=1&face=2&show=word,bars")
    browser.until("document.querySelectorAll('article').length == 1")
    assert browser.value("getComputedStyle(document.querySelector('figure')).display") == "none"
    browser.picture(tmp_path / "overlay.png")
    picture = cv2.imread(str(tmp_path / "overlay.png"), cv2.IMREAD_UNCHANGED)
    assert picture[290, 390, 3] == 0, "nothing where there is no card"
    assert picture[40, 40, 3] > 200
    with Proxy(port) as proxy:
        proxy.folder = b"/lab"
        browser.open(f"http://127.0.0.1:{proxy.port}/lab/?token={token}")
        browser.until("document.querySelectorAll('article').length == 3")
    assert token not in running.stop()[0].err
