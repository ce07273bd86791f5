"""Saves pictures of every state of the window, in three sizes, with made-up readings from `sample`.

python tests/bench/screens.py docs/screens
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PyQt6.QtGui import QImage, QPainter, QPaintEvent
from PyQt6.QtWidgets import QApplication, QWidget

from realtime_micacl.live.reading.smoother import Tuned, Tuning
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.recorder import Recorder
from realtime_micacl.live.sources.framing import Framer
from realtime_micacl.types import Frame, Quality, State
from realtime_micacl_ui import texts
from realtime_micacl_ui.controls import Controls
from realtime_micacl_ui.language import use_language
from realtime_micacl_ui.options import Options
from realtime_micacl_ui.paint import paint
from realtime_micacl_ui.sample import sample
from realtime_micacl_ui.texts import say
from realtime_micacl_ui.theme import theme_of, unit_for
from realtime_micacl_ui.view import Figure, View

SIZES = {"720p": ((1280, 720), 1.0), "portrait": ((1080, 1920), 1.0), "large-text": ((1280, 720), 2.0)}
QUALITY = 44  # of the WebP pictures
MIXED = (0.50, 0.01, 0.08, 0.01, 0.36, 0.01, 0.03)
LATE = (  # as on a machine that has to drop most of the pictures
    Figure("capture", "30.0"),
    Figure("analysis", "11.4", level=2),
    Figure("painted", "11.2", " fps", 2),
    Figure("latency", "96 / 188", " ms", 2),
    Figure("drops", "61.9", " %", 2),
)
STREAM = "rtsp://camera:***@10.0.0.7:554/entrance"


def views() -> dict[str, View]:
    """Return a view of each state and of each thing that can be shown."""
    live = sample()
    one, two, three = live.faces
    early = (replace(one, state=State.COLLECTING, filled=0.6), replace(two, state=State.COLLECTING, filled=0.25))
    poor = replace(three, state=State.LOW_QUALITY, quality=Quality(0.0, "turned away"))
    unsure = {1: replace(live.readings[1], emotion=None), 2: live.readings[2]}
    mixed = replace(live.readings[2], probabilities=np.array(MIXED, np.float32), emotion="happy")
    empty = replace(live, faces=(), readings={}, weighed={})
    frozen = replace(live, bars={}, weighed={})
    lost = say(texts.RETRYING, reason=f"{STREAM} was lost: end of file", attempt=3, when=say(texts.NEXT_TRY, seconds=2))
    error = f"{STREAM} was lost: no answer for 2 s, though its port is open; restart the camera, or look at its address"
    ended = {"title": say(texts.ENDED, source="clip.mp4"), "detail": say(texts.PLAY_AGAIN), "rests": True}
    failed = {"title": say(texts.FAILED), "detail": say(texts.TRY_AGAIN, error=error), "rests": True}
    return {
        "starting": View(live.source, title=say(texts.OPENING, source=live.source)),
        "collecting": replace(empty, faces=(*early, poor), readings={}, pasts={}, followed=None),
        "live": live,
        "unsure": replace(live, faces=(one, two, poor), readings=unsure, selected=1),
        "no-face": replace(
            empty, state=State.NO_FACE, frame=nobody(), title=say(texts.VACANT), detail=say(texts.VACANT_HINT, size=70)
        ),
        "stalled": replace(
            frozen,
            state=State.STALLED,
            source=STREAM,
            title=say(texts.STALLED, source=say(texts.STREAM), seconds=4),
            detail=say(texts.NO_EMOTION),
        ),
        "reconnecting": replace(
            empty,
            state=State.RECONNECTING,
            source=STREAM,
            attempt=3,
            title=say(texts.RECONNECTING, source=say(texts.STREAM)),
            detail=lost,
        ),
        "paused": replace(empty, state=State.PAUSED, title=say(texts.PAUSED), detail=say(texts.GO_ON)),
        "ended": replace(empty, state=State.ENDED, source="clip.mp4", **ended),
        "failed": replace(empty, state=State.FAILED, source=STREAM, figures=(), **failed),
        "help": replace(live, help=True),
        "blurred": replace(live, privacy="blurred", recording="REC 0:42"),
        "points": replace(live, privacy="points"),
        "mixture": replace(live, mixtures=True, readings={**live.readings, 2: mixed}, selected=2, followed=1),
    }


def nobody() -> Frame:
    """Return a picture without a face: the wall behind the people of the demo clip."""
    frame = sample().frame
    assert frame is not None
    rows = np.linspace(0, 140, frame.image.shape[0]).astype(int)
    return replace(frame, picture=np.ascontiguousarray(frame.image[rows]))


def pictures() -> Iterator[tuple[str, QImage]]:
    """Yield each picture with its name."""
    seen = views()
    for size_name, (size, scale) in SIZES.items():
        for name, view in seen.items():
            yield f"{name}-{size_name}", drawn(view, size, scale)
        yield f"settings-{size_name}", controlled(seen["live"], size, scale)
    yield "hover-720p", drawn(replace(seen["live"], pointer=(700, 640)), SIZES["720p"][0], 1.0)
    yield "mirrored-720p", drawn(replace(seen["live"], source="camera 0", mirror=True), SIZES["720p"][0], 1.0)
    slow = replace(seen["live"], notice=say(texts.KEEPS_UP, kept=1, faces=3), figures=LATE)
    yield "slow-720p", drawn(slow, SIZES["720p"][0], 1.0)
    yield "light-720p", drawn(seen["live"], SIZES["720p"][0], 1.0, light=True)
    yield "light-settings-720p", controlled(seen["live"], SIZES["720p"][0], 1.0, light=True)
    use_language("de")
    yield "german-720p", drawn(seen["live"], SIZES["720p"][0], 1.0)
    use_language("en")


def drawn(view: View, size: tuple[int, int], scale: float, *, light: bool = False) -> QImage:
    """Return a view as a picture."""
    image = QImage(*size, QImage.Format.Format_RGB32)
    with QPainter(image) as painter:
        paint(painter, view, theme_of(unit_for(*size, scale), light=light), size)
    return image


def controlled(view: View, size: tuple[int, int], scale: float, *, light: bool = False) -> QImage:
    """Return a view with the buttons and the open panel as a picture."""
    theme = theme_of(unit_for(*size, scale), light=light)

    class Still(QWidget):
        """Shows the view."""

        def paintEvent(self, event: QPaintEvent | None) -> None:
            """Paint it."""
            with QPainter(self) as painter:
                paint(painter, shown, theme, size)

    still = Still()
    still.resize(*size)
    controls = Controls(
        still, lambda key: None, Options(recorder=Recorder(Clock(), 4), tuned=Tuned(Tuning(0.3, 0.45)), framer=Framer())
    )
    controls.toggle_panel()
    still.show()
    for _ in range(3):  # style sheets and their sizes take effect in the next pass
        shown = controls.with_controls(view, theme, 0.0, calm=False)
        QApplication.processEvents()
    still.setFocus()
    return still.grab().toImage()


def main(folder: Path) -> None:
    """Write them all."""
    folder.mkdir(parents=True, exist_ok=True)
    application = QApplication([])
    for name, image in pictures():
        image.save(str(folder / f"{name}.webp"), "WEBP", QUALITY)
    application.quit()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
