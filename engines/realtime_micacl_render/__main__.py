"""Write training clips and their labels: `python -m realtime_micacl_render ASSETS OUT --people 40 --seed 1`."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from realtime_micacl.errors import ConfigError, MicaclError
from realtime_micacl.live.seeing.picture_mesh import PictureMesh
from realtime_micacl.making.data.held_out import FIRST_TEST_SEED, PHOTOGRAPHED
from realtime_micacl_render.assets import Assets
from realtime_micacl_render.clip import Filming, Label, write_clips, write_labels
from realtime_micacl_render.dress import dress
from realtime_micacl_render.figure import Figure, build_figure
from realtime_micacl_render.person import sample_person

log = logging.getLogger(__name__)

MOST_NEUTRAL_S = 60.0


def main(argv: list[str] | None = None) -> int:
    """Render clips of several people; return the exit status."""
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    how = Filming(options.size_px, options.seconds, options.rate_hz, options.lead_s, options.tail_s)
    try:
        _check(options.people, options.seed, options.takes, how)
        source = Assets(options.assets)
        seeds = range(options.seed, options.seed + options.people)
        count, figures = _in_photographed_skin(options.photos, source) if options.photos else _painted(seeds, source)
        labels = render(
            tqdm(figures, "people", count, disable=not sys.stderr.isatty()), options.out, how, options.takes
        )
    except MicaclError as error:
        log.error("%s", error)
        return error.exit_code
    log.info("%d clips and labels.json are in %s", len(labels), options.out)
    return 0


def render(figures: Iterable[Figure], out: Path, how: Filming, takes: int) -> list[Label]:
    """Render every emotion of every person; write labels.json after each person, and return the labels."""
    out.mkdir(parents=True, exist_ok=True)
    labels: list[Label] = []
    for figure in figures:
        labels += write_clips(figure, out, how, takes=takes)
        write_labels(out / "labels.json", labels)
    return labels


def _check(people: int, seed: int, takes: int, how: Filming) -> None:
    """Raise ConfigError for options that cannot be rendered."""
    if seed < 0 or people < 1 or seed + people > FIRST_TEST_SEED:
        raise ConfigError(
            f"--seed {seed} --people {people}: seeds for training are 0 to {FIRST_TEST_SEED - 1}, the others are"
            " for the demo and the tests. Choose a smaller --seed or fewer --people, at least one."
        )
    if how.size_px < 32 or how.size_px % 2 or takes < 1 or how.seconds < 1 or how.rate_hz < 1:
        raise ConfigError(
            f"--size-px {how.size_px} --takes {takes} --seconds {how.seconds:g} --rate-hz {how.rate_hz}: the size has"
            " to be an even number of at least 32, the others at least 1."
        )
    if not (0 <= how.lead_s <= MOST_NEUTRAL_S and 0 <= how.tail_s <= MOST_NEUTRAL_S):
        raise ConfigError(
            f"--lead-s {how.lead_s:g} --tail-s {how.tail_s:g}: each must be 0 to {MOST_NEUTRAL_S:g} seconds."
        )


def _painted(seeds: range, source: Assets) -> tuple[int, Iterator[Figure]]:
    """Return the number of people, and a figure of each."""
    return len(seeds), (build_figure(sample_person(seed, source.details), source) for seed in seeds)


def _in_photographed_skin(photos: Path, source: Assets) -> tuple[int, Iterator[Figure]]:
    """Return the number of photographs, and a figure in the skin of each."""
    files = sorted(file for file in photos.glob("*.jpg") if file.name[:3].isdecimal())
    if not files:
        raise ConfigError(f"--photos {photos}: no pictures whose names begin with three digits, such as 001_03.jpg")

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
    parser.add_argument("out", type=Path, help="folder for clips and labels")
    parser.add_argument("--people", type=int, default=40, help="how many people")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first person; the next have the next seeds")
    parser.add_argument(
        "--photos",
        type=Path,
        metavar="FOLDER",
        help="give people the skins of these photographs of neutral faces",
    )
    parser.add_argument("--takes", type=int, default=1, help="clips per person and emotion")
    parser.add_argument("--size-px", type=int, default=192, help="side of the picture")
    parser.add_argument("--seconds", type=float, default=3.0, help="time in which an expression comes and goes")
    parser.add_argument("--lead-s", type=float, default=0.0, help="seconds of a neutral face before that")
    parser.add_argument("--tail-s", type=float, default=0.0, help="seconds of a neutral face after it")
    parser.add_argument("--rate-hz", type=int, default=25, help="pictures per second")
    return parser


if __name__ == "__main__":
    sys.exit(main())
