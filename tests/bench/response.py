"""Measures how soon an expression is shown, and how soon it is gone: `python tests/bench/response.py PREPARED..`.

PREPARED are folders of rendered clips with a neutral lead and tail (docs/response.md). Every clip goes through window,
engine and smoother as live crops do. Onset: the first frame with an intensity above 0.05. Offset: the first frame at
which the expression has begun to fade, below 0.95 of its peak. `--plot FILE` draws the curves.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from traces import NEUTRAL, Shown, Trace, prepared, show, trace_clip

from realtime_micacl.config import Settings
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar
from realtime_micacl.live.reading.smoother import Smoother
from realtime_micacl.making.data.clips import Clip
from realtime_micacl.types import EMOTIONS, F32

GRID_S = np.linspace(-0.4, 2.0, 61).round(2).astype(np.float32)
STARTED, FADED = 0.05, 0.95


@dataclass(frozen=True, eq=False)
class Take:
    """One expressive clip: its true course and its readings."""

    label: int
    times_s: F32
    """Of its frames, [T]."""
    intensity: F32
    """[T]"""
    trace: Trace

    @property
    def onset_s(self) -> float:
        """When the expression begins to show."""
        return float(self.times_s[np.argmax(self.intensity > STARTED)])

    @property
    def offset_s(self) -> float:
        """When it begins to fade."""
        return float(self.times_s[np.flatnonzero(self.intensity >= FADED * self.intensity.max())[-1]])

    @property
    def over_s(self) -> float:
        """When the face is neutral again."""
        return float(self.times_s[np.flatnonzero(self.intensity > STARTED)[-1]])


@dataclass(frozen=True)
class Timing:
    """Delays in seconds; infinite if something did not happen within the clip."""

    shown: float
    """From the onset until half of the change is shown."""
    named: float
    """From the onset until its word stands there."""
    faded: float
    """From the offset until half of it is gone again."""
    cleared: float
    """From the offset until nine tenths of it are gone."""
    gone: float
    """From the offset until another word stands there."""
    gone_after: float
    """The same from the moment on at which the face is neutral again."""


def timing(take: Take, shown: Shown) -> Timing | None:
    """Return the delays of a take, None if its emotion never had half of the probability."""
    times, share = shown.times_s, shown.shares[:, take.label]
    before, after = share[times <= take.onset_s], share[times >= take.over_s + 1.5]
    if share.max() < 0.5 or not len(before) or not len(after):
        return None
    top = float(share.max())
    other = np.array([w != take.label for w in shown.words])
    gone_s = _first(times, other & (times >= take.offset_s))
    rest, fading = float(after.mean()), times >= take.offset_s
    return Timing(
        shown=_first(times, (times >= take.onset_s) & (share > (before.mean() + top) / 2)) - take.onset_s,
        named=_first(times, (times >= take.onset_s) & ~other) - take.onset_s,
        faded=_first(times, fading & (share < rest + 0.5 * (top - rest))) - take.offset_s,
        cleared=_first(times, fading & (share < rest + 0.1 * (top - rest))) - take.offset_s,
        gone=gone_s - take.offset_s,
        gone_after=gone_s - take.over_s,
    )


def read_takes(folders: Sequence[Path], sidecar: Sidecar, folder: Path) -> tuple[list[Take], list[Trace]]:
    """Return the expressive clips, and the readings of the neutral ones."""
    engine = open_engine(folder, sidecar)
    takes, calm = [], []
    for ready in prepared(folders):
        clip: Clip = ready.load()
        trace = trace_clip(ready.clip, clip, engine, sidecar)
        if ready.label == NEUTRAL:
            calm.append(trace)
        else:
            takes.append(Take(ready.label, clip.times_s, clip.targets[:, ready.label], trace))
    engine.close()
    return takes, calm


def curve(takes: Sequence[Take], shown: Sequence[Shown], moment: str) -> tuple[F32, F32]:
    """Return mean intensity and mean shown probability over all takes, on a grid around a moment of each, [G]."""
    rows = []
    for take, seen in zip(takes, shown, strict=True):
        at_s = getattr(take, moment) + GRID_S
        true = np.interp(at_s, take.times_s, take.intensity / take.intensity.max())
        rows.append((true, np.interp(at_s, seen.times_s, seen.shares[:, take.label])))
    true, share = np.mean(np.array(rows), axis=0)
    return np.asarray(true, np.float32), np.asarray(share, np.float32)


def quantiles(values: Sequence[float]) -> str:
    """Return median and 90th percentile as text."""
    half, most = np.percentile(np.array(values), [50, 90], method="higher")
    return f"p50 {half:.2f} s, p90 {most:.2f} s"


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("prepared", type=Path, nargs="+")
    p.add_argument("--engine", type=Path, default=default_engine())
    p.add_argument("--smoothing-s", type=float, default=Settings().smoothing_s)
    p.add_argument("--plot", type=Path)
    arguments = p.parse_args()
    folder, sidecar = read_sidecar(arguments.engine)
    takes, _ = read_takes(arguments.prepared, sidecar, folder)
    abstain = sidecar.calibration.abstain_below
    shown = [show(t.trace, Smoother(abstain_below=abstain, time_constant_s=arguments.smoothing_s)) for t in takes]
    timings = [timing(take, seen) for take, seen in zip(takes, shown, strict=True)]
    held = [t for t in timings if t]
    say = sys.stdout.write
    say(f"{sidecar.name}, span {sidecar.bag.span_s} s, smoothing {arguments.smoothing_s} s: {len(takes)} clips, ")
    say(f"{len(takes) - len(held)} whose emotion never held half of the shares\n")
    say(f"half of the change is shown, from the onset:       {quantiles([t.shown for t in held])}\n")
    say(f"its word stands there, from the onset:             {quantiles([t.named for t in held])}\n")
    say(f"half of it is gone, from the offset:               {quantiles([t.faded for t in held])}\n")
    say(f"nine tenths of it are gone, from the offset:       {quantiles([t.cleared for t in held])}\n")
    say(f"another word stands there, from the offset:        {quantiles([t.gone for t in held])}\n")
    say(f"the same, from when the face is neutral again:     {quantiles([t.gone_after for t in held])}\n")
    say("\n| emotion | clips | held | shown p50, s | gone p50, s |\n|---|---|---|---|---|\n")
    for label, name in enumerate(EMOTIONS):
        pairs = [(take, t) for take, t in zip(takes, timings, strict=True) if take.label == label]
        each = [t for _, t in pairs if t]
        if each:
            medians = [np.percentile([getattr(t, key) for t in each], 50, method="higher") for key in ("shown", "gone")]
            say(f"| {name} | {len(pairs)} | {len(each)} | {medians[0]:.2f} | {medians[1]:.2f} |\n")
    curves = {moment: curve(takes, shown, moment) for moment in ("onset_s", "offset_s")}
    say("\n| s | onset: intensity | shown | offset: intensity | shown |\n|---|---|---|---|---|\n")
    for i, at_s in list(enumerate(GRID_S))[::5]:
        cells = [f"{values[i]:.2f}" for pair in curves.values() for values in pair]
        say(f"| {at_s:+.1f} | {' | '.join(cells)} |\n")
    if arguments.plot:
        plot(curves, arguments.plot)


def plot(curves: dict[str, tuple[F32, F32]], file: Path) -> None:
    """Draw both curves side by side."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    figure, panes = pyplot.subplots(1, 2, figsize=(8, 2.8), sharey=True)
    for pane, (moment, (true, share)) in zip(panes, curves.items(), strict=True):
        pane.plot(GRID_S, true, color="0.6", label="intensity of the face")
        pane.plot(GRID_S, share, color="#4477AA", label="share on the card")
        pane.axvline(0, color="0.8", linewidth=0.8)
        pane.set_xlabel(f"seconds from the {moment.removesuffix('_s')}")
        pane.set_ylim(0, 1.05)
    panes[1].legend(frameon=False, loc="upper right")
    figure.tight_layout()
    figure.savefig(file, dpi=100)


def _first(times: F32, where: np.ndarray) -> float:
    return float(times[np.argmax(where)]) if where.any() else float("inf")


if __name__ == "__main__":
    main()
