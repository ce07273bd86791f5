"""`show`: readings as a figure, one band for each face."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime_micacl.api.table import readings_in
from realtime_micacl.errors import ConfigError
from realtime_micacl.installed import require
from realtime_micacl.palette import COLOURS
from realtime_micacl.types import EMOTIONS, GAP_S, EmotionDistribution, Event
from realtime_micacl.wording import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEUTRAL = "#D5DAE0"  # instead of white, which could not be seen
MOST = 8  # faces that are shown, those with the most readings


def show(readings: Iterable[Event] | Event) -> Figure:
    """Return one matplotlib figure of readings: the shares of the emotions over time, with gaps hatched.

    A notebook shows it; `savefig` writes it. Raise ConfigError if there is no reading, or matplotlib is missing.

    >>> show(read("clip.mp4")).savefig("clip.png")
    """
    found = readings_in(readings, "figure")
    require("matplotlib", "train", "show")
    from matplotlib.figure import Figure

    class Shown(Figure):
        """A figure that notebooks show without any set-up."""

        def _repr_png_(self) -> bytes:
            buffer = BytesIO()
            self.savefig(buffer, format="png")
            return buffer.getvalue()

    tracks: dict[tuple[str, int], list[EmotionDistribution]] = {}
    for reading in found:
        if isinstance(reading, EmotionDistribution):
            tracks.setdefault((reading.source, reading.track_id), []).append(reading)
    if not tracks:
        raise ConfigError("there is no reading to show")
    kept = sorted(sorted(tracks, key=lambda who: -len(tracks[who]))[:MOST])
    figure = Shown(figsize=(10, 1.2 + 1.5 * len(kept)), dpi=100, layout="constrained")
    bands = figure.subplots(len(kept), 1, sharex=True, squeeze=False)[:, 0]
    for who, band in zip(kept, bands, strict=True):
        _draw(band, sorted(tracks[who], key=lambda reading: reading.time_s))
        name = who[0].replace("$", r"\$")  # else matplotlib takes it for a formula
        band.set_ylabel(" ".join(filter(None, (name, f"face {who[1]}"))))
    bands[-1].set_xlabel(
        "time in s" + (f" ({counted(len(tracks) - MOST, 'more face')} not shown)" if len(tracks) > MOST else "")
    )
    handles, names = bands[0].get_legend_handles_labels()
    known = dict(zip(names, handles, strict=True))
    figure.legend(known.values(), known.keys(), loc="outside upper center", ncols=len(EMOTIONS), frameon=False)
    return figure


def _draw(band: Any, readings: list[EmotionDistribution]) -> None:
    """Draw the shares of one face into `band`, an Axes, run by run of readings without a gap."""
    times = np.array([reading.time_s for reading in readings])
    shares = np.stack([reading.probabilities for reading in readings], axis=1)
    edges = [0, *(n + 1 for n, (a, b) in enumerate(pairwise(times)) if b - a > GAP_S), len(times)]
    colours = [(COLOURS | {"neutral": NEUTRAL})[name] for name in EMOTIONS]
    for start, end in pairwise(edges):
        part, run = times[start:end], shares[:, start:end]
        if len(part) == 1:  # a still has no length
            part, run = np.array([part[0] - GAP_S / 2, part[0] + GAP_S / 2]), np.repeat(run, 2, axis=1)
        band.stackplot(part, run, colors=colours, labels=EMOTIONS if start == 0 else ())
        if end < len(times):
            band.axvspan(times[end - 1], times[end], facecolor="none", edgecolor="#B0B7BF", hatch="///", linewidth=0)
    band.set(ylim=(0, 1), yticks=(0, 0.5, 1), yticklabels=("0", "50 %", "100 %"))
    band.spines[["top", "right"]].set_visible(False)
