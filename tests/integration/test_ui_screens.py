"""The pictures in docs/screens are those of this program: compared coarsely, since letters differ between systems."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage, QImageReader

from realtime_micacl.types import State

pytestmark = pytest.mark.usefixtures("qapp")
ROOT = Path(__file__).parents[2]
SCREENS = ROOT / "docs" / "screens"
KEPT = [file for file in SCREENS.glob("*.webp") if not file.name.startswith("page-")]  # those are of the web page
GRID = (24, 24)
spec = importlib.util.spec_from_file_location("screens", ROOT / "tests" / "bench" / "screens.py")
assert spec is not None
assert spec.loader is not None
screens = sys.modules.setdefault("screens", importlib.util.module_from_spec(spec))
spec.loader.exec_module(screens)


def coarse(image: QImage) -> np.ndarray:
    how = Qt.TransformationMode.SmoothTransformation
    small = image.scaled(*GRID, Qt.AspectRatioMode.IgnoreAspectRatio, how).convertToFormat(QImage.Format.Format_RGB32)
    bits = small.constBits()
    assert bits is not None
    return np.frombuffer(bits.asstring(small.sizeInBytes()), np.uint8).reshape(*GRID, 4)[..., :3].astype(float)


def test_every_picture_is_what_the_program_paints() -> None:
    seen = set()
    for name, image in screens.pictures():
        kept = QImage(str(SCREENS / f"{name}.webp"))
        assert not kept.isNull(), f"{name} is missing: python tests/bench/screens.py docs/screens"
        assert kept.size() == image.size(), name
        off = np.abs(coarse(image) - coarse(kept))
        assert off.mean() < 3, f"{name} is out of date: python tests/bench/screens.py docs/screens"
        assert off.max() < 60, f"{name} is out of date: python tests/bench/screens.py docs/screens"
        seen.add(f"{name}.webp")
    assert seen == {file.name for file in KEPT}, "no picture is left over"


def test_every_state_of_a_scene_has_its_picture() -> None:
    views = screens.views()
    scenes = set(State) - {State.COLLECTING, State.LOW_QUALITY}  # states of a face
    assert {view.state for view in views.values()} == scenes
    assert {face.state for view in views.values() for face in view.faces} == set(State) - scenes | {State.LIVE}


def test_the_pictures_are_small() -> None:
    assert sum(file.stat().st_size for file in KEPT) < 1.8e6


def test_the_moving_picture_moves_and_is_small() -> None:
    file = ROOT / "docs" / "live.webp"
    reader = QImageReader(str(file))
    assert reader.imageCount() > 50
    assert file.stat().st_size < 1.5e6
    assert "docs/live.webp" in (ROOT / "README.md").read_text("utf-8")
