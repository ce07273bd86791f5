"""The state of the kiosk, as a value: `follow` makes the next from the last, what is noticed, and the time.

attract -> (a face for a second, or a touch) -> consent -> (yes) -> live -> asking -> wiping -> attract
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct

BLINK_S = 0.4  # a face that is missed for less counts as present all the time
READ_S = 1.0  # agreeing sooner than this does not count: it is the second tap of a double one

Seconds = Annotated[float, Meta(ge=0.2, le=3600.0)]


class Times(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `[times]` of `kiosk.toml`, in seconds."""

    notice_s: Seconds = 1.0
    """How long a face must be near before the card comes."""
    consent_s: Seconds = 60.0
    """How long the card waits for an answer."""
    away_s: Seconds = 2.0
    """How long the visitor's face must be missing before the kiosk asks whether they are still there."""
    gone_s: Seconds = 5.0
    """How long it must be missing before everything is wiped."""
    visit_s: Seconds = 180.0
    """How long a visit lasts before the kiosk asks whether to go on."""
    answer_s: Seconds = 15.0
    """How long it waits for that answer."""
    thanks_s: Seconds = 3.0
    """How long the farewell stays."""


class Stage(StrEnum):
    """The stages of a visit."""

    ATTRACT = "attract"
    CONSENT = "consent"
    LIVE = "live"
    ASKING = "asking"
    WIPING = "wiping"


class Act(StrEnum):
    """What a person does, by touch or key."""

    GO = "go"
    """Begin, agree, go on."""
    STOP = "stop"
    """Decline, leave."""


@dataclass(frozen=True)
class Notice:
    """What happened since the last moment."""

    near: bool = False
    """A face is near; during a visit: the visitor's own."""
    act: Act | None = None
    language: int | None = None
    """Index of the language that was touched."""
    clean: bool = True
    """No session of a visitor exists."""


@dataclass(frozen=True)
class KioskState:
    """The state of a kiosk."""

    stage: Stage = Stage.ATTRACT
    since_s: float = 0.0
    """When the stage began."""
    began_s: float = 0.0
    """When the visitor last agreed."""
    there_s: float = 0.0
    """When a face was last near; also set when a visit begins."""
    appeared_s: float | None = None
    """Since when a face has been near, blinks aside."""
    visits: int = 0
    """How many visits have begun; an analysis belongs to one of them."""
    language: int = 0
    settled: bool = False
    """Whoever is near has declined or finished: no card appears by itself until they have left."""
    again: bool = False
    """Somebody wants to go on who may be another person: after wiping the consent card appears."""

    @property
    def analysing(self) -> bool:
        """Whether there is consent."""
        return self.stage in (Stage.LIVE, Stage.ASKING)

    def left_s(self, times: Times, now_s: float) -> float:
        """Return how much longer it waits for an answer while it asks, in s."""
        left_s = times.answer_s - (now_s - self.since_s)
        absent_s = now_s - self.there_s
        return max(0.0, min(left_s, times.gone_s - absent_s) if absent_s >= times.away_s else left_s)


def follow(last: KioskState, notice: Notice, times: Times, now_s: float) -> KioskState:
    """Return the state after `last`; it changes by one stage at most."""
    now = _noticed(last, notice, now_s)
    absent_s = now_s - now.there_s
    match now.stage:
        case Stage.ATTRACT:
            return _attract(now, notice, times, now_s)
        case Stage.CONSENT:
            if notice.act is Act.GO and now_s - now.since_s >= READ_S:
                return _to(now, Stage.LIVE, now_s, began_s=now_s, there_s=now_s, visits=now.visits + 1)
            if notice.act is Act.STOP or now_s - now.since_s >= times.consent_s:
                return _home(now, now_s, settled=True)
            return _home(now, now_s) if absent_s >= times.gone_s else now
        case Stage.LIVE:
            if notice.act is Act.STOP:
                return _to(now, Stage.WIPING, now_s, settled=True)
            asks = absent_s >= times.away_s or now_s - now.began_s >= times.visit_s
            return _to(now, Stage.ASKING, now_s) if asks else now
        case Stage.ASKING:
            return _asking(now, notice, times, now_s)
        case Stage.WIPING:
            if not notice.clean:
                return now
            if now.again:
                return _to(now, Stage.CONSENT, now_s, there_s=now_s, again=False)
            return _home(now, now_s, settled=now.settled) if now_s - now.since_s >= times.thanks_s else now


def _noticed(last: KioskState, notice: Notice, now_s: float) -> KioskState:
    """Return `last` with presence and language updated."""
    language = last.language if notice.language is None else notice.language
    appeared_s, there_s = last.appeared_s, last.there_s
    if notice.near:
        appeared_s, there_s = now_s if appeared_s is None else appeared_s, now_s
    elif now_s - there_s > BLINK_S:
        appeared_s = None
    return replace(last, there_s=there_s, appeared_s=appeared_s, language=language)


def _attract(now: KioskState, notice: Notice, times: Times, now_s: float) -> KioskState:
    """Return the consent card if somebody has come near or touched the screen, else the attract loop."""
    touched = notice.act is Act.GO or notice.language is not None
    stays = notice.near and now.appeared_s is not None and now_s - max(now.appeared_s, now.since_s) >= times.notice_s
    if touched or (stays and not now.settled):
        return _to(now, Stage.CONSENT, now_s, there_s=now_s, settled=False)
    return replace(now, settled=now.settled and now_s - now.there_s < times.gone_s)


def _asking(now: KioskState, notice: Notice, times: Times, now_s: float) -> KioskState:
    """Return the visit if the visitor is there and goes on; if their face was lost, they must consent again."""
    here = now_s - now.there_s < times.away_s
    if notice.act is Act.STOP or now.left_s(times, now_s) <= 0:
        return _to(now, Stage.WIPING, now_s, settled=here)
    if notice.act is Act.GO:
        return _to(now, Stage.LIVE, now_s, began_s=now_s) if here else _to(now, Stage.WIPING, now_s, again=True)
    if here and now_s - now.began_s < times.visit_s:
        return _to(now, Stage.LIVE, now_s)
    return now


def _to(now: KioskState, stage: Stage, now_s: float, **changes: Any) -> KioskState:
    return replace(now, stage=stage, since_s=now_s, **changes)


def _home(now: KioskState, now_s: float, *, settled: bool = False) -> KioskState:
    """Return the attract loop, in the first language."""
    return _to(now, Stage.ATTRACT, now_s, there_s=now_s, language=0, settled=settled)
