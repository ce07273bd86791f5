"""`realtime-micacl evaluate ENGINE..`: measure engines on clips and people they never saw."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from realtime_micacl.devices import DEVICES
from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.making.data import folders
from realtime_micacl.making.data.clips import read_clips
from realtime_micacl.making.data.ferplus import Stills, read_ferplus
from realtime_micacl.making.data.landmarks import read_landmarks
from realtime_micacl.making.data.london import read_london
from realtime_micacl.making.data.photographs import half_named
from realtime_micacl.making.data.prepared import read_prepared
from realtime_micacl.making.data.samples import Sample
from realtime_micacl.making.evaluation.candidates import Candidate, read_candidates
from realtime_micacl.making.evaluation.photographs import photograph_predictions
from realtime_micacl.making.evaluation.predictions import (
    Bags,
    Predictions,
    Read,
    clip_predictions,
    prepared_predictions,
    still_predictions,
)
from realtime_micacl.making.evaluation.protocol import ALL, Part, name_of, parts_for
from realtime_micacl.making.evaluation.report import (
    as_text,
    comparison_text,
    figures,
    overview,
    titled,
    write_json,
    write_report,
)
from realtime_micacl.making.evaluation.results import Comparisons, Result, compared, folded, part_result, result
from realtime_micacl.making.evaluation.stretches import Stretch, read_stretches, stretch_predictions
from realtime_micacl.making.evaluation.videos import LiveReader, video_predictions
from realtime_micacl.making.figures import About
from realtime_micacl.options import VerbParser
from realtime_micacl.wording import why

Plan = list[tuple[Candidate, Part]]
SETS = ("ferplus", "london", "rendered", "stretches", "photographs")


def main(argv: Sequence[str]) -> None:
    """Run the verb."""
    arguments = _parser().parse_args(argv)
    candidates = read_candidates(arguments.engine or [default_engine()])
    sets = [read_prepared(folder) for folder in arguments.data]
    _check_names("--data", [name_of(data) for data in sets])
    _check_names("--through-tracker", [folder.resolve().name for folder in arguments.through_tracker])
    plan = [pair for data in sets for pair in parts_for(candidates, data, arguments.split)]
    videos = {folder: folders.read(folder) for folder in arguments.through_tracker}
    if arguments.split and not sets:
        raise ConfigError("--split chooses a part of prepared sets; name them with --data")
    stretches = read_stretches(*arguments.stretches) if arguments.stretches else []
    if not (plan or videos or any(getattr(arguments, name) for name in SETS)):
        options = ", ".join(f"--{name}" for name in SETS)
        raise ConfigError(f"nothing to measure on: give --data, --through-tracker or one of {options}")
    for folder in (arguments.report, arguments.json and arguments.json.parent):
        if folder:
            _make(folder)
    results: list[Result] = []
    for candidate in candidates:
        with closing(open_engine(candidate.folder, candidate.sidecar, arguments.device)) as engine:
            results += _on_pictures(candidate, engine, arguments)
            results += _on_parts(candidate, engine, plan, arguments.bags)
            with closing(LiveReader(engine, candidate.sidecar)) as reader:
                results += _on_videos(candidate, reader, videos)
                results += _as_shown(candidate, reader, arguments, stretches)
    if not results:
        raise ConfigError("--rendered: nobody in these clips is held out (every fifth person is); render more people")
    results = folded(results)
    comparisons = compared(results, *candidates) if len(candidates) == 2 else {}
    _tell(results, comparisons)
    if arguments.json:
        write_json(arguments.json, figures(results, comparisons))
    if arguments.report:
        write_report(arguments.report, results, comparisons)


def _parser() -> argparse.ArgumentParser:
    p = VerbParser(
        prog="realtime-micacl evaluate",
        description="Measure engines and checkpoints on people they never saw.",
        epilog="docs/evaluation.md says what is measured, and how.",
    )
    p.add_argument(
        "engine", type=Path, nargs="*", help="folder of an engine or checkpoint (default: the shipped engine)"
    )
    on = p.add_argument_group("measured on")
    on.add_argument("--data", type=Path, nargs="+", default=[], metavar="FOLDER", help="sets that `prepare` wrote")
    on.add_argument(
        "--split", nargs="+", default=[], metavar="NAME", help=f"such as fold1 or official; {ALL}: each fold"
    )
    on.add_argument(
        "--bags", choices=("segments", "live"), default="segments", help="how prepared clips are cut into bags"
    )
    on.add_argument(
        "--through-tracker",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="raw videos, in a folder per emotion",
    )
    on.add_argument("--ferplus", type=Path, metavar="FILE", help="FER+, its test part")
    on.add_argument("--london", type=Path, metavar="FOLDER", help="the London face set, its held-out people")
    on.add_argument("--rendered", type=Path, nargs="+", default=[], metavar="FOLDER", help="clips, held-out people")
    add_shown(on)
    p.add_argument("--device", choices=DEVICES, default="auto", help="what engines run on")
    p.add_argument("--cache", type=Path, default=Path("runs/cache"), metavar="FOLDER", help="where crops are kept")
    p.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    p.add_argument("--report", type=Path, metavar="FOLDER", help="write a report with plots there")
    return p


def add_shown(p: argparse._ArgumentGroup) -> None:
    """Add the options that name real clips and photographs."""
    p.add_argument(
        "--stretches",
        type=Path,
        nargs=2,
        metavar=("CLIPS", "FILE"),
        help="real clips and a JSON list of [clip, first frame, last frame, label, clarity], through the live path",
    )
    p.add_argument(
        "--photographs",
        nargs=2,
        metavar=("FILE", "HALF"),
        help="one half of a set of face crops, each read as a photograph",
    )


def _on_pictures(candidate: Candidate, engine: Engine, arguments: argparse.Namespace) -> Iterator[Result]:
    """Yield the results on FER+, London and rendered clips, the data of the shipped engine."""
    sidecar = candidate.sidecar
    aligner = Aligner(sidecar.bag.size_px, sidecar.crop.points)
    found: list[tuple[str, str, Predictions]] = []
    if arguments.ferplus:
        stills = read_ferplus(arguments.ferplus, "test", aligner, arguments.cache)
        stills = _with_landmarks(stills, sidecar, arguments.cache)
        found.append(("FER+ test", "", still_predictions(engine, sidecar, stills)))
    if arguments.london:
        stills = _with_landmarks(read_london(arguments.london, aligner, held_out=True), sidecar, arguments.cache)
        found.append(("London, held-out people", "", still_predictions(engine, sidecar, stills)))
    for folder in arguments.rendered:
        if held_out := [clip for clip in read_clips(folder, aligner, arguments.cache) if clip.held_out]:
            where = "rendered clips" if len(arguments.rendered) == 1 else f"rendered clips {folder.resolve().name}"
            predictions = clip_predictions(engine, sidecar, held_out)
            # The cut is part of a clip's name, since engines that cut other bags cannot be compared bag by bag.
            found.append((f"{where}, held-out people", f"{sidecar.bag}", predictions))
    for where, cut, (probabilities, labels, people) in found:
        names = tuple(f"{number} {cut}" for number in range(len(labels)))
        yield result(candidate, where, Read(names, probabilities, labels, people), {})


def _with_landmarks(stills: Stills, sidecar: Sidecar, cache: Path) -> Stills:
    """Return pictures with their landmarks, if the engine reads landmarks."""
    if not sidecar.shape:
        return stills
    return replace(
        stills, landmarks=read_landmarks(stills.crops, Aligner(sidecar.bag.size_px, sidecar.crop.points), cache)
    )


def _on_parts(candidate: Candidate, engine: Engine, plan: Plan, bags: Bags) -> Iterator[Result]:
    """Yield the results on the candidate's parts of the prepared sets."""
    for part in (part for who, part in plan if who is candidate):
        yield part_result(candidate, part, prepared_predictions(engine, candidate.sidecar, part, bags), bags)


def _on_videos(candidate: Candidate, reader: LiveReader, videos: dict[Path, list[Sample]]) -> Iterator[Result]:
    """Yield the results on raw videos."""
    trained_on = ", ".join(candidate.sidecar.trained_on) or "nothing"
    about: About = {"training": f"it may have been trained on these videos; it names: {trained_on}"}
    for folder, each in videos.items():
        where = f"{folder.resolve().name}, through the tracker"
        yield result(candidate, where, video_predictions(reader, each), about)


def _as_shown(
    candidate: Candidate, reader: LiveReader, arguments: argparse.Namespace, stretches: list[Stretch]
) -> Iterator[Result]:
    """Yield the results on stretches and photographs of real people, read as the live program reads them."""
    if stretches:
        clips = arguments.stretches[0]
        yield result(candidate, f"{clips.resolve().name}, stretches", *stretch_predictions(reader, clips, stretches))
    if arguments.photographs:
        file, half = arguments.photographs
        found = photograph_predictions(reader, Path(file), half_named(half))
        yield result(candidate, f"{Path(file).stem}, half {half}", *found)


def _tell(results: Sequence[Result], comparisons: Comparisons) -> None:
    """Print the results."""
    texts = [as_text(title, result) for title, result in titled(results).items()]
    texts += [comparison_text(title, found) for title, found in comparisons.items()]
    if len(results) > 1:
        table = overview(results)
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        texts.append(
            "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in table)
        )
    sys.stdout.write("\n\n".join(texts) + "\n")


def _check_names(option: str, names: Sequence[str]) -> None:
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        raise ConfigError(f"{option}: two of the folders are called {twice[0]!r}; measure on them in separate runs")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise ConfigError(f"the folder {folder} cannot be made: {why(cause)}") from cause
