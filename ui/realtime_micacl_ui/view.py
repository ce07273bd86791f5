"""Everything that one picture shows, as a value: `follow` makes the next from the last, a look and the clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import PurePath

from realtime_micacl.errors import MicaclError
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.source import redacted
from realtime_micacl.types import EmotionDistribution, Face, Frame, Retry, Scene, State

FRESH_S = 1.0  # an older reading says nothing about the face of now
SILENT_S = 2.5  # a live scene older than this means that the analysis hangs

OPENING = "Opening {source} …"
PREPARING = "Preparing the analysis …"
PAUSED = "Paused"
GO_ON = "Space goes on"
STALLED = "No picture from {source} for {seconds:.0f} s"
HANGS = "The analysis has not answered for {seconds:.0f} s"
NO_EMOTION = "No expression is shown until there is a fresh picture."
WAITING = "Waiting for {source}"
RECONNECTING = "Connecting to {source} again"
ATTEMPT = "{reason}\nAttempt {attempt}, {when}"
NEXT_TRY = "next try in {seconds} s"
TRYING = "trying now"
ENDED = "End of {source}"
FAILED = "Stopped by an error"
BROKEN = "The analysis has stopped"
PICTURE_ONLY = "{reason}\nThe picture is live; no expression is shown. Start the program again to go on."
ANY_KEY = "{error}\n\nAny key closes the window."
STREAM = "the stream"
UNSURE = "unsure"
COLLECTING = "collecting"
ANALYSING = "analysing …"  # the window is full, the engine has not answered yet
SPOKEN = "face {number}: {words}"


@dataclass(frozen=True)
class Figure:
    """One number of the HUD; level 0 is within its limits, 1 beyond the first, 2 beyond the second."""

    label: str
    value: str
    unit: str = ""
    level: int = 0


@dataclass(frozen=True, eq=False)
class Look:
    """What a session shows at one moment."""

    now_s: float
    newest: Frame | Retry | None
    scene: Scene | None
    readings: tuple[EmotionDistribution, ...]
    over: bool
    error: MicaclError | None
    notice: str = ""


@dataclass(frozen=True)
class View:
    """What one picture shows. Two views are equal where their pictures are; frames, faces and readings by identity."""

    source: str
    state: State = State.STARTING
    time_s: float = 0.0
    """Of the scene while it is live, else 0."""
    frame: Frame | None = None
    faces: tuple[Face, ...] = ()
    readings: Mapping[int, EmotionDistribution] = field(default_factory=dict)
    """The newest of each track in the scene, whether it may be shown or not."""
    attempt: int = 0
    title: str = ""
    detail: str = ""
    notice: str = ""
    """What a person should know while all goes on."""
    figures: tuple[Figure, ...] = ()
    overlay: bool = True
    hud: bool = True
    help: bool = False
    selected: int | None = None
    """A track, or None."""

    @property
    def broken(self) -> bool:
        """Whether the analysis has failed for good while the picture stays live."""
        return self.title == BROKEN

    def reading(self, face: Face) -> EmotionDistribution | None:
        """Return the reading that may be shown for `face`: of a live face in a live scene, and fresh."""
        reading = self.readings.get(face.track_id)
        if reading is None or self.state is not State.LIVE or face.state is not State.LIVE:
            return None
        return reading if self.time_s - reading.time_s <= FRESH_S else None


def look(session: LiveSession, now_s: float) -> Look:
    """Look at a running session; it is over once it failed, was stopped or has nothing left to do."""
    over = session.error is not None or session.stopping or not session.running
    newest, scene, readings = session.frames.peek(), session.scenes.peek(), session.readings.peek()
    return Look(now_s, newest, scene, readings or (), over, session.error, session.outlets.notice)


def follow(last: View, now: Look) -> View:
    """Return the view after `last`."""
    scene, state = now.scene, _state(now)
    raw = now.newest if scene is None and isinstance(now.newest, Frame) else None
    frame = (scene.frame if scene else raw) or last.frame
    faces: tuple[Face, ...] = ()
    if scene is not None and not now.over:
        frozen = scene.state is State.STALLED and frame is last.frame
        faces = last.faces if frozen else scene.faces  # a stalled scene has no faces, but its picture shows them
    known = {**last.readings, **{reading.track_id: reading for reading in now.readings}}
    title, detail = _message(_called(last.source), state, frame, now)
    return replace(
        last,
        state=state,
        time_s=scene.time_s if scene and state is State.LIVE else 0.0,
        frame=frame,
        faces=faces,
        readings={face.track_id: known[face.track_id] for face in faces if face.track_id in known},
        attempt=now.newest.attempt if state is State.RECONNECTING and isinstance(now.newest, Retry) else 0,
        title=title,
        detail=detail,
        notice=now.notice,
    )


def spoken(view: View) -> str:
    """Return what a screen reader is told: the state, the message and the leading word of each face."""
    parts = [str(view.state), view.title, view.detail, view.notice]
    for number, face in enumerate(view.faces, start=1):
        parts.append(SPOKEN.format(number=number, words=words(view, face)))
    return "; ".join(part for part in parts if part)


def words(view: View, face: Face) -> str:
    """Return what is said of a face: the leading emotion, or why there is none."""
    reading = view.reading(face)
    if reading:
        return reading.emotion or UNSURE
    if face.state is State.LOW_QUALITY:
        return face.quality.fault
    return ANALYSING if face.filled >= 1 else COLLECTING


def _state(now: Look) -> State:
    if now.over:
        return State.FAILED if now.error else State.ENDED
    if now.scene is None:
        return State.STARTING
    awaited = now.scene.state in (State.LIVE, State.NO_FACE)
    return State.STALLED if awaited and now.now_s - now.scene.time_s > SILENT_S else now.scene.state


def _message(source: str, state: State, frame: Frame | None, now: Look) -> tuple[str, str]:
    """Return what is said in the middle of the window: a title and a detail, both empty while all is well."""
    match state:
        case State.STARTING:
            return (PREPARING if frame else OPENING.format(source=source)), ""
        case State.PAUSED:
            return PAUSED, GO_ON
        case State.STALLED:
            return _stalled(source, frame, now), NO_EMOTION
        case State.RECONNECTING:
            return (RECONNECTING if frame else WAITING).format(source=source), _retry(now)
        case State.ENDED:
            return ENDED.format(source=source), ""
        case State.FAILED if not now.over and now.scene:
            return BROKEN, PICTURE_ONLY.format(reason=redacted(now.scene.detail))
        case State.FAILED:
            return FAILED, ANY_KEY.format(error=redacted(str(now.error)))
    return "", ""


def _called(source: str) -> str:
    """Return how a message calls a source: addresses and paths are too long for it."""
    return STREAM if "://" in source else PurePath(source).name or source


def _stalled(source: str, frame: Frame | None, now: Look) -> str:
    since_s = frame.time_s if frame else now.now_s
    comes = isinstance(now.newest, Frame) and now.now_s - now.newest.time_s < SILENT_S
    return (HANGS if comes else STALLED).format(source=source, seconds=int(now.now_s - since_s))


def _retry(now: Look) -> str:
    if not isinstance(now.newest, Retry):
        return redacted(now.scene.detail) if now.scene else ""
    when = NEXT_TRY.format(seconds=ceil(now.newest.wait_s)) if now.newest.wait_s > 0 else TRYING
    return ATTEMPT.format(reason=redacted(now.newest.reason), attempt=now.newest.attempt, when=when)
