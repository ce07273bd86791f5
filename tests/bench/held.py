"""Measures photographs that are held before the camera for four seconds: is their expression still read at the end?

python tests/bench/held.py split.npz 2

Each picture of a half of a set of face crops becomes a clip: the camera shakes a little, and the picture is noisy.
It prints the scores of the first reading, of the mean of all, and of the mean of the last half second.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.making.data.photographs import read_photographs
from realtime_micacl.making.evaluation.videos import LiveReader
from realtime_micacl.making.scores import confusion, uar, war
from realtime_micacl.types import EMOTIONS, Frame

TICK_S, TICKS, LAST = 0.08, 50, 6
STAYS = 0.9  # correlation of the shake from tick to tick
TURN, SCALE, SHIFT, NOISE = 0.5, 0.004, 0.003, 3.0  # a tick: degrees, shares of the size and of the width; levels


def held(picture: Frame, seed: int) -> Iterator[Frame]:
    """Yield the frames of a clip of one picture."""
    rng, shake = np.random.default_rng(seed), np.zeros(4)
    height, width = picture.image.shape[:2]
    for n in range(TICKS):
        shake = STAYS * shake + rng.normal(0, 1, 4) * (TURN, SCALE, SHIFT * width, SHIFT * width)
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), shake[0], 1 + shake[1])
        matrix[:, 2] += shake[2:]
        moved = cv2.warpAffine(picture.image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        image = np.clip(moved + rng.normal(0, NOISE, moved.shape), 0, 255).astype(np.uint8)
        image.flags.writeable = False
        yield Frame(image, n * TICK_S, n)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("photographs", type=Path)
    p.add_argument("half", type=int)
    p.add_argument("--engine", type=Path, default=default_engine())
    arguments = p.parse_args()
    folder, sidecar = read_sidecar(arguments.engine)
    pictures, labels = read_photographs(arguments.photographs, arguments.half)
    rows, shown, wrong, said, say = [], 0, 0, 0, sys.stdout.write
    with closing(open_engine(folder, sidecar)) as engine, closing(LiveReader(engine, sidecar)) as reader:
        for seed, (picture, label) in enumerate(zip(tqdm(pictures, total=len(labels)), labels, strict=True)):
            found = reader.readings(held(picture, seed))
            if found:
                shares = np.stack([one.probabilities for one in found])
                rows.append((label, shares[0], shares.mean(axis=0), shares[-LAST:].mean(axis=0)))
                words = [one.emotion for one in found if one.emotion]
                said, shown = said + len(found), shown + len(words)
                wrong += sum(word != EMOTIONS[label] for word in words)
    say(f"{sidecar.name}: {len(rows)} of {len(labels)} photographs, held for {TICKS * TICK_S:g} s each\n\n")
    say(f"| | WAR | UAR | {' | '.join(EMOTIONS)} |\n{'|---' * (3 + len(EMOTIONS))}|\n")
    truth = np.array([row[0] for row in rows])
    for column, name in enumerate(("first reading", "mean of all", "last half second"), start=1):
        matrix = confusion(truth, np.array([row[column] for row in rows]).argmax(axis=1))
        recall = " | ".join(f"{x:.2f}" for x in np.diag(matrix) / np.maximum(1, matrix.sum(axis=1)))
        say(f"| {name} | {war(matrix):.3f} | {uar(matrix):.3f} | {recall} |\n")
    say(f"\na word is shown in {shown / said:.2f} of the readings; wrong among these: {wrong / shown:.2f}\n")


if __name__ == "__main__":
    main()
