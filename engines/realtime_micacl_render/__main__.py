"""Write training clips and their labels: `python -m realtime_micacl_render ASSETS OUT --people 40 --seed 1`."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from realtime_micacl.errors import ConfigError, MicaclError
from realtime_micacl.live.seeing.picture_mesh import PictureMesh
from realtime_micacl.making.data.held_out import FIRST_TEST_SEED, PHOTOGRAPHED
from realtime_micacl.types import EMOTIONS
from realtime_micacl_render.assets import Assets
from realtime_micacl_render.clip import Label, make_clip, write_labels
from realtime_micacl_render.dress import dress
from realtime_micacl_render.figure import Figure, build_figure
from realtime_micacl_render.person import sample_person
from realtime_micacl_render.video import write_video

log = logging.getLogger(__name__)

MOST_NEUTRAL_S = 60.0


def main(argv: list[str] | None = None) -> int:
    """Render clips of several people; return the exit status."""
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        labels = render_people(**vars(options))
    except MicaclError as error:
        log.error("%s", error)
        return error.exit_code
    log.info("%d clips and labels.json are in %s", len(labels), options.out)
    return 0


def render_people(
    *,
    assets: Path,
    out: Path,
    people: int,
    seed: int,
    takes: int,
    size_px: int,
    seconds: float,
    rate_hz: int,
    photos: Path | None = None,
    lead_s: float = 0.0,
    tail_s: float = 0.0,
) -> list[Label]:
    """Render every emotion of every person; return what was written to labels.json."""
    _check(people, seed, takes, size_px, seconds, rate_hz, lead_s, tail_s)
    source = Assets(assets)
    if photos:
        count, figures = _dressed(photos, source)
    else:
        count, figures = (
            people,
            (build_figure(sample_person(n, source.details), source) for n in range(seed, seed + people)),
        )
    out.mkdir(parents=True, exist_ok=True)
    labels: list[Label] = []
    for figure in tqdm(figures, desc="people", total=count, disable=not sys.stderr.isatty()):
        for emotion in EMOTIONS:
            for take in range(takes):
                label, frames = make_clip(
                    figure,
                    emotion,
                    take=take,
                    size_px=size_px,
                    seconds=seconds,
                    rate_hz=rate_hz,
                    lead_s=lead_s,
                    tail_s=tail_s,
                )
                write_video(out / label.file, frames, rate_hz=rate_hz)
                labels.append(label)
        write_labels(out / "labels.json", labels)
    return labels


def _check(
    people: int, seed: int, takes: int, size_px: int, seconds: float, rate_hz: int, lead_s: float, tail_s: float
) -> None:
    """Raise ConfigError for what cannot be rendered."""
    if seed < 0 or people < 1 or seed + people > FIRST_TEST_SEED:
        raise ConfigError(
            f"--seed {seed} --people {people}: people to train with are 0 to {FIRST_TEST_SEED - 1}, the others are kept"
            " for the demo and the tests. Choose a smaller --seed or fewer --people, at least one."
        )
    if size_px < 32 or size_px % 2 or takes < 1 or seconds < 1 or rate_hz < 1:
        raise ConfigError(
            f"--size-px {size_px} --takes {takes} --seconds {seconds:g} --rate-hz {rate_hz}: the size is an even number"
            " from 32 on, the others are at least 1."
        )
    if not (0 <= lead_s <= MOST_NEUTRAL_S and 0 <= tail_s <= MOST_NEUTRAL_S):
        raise ConfigError(f"--lead-s {lead_s:g} --tail-s {tail_s:g}: each is 0 to {MOST_NEUTRAL_S:g} seconds.")


def _dressed(photos: Path, source: Assets) -> tuple[int, Iterator[Figure]]:
    """Return how many photographs there are, and a figure in the skin of each."""
    files = sorted(file for file in photos.glob("*.jpg") if file.name[:3].isdecimal())
    if not files:
        raise ConfigError(f"--photos {photos}: no pictures there whose names begin with a number, such as 001_03.jpg")

    def figures() -> Iterator[Figure]:
        mesh = PictureMesh()
        for file in files:
            figure = build_figure(sample_person(PHOTOGRAPHED + int(file.name[:3]), source.details), source)
            picture = cv2.imread(str(file))
            try:
                if picture is None:
                    raise ConfigError("it is not a picture")
                yield dress(figure, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.uint8), mesh)
            except ConfigError as error:
                log.warning("%s was left out: %s", file, error)
        mesh.close()

    return len(files), figures()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m realtime_micacl_render", description=__doc__)
    parser.add_argument("assets", type=Path, help="folder of the unpacked MakeHuman assets")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--people", type=int, default=40, help="how many people")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first; the others follow")
    parser.add_argument(
        "--photos", type=Path, metavar="FOLDER", help="dress one person in each of these photographs of neutral faces"
    )
    parser.add_argument("--takes", type=int, default=1, help="clips per person and emotion")
    parser.add_argument("--size-px", type=int, default=192, help="side of the picture")
    parser.add_argument("--seconds", type=float, default=3.0, help="in which an expression comes and goes")
    parser.add_argument("--lead-s", type=float, default=0.0, help="seconds of a neutral face before that")
    parser.add_argument("--tail-s", type=float, default=0.0, help="seconds of a neutral face after it")
    parser.add_argument("--rate-hz", type=int, default=25, help="pictures per second")
    return parser


if __name__ == "__main__":
    sys.exit(main())
