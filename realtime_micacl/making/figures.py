"""The figures of a measurement, as they are reported and written as JSON; shares and rates are from 0 to 1."""

from __future__ import annotations

from typing import NotRequired, TypedDict

Interval = list[float]
"""The two ends of 95 %."""


class Majority(TypedDict):
    """What the guess of the most frequent emotion would score."""

    emotion: str
    war: float
    uar: float


class Bin(TypedDict):
    """How sure the leading emotion was and how often it was right, in one bin of its probability."""

    n: int
    sure: float
    right: float


class Risk(TypedDict):
    """The curve of risk over coverage; where the threshold lies on it, if there is one."""

    area: float
    at_coverage: dict[str, float]
    threshold: NotRequired[float]
    threshold_coverage: NotRequired[float]
    threshold_risk: NotRequired[float | None]


class Recalls(TypedDict):
    """The two figures that every network is judged by."""

    war: float
    uar: float


class Report(Recalls):
    """What predictions score."""

    n: int
    people: int | None
    war_95: Interval
    uar_95: Interval
    majority: Majority
    ece: float
    reliability: list[Bin | None]
    risk: Risk
    recall: dict[str, float]
    counts: dict[str, int]
    confusion: list[list[int]]


class Coverage(TypedDict):
    """How many clips were read, and the scores where each that was not is wrong."""

    unread: int
    coverage: float
    war_all: float
    uar_all: float


class Scores(Report, Coverage):
    """All scores of one set."""

    war_with_lost: float
    """Where the clips that `prepare` left out are wrong, too."""


class Comparison(Recalls):
    """How one engine differs from another on the same clips."""

    n: int
    war_95: Interval
    uar_95: Interval
    only_first_right: int
    only_second_right: int
    mcnemar_p: float


class About(TypedDict, total=False):
    """What must be known of a measurement beside its scores."""

    data: str
    split: str | None
    part: str
    bags: str
    training: str
    people_in_both_parts: int | None
    """In the training and the test part of the split; None where nobody is known."""
    lost: int
    """Clips that `prepare` had to leave out."""
    words: int
    """Readings of which a word may be shown; so many were, and so many of them wrong."""
    words_shown: int
    words_wrong: int
    grimaces: int
    """Readings of faces that show none of the seven; "unsure" is right there."""
    grimaces_unsure: int
    changes: dict[str, int]
    """Of the word, by clip, within so many seconds of all."""
    seconds: float


Experts = dict[str, list[float]]
"""How much each expert serves, by kind of clip; empty without experts."""


class Cost(TypedDict):
    """What a network costs: a piece is encoded once, a window read once a tick."""

    parameters: int
    piece_macs: int
    window_macs: int
    piece_ms: float
    window_ms: float
    kept_bytes: int
    """Of each face."""


class Followed(TypedDict):
    """How a network follows what changes; clips are named by their number."""

    delays: list[tuple[int, float | None]]
    """Clip, and seconds from half of an expression to the first reading that names it, None for never."""
    calm: list[tuple[int, int, float]]
    """Neutral clip, changes of the leading emotion in it, its seconds."""


class Trained(Cost, Followed):
    """What is known of a trained network beside what it reads."""

    experts: Experts


class Means(TypedDict):
    """WAR and UAR over seeds: their means, 95 % intervals, and how far seeds differ."""

    war: float
    war_95: Interval
    war_sd: float
    uar: float
    uar_95: Interval
    uar_sd: float


class SystemRow(Means):
    """A row of `compare`: means over seeds, intervals over people."""

    system: str
    seeds: int
    n: int
    people: int
    tail: NotRequired[float]
    """Mean recall of fear and disgust."""
    tail_95: NotRequired[Interval]
    ece: float
    ece_95: Interval
    reversed: float
    """How far WAR changes where the frames run backwards."""
    reversed_95: Interval
    shuffled: float
    shuffled_95: Interval
    cost: NotRequired[Cost]
    """Nobody times a fusion."""
    experts: NotRequired[Experts]
    response_s: NotRequired[float]
    response_s_95: NotRequired[Interval]
    missed: NotRequired[float]
    missed_95: NotRequired[Interval]
    flips: NotRequired[float]
    """Changes of the leading emotion in a minute of calm faces."""
    flips_95: NotRequired[Interval]
    said: list[list[int]]
    """What each seed said of the clips, whose `labels` and `persons` stand beside."""
    labels: list[int]
    persons: list[int]


class Real(Means):
    """How a system reads one set of real people: means over seeds, intervals over pictures or stretches."""

    n: int
    ece: float
    words: int
    words_shown: int
    words_wrong: int
    changes_a_minute: NotRequired[float]
    against: NotRequired[Comparison]
    """The engine that ships."""


class RealRow(TypedDict):
    """How a system reads real people."""

    system: str
    seeds: int
    photographs: NotRequired[Real]
    clips: NotRequired[Real]
