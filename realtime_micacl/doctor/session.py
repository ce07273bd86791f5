"""Checks a running program by the metrics that it serves."""

from __future__ import annotations

from collections.abc import Iterator

from realtime_micacl.doctor.finding import Finding
from realtime_micacl.programs.metrics import read_metrics
from realtime_micacl.types import State
from realtime_micacl.wording import counted


def session(where: str) -> Iterator[Finding]:
    """Report each session of the program whose metrics are served at `where`, and its outlets."""
    for source, found in read_metrics(where).items():
        if source:
            yield Finding("source", True, source)
        if "faces" in found:
            yield from _figures(found)
        for outlet in (name.partition(" ")[2] for name in found if name.startswith("outlet_away ")):
            away, dropped = found[f"outlet_away {outlet}"], found[f"outlet_dropped_total {outlet}"]
            yield Finding("outlet", not away, f"{outlet}{' reaches nobody' if away else ''}, {dropped:.0f} dropped")


def _figures(found: dict[str, float]) -> Iterator[Finding]:
    """Report state, frames and faults of one session."""
    state = next(name for name in State if found[f"state {name}"])
    tries = f", attempt {found['attempt']:.0f}" if found["attempt"] else ""
    yield Finding(
        "state", state in (State.LIVE, State.NO_FACE), f"{state}{tries}, {counted(round(found['faces']), 'face')}"
    )
    counts = ("captured", "analysed", "dropped", "damaged")
    text = ", ".join(f"{found[f'frames_{name}_total']:.0f} {name}" for name in counts)
    yield Finding("frames", True, f"{text}; {counted(round(found['readings_total']), 'reading')}")
    again = {name: found[f"changes_total {name}"] for name in (State.RECONNECTING, State.STALLED)}
    failures = sum(found[f"failures_total {stage}"] for stage in ("perceive", "recognize"))
    text = ", ".join(f"{counted(round(count), 'time')} {name}" for name, count in again.items())
    yield Finding("faults", not failures, f"{text}; analysis started again {counted(round(failures), 'time')}")
