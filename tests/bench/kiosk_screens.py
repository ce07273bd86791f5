"""Saves every screen of the kiosk: wide in the first language, upright in the second.

python tests/bench/kiosk_screens.py FOLDER [SCALE]     (docs/screens has them at 0.4)
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage, QPainter
from PyQt6.QtWidgets import QApplication

from realtime_micacl.config import Settings
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.snapshot import Snapshot
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.live.visit import OneVisitor
from realtime_micacl_ui.kiosk.paint import paint_screen
from realtime_micacl_ui.kiosk.screen import Screen
from realtime_micacl_ui.kiosk.settings import read_kiosk_settings
from realtime_micacl_ui.kiosk.state import Stage
from realtime_micacl_ui.view import View, follow

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "tests" / "data" / "one_face_720p.mp4"
SHAPES = {"wide": (1920, 1080), "upright": (1080, 1920)}


def view_at(time_s: float) -> View:
    """Return the view of a visit, with the clip as its camera, at a time."""
    open_perceiver, open_recognizer = openers(Settings(), *read_sidecar(default_engine()))
    perceiver, recognizer = OneVisitor(open_perceiver(), 0.1), open_recognizer()
    view = View("")
    for frame in read_file(CLIP):
        scene, bags = perceiver.perceive(frame)
        readings = recognizer.recognize(bags) if bags else ()
        view = follow(view, Snapshot(now_s=frame.time_s, newest=frame, scene=scene, readings=readings))
        if frame.time_s >= time_s:
            break
    perceiver.close()
    recognizer.close()
    return view


def main(folder: Path, scale: float) -> None:
    """Paint and save."""
    folder.mkdir(parents=True, exist_ok=True)
    base = Screen(read_kiosk_settings(str(ROOT / "docs" / "kiosk.toml")), visits=37, left_s=3)
    screens = {
        "attract": replace(base, time_s=1.0),
        "consent": replace(base, stage=Stage.CONSENT),
        "wait": replace(base, stage=Stage.LIVE, view=view_at(0.7)),
        "live": replace(base, stage=Stage.LIVE, view=view_at(4.0)),
        "asking": replace(base, stage=Stage.ASKING),
        "farewell": replace(base, stage=Stage.WIPING),
    }
    for name, screen in screens.items():
        for language, (shape, size) in enumerate(SHAPES.items()):
            image = QImage(*size, QImage.Format.Format_RGB32)
            with QPainter(image) as painter:
                paint_screen(painter, replace(screen, language=language), size)
            image = image.scaledToWidth(round(size[0] * scale), Qt.TransformationMode.SmoothTransformation)
            image.save(str(folder / f"kiosk-{name}-{shape}.png"))


if __name__ == "__main__":
    application = QApplication([])
    main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 1.0)
