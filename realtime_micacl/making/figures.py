"""The figures of a measurement, in the form of their JSON; shares and rates are from 0 to 1."""

from __future__ import annotations

from typing import NotRequired, TypedDict

Interval = list[float]
"""Lower and upper end of a 95 % interval."""


class Majority(TypedDict):
    """The scores of a guess that is always the most frequent emotion."""

    emotion: str
    war: float
    uar: float


class Bin(TypedDict):
    """A bin of the reliability diagram: size, mean probability of the leading emotion, and share that was right."""

    n: int
    sure: float
    right: float


class Risk(TypedDict):
    """The risk-coverage curve, and the point of the threshold on it, if there is one."""

    area: float
    at_coverage: dict[str, float]
    threshold: NotRequired[float]
    threshold_coverage: NotRequired[float]
    threshold_risk: NotRequired[float | None]


class Recalls(TypedDict):
    """Weighted and unweighted average recall."""

    war: float
    uar: float


class Report(Recalls):
    """The scores of predictions."""

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
    """How many clips could be read, and the scores with the others as wrong."""

    unread: int
    coverage: float
    war_all: float
    uar_all: float


class Scores(Report, Coverage):
    """All scores of one set."""

    war_with_lost: float
    """WAR with the clips that `prepare` left out as wrong, too."""


class Comparison(Recalls):
    """How one engine differs from another on the same clips."""

    n: int
    war_95: Interval
    uar_95: Interval
    only_first_right: int
    only_second_right: int
    mcnemar_p: float


class About(TypedDict, total=False):
    """What to know about a measurement beside its scores."""

    data: str
    split: str | None
    part: str
    bags: str
    training: str
    people_in_both_parts: int | None
    """In the training and the test part of the split; None if the set does not name people."""
    lost: int
    """Clips that `prepare` had to leave out."""
    words: int
    """Readings of labelled faces."""
    words_shown: int
    """Those of them with a word, not "unsure"."""
    words_wrong: int
    """Those of them with a wrong word."""
    grimaces: int
    """Readings of faces that show none of the seven emotions; "unsure" is right for them."""
    grimaces_unsure: int
    changes: dict[str, int]
    """How often the word changes, by clip."""
    seconds: float
    """Of all clips together."""


Experts = dict[str, list[float]]
"""Share of each expert, by kind of clip; empty without experts."""


class Cost(TypedDict):
    """What a network costs: each piece is encoded once, each window classified once a tick."""

    parameters: int
    piece_macs: int
    window_macs: int
    piece_ms: float
    window_ms: float
    kept_bytes: int
    """Features in memory for each face."""


class Followed(TypedDict):
    """How a network follows changes of expression; clips are numbered."""

    delays: list[tuple[int, float | None]]
    """Clip, and seconds from half of the expression's strength to the first reading that names it; None for never."""
    calm: list[tuple[int, int, float]]
    """Neutral clip, changes of the leading emotion in it, its length in seconds."""


class Trained(Cost, Followed):
    """Figures of a trained network beside its accuracy."""

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
    """How far WAR changes if the frames run backwards."""
    reversed_95: Interval
    shuffled: float
    shuffled_95: Interval
    cost: NotRequired[Cost]
    """Missing for fusions."""
    experts: NotRequired[Experts]
    response_s: NotRequired[float]
    response_s_95: NotRequired[Interval]
    missed: NotRequired[float]
    missed_95: NotRequired[Interval]
    flips: NotRequired[float]
    """Changes of the leading emotion in a minute of calm faces."""
    flips_95: NotRequired[Interval]
    said: list[list[int]]
    """The class that each seed predicted for each clip; `labels` and `persons` are of the same clips."""
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
