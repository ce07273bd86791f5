"""Everything that one picture of the window shows, as a value.

`follow` makes the next view from the last one and a snapshot of the session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from realtime_micacl.live.snapshot import Snapshot
from realtime_micacl.types import Bag, Baseline, EmotionDistribution, Face, Frame, Retry, Scene, State
from realtime_micacl_ui import texts
from realtime_micacl_ui.message_texts import SILENT_S, Then, message_for
from realtime_micacl_ui.past import SPAN_S, STEP_S, Past, Weighed, is_new, is_read, remember, weigh
from realtime_micacl_ui.texts import say

FRESH_S = 1.0  # an older reading is not shown any more
VACANT_S = 2.0  # after so long without a face there is a message
MAX_BAGS = 24

Privacy = Literal["clear", "blurred", "points", "hidden"]
"""How the picture is shown on the screen."""
Bars = tuple[float, ...]
"""The lengths of a card's bars now, [K], on their way to its reading."""


@dataclass(frozen=True)
class Figure:
    """One number of the HUD; level 0 is within its limits, 1 beyond the first, 2 beyond the second."""

    label: str
    value: str
    unit: str = ""
    level: int = 0


@dataclass(frozen=True)
class Marker:
    """A moment that a person marked."""

    number: int
    time_s: float


@dataclass(frozen=True)
class Seen:
    """What was seen of a source so far; made only from snapshots of its session."""

    source: str
    state: State = State.STARTING
    time_s: float = 0.0
    """The time of the scene while it is live, else 0."""
    frame: Frame | None = None
    faces: tuple[Face, ...] = ()
    readings: Mapping[int, EmotionDistribution] = field(default_factory=dict)
    """The newest reading of each track in the scene, even one that is too old to be shown."""
    attempt: int = 0
    rests: bool = False
    """Whether the source has ended or failed and may be asked for again."""
    broken: bool = False
    """Whether the analysis has failed for good while the picture stays live."""
    scene_s: float = 0.0
    """The time of the scene in any state, at which the timeline ends."""
    vacant_since_s: float = 0.0
    """Since when there is no face in a live scene."""
    bags: tuple[Bag, ...] = ()
    """Bags whose readings may still come."""
    pasts: Mapping[int, Past] = field(default_factory=dict)
    past_s: float = 0.0
    """The time of the scene when readings were last added to `pasts`."""
    fresh: tuple[EmotionDistribution, ...] = ()
    """Readings that are not in `pasts` yet: the timeline goes on in steps."""
    weighed: Mapping[int, Weighed] = field(default_factory=dict)
    """The windows of the faces in the scene."""
    instance_s: float = 0.0
    """The length of an instance; 0 before the first one."""


@dataclass(frozen=True)
class Chosen:
    """What a person chose in the window; no session changes it."""

    overlay: bool = True
    hud: bool = True
    help: bool = False
    selected: int | None = None
    """A track, or None."""
    timeline: bool = False
    privacy: Privacy = "clear"
    mirror: bool = False
    """Whether the picture is shown mirrored; `Face.box` is that of the picture as it is."""
    mixtures: bool = False
    markers: tuple[Marker, ...] = ()
    marks: int = 0
    """How many markers were set so far."""
    pointer: tuple[int, int] | None = None
    """Where the mouse is, in px, while it is on the timeline."""


@dataclass(frozen=True)
class View(Chosen, Seen):
    """What one picture of the window shows. Equal views look the same; frames, faces and readings are compared by `is`.

    Besides what was seen and chosen it holds what is drawn from that: words, figures, and moving bars.
    """

    title: str = ""
    detail: str = ""
    notice: str = ""
    """A fault that people have to know of, while everything goes on."""
    figures: tuple[Figure, ...] = ()
    bars: Mapping[int, Bars] = field(default_factory=dict)
    followed: int | None = None
    """The track that the timeline shows: the selected one, else one that is present."""
    recording: str = ""
    """How long a recording has gone on, as words; empty without one."""
    controls: tuple[int, int, int, int] | None = None
    """Where the bar of buttons is: left, top, right, bottom in px."""

    def reading(self, face: Face) -> EmotionDistribution | None:
        """Return the reading to show for `face`, if scene and face are live and it is not older than FRESH_S."""
        reading = self.readings.get(face.track_id)
        if reading is None or self.state is not State.LIVE or face.state is not State.LIVE:
            return None
        return reading if self.time_s - reading.time_s <= FRESH_S else None


def first_view(last: View, source: str) -> View:
    """Return the first view of another source; what a person switched on stays on."""
    kept = ("overlay", "hud", "timeline", "privacy", "mixtures")
    return replace(View(source), **{name: getattr(last, name) for name in kept})


def follow(last: View, now: Snapshot, then: Then = "closes") -> View:
    """Return the view after `last`, from a snapshot; `then` is what the window does when the session has ended."""
    scene, state = now.scene, _state(now)
    raw = now.newest if scene is None and isinstance(now.newest, Frame) else None
    frame = (scene.frame if scene else raw) or last.frame
    faces = () if scene is None or now.over else _faces(last, scene, frame)
    known = {**last.readings, **{reading.track_id: reading for reading in now.readings}}
    scene_s = scene.time_s if scene else last.scene_s
    vacant_since_s = last.vacant_since_s if last.state is state is State.NO_FACE else scene_s
    title, detail = message_for(last.source, state, frame, now, then)
    if scene and state is State.NO_FACE and scene_s - vacant_since_s >= VACANT_S:
        title, detail = _vacant(scene.least_px)
    here = {face.track_id for face in faces}
    bags = last.bags + tuple(bag for bag in now.bags if bag not in last.bags)
    pasts, weighed, past_s = last.pasts, last.weighed, last.past_s
    fresh = last.fresh + tuple(reading for reading in now.readings if is_new(reading, last.fresh, pasts))
    if abs(scene_s - past_s) >= STEP_S or any(reading.track_id not in pasts for reading in fresh):
        pasts, weighed = remember(pasts, fresh, scene_s), weigh(weighed, bags, fresh)
        fresh, past_s = (), scene_s
    return replace(
        last,
        state=state,
        time_s=scene.time_s if scene and state is State.LIVE else 0.0,
        frame=frame,
        faces=faces,
        scene_s=scene_s,
        vacant_since_s=vacant_since_s,
        readings={face.track_id: known[face.track_id] for face in faces if face.track_id in known},
        pasts=pasts,
        past_s=past_s,
        fresh=fresh,
        weighed={track_id: window for track_id, window in weighed.items() if track_id in here},
        instance_s=next((window.instance_s for window in weighed.values()), last.instance_s),
        bags=tuple(bag for bag in bags if bag.track_id in here and not is_read(bag, weighed))[-MAX_BAGS:],
        markers=tuple(marker for marker in _markers(last, scene) if scene_s - marker.time_s <= SPAN_S),
        followed=_followed(last, faces, pasts),
        attempt=now.newest.attempt if state is State.RECONNECTING and isinstance(now.newest, Retry) else 0,
        title=title,
        detail=detail,
        notice=now.notice or _strained(scene),
        rests=now.over and then == "waits",
        broken=_broken(now),
    )


def spoken(view: View) -> str:
    """Return the text for a screen reader: the state, the message and the word of each face."""
    parts = [say(texts.STATES[view.state]), view.title, view.detail, view.notice]
    for number, face in enumerate(view.faces, start=1):
        reading, word = view.reading(face), words(view, face)
        own = reading is not None and reading.baseline is Baseline.SET
        parts.append(say(texts.SPOKEN, number=number, words=say(texts.OWN_NEUTRAL, words=word) if own else word))
    return "; ".join(part for part in parts if part)


def words(view: View, face: Face) -> str:
    """Return the word on a face's card: the emotion, or why there is none."""
    reading = view.reading(face)
    if reading:
        return say(texts.EMOTION_WORDS[reading.emotion] if reading.emotion else texts.UNSURE)
    if face.state is State.LOW_QUALITY:
        return say(texts.FAULTS.get(face.quality.fault, face.quality.fault))
    return say(texts.ANALYSING if face.filled >= 1 else texts.COLLECTING)


def _faces(last: View, scene: Scene, frame: Frame | None) -> tuple[Face, ...]:
    """Return the faces in the picture that is shown: while it stalls, those that were there before."""
    frozen = scene.state is State.STALLED and frame is last.frame
    return last.faces if frozen else scene.faces


def _vacant(least_px: int) -> tuple[str, str]:
    """Return the message after VACANT_S without a face, with the least size of a face if that is known."""
    return say(texts.VACANT), say(texts.VACANT_HINT, size=least_px) if least_px else ""


def _followed(last: View, faces: tuple[Face, ...], pasts: Mapping[int, Past]) -> int | None:
    """Return the track that the timeline shows: the selected one, else the last one while it can."""
    here = [face.track_id for face in faces if face.track_id in pasts]
    if last.selected in pasts:
        return last.selected
    if last.followed in pasts and (last.followed in here or not here):
        return last.followed
    return here[0] if here else None


def _markers(last: View, scene: Scene | None) -> tuple[Marker, ...]:
    """Return the markers that were set in the window, and those of a recording that is shown."""
    held = {Marker(mark.number, mark.time_s) for mark in scene.marks} if scene else set()
    return tuple(sorted({*last.markers, *held}, key=lambda marker: marker.time_s)) if held else last.markers


def _strained(scene: Scene | None) -> str:
    strain = scene.strain if scene else None
    if strain is None:
        return ""
    return say(texts.KEEPS_UP, kept=strain.kept, faces=strain.faces) if strain.kept else say(texts.TOO_SLOW)


def _state(now: Snapshot) -> State:
    if now.over:
        return State.FAILED if now.error else State.ENDED
    if now.scene is None:
        return State.STARTING
    lasts = now.scene.frame is not None and now.scene.frame.still  # there may be no other picture for long
    awaited = now.scene.state in (State.LIVE, State.NO_FACE) and not lasts
    return State.STALLED if awaited and now.now_s - now.scene.time_s > SILENT_S else now.scene.state


def _broken(now: Snapshot) -> bool:
    return not now.over and now.scene is not None and now.scene.state is State.FAILED
