"""Counts false tracks in pictures without people: rooms, landscapes, noise, and shirts with printed faces.

A camera shows each for a little over a second and moves a little, so that whatever is taken for a face can be followed.
`python -m tests.bench.nobody` counts the tracks in ten minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.seeing.lookout import Lookout
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.types import F32, U8, Frame

WIDTH, HEIGHT, ROOM = 640, 480, 40  # px of a picture, and how far the camera moves at most
LOOKS, RATE_HZ = 15, 12.5  # of each scene
Rng = np.random.Generator
Print = Callable[[F32, tuple[int, int], int, F32, F32, Rng], None]


def room(rng: Rng) -> U8:
    """Draw furniture: boxes, circles and bars in front of a wall."""
    picture = ground(rng)
    for _ in range(int(rng.integers(4, 30))):
        (x, y), (w, h) = spot(rng), rng.integers(6, 160, 2).tolist()
        colour = rng.uniform(10, 245, 3).tolist()
        if rng.random() < 0.5:
            cv2.rectangle(picture, (x, y), (x + w, y + h), colour, -1 if rng.random() < 0.7 else 3)
        else:
            cv2.ellipse(picture, (x, y), (w // 2, h // 2), rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA)
    return finished(picture, rng)


def landscape(rng: Rng) -> U8:
    """Draw sky, rows of hills, a sun, clouds, trees."""
    height, width = HEIGHT + ROOM, WIDTH + ROOM
    sky = np.linspace(0, 1, height)[:, None, None] * rng.uniform(-90, 90, 3) + rng.uniform(90, 220, 3)
    picture = np.repeat(sky, width, axis=1).astype(np.float32)
    cv2.circle(picture, spot(rng), int(rng.integers(15, 60)), (250, 240, 200), -1, cv2.LINE_AA)
    across = np.arange(width)
    for level in np.sort(rng.uniform(0.3, 0.9, 3)) * height:
        steep, fine = rng.uniform(4, 40, (3, 1)), rng.uniform(0.004, 0.04, (3, 1))
        waves = (steep * np.sin(across * fine + rng.uniform(0, 6, (3, 1)))).sum(axis=0)
        ridge = np.stack([across, level + waves], axis=1)
        hill = np.concatenate([ridge, [(width, height), (0, height)]]).round().astype(np.int32)
        cv2.fillPoly(picture, [hill], rng.uniform(20, 150, 3).tolist(), cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 25))):
        (x, y), tall = spot(rng), int(rng.integers(10, 80))
        cv2.line(picture, (x, y), (x, y + tall), (60, 45, 30), max(1, tall // 10))
        cv2.ellipse(
            picture, (x, y), (tall // 3, tall // 2), 0, 0, 360, rng.uniform(20, 110, 3).tolist(), -1, cv2.LINE_AA
        )
    return finished(picture, rng)


def noise(rng: Rng) -> U8:
    """Draw noise of all scales, sharp or blurred, as of leaves, gravel or cloth."""
    grain = 2 ** rng.uniform(0, 7)
    small = rng.uniform(0, 255, (max(2, int(HEIGHT / grain)), max(2, int(WIDTH / grain)), 3)).astype(np.float32)
    how = int(rng.choice([cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC]))
    return finished(np.asarray(cv2.resize(small, (WIDTH + ROOM, HEIGHT + ROOM), interpolation=how), np.float32), rng)


def shirt(rng: Rng, draw: Print) -> U8:
    """Draw a shirt with a print, without a head."""
    picture = ground(rng)
    cloth = rng.uniform(10, 245, 3)
    body = [(150, 540), (170, 200), (60, 330), (10, 290), (150, 90), (270, 40), (340, 70), (410, 40), (530, 90)]
    body += [(670, 290), (620, 330), (510, 200), (530, 540)]
    cv2.fillPoly(picture, [np.array(body) + rng.integers(-12, 13, (len(body), 2))], cloth.tolist(), cv2.LINE_AA)
    for _ in range(6):
        (x, y), (w, h) = spot(rng), spot(rng)
        cv2.line(picture, (x, y), (w, h), (0.85 * cloth).tolist(), int(rng.integers(1, 7)), cv2.LINE_AA)
    ink = rng.uniform(0, 255, 3) if rng.random() < 0.5 else 255 - cloth
    x, y, size = int(rng.normal(340, 15)), int(rng.normal(280, 20)), int(rng.integers(30, 110))
    draw(picture, (x, y), size, ink, cloth, rng)
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 2.5))
    return finished(np.asarray(picture, np.float32), rng)


def stripes(picture: F32, at: tuple[int, int], size: int, ink: F32, cloth: F32, rng: Rng) -> None:
    for k in range(-4, 5):
        y = at[1] + k * size // 3
        cv2.line(picture, (at[0] - 150, y), (at[0] + 150, y), ink.tolist(), max(1, size // 8))


def letters(picture: F32, at: tuple[int, int], size: int, ink: F32, cloth: F32, rng: Rng) -> None:
    word = "".join(rng.choice(list("ABEGIOQTX08&"), int(rng.integers(2, 7))))
    place = (at[0] - size * len(word) // 3, at[1])
    cv2.putText(picture, word, place, cv2.FONT_HERSHEY_DUPLEX, size / 25, ink.tolist(), max(1, size // 12), cv2.LINE_AA)


def smiley(picture: F32, at: tuple[int, int], size: int, ink: F32, cloth: F32, rng: Rng) -> None:
    x, y = at
    cv2.circle(picture, at, size, ink.tolist(), -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.ellipse(
            picture, (x + side * size // 3, y - size // 4), (size // 9, size // 6), 0, 0, 360, cloth.tolist(), -1
        )
    cv2.ellipse(picture, (x, y), (size * 6 // 10, size * 6 // 10), 0, 20, 160, cloth.tolist(), max(1, size // 10))


def skull(picture: F32, at: tuple[int, int], size: int, ink: F32, cloth: F32, rng: Rng) -> None:
    x, y = at
    cv2.ellipse(picture, (x, y - size // 5), (size * 8 // 10, size * 8 // 10), 0, 0, 360, ink.tolist(), -1, cv2.LINE_AA)
    cv2.rectangle(picture, (x - size // 2, y), (x + size // 2, y + size * 8 // 10), ink.tolist(), -1)
    for side in (-1, 1):
        cv2.ellipse(
            picture, (x + side * size // 3, y - size // 5), (size // 4, size // 4), 0, 0, 360, cloth.tolist(), -1
        )
    nose = np.array([(x, y), (x - size // 8, y + size // 4), (x + size // 8, y + size // 4)])
    cv2.fillPoly(picture, [nose], cloth.tolist())
    for k in range(-2, 3):
        x_ = x + k * size // 6
        cv2.line(picture, (x_, y + size // 2), (x_, y + size * 8 // 10), cloth.tolist(), max(1, size // 20))


def portrait(picture: F32, at: tuple[int, int], size: int, ink: F32, cloth: F32, rng: Rng) -> None:
    """Draw a face in three flat colours: hair, brows, eyes, nose, mouth."""
    x, y = at
    skin = (ink + cloth) / 2
    cv2.ellipse(
        picture, (x, y - size // 6), (size * 9 // 10, size * 11 // 10), 0, 0, 360, ink.tolist(), -1, cv2.LINE_AA
    )
    cv2.ellipse(picture, at, (size * 7 // 10, size * 9 // 10), 0, 0, 360, skin.tolist(), -1, cv2.LINE_AA)
    for side in (-1, 1):
        eye = (x + side * size * 3 // 10, y - size // 6)
        cv2.ellipse(picture, eye, (size // 7, size // 14), 0, 0, 360, cloth.tolist(), -1, cv2.LINE_AA)
        cv2.circle(picture, eye, max(1, size // 16), ink.tolist(), -1, cv2.LINE_AA)
        brow = (eye[0], eye[1] - size // 8)
        cv2.ellipse(picture, brow, (size // 5, size // 16), 0, 180, 360, ink.tolist(), max(1, size // 20), cv2.LINE_AA)
    cv2.line(
        picture, (x, y - size // 10), (x - size // 12, y + size // 5), ink.tolist(), max(1, size // 25), cv2.LINE_AA
    )
    cv2.ellipse(picture, (x, y + size * 4 // 10), (size // 4, size // 10), 0, 0, 180, ink.tolist(), -1, cv2.LINE_AA)


SCENES: dict[str, Callable[[Rng], U8]] = {"room": room, "landscape": landscape, "noise": noise}
PRINTS: tuple[Print, ...] = (stripes, letters, smiley, skull, portrait)


def ground(rng: Rng) -> F32:
    few = rng.uniform(30, 220, (3, 4, 3)).astype(np.float32)
    return np.asarray(cv2.resize(few, (WIDTH + ROOM, HEIGHT + ROOM), interpolation=cv2.INTER_CUBIC), np.float32)


def spot(rng: Rng) -> tuple[int, int]:
    return int(rng.integers(0, WIDTH + ROOM)), int(rng.integers(0, HEIGHT + ROOM))


def finished(picture: F32, rng: Rng) -> U8:
    """Add what a camera adds."""
    soft = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.2, 1.5))
    return np.clip(soft + rng.normal(0, rng.uniform(0.5, 6), soft.shape), 0, 255).astype(np.uint8)


def pictures(seconds: float, seed: int) -> Iterator[tuple[str, Frame]]:
    """Yield the pictures of the camera, a frame per look, with the name of each scene."""
    rng = np.random.default_rng(seed)
    for number in range(int(seconds * RATE_HZ / LOOKS)):
        kind, draw = number % 4, PRINTS[number // 4 % len(PRINTS)]
        name = [*SCENES, f"{draw.__name__} on a shirt"][kind]
        wide, way = SCENES[name](rng) if name in SCENES else shirt(rng, draw), rng.uniform(0, 2 * np.pi)
        for look in range(LOOKS):
            x, y = (ROOM / 2 * (1 + look / LOOKS * part) for part in (np.cos(way), np.sin(way)))
            image = np.ascontiguousarray(wide[int(y) : int(y) + HEIGHT, int(x) : int(x) + WIDTH])
            index = number * LOOKS + look
            yield name, Frame(image, index / RATE_HZ, index)


def followed(seconds: float, seed: int = 1, keep: Path | None = None) -> dict[int, str]:
    """Return the false tracks, each with where it was first seen; `keep` gets a picture of each."""
    tracks: dict[int, str] = {}
    with closing(Perceiver(Lookout(), read_sidecar(default_engine())[1])) as perceiver:
        for name, frame in pictures(seconds, seed):
            for face in perceiver.perceive(frame)[0].faces:
                if face.track_id not in tracks and keep:
                    cv2.imwrite(str(keep / f"{face.track_id}.png"), frame.image[..., ::-1])
                tracks.setdefault(face.track_id, name)
    return tracks


if __name__ == "__main__":
    found = followed(600, keep=Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    sys.stdout.write(f"ten minutes of nobody: {len(found)} faces followed; {found}\n")
