"""Chooses the words of the message in the middle of the window; `messages.py` draws it."""

from __future__ import annotations

from math import ceil
from pathlib import PurePath
from typing import Literal

from realtime_micacl.live.snapshot import Snapshot
from realtime_micacl.live.sources import blank
from realtime_micacl.live.sources.source import redacted
from realtime_micacl.types import Frame, Retry, State
from realtime_micacl_ui import texts
from realtime_micacl_ui.texts import say

BLANK = {blank.BLACK: (texts.BLACK, texts.BLACK_HINT), blank.FROZEN: (texts.FROZEN, texts.FROZEN_HINT)}
SILENT_S = 2.5  # if a live scene is older than this, the analysis hangs
Then = Literal["closes", "waits", "goes on"]
"""What the window does when a source has ended: close, wait for a person, or go on with its other sources."""


def message_for(source: str, state: State, frame: Frame | None, now: Snapshot, then: Then) -> tuple[str, str]:
    """Return title and detail of the message, both empty if there is none; `frame` is what the window shows."""
    if state in (State.LIVE, State.NO_FACE):
        return "", ""
    source = _called(source)
    match state:
        case State.STARTING:
            return (say(texts.PREPARING) if frame else say(texts.OPENING, source=source)), ""
        case State.PAUSED:
            return say(texts.PAUSED), say(texts.GO_ON)
        case State.STALLED if now.scene is not None and now.scene.detail in BLANK:
            title, detail = BLANK[now.scene.detail]
            return say(title), say(detail)
        case State.STALLED:
            return _stalled(source, frame, now), say(texts.NO_EMOTION)
        case State.RECONNECTING:
            return say(texts.RECONNECTING if frame else texts.WAITING, source=source), _retry(now)
        case State.ENDED:
            return say(texts.ENDED, source=source), say(texts.PLAY_AGAIN) if then == "waits" else ""
        case State.FAILED if not now.over:
            return say(texts.BROKEN), say(texts.PICTURE_ONLY, reason=redacted(now.scene.detail if now.scene else ""))
        case State.FAILED:
            error = redacted(str(now.error))
            if then == "goes on":
                return say(texts.FAILED), error
            return say(texts.FAILED), say(texts.TRY_AGAIN if then == "waits" else texts.ANY_KEY, error=error)
    return "", ""


def _called(source: str) -> str:
    """Return a short name of a source: addresses and paths are too long for a message."""
    return say(texts.STREAM) if "://" in source else PurePath(texts.named(source)).name or source


def _stalled(source: str, frame: Frame | None, now: Snapshot) -> str:
    since_s = frame.time_s if frame else now.now_s
    stalled = now.scene is not None and now.scene.state is State.STALLED
    comes = isinstance(now.newest, Frame) and now.now_s - now.newest.time_s < SILENT_S
    return say(texts.HANGS if comes and not stalled else texts.STALLED, source=source, seconds=int(now.now_s - since_s))


def _retry(now: Snapshot) -> str:
    if not isinstance(now.newest, Retry):
        return redacted(now.scene.detail) if now.scene else ""
    seconds = ceil(now.newest.wait_s)
    when = say(texts.NEXT_TRY, seconds=seconds) if seconds > 0 else say(texts.TRYING)
    return say(texts.RETRYING, reason=redacted(now.newest.reason), attempt=now.newest.attempt, when=when)
