"""The figures of the HUD, and the limits beyond which they are a warning."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from math import isfinite

from realtime_micacl.meter import Meter
from realtime_micacl_ui.view import Figure

BUDGET_MS = 150.0  # from the camera to the screen, for 95 % of the pictures
LATE = (0.75 * BUDGET_MS, BUDGET_MS)
SHORT = (0.05, 0.20)  # share of the captured rate that is missing
LOST = (0.01, 0.05)  # share of the captured frames that were not analysed
OVER_S = 2.0
NOTHING = "- / -"


class DropShare:
    """The share of dropped frames over the last ten seconds, asked for twice a second."""

    def __init__(self) -> None:
        self._counts: deque[tuple[int, int]] = deque(maxlen=20)

    def update(self, captured: int, dropped: int) -> float:
        """Take the two running counts and return the share, 0 to 1."""
        self._counts.append((captured, dropped))
        first_captured, first_dropped = self._counts[0]
        return min(1.0, (dropped - first_dropped) / max(1, captured - first_captured))

    def restart(self) -> None:
        """Start over, after a start or a pause."""
        self._counts.clear()


def figures(
    session: Mapping[str, Meter], window: Mapping[str, Meter], drops: float, *, judged: bool
) -> tuple[Figure, ...]:
    """Return the figures from the meters of session and window; with `judged`, those beyond their limits are marked."""
    captured, analysed = (session[stage].rate_hz(OVER_S) for stage in ("capture", "perceive"))
    painted = window["latency"].rate_hz(OVER_S)
    p50, p95 = (window["latency"].percentile_ms(percent, OVER_S) for percent in (50, 95))
    latency = f"{p50:2.0f} / {p95:2.0f}" if isfinite(p95) else NOTHING
    found = (
        Figure("capture", f"{captured:4.1f}"),
        Figure("analysis", f"{analysed:4.1f}", level=level(_missing(analysed, captured), SHORT)),
        Figure("painted", f"{painted:4.1f}", " fps", level(_missing(painted, captured), SHORT)),
        Figure("latency", latency, " ms", level(p95, LATE)),
        Figure("drops", f"{100 * drops:.1f}", " %", level(drops, LOST)),
    )
    return found if judged else tuple(Figure(f.label, f.value, f.unit) for f in found)


def level(value: float, limits: tuple[float, float]) -> int:
    """Return how many of two limits a value exceeds; 0 for NaN."""
    return sum(value > limit for limit in limits)


def _missing(rate_hz: float, of_hz: float) -> float:
    """Return the share of `of_hz` that is missing."""
    return 1.0 - rate_hz / of_hz if of_hz > 0 else 0.0
