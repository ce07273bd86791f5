"""Measures what a personal baseline adds: `python tests/bench/baseline.py --prepared FOLDER.. --london FOLDER`.

Rendered people: five seconds of the neutral clip are the baseline, the other clips and the rest of the neutral one are
read with it. London: the neutral photograph of a held-out person is the baseline; read are the smiling one and the
neutral one mirrored, as they are and as poorer cameras would show them. Then the same with a baseline that was taken
while the face showed an expression.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from traces import NEUTRAL, prepared, trace_clip

from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar
from realtime_micacl.live.reading.baseline import CAP, SECONDS, offset
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.making.data.bank import bag_targets
from realtime_micacl.making.data.clips import bag_frames
from realtime_micacl.making.data.london import read_london
from realtime_micacl.making.evaluation.predictions import still_logits
from realtime_micacl.making.scores import Labels, report
from realtime_micacl.types import EMOTIONS, F32, U8, Baseline

CLEAR = 0.7  # a reading counts when one emotion holds this share of the newer half of its window
CAPS = (0.0, 0.5, CAP, 1.5, 2.0, 4.0)


@dataclass(frozen=True, eq=False)
class Person:
    """The readings of one person: calibrated logits [n,K], true labels [n], and five seconds of each expression."""

    number: int
    logits: F32
    labels: Labels
    neutral: F32
    """Readings to take a baseline of, none of them among the others."""
    wrong: dict[int, F32]
    """Readings of an expression, to take a baseline of that is none."""


def rendered(folders: list[Path], engine: Engine, sidecar: Sidecar) -> list[Person]:
    """Return the people of prepared rendered clips."""
    spec = sidecar.bag
    enough = round(SECONDS / spec.tick_s)
    parts: dict[str, list[tuple[int, F32, F32]]] = defaultdict(list)
    for ready in prepared(folders):
        clip = ready.load()
        logits = np.log(np.maximum(trace_clip(ready.clip, clip, engine, sidecar).shares, 1e-12))
        parts[clip.subject].append((ready.label, logits, bag_targets(clip, bag_frames(clip.times_s, spec), spec)))
    people = []
    for clips in parts.values():
        neutral = next(logits for label, logits, _ in clips if label == NEUTRAL)[:enough]
        wrong = {e: z[t[:, e] >= CLEAR][:enough] for e, z, t in clips if e != NEUTRAL and (t[:, e] >= CLEAR).sum() > 8}
        kept = [(z[enough:], t[enough:]) if e == NEUTRAL else (z, t) for e, z, t in clips]
        logits, targets = (np.concatenate(rows) for rows in zip(*kept, strict=True))
        clear = targets.max(axis=1) >= CLEAR
        people.append(
            Person(len(people), logits[clear], targets[clear].argmax(axis=1).astype(np.int64), neutral, wrong)
        )
    return people


def london(folder: Path, engine: Engine, sidecar: Sidecar, camera: Callable[[U8], U8]) -> list[Person]:
    """Return the held-out people of the London set, seen through a camera."""
    stills = read_london(folder, Aligner(sidecar.bag.size_px, sidecar.crop.points), held_out=True)
    people = []
    for number in sorted(set(stills.people.tolist())):
        mine = {int(label): i for i, label in enumerate(stills.labels) if stills.people[i] == number}
        if len(mine) < 2:
            continue
        calm, smiling = (stills.crops[mine[e]] for e in (NEUTRAL, EMOTIONS.index("happy")))
        crops = np.stack([camera(crop) for crop in (calm, calm[:, ::-1], smiling)])
        pictures = np.repeat(crops[..., None], 3, axis=-1)
        logits = np.asarray(still_logits(engine, sidecar, pictures) / sidecar.calibration.temperature, np.float32)
        labels = np.array([NEUTRAL, EMOTIONS.index("happy")], np.int64)
        people.append(Person(number, logits[1:], labels, logits[:1], {EMOTIONS.index("happy"): logits[2:]}))
    return people


def scores(people: list[Person], cap: float, windows: float) -> str:
    """Return cells of the table: WAR, UAR and recall of neutral with capped baselines, and how many were refused."""
    rows, labels, owners, refused = [], [], [], 0
    for person in people:
        shift, state = offset(person.neutral, windows, cap)
        refused += state is not Baseline.SET
        rows.append(_shares(person.logits + shift))
        labels.append(person.labels)
        owners.append(np.full(len(person.labels), person.number))
    found = report(np.concatenate(rows), np.concatenate(labels), np.concatenate(owners))
    cells = [
        f"{found[name]:.3f} [{found[f'{name}_95'][0]:.3f}, {found[f'{name}_95'][1]:.3f}]" for name in ("war", "uar")
    ]
    others = [recall for name, recall in found["recall"].items() if name != "neutral"]
    return " | ".join([*cells, f"{found['recall']['neutral']:.3f}", f"{np.mean(others):.3f}", str(refused)])


def harm(people: list[Person], cap: float, windows: float) -> str:
    """Return cells: how many baselines of an expression are refused, and its recall without and with the others."""
    taken = refused = 0
    without: list[np.ndarray] = []
    after: list[np.ndarray] = []
    for person in people:
        for emotion, readings in person.wrong.items():
            shift, state = offset(readings, windows, cap)
            taken, refused = taken + 1, refused + (state is not Baseline.SET)
            mine = person.logits[person.labels == emotion]
            if len(mine):
                without.append((mine.argmax(axis=1) == emotion).mean())
                after.append(((mine + shift).argmax(axis=1) == emotion).mean())
    return f"{refused} of {taken} | {np.mean(without):.3f} | {np.mean(after):.3f}"


def cameras() -> dict[str, Callable[[U8], U8]]:
    """Return a grey crop as poorer cameras would show it, by name."""
    ramp = np.linspace(0.2, 1.3, 64)

    def squeezed(sy: float) -> Callable[[U8], U8]:
        matrix = np.array([[1, 0, 0], [0, sy, 32 * (1 - sy)]], np.float32)
        return lambda x: cv2.warpAffine(x, matrix, x.shape[::-1], borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)

    def noisy(x: U8) -> U8:
        return np.clip(x * 0.15 + 20 + np.random.default_rng(0).normal(0, 6, x.shape), 0, 255).astype(np.uint8)

    def small(x: U8) -> U8:
        return cv2.resize(cv2.resize(x, (20, 20), interpolation=cv2.INTER_AREA), x.shape[::-1]).astype(np.uint8)

    return {
        "as it is": lambda x: x,
        "from above or below": squeezed(0.85),
        "stretched": squeezed(1.15),
        "blurred": lambda x: cv2.GaussianBlur(x, (0, 0), 2.5).astype(np.uint8),
        "dark and noisy": noisy,
        "20 px wide": small,
        "lit from below": lambda x: np.clip(x * _fit(ramp, len(x))[:, None], 0, 255).astype(np.uint8),
        "lit from above": lambda x: np.clip(x * _fit(ramp, len(x))[::-1, None], 0, 255).astype(np.uint8),
    }


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--prepared", type=Path, nargs="+", default=[], metavar="FOLDER")
    p.add_argument("--london", type=Path, metavar="FOLDER")
    p.add_argument("--engine", type=Path, default=default_engine())
    arguments = p.parse_args()
    folder, sidecar = read_sidecar(arguments.engine)
    engine = open_engine(folder, sidecar)
    windows = SECONDS / sidecar.bag.span_s
    groups: dict[str, list[Person]] = {}
    if arguments.prepared:
        groups["rendered people"] = rendered(arguments.prepared, engine, sidecar)
    if arguments.london:
        seen = {name: london(arguments.london, engine, sidecar, camera) for name, camera in cameras().items()}
        groups |= {f"London, {name}": people for name, people in seen.items()}
        groups["London, all of these"] = [person for people in seen.values() for person in people]
    engine.close()
    say = sys.stdout.write
    say(f"{sidecar.name}\n\n| people | n | cap | WAR | UAR | recall of neutral | of the others | refused |\n")
    say(8 * "|---" + "|\n")
    for name, people in groups.items():
        for cap in CAPS if name in ("rendered people", "London, all of these") else (0.0, CAP):
            say(f"| {name} | {len(people)} | {cap:g} | {scores(people, cap, windows)} |\n")
    say("\n| people | cap | wrong baselines refused | recall of the expression without | with |\n")
    say(5 * "|---" + "|\n")
    for name in ("rendered people", "London, all of these"):
        for cap in CAPS[1:]:
            if name in groups:
                say(f"| {name} | {cap:g} | {harm(groups[name], cap, windows)} |\n")


def _shares(logits: F32) -> F32:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def _fit(ramp: np.ndarray, n: int) -> np.ndarray:
    return np.interp(np.linspace(0, 1, n), np.linspace(0, 1, len(ramp)), ramp)


if __name__ == "__main__":
    main()
