"""Saves pictures of the page of `--web` in every state, as a real browser shows it.

python -m tests.bench.page_screens docs/screens
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import msgspec
import numpy as np

from realtime_micacl.live.records.record import Clock
from realtime_micacl.outlets.address import Peer
from realtime_micacl.outlets.thread import KEPT, OutletThread
from realtime_micacl.outlets.web import Web
from realtime_micacl.types import EMOTIONS, EmotionDistribution, Event, State, StateChange
from tests.e2e.browser import Browser
from tests.fault.proxy import free_port
from tests.unit.test_slots import about

SPAN_S, TICK_S = 66.0, 0.08
CAMERA = "rtsp://camera:***@10.0.0.7:554/entrance"


def faces(count: int, until_s: float) -> Iterator[Event]:
    """Yield a minute of faces whose expressions come and go; the first is away for a while."""
    yield StateChange(0.0, None, State.LIVE)
    for face in range(1, count + 1):
        yield StateChange(0.0, face, State.LIVE, slot=face)
    for tick in range(round(SPAN_S / TICK_S)):
        time_s = until_s - SPAN_S + tick * TICK_S
        for face in range(1, count + 1):
            if face == 1 and 22 < tick * TICK_S < 26:
                continue
            turns = [np.sin(time_s / (5 + i) + 1.7 * i * face) for i in range(len(EMOTIONS))]
            shares = np.exp(4 * np.array(turns))
            shares = (shares / shares.sum()).astype(np.float32)
            lead = EMOTIONS[int(shares.argmax())] if shares.max() > 0.45 else None
            weights = np.ones(4, np.float32)
            yield EmotionDistribution(face, time_s, shares, weights, lead, 0.9, 1.0, 0.031, slot=face)


def worse(state: State, detail: str = "") -> Callable[[float], Iterator[Event]]:
    def events(now_s: float) -> Iterator[Event]:
        yield from faces(1, now_s)
        yield StateChange(now_s, 1, State.NO_FACE, slot=1)
        yield StateChange(now_s, None, state, detail)

    return events


def mixed(now_s: float) -> Iterator[Event]:
    """Yield four faces: one with a reading, one whose window is not full, one of low quality, one unsure."""
    yield from faces(4, now_s)
    yield StateChange(now_s, 2, State.COLLECTING, slot=2)
    yield StateChange(now_s, 3, State.LOW_QUALITY, "turned away", slot=3)
    even = np.array([0.2, 0.1, 0.3, 0.2, 0.1, 0.05, 0.05], np.float32)
    yield EmotionDistribution(4, now_s, even, np.ones(4, np.float32), None, 0.9, 1.0, 0.031, slot=4)


PAGES: dict[str, tuple[str, Callable[[float], Iterator[Event]], tuple[int, int]]] = {
    "three-dark": ("?look=dark", lambda now_s: faces(3, now_s), (1280, 720)),
    "three-light": ("?look=light", lambda now_s: faces(3, now_s), (1280, 720)),
    "one-german": ("?look=dark&lang=de", lambda now_s: faces(1, now_s), (1280, 720)),
    "mixed": ("?look=dark", mixed, (1280, 720)),
    "no-face": ("?look=dark", worse(State.NO_FACE), (1280, 720)),
    "stalled": ("?look=dark", worse(State.STALLED, "no new picture for 2 s"), (1280, 720)),
    "reconnecting-light": ("?look=light", worse(State.RECONNECTING, "refused; attempt 3"), (1280, 720)),
    "failed-german": ("?look=dark&lang=de", worse(State.FAILED, "the engine is damaged"), (1280, 720)),
    "phone": ("?look=dark", lambda now_s: faces(2, now_s), (390, 844)),
    "transparent": ("?transparent=1&face=1", lambda now_s: faces(2, now_s), (420, 330)),
    "word": ("?transparent=1&face=2&show=word", lambda now_s: faces(2, now_s), (420, 90)),
}


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Browser(Path(folder)) as browser:
        for name, (query, events, size) in PAGES.items():
            origin_s = time.monotonic() - SPAN_S
            hello = msgspec.structs.replace(about().hello(), sources=[CAMERA])
            its = about(hello=lambda hello=hello: hello, clock=Clock(origin_s, 0.0), sources=(CAMERA,), stale_s=1e3)
            port = free_port()
            web = OutletThread(Web(Peer("127.0.0.1", port), None, its))
            browser.resize(*size)
            browser.open(f"http://127.0.0.1:{port}/{query}")
            browser.until("trouble === ''")
            for event in events(time.monotonic()):
                web(event)
                while len(web._ring._events) > KEPT // 2:
                    time.sleep(1e-3)
            time.sleep(0.6)
            shot = Path(folder) / f"{name}.png"
            browser.picture(shot)
            web.close()
            assert web.wait(2.0)
            picture = cv2.imread(str(shot), cv2.IMREAD_UNCHANGED)
            cv2.imwrite(str(out / f"page-{name}.webp"), picture, [cv2.IMWRITE_WEBP_QUALITY, 90])
        assert not browser.errors, browser.errors


if __name__ == "__main__":
    main(Path(sys.argv[1]))
