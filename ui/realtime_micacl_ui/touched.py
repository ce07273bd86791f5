"""Finds the parts of a window to paint again when the view changes: for a new reading not the whole picture."""

from __future__ import annotations

from dataclasses import replace

from PyQt6.QtGui import QRegion

from realtime_micacl_ui.boxes import colour
from realtime_micacl_ui.cards import gliding
from realtime_micacl_ui.layout import Layout
from realtime_micacl_ui.theme import Theme
from realtime_micacl_ui.timeline import parts
from realtime_micacl_ui.view import View


def touched(before: View, after: View, layout: Layout, theme: Theme, size: tuple[int, int]) -> QRegion | None:
    """Return what looks different in `after` than in `before`, painted with this layout; None: paint everything.

    Bags that wait for their readings and readings that wait for the timeline's next step are not shown there.
    """
    if after.frame is not before.frame:
        return None
    alike = replace(
        after,
        bags=before.bags,
        bars=before.bars,
        readings=before.readings,
        pasts=before.pasts,
        past_s=before.past_s,
        fresh=before.fresh,
        weighed=before.weighed,
        instance_s=before.instance_s,
    )
    if alike != before:
        return None
    region = QRegion()
    for face in after.faces:
        place = layout.cards.get(face.track_id)
        then, now = before.reading(face), after.reading(face)
        if then is not now:
            if (
                place is None
                or place.small
                or then is None
                or now is None
                or colour(before, face) != colour(after, face)
            ):
                return None
            region += place.rect.toAlignedRect()
        elif place and not place.small and before.bars.get(face.track_id) != after.bars.get(face.track_id):
            region += gliding(place, theme.dark)
    if after.pasts != before.pasts or after.weighed != before.weighed:
        past, at = parts(before, theme, size), parts(after, theme, size)
        if (past is None) != (at is None) or (past and at and (past.panel, past.window) != (at.panel, at.window)):
            return None
        if at:
            region += at.panel.toAlignedRect()
    return region
