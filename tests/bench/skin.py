"""Measures the effect of skin colour alone: the same people with the same movements, in four colours of skin.

    python tests/bench/skin.py ASSETS OUT

Twelve held-out people are rendered into OUT with fair, light brown, dark brown and very dark skin; all else, hair and
brows too, is the same. It takes about ten minutes on one core; existing clips are not rendered again.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.making.data.clips import read_clips
from realtime_micacl.making.evaluation.predictions import clip_predictions
from realtime_micacl.making.scores import report
from realtime_micacl.types import EMOTIONS
from realtime_micacl_render.assets import Assets
from realtime_micacl_render.clip import Filming, Label, write_clips, write_labels
from realtime_micacl_render.figure import build_figure
from realtime_micacl_render.person import SKIN_TONES, sample_person

MELANIN = {0.0: "fair", 0.5: "light brown", 0.75: "dark brown", 1.0: "darkest"}
PEOPLE = range(6004, 6064, 5)  # each of whom is held out
HOW = Filming(size_px=144, seconds=3.0, rate_hz=12)


def render(source: Assets, melanin: float, folder: Path) -> None:
    """Write the clips of all people with that skin."""
    folder.mkdir(parents=True, exist_ok=True)
    labels: list[Label] = []
    for seed in PEOPLE:
        person = replace(sample_person(seed, source.details), skin=np.array(SKIN_TONES[melanin], np.float32))
        figure = build_figure(person, source)
        labels += write_clips(figure, folder, HOW)
    write_labels(folder / "labels.json", labels)


def main() -> None:
    """Print a row for each colour."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("assets", type=Path)
    p.add_argument("out", type=Path)
    p.add_argument("--engine", type=Path, default=default_engine())
    a = p.parse_args()
    folder, sidecar = read_sidecar(a.engine)
    engine, aligner = open_engine(folder, sidecar), Aligner(sidecar.bag.size_px, sidecar.crop.points)
    sys.stdout.write("| skin | n | WAR | UAR [95 %] | " + " | ".join(EMOTIONS) + " |\n|" + "---|" * 11 + "\n")
    for melanin, name in MELANIN.items():
        clips = a.out / name.replace(" ", "-")
        if not (clips / "labels.json").exists():
            render(Assets(a.assets), melanin, clips)
        scores = report(*clip_predictions(engine, sidecar, read_clips(clips, aligner, a.out / "cache")))
        low, high = scores["uar_95"]
        recall = " | ".join(f"{scores['recall'][emotion]:.2f}" for emotion in EMOTIONS)
        row = (
            f"| {name} | {scores['n']} | {scores['war']:.3f} | {scores['uar']:.3f} [{low:.3f}, {high:.3f}] | {recall} |"
        )
        sys.stdout.write(row + "\n")
        sys.stdout.flush()
    engine.close()


if __name__ == "__main__":
    main()
