"""What is painted again after a view has followed another."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from PyQt6.QtCore import QPoint
from PyQt6.QtGui import QImage, QPainter, QRegion

from realtime_micacl.types import Bag
from realtime_micacl_ui.paint import paint
from realtime_micacl_ui.past import remember
from realtime_micacl_ui.theme import theme_of, unit_for
from realtime_micacl_ui.touched import touched
from tests.integration.painting import HD, SHARES, face, painted, view

pytestmark = pytest.mark.usefixtures("qapp")


GLIDES = {1: (0.5, *SHARES[1:]), 2: SHARES, 3: (0.2, *SHARES[1:])}


@pytest.mark.parametrize("what", ["bars", "readings"])
def test_what_changes_is_painted_alone_and_looks_as_if_all_were_painted(what: str) -> None:
    faces = face(), face(track_id=2, x=420), face(track_id=3, x=900)
    before = replace(view(*faces), bars=GLIDES, timeline=True, followed=1)
    before = replace(before, pasts=remember({}, before.readings.values(), 9.9))
    after = replace(before, bars={i: SHARES for i in GLIDES})
    if what == "readings":
        shares = np.array(SHARES[::-1], np.float32)
        readings = {i: replace(one, probabilities=shares, time_s=9.99) for i, one in before.readings.items()}
        after = replace(before, readings=readings, pasts=remember(before.pasts, readings.values(), 10.0))
    theme = theme_of(unit_for(*HD, 1.0))

    def picture(*, partly: bool) -> tuple[QImage, QRegion]:
        image = QImage(*HD, QImage.Format.Format_RGB32)
        with QPainter(image) as painter:
            layout = paint(painter, before, theme, HD)
            moved = touched(before, after, layout, theme, HD)
            assert moved is not None
            if partly:
                painter.setClipRegion(moved)
            paint(painter, after, theme, HD, layout, moved if partly else None)
        return image, moved

    (partly, moved), (whole, _) = picture(partly=True), picture(partly=False)
    assert partly == whole
    assert moved.rectCount() >= 2
    assert not moved.contains(QPoint(0, 0))


def test_a_reading_that_changes_a_card_s_place_or_a_box_s_colour_paints_all_of_it() -> None:
    before = view(face())
    layout = painted(before)[1]
    theme = theme_of(unit_for(*HD, 1.0))
    for after in (view(face(), emotion="sad"), view(face(), emotion=None), replace(before, readings={})):
        after = replace(after, frame=before.frame, faces=before.faces)
        assert touched(before, after, layout, theme, HD) is None
    waiting = replace(before, bags=(*before.bags, cast(Bag, object())))
    region = touched(before, waiting, layout, theme, HD)
    assert region is not None
    assert region.isEmpty(), "what waits for its reading is not seen"
