"""One picture per measurement: confusion, reliability, risk and coverage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from realtime_micacl.making.evaluation.predictions import Read
from realtime_micacl.making.figures import Risk, Scores
from realtime_micacl.making.reliability import reliability, risks
from realtime_micacl.making.scores import Labels
from realtime_micacl.types import EMOTIONS

INK, BLUE, GREY, RED = "#222222", "#1f5f99", "#999999", "#b3402a"


def draw(file: Path, title: str, read: Read, scores: Scores) -> None:
    """Write three plots of one result into a PNG; the same scores give the same bytes."""
    figure = Figure(figsize=(14, 5), dpi=100, layout="constrained")
    figure.suptitle(f"{title}: WAR {scores['war']:.3f}, UAR {scores['uar']:.3f}, {scores['n']} clips", parse_math=False)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.25, 1, 1))
    _confusion(left, np.array(scores["confusion"]))
    _reliability(middle, read, scores["ece"])
    _risk(right, read, scores["risk"])
    figure.savefig(file, metadata={"Software": None})


def _confusion(axes: Axes, matrix: Labels) -> None:
    totals = matrix.sum(axis=1)
    shares = matrix / np.maximum(totals, 1)[:, None]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(matrix.shape):
        if matrix[row, column]:
            share, count = shares[row, column], matrix[row, column]
            colour = "white" if share > 0.55 else INK
            axes.text(column, row - 0.12, f"{share:.0%}", ha="center", va="center", color=colour, fontsize=9)
            axes.text(column, row + 0.24, f"{count}", ha="center", va="center", color=colour, fontsize=7)
    axes.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(EMOTIONS)), [f"{e} ({n})" for e, n in zip(EMOTIONS, totals, strict=True)])
    axes.set(xlabel="read as", ylabel="labelled (clips)", title="Confusion, share of each row")


def _reliability(axes: Axes, read: Read, ece: float) -> None:
    diagram = reliability(read.probabilities, read.labels)
    filled = diagram.n > 0
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label="calibrated")
    axes.plot(diagram.sure[filled], diagram.right[filled], color=BLUE, linewidth=1)
    sizes = 12 + 400 * diagram.n[filled] / diagram.n.sum()
    axes.scatter(
        diagram.sure[filled],
        diagram.right[filled],
        s=sizes,
        color=BLUE,
        alpha=0.75,
        clip_on=False,
        label="more clips, larger",
    )
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability of the leading emotion", ylabel="share that is right")
    axes.set_title(f"Reliability, ECE {ece:.3f}")
    axes.set_aspect("equal")
    axes.legend(loc="upper left", frameon=False, markerscale=0.5)


def _risk(axes: Axes, read: Read, risk: Risk) -> None:
    curve = risks(read.probabilities, read.labels)
    coverage = np.arange(1, len(curve) + 1) / len(curve)
    axes.plot(coverage, curve, color=BLUE)
    axes.fill_between(coverage, curve, color=BLUE, alpha=0.12, linewidth=0)
    if (wrong := risk.get("threshold_risk")) is not None:
        at = (risk["threshold_coverage"], wrong)
        axes.plot(
            *at,
            "o",
            color=RED,
            clip_on=False,
            label=f"threshold {risk['threshold']:.2f}: {at[0]:.0%} shown, {at[1]:.0%} wrong",
        )
        axes.legend(loc="upper left", frameon=False)
    axes.set(xlim=(0, 1), ylim=(0, max(0.1, float(curve.max()) * 1.25)), xlabel="coverage, surest first")
    axes.set_ylabel("share that is wrong")
    axes.set_title(f"Risk and coverage, area {risk['area']:.3f}")
