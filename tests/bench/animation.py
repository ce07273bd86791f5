"""Writes a short animation of the live view: the demo clip, read by the engine that ships.

python tests/bench/animation.py docs/live.webp

The readings are real. The figures at the bottom are left out, since no speed is measured. It needs Pillow.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PIL import Image
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage, QPainter
from PyQt6.QtWidgets import QApplication

from realtime_micacl.config import Settings
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.snapshot import Snapshot
from realtime_micacl.live.sources.source import DEMO
from realtime_micacl.live.sources.video import read_file
from realtime_micacl_ui.motion import eased
from realtime_micacl_ui.paint import paint
from realtime_micacl_ui.theme import theme_of, unit_for
from realtime_micacl_ui.view import View, follow

BEGIN_S, END_S = 8.0, 17.0
EVERY = 3  # of 30 pictures a second
SIZE, WIDTH, QUALITY = (1280, 720), 800, 42


def pictures() -> Iterator[QImage]:
    """Yield what the window shows of the clip from its beginning on."""
    open_perceiver, open_recognizer = openers(Settings(), *read_sidecar(default_engine()))
    perceiver, recognizer = open_perceiver(), open_recognizer()
    view, layout, theme = View("the demo clip", timeline=True), None, theme_of(unit_for(*SIZE, 1.0))
    last_s = 0.0
    for frame in read_file(DEMO):
        scene, bags = perceiver.perceive(frame)
        readings = recognizer.recognize(bags) if bags else ()
        view = follow(view, Snapshot(now_s=frame.time_s, newest=frame, scene=scene, readings=readings, bags=bags))
        view = replace(view, bars=eased(view.bars, view, frame.time_s - last_s, reduced=False))
        last_s = frame.time_s
        image = QImage(*SIZE, QImage.Format.Format_RGB888)
        with QPainter(image) as painter:
            layout = paint(painter, view, theme, SIZE, layout)
        if frame.time_s >= BEGIN_S and frame.index % EVERY == 0:
            yield image.scaledToWidth(WIDTH, Qt.TransformationMode.SmoothTransformation)
        if frame.time_s >= END_S:
            break
    perceiver.close()
    recognizer.close()


def main(file: Path) -> None:
    """Write the file and print its size."""
    application = QApplication([])
    images = [as_pillow(image) for image in pictures()]
    application.quit()
    pause_ms = round(1000 * EVERY / 30)
    images[0].save(file, save_all=True, append_images=images[1:], duration=pause_ms, loop=0, quality=QUALITY, method=6)
    sys.stdout.write(f"{len(images)} pictures, {file.stat().st_size / 1e6:.2f} MB\n")


def as_pillow(image: QImage) -> Image.Image:
    """Return the picture as a Pillow image."""
    ready = image.convertToFormat(QImage.Format.Format_RGB888)
    bits = ready.constBits()
    assert bits is not None
    data = bits.asstring(ready.sizeInBytes())
    return Image.frombuffer("RGB", (ready.width(), ready.height()), data, "raw", "RGB", ready.bytesPerLine(), 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
