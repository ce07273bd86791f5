"""How much of the processor painting takes, apart from everything else."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import numpy as np
from PyQt6.QtGui import QImage, QPainter

from realtime_micacl_ui.paint import paint
from realtime_micacl_ui.sample import sample
from realtime_micacl_ui.theme import theme_of, unit_for

SIZE = (1920, 1080)
WARM_UP = 20


def paint_alone(pictures: int = 120) -> list[float]:
    """Return p50 and p95 of the processor time of one picture, all threads together, in ms: `SIZE`, the sample's view.

    Nothing else may run in this process. It needs a QApplication.
    """
    view, canvas = sample(), QImage(*SIZE, QImage.Format.Format_RGB32)
    theme, layout, took_ms = theme_of(unit_for(*SIZE, 1.0)), None, []
    for _ in range(WARM_UP + pictures):
        view = replace(view, scene_s=view.scene_s + 1 / 30)
        start_s = process_time()
        with QPainter(canvas) as painter:
            layout = paint(painter, view, theme, SIZE, layout)
        took_ms.append((process_time() - start_s) * 1e3)
    return [round(float(np.percentile(took_ms[WARM_UP:], percent)), 2) for percent in (50, 95)]
