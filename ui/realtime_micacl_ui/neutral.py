"""Requests for a baseline by a person: passes them to the recognize thread, and makes the notices until it answers."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from realtime_micacl.live.reading.baseline import SECONDS, BaselineRequest
from realtime_micacl.live.reading.smoother import Tuned
from realtime_micacl.types import Baseline, Face
from realtime_micacl_ui import texts
from realtime_micacl_ui.texts import say
from realtime_micacl_ui.view import View

PATIENCE_S = SECONDS + 1.5  # without an answer by then, the face was lost
SHOWN_S = 4.0
REFUSED = {
    Baseline.SPARSE: texts.TOO_LITTLE,
    Baseline.UNSTEADY: texts.NOT_STEADY,
    Baseline.UNLIKE: texts.NOT_NEUTRAL,
}


class Neutral:
    """Requests the neutral face of those in the picture, or of the selected one; a second request drops it."""

    def __init__(self, tuned: Tuned | None) -> None:
        self._tuned = tuned
        self._asked_s: float | None = None
        self._text = ""
        self._until_s = 0.0

    def ask(self, view: View, now_s: float) -> None:
        """Make a request, unless no face is being read."""
        if self._tuned is None:
            return
        faces = _meant(view)
        states = {_baseline(view, face) for face in faces}
        if not faces:
            self._say(texts.NOBODY, now_s)
            return
        drops = Baseline.SET in states or self._asked_s is not None
        now = self._tuned.now
        self._tuned.now = replace(now, baseline=BaselineRequest(now.baseline.number + 1, view.selected))
        self._asked_s = None if drops else now_s
        if drops:
            self._say(texts.DROPPED, now_s)

    def notice(self, view: View, now_s: float) -> str:
        """Return the notice of this moment; empty if there is none."""
        if self._asked_s is not None:
            waited_s = now_s - self._asked_s
            states = [_baseline(view, face) for face in _meant(view)]
            answered = [state for state in states if state in REFUSED or state is Baseline.SET]
            if waited_s < PATIENCE_S and (waited_s < SECONDS - 0.5 or Baseline.TAKING in states or not answered):
                return say(texts.HOLD, seconds=max(1, ceil(SECONDS - waited_s)))
            refusal = next((REFUSED[state] for state in answered if state in REFUSED), None)
            self._asked_s = None
            self._say(refusal or (texts.NOTED if answered else texts.TOO_LITTLE), now_s)
        return say(self._text) if now_s < self._until_s else ""

    def _say(self, text: str, now_s: float) -> None:
        self._text, self._until_s = text, now_s + SHOWN_S


def has_baseline(view: View) -> bool:
    """Say whether a face in the picture is compared with its own neutral one."""
    return any(_baseline(view, face) is Baseline.SET for face in view.faces)


def _meant(view: View) -> list[Face]:
    """Return the faces that a request is for: the selected one, or all that are read now."""
    return [f for f in view.faces if view.reading(f) and view.selected in (None, f.track_id)]


def _baseline(view: View, face: Face) -> Baseline:
    reading = view.reading(face)
    return reading.baseline if reading else Baseline.NONE
