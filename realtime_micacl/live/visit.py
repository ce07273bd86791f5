"""Analysis by consent: one session watches for somebody near, each visit is a session of its own over its pictures.

Nothing needs to be wiped piece by piece: tracks, windows, features, smoothing and readings belong to the visit's
session and go with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from realtime_micacl.live.seeing.lookout import Choice, Lookout
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.sources.framing import to_be_painted
from realtime_micacl.live.sources.items import Item
from realtime_micacl.live.supervision import Openers, Perceives
from realtime_micacl.types import Bag, EmotionDistribution, Face, Frame, Retry, Scene, State

WATCH_S = 0.1  # between two looks for somebody near
POLL_S = 0.004  # between two looks for a new picture of the session that watches


class Watcher:
    """Says whether a face is near, and nothing else: no crop, no track, no picture leaves it."""

    def __init__(self, detector: Lookout, near: float) -> None:
        """Take the height of a near face as a share of the picture's."""
        self._detector, self._near = detector, near
        self._last = Scene(-np.inf, None, (), State.NO_FACE)

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        """Return an empty scene: live where a face is near, else without a face."""
        if not 0 <= frame.time_s - self._last.time_s < WATCH_S:
            height = frame.shape[0]
            near = any(
                d.box[3] - d.box[1] >= self._near * height for d in self._detector.look(frame.image, frame.time_s)
            )
            self._last = Scene(frame.time_s, None, (), State.LIVE if near else State.NO_FACE)
        return self._last, ()

    def close(self) -> None:
        """Free the detector."""
        self._detector.close()


class Idle:
    """Recognizes nothing: the second stage of a session that only watches."""

    def recognize(self, bags: Sequence[Bag]) -> tuple[EmotionDistribution, ...]:
        """Return nothing; a watcher makes no bags."""
        return ()

    def close(self) -> None:
        """Hold nothing."""


class OneVisitor:
    """Lets one face through: the largest near one at the beginning, for as long as the tracker is sure of it.

    Whoever else is in the picture did not agree; nobody takes over the consent of a face that was lost.
    """

    def __init__(self, perceiver: Perceives, near: float) -> None:
        self._perceiver, self._near = perceiver, near
        self._track_id: int | None = None

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        """Return the scene and the bags of the visitor alone."""
        scene, bags = self._perceiver.perceive(frame)
        if self._track_id is None:
            near = [face for face in scene.faces if _height(face) >= self._near * frame.shape[0]]
            self._track_id = max(near, key=_height).track_id if near else None
        faces = tuple(face for face in scene.faces if face.track_id == self._track_id)
        state = State.NO_FACE if scene.state is State.LIVE and not faces else scene.state
        return replace(scene, faces=faces, state=state), tuple(b for b in bags if b.track_id == self._track_id)

    def close(self) -> None:
        """Free the perceiver."""
        self._perceiver.close()


class Visit(LiveSession):
    """The analysis of one visitor over the pictures that `watch` captures from now on."""

    def __init__(
        self,
        watch: LiveSession,
        opens: Openers,
        *,
        near: float,
        mirror: bool,
    ) -> None:
        pictures = to_be_painted(self._pictures(watch, mirror))
        super().__init__(pictures, lambda: OneVisitor(opens.perceiver(), near), opens.recognizer)

    def _pictures(self, watch: LiveSession, mirror: bool) -> Iterator[Frame | Retry]:
        last = watch.look().newest  # was taken before the consent
        while watch.running and not self._stop.wait(POLL_S):
            item = watch.look().newest
            if item is not None and item is not last:
                last = item
                yield _mirrored(item) if mirror and isinstance(item, Frame) else item


def by_consent(
    source: Iterable[Item],
    opens: Openers,
    choice: Choice,
    *,
    near: float,
    mirror: bool,
) -> tuple[LiveSession, Callable[[], Visit]]:
    """Return the session that watches `source` and what opens the session of a visit; neither is started."""
    opens.recognizer().close()  # an engine that does not run has to fail now, not at the first visitor
    watch = LiveSession(source, lambda: Watcher(Lookout(choice), near), Idle)
    return watch, lambda: Visit(watch, opens, near=near, mirror=mirror)


def _height(face: Face) -> float:
    return float(face.box[3] - face.box[1])


def _mirrored(frame: Frame) -> Frame:
    image = np.ascontiguousarray(frame.image[:, ::-1])
    image.flags.writeable = False
    return replace(frame, picture=image)
