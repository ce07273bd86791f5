"""Render the clips of this folder and the demo clip again: `python tests/data/make.py ASSETS [NAME ...]`.

ASSETS is the folder of the unpacked MakeHuman assets (engines/realtime_micacl_render/README.md). The people have seeds
from 10000 on, which no training clip uses.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from realtime_micacl.types import F32, U8
from realtime_micacl_render.assets import Assets
from realtime_micacl_render.figure import build_figure
from realtime_micacl_render.motion import Episode, ease
from realtime_micacl_render.performance import Act, Performance, perform
from realtime_micacl_render.person import sample_person
from realtime_micacl_render.portrait import Light, Pose, render
from realtime_micacl_render.scene import Actor, backdrop, pictures
from realtime_micacl_render.video import write_video

HERE = Path(__file__).parent
DEMO = HERE.parents[1] / "realtime_micacl/live/sources/demo.mp4"
OLD_WOMAN, DARK_MAN, YOUNG_WOMAN = 10022, 10027, 10010
FRONT = Light()
TURNED = [  # yaw, pitch and roll in degrees, to the right, down and to the right
    *((yaw, 0, 0) for yaw in (-40, -30, -20, -10, 0, 10, 20, 30, 40)),
    *((0, pitch, 0) for pitch in (-24, -16, -8, 8, 16, 24)),
    *((0, 0, roll) for roll in (-30, -15, 15, 30)),
    *((-25, 12, 10), (25, -12, 10), (18, 15, -20), (-18, -15, -20)),
]
Waypoint = tuple[float, float, float, float]
"""Time in s, then x and y between the eyes in px, and the scale in px per dm."""


def clock(seconds: float, rate_hz: int) -> F32:
    return (np.arange(round(seconds * rate_hz)) / rate_hz).astype(np.float32)


def walk(times: F32, *waypoints: Waypoint) -> F32:
    """Go smoothly from one waypoint to the next, [T,3]."""
    path = np.tile(np.float32(waypoints[0][1:]), (len(times), 1))
    for (start_s, *_), (end_s, *there) in pairwise(waypoints):
        share = ease((times - start_s) / (end_s - start_s))[:, None]
        path += (np.float32(there) - path) * share
    return path


def slots(order: list[str], *, first_s: float, every_s: float, hold_s: float, recipes: dict[str, int]) -> list[Act]:
    """One emotion after another, neutral in between."""
    starts = (first_s + every_s * k for k in range(len(order)))
    return [
        Act(emotion, Episode(start_s, 0.5, hold_s, 0.6), recipe=recipes.get(emotion, 0))
        for start_s, emotion in zip(starts, order, strict=True)
    ]


def act(
    assets: Assets, seed: int, acts: list[Act], times: F32, path: F32, *, cloth: tuple[int, int, int] | None = None
) -> Actor:
    """Let somebody act on a path, looking where the way goes."""
    person = sample_person(seed, assets.details)
    if cloth:
        person = replace(person, cloth_rgb=np.float32(cloth))
    acted = perform(seed, acts, times, np.random.default_rng([seed, 9]))
    acted.head[:, 0] += np.clip(np.gradient(path[:, 0], times) / path[:, 2] * 5, -22, 22)
    return Actor(build_figure(person, assets), acted, path)


def demo(assets: Assets) -> Iterator[U8]:
    """Three people show all emotions, each in an order of their own; one leaves and returns. It can be looped."""
    times = clock(24, 30)
    left = ["happy", "surprise", "angry", "sad", "disgust", "fear"]
    middle = ["surprise", "sad", "happy", "disgust", "fear", "angry"]
    right = slots(["sad", "happy", "fear"], first_s=0.4, every_s=3.3, hold_s=1.5, recipes={"happy": 1})
    right += slots(["angry", "disgust", "surprise"], first_s=13.9, every_s=3.3, hold_s=1.5, recipes={})
    there, away = (1068.0, 335.0, 116.0), (1590.0, 350.0, 116.0)
    actors = [
        act(
            assets,
            OLD_WOMAN,
            slots(left, first_s=0.7, every_s=3.8, hold_s=1.8, recipes={"happy": 0, "fear": 1}),
            times,
            walk(times, (0, 214, 335, 118)),
            cloth=(176, 84, 66),
        ),
        act(
            assets,
            YOUNG_WOMAN,
            right,
            times,
            walk(times, (0, *there), (10.2, *there), (11.7, *away), (12.3, *away), (13.7, *there)),
            cloth=(214, 170, 82),
        ),
        act(
            assets,
            DARK_MAN,
            slots(middle, first_s=1.5, every_s=3.7, hold_s=1.7, recipes={"happy": 2, "angry": 1, "surprise": 1}),
            times,
            walk(times, (0, 640, 305, 122)),
            cloth=(58, 108, 122),
        ),
    ]
    for actor in actors:
        _rest_at_ends(actor.performance, times)
    return pictures(actors, _studio(1280, 720), FRONT)


def one_face_720p(assets: Assets) -> Iterator[U8]:
    """Neutral, from 1.5 s happy, neutral again from 5.0 s."""
    times = clock(6, 30)
    acts = [Act("happy", Episode(1.5, 0.6, 2.2, 0.7), recipe=1)]
    actor = act(assets, 10017, acts, times, walk(times, (0, 640, 310, 120)))
    return pictures([actor], backdrop(1280, 720, np.random.default_rng(10017)), FRONT)


def three_faces_720p(assets: Assets) -> Iterator[U8]:
    """From left to right: sad 2.0 to 6.0 s, surprise 1.5 to 5.0 s, happy 3.0 to 7.0 s; else neutral."""
    times = clock(8, 30)
    cast = [(10005, "sad", 2.0, 2.9, 230), (10014, "surprise", 1.5, 2.4, 640), (10009, "happy", 3.0, 2.9, 1050)]
    actors = [
        act(
            assets,
            seed,
            [Act(emotion, Episode(start_s, 0.5, hold_s, 0.6), recipe=0)],
            times,
            walk(times, (0, x, 300, 95)),
        )
        for seed, emotion, start_s, hold_s, x in cast
    ]
    return pictures(actors, backdrop(1280, 720, np.random.default_rng(10005)), FRONT)


def face_leaves(assets: Assets) -> Iterator[U8]:
    """There until 2.0 s, out of the picture from 3.0 to 4.5 s, there again from 5.5 s on."""
    times = clock(7.5, 25)
    path = walk(
        times, (0, 320, 140, 55), (2, 320, 140, 55), (3, 880, 145, 55), (4.5, 880, 145, 55), (5.5, 320, 140, 55)
    )
    actor = act(assets, 10031, [Act("happy", Episode(0.4, 0.4, 0.6, 0.4), recipe=0)], times, path)
    return pictures([actor], backdrop(640, 360, np.random.default_rng(10031)), FRONT)


def no_face(assets: Assets) -> Iterator[U8]:
    """Nobody; the camera pans over a background with sharp edges."""
    del assets
    rng = np.random.default_rng(10100)
    wide = backdrop(960, 360, rng)
    for _ in range(40):
        x, y, w, h = (int(rng.uniform(0, limit)) for limit in (940, 340, 90, 60))
        cv2.rectangle(wide, (x, y), (x + w, y + h), rng.uniform(20, 230, 3).tolist(), int(rng.integers(1, 4)))
    for x in np.round(320 * ease(np.linspace(0, 1, 75, dtype=np.float32))).astype(int):
        yield wide[:, x : x + 640].copy()


def cut(assets: Assets) -> Iterator[U8]:
    """One person for 3 s, then another at the same place in the same room."""
    times = clock(3, 25)
    room = backdrop(640, 360, np.random.default_rng(10200))
    for seed, emotion in ((10007, "surprise"), (10030, "sad")):
        acts = [Act(emotion, Episode(0.6, 0.4, 1.2, 0.5), recipe=0)]
        yield from pictures([act(assets, seed, acts, times, walk(times, (0, 320, 140, 55)))], room, FRONT)


def two_cross(assets: Assets) -> Iterator[U8]:
    """Two people change sides; the nearer one passes in front, lower in the picture, their faces touching at 2.5 s."""
    times = clock(5, 25)
    far = act(assets, 10012, [], times, walk(times, (0, 150, 105, 44), (0.5, 150, 105, 44), (4.5, 490, 105, 44)))
    near = act(assets, 10000, [], times, walk(times, (0, 490, 205, 58), (0.5, 490, 205, 58), (4.5, 150, 205, 58)))
    return pictures([far, near], backdrop(640, 360, np.random.default_rng(10300)), FRONT)


def turning(assets: Assets) -> Iterator[U8]:
    """Four people whose heads are turned as TURNED says, one pose a picture."""
    for seed in (10006, 10013, 10020, 10029):
        figure = build_figure(sample_person(seed, assets.details), assets)
        room = backdrop(240, 240, np.random.default_rng(seed))
        for yaw, pitch, roll in TURNED:
            pose = Pose(x=120, y=105, scale=52, yaw=yaw, pitch=pitch, roll=-roll)  # there its top leans to the left
            tile = render(figure, {}, pose, FRONT, width=240, height=240)
            seen_through = 255 - tile[..., 3:].astype(np.uint16)
            yield np.minimum(tile[..., :3] + room * seen_through // 255, 255).astype(np.uint8)


CLIPS: dict[str, tuple[Callable[[Assets], Iterator[U8]], Path, int, int]] = {  # script, file, pictures per second, crf
    "demo": (demo, DEMO, 30, 23),
    "one_face_720p": (one_face_720p, HERE / "one_face_720p.mp4", 30, 25),
    "three_faces_720p": (three_faces_720p, HERE / "three_faces_720p.mp4", 30, 29),
    "face_leaves": (face_leaves, HERE / "face_leaves.mp4", 25, 23),
    "no_face": (no_face, HERE / "no_face.mp4", 25, 26),
    "cut": (cut, HERE / "cut.mp4", 25, 23),
    "turning": (turning, HERE / "turning.mp4", 25, 23),
    "two_cross": (two_cross, HERE / "two_cross.mp4", 25, 23),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("assets", type=Path)
    parser.add_argument("names", nargs="*", choices=[[], *CLIPS])
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    assets = Assets(options.assets)
    for name in options.names or CLIPS:
        script, path, rate_hz, crf = CLIPS[name]
        write_video(path, script(assets), rate_hz=rate_hz, crf=crf, preset="slow")
        logging.info("%s: %.0f kB", path, path.stat().st_size / 1000)


def _rest_at_ends(acted: Performance, times: F32) -> None:
    """Let all motion fade at both ends, so that the last picture is like the first."""
    fade = ease(times / 0.6) * ease((times[-1] - times) / 0.6)
    for motion in (acted.head, acted.gaze, acted.shift):
        motion *= fade[:, None]
    for units, share in zip(acted.units, fade, strict=True):
        units.update({name: value * float(share) for name, value in units.items()})


def _studio(width: int, height: int) -> U8:
    """Paint a light wall with soft lights far behind."""
    rng = np.random.default_rng(10001)
    rows, columns = np.mgrid[:height, :width].astype(np.float32) / height
    ramp = np.clip(np.hypot(columns - 0.55, rows - 0.2) / 1.5, 0, 1)[..., None]
    picture = np.float32([206, 200, 190]) * (1 - ramp) + np.float32([112, 122, 132]) * ramp
    for _ in range(9):
        x, y, size = rng.uniform(0, width), rng.uniform(0, 0.7 * height), rng.uniform(20, 60)
        bokeh = np.zeros((height, width), np.float32)
        cv2.circle(bokeh, (int(x), int(y)), int(size), 1.0, -1, cv2.LINE_AA)
        picture += cv2.GaussianBlur(bokeh, (0, 0), 5)[..., None] * rng.uniform(6, 18) * np.float32([1.0, 0.9, 0.7])
    return np.clip(picture + rng.normal(0, 1.0, (height, width, 1)), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
