"""Watches a session and makes the views that the window shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import zip_longest

from realtime_micacl.errors import SourceError
from realtime_micacl.live.session import LiveSession
from realtime_micacl.meter import Meter
from realtime_micacl.types import Frame, State
from realtime_micacl_ui.figures import DropShare, figures
from realtime_micacl_ui.message_texts import Then
from realtime_micacl_ui.motion import STEP_S, eased
from realtime_micacl_ui.view import View, follow

FIGURES_S = 0.5
WAITS_S = 0.045  # a new reading is painted with the next picture, if that comes within this
IDLE_S = 0.05  # how often to look without news, for clocks and the mouse
SETTLED_S = 2.5  # before it has been live for this long, rates are not judged
LINGER_S = {State.ENDED: 1.5, State.FAILED: 4.0}
WATCHED = (State.LIVE, State.NO_FACE)  # states in which the picture is live


class Watch:
    """Follows one session from its beginning to its end."""

    def __init__(
        self, session: LiveSession, meters: Mapping[str, Meter], then: Then = "closes", *, chosen: bool = False
    ) -> None:
        """Watch a session; `then` is what the window does once it has ended.

        A window that waits does not do so after a source that failed before its first picture, unless that source was
        `chosen` in the window.
        """
        self._session, self._meters, self._then, self._chosen = session, meters, then, chosen
        self.first_picture_s: float | None = None
        self._painted: Frame | None = None
        self._drops = DropShare()
        self._figures_s = self._eased_s = 0.0
        self._live_since_s: float | None = None
        self._over_since_s: float | None = None
        self._seen: tuple[object, ...] = ()
        self._looked_s = self._pictured_s = 0.0
        self._glides = True

    def has_news(self, now_s: float) -> bool:
        """Say whether there may be something new to show; cheap enough to call often."""
        seen = self._session.glance()
        picture, scene, bags, readings, *ends = [a is not b for a, b in zip_longest(seen, self._seen)]
        at_once = picture or scene or any(ends)
        self._glides = self._glides or at_once or bags or readings
        if at_once:
            self._pictured_s = now_s
        elif 0 <= now_s - self._pictured_s < WAITS_S:
            return False
        due_s = STEP_S if self._glides else IDLE_S
        if not at_once and 0 <= now_s - self._looked_s < due_s:
            return False
        self._seen, self._looked_s = seen, now_s
        return True

    @property
    def over(self) -> bool:
        """Whether the session has ended."""
        return self._over_since_s is not None

    def next(self, last: View, now_s: float, *, reduced: bool) -> View:
        """Return the view after `last`; with `reduced` motion nothing glides."""
        now = self._session.look()
        view = follow(last, now, self._then)
        if view.state not in WATCHED:
            self._live_since_s = None
            self._drops.restart()
        elif self._live_since_s is None:
            self._live_since_s = now_s
        if now.over:
            self._over_since_s = self._over_since_s or now_s
            if not now.running:
                self._session.conclude()
        late_s = now_s - self._figures_s - FIGURES_S
        waits_s = 0 if view != last else FIGURES_S / 2  # wait for a new picture, to be painted with it
        if not self.over and late_s >= waits_s:
            self._figures_s = now_s
            drops = self._drops.update(self._session.meters["capture"].count, now.dropped)
            judged = self._live_since_s is not None and now_s - self._live_since_s >= SETTLED_S
            view = replace(view, figures=figures(self._session.meters, self._meters, drops, judged=judged))
        if now_s - self._eased_s >= STEP_S:
            elapsed_s, self._eased_s = now_s - self._eased_s, now_s
            bars = eased(view.bars, view, elapsed_s, reduced=reduced)
            self._glides = bars is not view.bars
            view = replace(view, bars=bars)
        return view

    def painted(self, view: View, now_s: float) -> None:
        """Note that a view was painted, and how old its picture was by then."""
        if view.frame is None:
            return
        self.first_picture_s = self.first_picture_s or now_s
        if view.frame is not self._painted and view.state in WATCHED:
            self._painted = view.frame
            self._meters["latency"].add(now_s - view.frame.time_s)

    def done(self, view: View, now_s: float) -> bool:
        """Say whether the end was shown for long enough; at once if a person stopped it or has seen nothing."""
        if self._over_since_s is None:
            return False
        now = self._session.look()
        unseen = now.error is not None and now.scene is None
        shown = self._chosen or not unseen or (isinstance(now.error, SourceError) and self.first_picture_s is not None)
        if self._then == "waits" and shown and not now.stopping:
            return False
        linger_s = 0.0 if now.stopping or unseen else LINGER_S[view.state]
        return now_s - self._over_since_s >= linger_s
