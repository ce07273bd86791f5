"""Measures which faces are found, by size, number and distance, how many false ones, and the cost.

`python -m tests.bench.faces LONDON` takes the folder of the London set (its neutral/ and smiling/); every face is
of another person, and drawn into a grey picture of 1920 x 1080 with a soft border. A face's size is the height of
the box that the detector puts around it in the photograph. Without the folder, the people of tests/data are taken.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from time import process_time

import cv2
import numpy as np

from realtime_micacl.live.seeing.detection import Detection, overlap
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.lookout import Lookout
from realtime_micacl.live.seeing.round_robin import LOOKS
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import F32, U8

WIDTH, HEIGHT = 1920, 1080
TICK_S = 0.08  # from look to look of a live picture
SIZES = (24, 32, 40, 50, 60, 70, 90, 120, 160, 200, 250, 300)
NUMBERS = (1, 2, 4, 8, 12, 16, 24, 32, 40)
KINDS: dict[str, Callable[[], Lookout]] = {
    "full": lambda: Lookout("full", max_faces=8),
    "auto (default)": lambda: Lookout("auto"),
    "--max-faces 40": lambda: Lookout("auto", max_faces=40),
    "--max-faces 40 --far": lambda: Lookout("auto", max_faces=40, far=True),
}
Cut = tuple[U8, F32]
"""A photograph around one face, and the face's box in it."""
Scene = tuple[U8, list[F32]]
"""A picture, and where its faces are."""


def cuts(folder: Path | None) -> list[Cut]:
    """Return faces of different people with a margin around each."""
    if folder:
        files = sorted(folder.glob("neutral/*.jpg")) + sorted(folder.glob("smiling/*.jpg"))
        pictures = [cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB) for file in files]
    else:
        clips = sorted((Path(__file__).parents[1] / "data").glob("*faces_720p.mp4"))
        pictures = [next(read_file(clip)).image for clip in clips]
    found = []
    with closing(FaceDetector()) as detector:
        for picture in pictures:
            for one in detector.detect(np.asarray(picture, np.uint8)):
                left, top, right, bottom = one.box.astype(int).tolist()
                room = (right - left) // 2
                x, y = max(0, left - room), max(0, top - room)
                part = np.asarray(picture[y : bottom + room, x : right + room], np.uint8)
                found.append((part, np.array([left - x, top - y, right - x, bottom - y], np.float32)))
    return found


def scene(faces: list[Cut], sizes: list[int], rng: np.random.Generator) -> Scene:
    """Draw each face into a cell of a grid; return the picture and the boxes."""
    columns = int(np.ceil(np.sqrt(len(sizes) * WIDTH / HEIGHT)))
    rows = int(np.ceil(len(sizes) / columns))
    wide, high = WIDTH // columns, HEIGHT // rows
    picture = cv2.resize(rng.integers(90, 150, (9, 16, 3)).astype(np.uint8), (WIDTH, HEIGHT)).astype(np.float32)
    boxes = []
    for cell, ((part, box), size) in enumerate(zip(faces, sizes, strict=True)):
        one = sized(part, box, size, (wide, high))
        tall, broad = one[0].shape[:2]
        x = cell % columns * wide + int(rng.integers(0, max(1, wide - broad)))
        y = cell // columns * high + int(rng.integers(0, max(1, high - tall)))
        boxes.append(lay(picture, one, x, y))
    return picture.round().astype(np.uint8), boxes


def sized(part: U8, box: F32, size: int, most: tuple[int, int]) -> Cut:
    """Return a face `size` px high, its margin cut to fit into `most` (width, height)."""
    scale = size / float(box[3] - box[1])
    small, box = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), box * scale
    whole = np.array(small.shape[1::-1])
    kept = np.minimum(whole, most)
    corner = np.clip((box[:2] + box[2:]) / 2 - kept / 2, 0, whole - kept).astype(int)
    (x, y), (broad, tall) = corner, kept
    return np.asarray(small[y : y + tall, x : x + broad], np.uint8), (box - np.tile(corner, 2)).astype(np.float32)


def lay(picture: F32, one: Cut, x: int, y: int) -> F32:
    """Draw a photograph with a soft border into a picture, its corner at x and y; return the box of its face."""
    part, box = one
    tall, broad = part.shape[:2]
    mask = np.zeros((tall, broad, 1), np.float32)
    edge = max(1, min(tall, broad) // 12)
    mask[edge:-edge, edge:-edge] = 1
    mask = cv2.GaussianBlur(mask, (0, 0), edge / 2)[..., None]
    there = picture[y : y + tall, x : x + broad]
    there += mask * (part - there)
    return np.asarray(box + np.array([x, y, x, y], np.float32), np.float32)


def recall(lookout: Lookout, scenes: list[Scene]) -> tuple[float, float, int]:
    """Return the share of faces found in one look, its processor time in ms, and the number of false detections."""
    hits = total = extra = 0
    used = process_time()
    for number, (picture, boxes) in enumerate(scenes):
        found = lookout.look(picture, float(number))[: lookout.max_faces]
        seen = hit(found, boxes)
        hits, total, extra = hits + seen, total + len(boxes), extra + max(0, len(found) - seen)
    return hits / total, (process_time() - used) / len(scenes) * 1e3, extra


def in_turns(lookout: Lookout, scenes: list[Scene]) -> tuple[float, float]:
    """Return the share of faces found in four looks after all appeared in an empty picture, and ms of the processor.

    Looks are as far apart as in a live picture, and search its parts in turn.
    """
    hits = total = looks = 0
    used_s = 0.0
    empty_room = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    for number, (picture, boxes) in enumerate(scenes):
        start_s = 1000.0 + 10 * number
        lookout.look(empty_room, start_s)
        used = process_time()
        for tick in range(1, 2 * LOOKS + 1):
            found = lookout.look(picture, start_s + tick * TICK_S)[: lookout.max_faces]
            looks += 1
            if tick == LOOKS:
                hits, total = hits + hit(found, boxes), total + len(boxes)
        used_s += process_time() - used
    return hits / total, used_s / looks * 1e3


def hit(found: Sequence[Detection], boxes: list[F32]) -> int:
    """Return how many of the faces were found."""
    return sum(any(overlap(one.box, box) > 0.5 for one in found) for box in boxes)


def empty(seconds: float, rate_hz: float) -> Iterator[U8]:
    """Yield pictures without a face: shapes, noise of all grains, gradients and stripes."""
    rng = np.random.default_rng(7)
    for number in range(int(seconds * rate_hz)):
        grain = 2 ** int(rng.integers(0, 8))
        if number % 3 == 0:
            noise = rng.integers(0, 256, (max(2, 480 // grain), max(2, 640 // grain), 3)).astype(np.uint8)
            yield np.asarray(cv2.resize(noise, (640, 480), interpolation=int(rng.integers(0, 3))), np.uint8)
            continue
        picture = np.full((480, 640, 3), rng.integers(0, 256, 3), np.uint8)
        for _ in range(int(rng.integers(3, 40))):
            colour = [int(v) for v in rng.integers(0, 256, 3)]
            place, size = ([int(v) for v in rng.integers(5, high, 2)] for high in (640, 160))
            if number % 3 == 1:
                cv2.ellipse(picture, place, size, int(rng.integers(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
            else:
                cv2.line(picture, place, [int(v) for v in rng.integers(0, 640, 2)], colour, 1 + size[0] // 6)
        yield np.asarray(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.1, 4))), np.uint8)


def main() -> None:
    """Print the tables."""
    faces = cuts(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    write = sys.stdout.write
    write(f"{len(faces)} photographs of faces, pictures of {WIDTH} x {HEIGHT}\n")
    order = np.random.default_rng(0)
    by_size = {
        size: [scene([faces[i] for i in order.choice(len(faces), 6)], [size] * 6, order) for _ in range(6)]
        for size in SIZES
    }
    by_number = {}
    for number in NUMBERS:
        scenes = []
        for _ in range(5):
            chosen = [faces[i] for i in order.choice(len(faces), number, replace=number > len(faces))]
            scenes.append(scene(chosen, order.integers(60, 161, number).tolist(), order))
        by_number[number] = scenes
    for title, table in (
        ("of faces of this height, px", by_size),
        ("of this many faces of 60 to 160 px in one picture", by_number),
    ):
        write(f"\n| found, {title} | {' | '.join(map(str, table))} | processor, ms a look | in turns: found | ms |\n")
        write("|---" * (len(table) + 4) + "|\n")
        for name, make in KINDS.items():
            with closing(make()) as lookout:
                rows = [(*recall(lookout, scenes), *in_turns(lookout, scenes)) for scenes in table.values()]
            _, used, _, later, by_turns = np.mean(rows, axis=0)
            shares = " | ".join(f"{row[0]:.2f}" for row in rows)
            write(f"| `{name}` | {shares} | {used:.0f} | {later:.2f} | {by_turns:.0f} |\n")
            sys.stderr.write(f"{name}: {sum(row[2] for row in rows):.0f} seen besides\n")
            sys.stdout.flush()
    write("\n")
    close = [cv2.resize(part[int(b[1]) : int(b[3]), int(b[0]) : int(b[2])], (640, 480)) for part, b in faces]
    for name in ("full", "auto (default)"):
        with closing(KINDS[name]()) as lookout:
            seen = sum(bool(lookout.look(np.asarray(one, np.uint8), 10.0 * k)) for k, one in enumerate(close))
            false = looks = 0
            for picture in empty(600, 12.5):
                looks += 1
                false += bool(lookout.look(picture, looks / 12.5))
        write(f"close-ups cut to the face, {name}: {seen / len(close):.2f} found; ten minutes without a face: ")
        write(f"{false} of {looks} looks saw one\n")


if __name__ == "__main__":
    main()
