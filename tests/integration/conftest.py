"""What several files use: the shipped engine, a web server, and a tiny prepared data set of stripes."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar
from realtime_micacl.making.data.prepared import CLIPS, INDEX, MANIFEST, Line, Manifest, write_crops
from realtime_micacl.outlets.address import Peer
from realtime_micacl.outlets.thread import OutletThread
from realtime_micacl.types import EMOTIONS, U8
from tests.fault.proxy import free_port
from tests.integration import web
from tests.unit.test_slots import about

SIZE_PX = 32


def stripes(label: int, frames: int, seed: int) -> U8:
    """Return crops [T,S,S,3] with label + 1 waves and noise."""
    rng = np.random.default_rng(seed)
    wave = 128 + 80 * np.sin(2 * np.pi * (label + 1) * np.linspace(0, 1, SIZE_PX))
    noisy = wave[None, :, None, None] + rng.normal(0, 8, (frames, SIZE_PX, SIZE_PX, 3))
    return np.asarray(noisy.clip(0, 255), np.uint8)


@pytest.fixture(autouse=True)
def no_window_of_a_test_before() -> None:
    """Collect windows that tests have left, so that none is taken for this test's; Python would do so some time."""
    qt = sys.modules.get("PyQt6.QtWidgets")
    if qt and qt.QApplication.instance() and any(w.isVisible() for w in qt.QApplication.topLevelWidgets()):
        gc.collect()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write clips of stripes whose number says the class, some of each person; every third is in the test part."""

    def make(people: int = 9, frames: int = 20) -> Path:
        folder = tmp_path_factory.mktemp("stripes")
        (folder / CLIPS).mkdir()
        lines = []
        for person in range(people):
            for label, emotion in enumerate(EMOTIONS):
                number = person * 7 + label
                file = f"{CLIPS}/{number:016x}.npz"
                targets = np.tile(np.eye(7, dtype=np.float32)[label], (frames, 1))
                times_s = np.arange(frames, dtype=np.float32) / 25
                write_crops(folder / file, stripes(label, frames, number), times_s, targets)
                part = "test" if person % 3 == 2 else "train"
                about = {"clip": f"{person}-{emotion}", "label": emotion, "subject": f"p{person}", "file": file}
                lines.append(Line(**about, parts={"fold1": part}, frames=frames))
        manifest = Manifest(name="stripes", size_px=SIZE_PX, crop=None, version="1", clips=len(lines))
        (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))
        (folder / INDEX).write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        return folder

    return make


@pytest.fixture(scope="session")
def shipped() -> tuple[Path, Sidecar]:
    return read_sidecar(default_engine())


@pytest.fixture
def server() -> Iterator[web.Web]:
    with web.served() as running:
        yield running


@pytest.fixture
def posted() -> Iterator[Callable[..., tuple[OutletThread, int]]]:
    """Open the outlet of the web page, at a port that is free."""
    from realtime_micacl.outlets.web import Web  # an extra

    made: list[OutletThread] = []

    def make(host: str = "127.0.0.1", token: str | None = None) -> tuple[OutletThread, int]:
        port = free_port()
        made.append(OutletThread(Web(Peer(host, port), token, about(slots=2))))
        return made[-1], port

    yield make
    for sink in made:
        sink.close()
        assert sink.wait(2.0)
