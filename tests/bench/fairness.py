"""Measures recall by skin tone, gender and age, on people never trained on.

    python tests/bench/fairness.py --london FOLDER --rendered PEOPLE --dressed FOLDER

London's photographs and the rendered people dressed in them carry the set's own labels of gender, age and ethnicity;
skin tone is measured in each neutral photograph as the individual typology angle (ITA) of both cheeks. Of fully
rendered people all is known from their seed. FER+ has no labels of people.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.live.seeing.picture_mesh import PictureMesh
from realtime_micacl.making.data.clips import Clip, read_clips
from realtime_micacl.making.data.ferplus import Stills
from realtime_micacl.making.data.held_out import PHOTOGRAPHED
from realtime_micacl.making.data.landmarks import read_landmarks
from realtime_micacl.making.data.london import read_london
from realtime_micacl.making.evaluation.predictions import Predictions, clip_predictions, still_predictions
from realtime_micacl.making.scores import Labels, report
from realtime_micacl.types import F32, U8
from realtime_micacl_render.person import sample_person

CHEEKS = ((50, 117, 118, 101, 205), (280, 346, 347, 330, 425))
"""Landmarks of the face mesh around each cheek."""
LIGHT, DARK = 28.0, 0.0
"""ITA in degrees: above LIGHT fair, below DARK dark, between them brown."""
Groups = dict[int, list[str]]
"""Of each person the groups that they belong to."""


def ita(rgb: F32) -> float:
    """Return the individual typology angle of a colour, sRGB 0 to 255 [3], in degrees."""
    lightness, _, yellow = cv2.cvtColor((rgb / 255).astype(np.float32).reshape(1, 1, 3), cv2.COLOR_RGB2LAB)[0, 0]
    return float(np.degrees(np.arctan2(lightness - 50, yellow)))


def tone(angle: float) -> str:
    """Return the group of a typology angle."""
    return (
        f"skin fair (ITA > {LIGHT:g})"
        if angle > LIGHT
        else f"skin dark (ITA < {DARK:g})"
        if angle < DARK
        else "skin brown"
    )


def of_photographs(folder: Path) -> Groups:
    """Return the groups of the people of the London set."""
    mesh, found = PictureMesh(), {}
    with (folder / "london_info.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            file = next(folder.glob(f"neutral/{row['face_id']}_*.jpg"), None)
            if file is None:
                continue
            picture = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)
            age = row["face_age"]
            years = "age unknown" if age == "NA" else "age to 30" if float(age) <= 30 else "age over 30"
            groups = [row["face_gender"], f"ethnicity {row['face_eth']}", years]
            found[int(row["face_id"])] = [*groups, tone(ita(_cheeks(picture.astype(np.uint8), mesh)))]
    mesh.close()
    return found


def of_rendered(clips: Sequence[Clip]) -> Groups:
    """Return the groups of rendered people."""
    found = {}
    for seed in {_number(clip) for clip in clips}:
        person = sample_person(seed)
        groups = ["male" if person.male > 0.5 else "female", "age old" if person.age > 0.5 else "age young"]
        found[seed] = [*groups, tone(ita(person.skin))]
    return found


def _cheeks(picture: U8, mesh: PictureMesh) -> F32:
    points = mesh.points(picture)
    if points is None:
        raise SystemExit("no face was found in one of the photographs")
    cheeks = np.zeros(picture.shape[:2], np.uint8)
    for landmarks in CHEEKS:
        cv2.fillConvexPoly(cheeks, cv2.convexHull(points[list(landmarks)]).astype(np.int32), [1])
    return np.median(picture[cheeks > 0], axis=0).astype(np.float32)


def _number(clip: Clip) -> int:
    return int(clip.subject.rsplit("/", 1)[1])


def rows(where: str, predictions: Predictions, people: Labels, groups: Groups) -> Iterator[str]:
    """Yield a line for each group of `people` [n]."""
    said, labels, _ = predictions
    for group in ["all", *sorted({name for names in groups.values() for name in names})]:
        chosen = np.array([group == "all" or group in groups.get(int(person), ()) for person in people])
        if chosen.any():
            scores = report(said[chosen], labels[chosen], people[chosen])
            recall = ", ".join(f"{name} {value:.2f}" for name, value in scores["recall"].items())
            low, high = scores["uar_95"]
            yield (
                f"| {where} | {group} | {scores['people']} | {scores['n']} | {scores['war']:.3f} "
                f"| {scores['uar']:.3f} [{low:.3f}, {high:.3f}] | {recall} |\n"
            )


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--engine", type=Path, default=default_engine())
    p.add_argument("--london", type=Path, required=True)
    p.add_argument("--rendered", type=Path, required=True)
    p.add_argument("--dressed", type=Path, required=True)
    p.add_argument("--cache", type=Path, default=Path("runs/cache"))
    a = p.parse_args()
    folder, sidecar = read_sidecar(a.engine)
    engine = open_engine(folder, sidecar)
    aligner = Aligner(sidecar.bag.size_px, sidecar.crop.points)
    london: Stills = read_london(a.london, aligner, held_out=True)
    if sidecar.shape:
        london = replace(london, landmarks=read_landmarks(london.crops, aligner, a.cache))
    photographed = of_photographs(a.london)
    write = sys.stdout.write
    write("| measured on | group | people | n | WAR | UAR [95 %] | recall |\n|---|---|---|---|---|---|---|\n")
    assert london.people is not None
    for line in rows("London, held-out", still_predictions(engine, sidecar, london), london.people, photographed):
        write(line)
    for where, source in (("rendered in London's skins", a.dressed), ("wholly rendered", a.rendered)):
        clips = [clip for clip in read_clips(source, aligner, a.cache) if clip.held_out]
        predictions = clip_predictions(engine, sidecar, clips)
        subjects = sorted({clip.subject for clip in clips})  # as clip_predictions numbers them
        numbers = np.array([int(subject.rsplit("/", 1)[1]) for subject in subjects])
        people = numbers[predictions[2]] - (PHOTOGRAPHED if source is a.dressed else 0)
        groups = photographed if source is a.dressed else of_rendered(clips)
        for line in rows(where, predictions, people, groups):
            write(line)
    engine.close()


if __name__ == "__main__":
    main()
