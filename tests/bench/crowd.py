"""Measures whether everybody in a crowd is found and keeps one id: offline, live, and live under load.

`python -m tests.bench.crowd LONDON` takes the folder of the London set. Twenty-four of its faces sway in a clip of
1920 x 1080, and the program reads it without a window. `--busy 2` runs two other computations beside it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from realtime_micacl.live.seeing.detection import overlap
from realtime_micacl.types import F32
from tests.bench.faces import HEIGHT, WIDTH, Cut, cuts, lay, sized

PEOPLE, RATE_HZ, SECONDS = 24, 25, 12
COLUMNS, ROWS = 6, 4
SWAY = np.array([24.0, 14.0])  # px
SETTLED_S = 2.0  # after this time everybody has to be found
SAME = 0.5  # overlap of a box with the place of a face
BUSY = "while True: pass"


def written(path: Path, faces: list[Cut], sizes: list[int], rng: np.random.Generator) -> list[list[F32]]:
    """Write the clip; return the places of all faces in each frame."""
    cells = np.array([(k % COLUMNS, k // COLUMNS) for k in range(PEOPLE)])
    middle = (cells + 0.5) * (WIDTH / COLUMNS, HEIGHT / ROWS)
    phase, pace = rng.uniform(0, 2 * np.pi, (PEOPLE, 2)), rng.uniform(0.8, 2.0, (PEOPLE, 2))
    room = (WIDTH // COLUMNS - round(2 * SWAY[0]), HEIGHT // ROWS - round(2 * SWAY[1]))
    small = [sized(*one, size, room) for one, size in zip(faces, sizes, strict=True)]
    halves = [np.array(part.shape[1::-1]) / 2 for part, _ in small]
    ground = cv2.resize(rng.integers(90, 150, (9, 16, 3)).astype(np.uint8), (WIDTH, HEIGHT)).astype(np.float32)
    places = []
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", RATE_HZ, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(RATE_HZ * SECONDS):
            picture = ground.copy()
            corners = middle - halves + SWAY * np.sin(phase + pace * number / RATE_HZ)
            places.append([lay(picture, one, *at) for one, at in zip(small, corners.astype(int).tolist(), strict=True)])
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture.astype(np.uint8), format="rgb24")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
    return places


def readings(clip: Path, *options: str, busy: int = 0) -> list[dict[str, Any]]:
    """Return the readings of the program."""
    command = [sys.executable, "-m", "realtime_micacl", "--source", str(clip), "--headless"]
    with ExitStack() as stack:
        for _ in range(busy):
            other = stack.enter_context(subprocess.Popen([sys.executable, "-c", BUSY]))
            stack.callback(other.kill)
        done = subprocess.run([*command, "--max-faces", str(PEOPLE), *options], capture_output=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [line for line in lines if "probabilities" in line]


def told(read: list[dict[str, Any]], places: list[list[F32]]) -> str:
    """Return a row of the table."""
    ids: list[set[int]] = [set() for _ in range(PEOPLE)]
    last: list[list[float]] = [[] for _ in range(PEOPLE)]
    nobody = 0
    for one in read:
        box = np.array(one["box"], np.float32)
        shares = [overlap(box, place) for place in places[one["frame"]]]
        person = int(np.argmax(shares))
        nobody += shares[person] < SAME
        if shares[person] >= SAME and one["frame"] >= SETTLED_S * RATE_HZ:
            ids[person].add(one["track"])
            last[person].append(one["frame"] / RATE_HZ)
    kept = sum(len(mine) == 1 for mine in ids)
    gap_s = max(float(np.diff([SETTLED_S, *when, SECONDS]).max()) for when in last)
    a_second = len([w for when in last for w in when]) / (SECONDS - SETTLED_S) / PEOPLE
    late = [one["latency_ms"] for one in read if "latency_ms" in one]
    age = f"{np.median(late):.0f}" if late else "-"
    return (
        f"{sum(map(bool, ids))} | {kept} | {len(set().union(*ids))} | {nobody} | {a_second:.1f} | {gap_s:.1f} | {age}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("london", type=Path)
    parser.add_argument("--busy", type=int, default=2, help="how many processes compute beside it")
    options = parser.parse_args()
    rng, write = np.random.default_rng(4), sys.stdout.write
    every = cuts(options.london)
    faces = [every[i] for i in rng.choice(np.arange(0, len(every), 2), PEOPLE, replace=False)]
    write("| | found | with one id | ids in all | readings of nobody | readings a second and face |")
    write(" longest pause, s | age, ms |\n" + "|---" * 8 + "|\n")
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "crowd.mp4"
        places = written(clip, faces, rng.integers(90, 141, PEOPLE).tolist(), rng)
        for name, how, busy in (
            ("offline", ["--offline"], 0),
            ("live", [], 0),
            (f"live, {options.busy} processes beside it", [], options.busy),
            ("live, `--far`", ["--far"], 0),
        ):
            write(f"| {name} | {told(readings(clip, *how, busy=busy), places)} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
