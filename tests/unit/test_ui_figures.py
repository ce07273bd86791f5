"""The figures of the HUD: what is shown of the meters, and when one deserves a second look."""

from __future__ import annotations

import pytest

from realtime_micacl.meter import Meter
from realtime_micacl_ui.figures import DropShare, figures, level
from realtime_micacl_ui.view import Figure


class Told(Meter):
    """Has a rate, and delays that are ten times the percent; remembers of how long it was asked."""

    def __init__(self, rate_hz: float, p95_ms: float = 50.0) -> None:
        super().__init__()
        self.rate, self.p95_ms = rate_hz, p95_ms
        self.asked_s: list[float] = []

    def rate_hz(self, over_s: float = 0.0) -> float:
        self.asked_s.append(over_s)
        return self.rate

    def percentile_ms(self, percent: float, over_s: float = 0.0) -> float:
        self.asked_s.append(over_s)
        return self.p95_ms * percent / 95


def shown(
    *, captured: float = 30.0, analysed: float = 30.0, painted: float = 30.0, p95_ms: float = 95.0, drops: float = 0.0
) -> dict[str, Figure]:
    session, window = {"capture": Told(captured), "perceive": Told(analysed)}, {"latency": Told(painted, p95_ms)}
    found = figures(session, window, drops, judged=True)
    asked_s = [one for meter in (*session.values(), *window.values()) for one in meter.asked_s]
    assert all(0.5 < one <= 5 for one in asked_s), "of now, and steady enough to be read"
    assert [figure.level for figure in figures(session, window, drops, judged=False)] == [0] * 5
    return {figure.label: figure for figure in found}


def test_what_is_shown() -> None:
    found = shown(analysed=29.0, painted=28.0, drops=0.012)
    texts = {name: (figure.value + figure.unit).strip() for name, figure in found.items()}
    assert texts == {
        "capture": "30.0",
        "analysis": "29.0",
        "painted": "28.0 fps",
        "latency": "50 / 95 ms",
        "drops": "1.2 %",
    }
    assert shown(p95_ms=float("nan"))["latency"].value == "- / -"


@pytest.mark.parametrize(
    ("label", "given", "well", "doubtful", "bad"),
    [
        ("analysis", "analysed", 29.5, 27.0, 20.0),  # of 30 a second
        ("painted", "painted", 29.5, 27.0, 20.0),
        ("latency", "p95_ms", 90.0, 130.0, 200.0),
        ("drops", "drops", 0.005, 0.03, 0.1),
    ],
)
def test_each_is_judged_by_two_limits(label: str, given: str, well: float, doubtful: float, bad: float) -> None:
    assert [shown(**{given: value})[label].level for value in (well, doubtful, bad)] == [0, 1, 2]


def test_where_nothing_is_captured_nothing_is_missing() -> None:
    found = shown(captured=0.0, analysed=0.0, painted=0.0)
    assert {figure.level for figure in found.values()} == {0}
    assert [level(v, (1.0, 5.0)) for v in (float("nan"), 1.0, 1.1, 5.1)] == [0, 0, 1, 2]


def test_drops_are_counted_over_the_last_seconds() -> None:
    drops = DropShare()
    assert drops.update(100, 50) == 0
    assert drops.update(200, 60) == pytest.approx(0.1)
    assert drops.update(200, 900) == 1, "counts that are not of one moment"
    drops.restart()
    assert drops.update(300, 60) == 0
    shares = [drops.update(300 + 15 * n, 70) for n in range(1, 120)]  # ten at once, then none, twice a second
    assert [shares[5] > 0, shares[60] > 0] == [True, False], "after three seconds it is still said, after thirty not"
