"""Measures how well the rotation of a head is estimated, on rendered people whose angles are known.

`python -m tests.bench.heads ASSETS` renders thirty people in fourteen poses each, half of the random poses
with an expression (ASSETS: engines/realtime_micacl_render/README.md). `--fit` fits the weights of
`live/seeing/pose.py` to eighty others instead.

The true angles are those of rendering. A person's shape may tilt the skull by up to six degrees against that of the
base mesh, which is added to the true pitch: a head is upright if its upper face is as in the base mesh. The last
rows do not add it, first without correction, then less the estimate for the same person at zero rotation.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.mesh import FaceMesh, region
from realtime_micacl.live.seeing.pose import cues, heads
from realtime_micacl.types import F32, U8
from realtime_micacl_render import figure as figures
from realtime_micacl_render.assets import Assets
from realtime_micacl_render.person import sample_person
from realtime_micacl_render.portrait import Light, Pose, render
from realtime_micacl_render.scene import backdrop

FITTED, SHOWN = range(10, 90), range(10100, 10130)
FIXED = ((0, 0, 0), (0, -20, 0), (0, 20, 0), (-20, 0, 0), (20, 0, 0), (0, -10, 0), (0, 10, 0))
POSES = 14
LIMITS = (45, 28, 30)  # of yaw, pitch and roll, degrees
NAMES = (
    "yaw",
    "pitch",
    "roll",
    "pitch, had the skull's tilt not counted",
    "the same, from each person's own straight look on",
)
RIDGE = 0.03  # penalty of the ridge regression
SKY = 8  # directions of light; the clips of the tests have 48


def tilt(rest: F32, base: F32) -> float:
    """Return the tilt of a person's upper face against that of the base mesh, degrees down."""
    upper = (base[:, 1] > 6.5) & (base[:, 2] > 0.4)  # from the nose up, in front of the ears, in dm
    one, other = (points[upper] - points[upper].mean(axis=0) for points in (base, rest))
    u, _, vt = np.linalg.svd(one.T @ other)
    turn = (u @ vt).T
    return float(np.degrees(np.arctan2(turn[2, 1], turn[2, 2])))


def shown(seed: int, assets: Assets) -> Iterator[tuple[list[float], U8]]:
    """Yield pictures of a person with degrees to the right, down, right, and down had the tilt not counted."""
    somebody = figures.build_figure(sample_person(seed, assets.details), assets)
    used = np.unique(assets.body.faces)
    upright = tilt(somebody.rest[used], assets.body.vertices[used])
    rng = np.random.default_rng(seed)
    room = backdrop(240, 240, rng)
    for k in range(POSES):
        units: dict[str, float] = {}
        if k < len(FIXED):
            yaw, pitch, roll = map(float, FIXED[k])
        else:
            yaw, pitch, roll = (float(rng.uniform(-limit, limit)) for limit in LIMITS)
            if rng.random() < 0.5:
                units = {str(unit): float(rng.uniform(0.2, 0.9)) for unit in rng.choice(list(somebody.units), 3)}
        light = Light(direction=(float(rng.uniform(-0.8, 0.8)), float(rng.uniform(0.1, 0.9)), 0.9))
        pose = Pose(x=120, y=105, scale=float(rng.uniform(40, 60)), yaw=yaw, pitch=pitch, roll=-roll)
        tile = render(somebody, units, pose, light, width=240, height=240)
        seen_through = 255 - tile[..., 3:].astype(np.uint16)
        image = np.minimum(tile[..., :3] + room * seen_through // 255, 255).astype(np.uint8)
        yield [yaw, pitch + upright, roll, pitch], image


def seen(seeds: range, assets: Assets) -> tuple[F32, F32, list[int]]:
    """Return angles [n,4], landmarks [n,468,3] and person for every pose in which a face is found."""
    true, landmarks, who = [], [], []
    with closing(FaceDetector(reach="short")) as detector, closing(FaceMesh()) as mesh:
        for seed in seeds:
            for angles, image in shown(seed, assets):
                if found := detector.detect(image):
                    true.append(angles)
                    who.append(seed)
                    landmarks.append(mesh.landmarks(image, [region(found[0].points, found[0].box)])[0][0])
    return np.array(true, np.float32), np.stack(landmarks), who


def from_straight(error: F32, true: F32, who: list[int]) -> F32:
    """Return errors [n] of pitch less that of the same person's straight look; of the others alone."""
    straight = (true[:, [0, 2, 3]] == 0).all(axis=1)
    own = {person: error[n] for n, person in enumerate(who) if straight[n]}
    return np.array([error[n] - own[person] for n, person in enumerate(who) if person in own and not straight[n]])


def fitted(true: F32, landmarks: F32) -> list[tuple[str, F32]]:
    """Return the weights of pose.py."""
    turned, even, odd = cues(landmarks)
    wanted = true[:, :3] - turned
    rows = (("YAW_ODD", odd, 0), ("PITCH_EVEN", even, 1), ("ROLL_ODD", odd, 2))
    return [
        (name, np.asarray(np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ wanted[:, k]), np.float32))
        for name, x, k in rows
    ]


def main() -> None:
    """Print the weights, or the errors of the angles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("assets", type=Path)
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    figures.DIRECTIONS = SKY
    assets, write = Assets(options.assets), sys.stdout.write
    true, landmarks, who = seen(FITTED if options.fit else SHOWN, assets)
    if options.fit:
        for name, weights in fitted(true, landmarks):
            write(f"{name} = ({', '.join(f'{one:.2f}' for one in weights)})\n")
        return
    read = heads(landmarks)
    off = [*(read[:, [0, 1, 2, 1]] - true).T]
    off.append(from_straight(off[-1], true, who))
    write(f"{len(true)} heads of {len(SHOWN)} people\n")
    write("| | within 5 degrees | mean error | 95 % are within |\n|---|---|---|---|\n")
    for name, error in zip(NAMES, map(np.abs, off), strict=True):
        write(f"| {name} | {(error < 5).mean():.3f} | {error.mean():.1f} | {np.percentile(error, 95):.1f} |\n")


if __name__ == "__main__":
    main()
