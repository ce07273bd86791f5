"""A tiny prepared data set: clips of stripes whose number says the class, several clips of each of several people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from realtime_micacl.making.data.prepared import CLIPS, INDEX, MANIFEST, Line, Manifest, write_crops
from realtime_micacl.types import EMOTIONS, U8

SIZE_PX = 32


def stripes(label: int, frames: int, seed: int) -> U8:
    """Return crops [T,S,S,3] with label + 1 waves and noise."""
    rng = np.random.default_rng(seed)
    wave = 128 + 80 * np.sin(2 * np.pi * (label + 1) * np.linspace(0, 1, SIZE_PX))
    noisy = wave[None, :, None, None] + rng.normal(0, 8, (frames, SIZE_PX, SIZE_PX, 3))
    return np.asarray(noisy.clip(0, 255), np.uint8)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write a data set; every third person is in the test part."""

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
