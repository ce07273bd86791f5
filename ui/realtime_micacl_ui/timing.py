"""Measures how much processor time painting takes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from time import process_time

import numpy as np
from PyQt6.QtGui import QImage, QPainter

from realtime_micacl.types import Frame
from realtime_micacl_ui.motion import eased
from realtime_micacl_ui.paint import paint
from realtime_micacl_ui.past import remember
from realtime_micacl_ui.sample import TICK_S, sample
from realtime_micacl_ui.theme import theme_of, unit_for
from realtime_micacl_ui.view import View

SIZE = (1920, 1080)
WARM_UP = 20
RATE_HZ = 30


def paint_alone(pictures: int = 120) -> list[float]:
    """Return p50 and p95 of the processor time of one picture, all threads together, in ms, at `SIZE`.

    Nothing else may run in this process. It needs a QApplication.
    """
    canvas = QImage(*SIZE, QImage.Format.Format_RGB32)
    theme, layout, took_ms = theme_of(unit_for(*SIZE, 1.0)), None, []
    for _, view in zip(range(WARM_UP + pictures), moving(), strict=False):
        start_s = process_time()
        with QPainter(canvas) as painter:
            layout = paint(painter, view, theme, SIZE, layout)
        took_ms.append((process_time() - start_s) * 1e3)
    return [round(float(np.percentile(took_ms[WARM_UP:], percent)), 2) for percent in (50, 95)]


def moving() -> Iterator[View]:
    """Yield the sample view as if it were live, so that nothing can be reused that would change there.

    Every picture is a new one, every face moves a little, readings come at each tick, and bars move towards them.
    """
    view = sample()
    assert view.frame is not None
    first, images = view, [view.frame.image, np.ascontiguousarray(view.frame.image[:, ::-1])]
    for number in range(1, 1_000_000):
        now_s = first.scene_s + number / RATE_HZ
        frame = Frame(images[number % 2], now_s, number)
        faces = tuple(replace(f, box=f.box + 2 * np.float32(np.sin(number / 3 + f.track_id))) for f in first.faces)
        if now_s >= next(iter(view.readings.values())).time_s + TICK_S:
            wave = np.sin(number * np.arange(1, 8, dtype=np.float32)) / 20
            shares = {i: np.abs(reading.probabilities + wave) for i, reading in first.readings.items()}
            readings = {
                i: replace(reading, time_s=now_s, probabilities=shares[i] / shares[i].sum())
                for i, reading in first.readings.items()
            }
            view = replace(view, readings=readings, pasts=remember(view.pasts, readings.values(), now_s))
        view = replace(view, frame=frame, faces=faces, scene_s=now_s, time_s=now_s)
        view = replace(view, bars=eased(view.bars, view, 1 / RATE_HZ, reduced=False))
        yield view
