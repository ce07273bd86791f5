"""`realtime-micacl prepare DATASET ROOT OUT`: cut the faces of a data set as the live program cuts them."""

from __future__ import annotations

import csv
import io
import logging
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
from tqdm import tqdm

from realtime_micacl import __version__
from realtime_micacl.config import read_toml
from realtime_micacl.devices import cores
from realtime_micacl.errors import ConfigError
from realtime_micacl.files import clear_partials, held, write_whole
from realtime_micacl.making.data import ckplus, cremad, dfew, ferv39k, folders, mafw, ravdess, rendered
from realtime_micacl.making.data.cutting import Cutting, Done, Job, Skipped, file_name
from realtime_micacl.making.data.prepared import (
    CLIPS,
    INDEX,
    MANIFEST,
    SKIPPED,
    Line,
    Manifest,
    frames_in,
    read_manifest,
)
from realtime_micacl.making.data.samples import Sample
from realtime_micacl.making.data.workers import Died, shared_out
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.options import VerbParser
from realtime_micacl.types import EMOTIONS
from realtime_micacl.wording import counted, why

log = logging.getLogger(__name__)

READERS = {
    "dfew": dfew.read,
    "ferv39k": ferv39k.read,
    "mafw": mafw.read,
    "ravdess": ravdess.read,
    "cremad": cremad.read,
    "ckplus": ckplus.read,
    "folders": folders.read,
    "rendered": rendered.read,
}
WITH_CROPS = ("dfew", "ferv39k", "folders")
"""Sets whose pictures are, or can be, crops of faces."""
MOST_JOBS = 256


def main(argv: Sequence[str]) -> None:
    """Run the verb."""
    p = VerbParser(prog="realtime-micacl prepare", description="Cut the faces of a data set.")
    p.add_argument("dataset", choices=READERS, metavar="DATASET", help=", ".join(READERS))
    p.add_argument("root", type=Path, metavar="ROOT", help="folder of the data set, laid out as docs/data.md says")
    p.add_argument("out", type=Path, metavar="OUT", help="folder for the crops; a second run cuts only what is missing")
    p.add_argument("--recipe", type=Path, required=True, metavar="FILE", help="for size and place of the face")
    p.add_argument("--as-shipped", action="store_true", help="take the set's own crops as they are, only resized")
    p.add_argument("--raw", action="store_true", help="dfew: the films' clips instead of the shipped crops")
    most = min(cores(), MOST_JOBS)
    p.add_argument("--jobs", type=int, default=most, metavar="N", help="processes (default: all cores)")
    arguments = p.parse_args(argv)
    name, root = arguments.dataset, arguments.root
    if arguments.as_shipped and (name not in WITH_CROPS or arguments.raw):
        raise ConfigError(
            f"--as-shipped takes a set's own face crops; only {', '.join(WITH_CROPS)} have them, not raw clips"
        )
    if arguments.raw and name != "dfew":
        raise ConfigError(f"--raw is for dfew, which ships crops and clips; {name} is read from its only form")
    if not 1 <= arguments.jobs <= MOST_JOBS:
        raise ConfigError(f"--jobs {arguments.jobs}: expected 1 to {MOST_JOBS}")
    recipe = read_toml(arguments.recipe, Recipe)
    if not root.is_dir():
        raise ConfigError(f"no folder {root}, which should hold {name}; docs/data.md shows what must be in it")
    crop = None if arguments.as_shipped else recipe.crop
    manifest = Manifest(name=name, size_px=recipe.bag.size_px, crop=crop, version=__version__)
    try:
        samples = dfew.read(root, raw=True) if arguments.raw else READERS[name](root)
        if not samples:
            raise ConfigError(
                f"{name} in {root} names no clip of the seven emotions; docs/data.md shows what must be in it"
            )
        with held(arguments.out):
            text = prepare(samples, manifest, arguments.out, arguments.jobs)
    except OSError as cause:
        place = cause.filename or arguments.out
        raise ConfigError(f"{place} cannot be read or written: {why(cause)}; fix that and run it again") from cause
    sys.stdout.write(text + "\n")


def prepare(samples: Sequence[Sample], manifest: Manifest, out: Path, jobs: int) -> str:
    """Cut the clips that are missing in the folder `out` with `jobs` processes; return a summary for people.

    The clips' files are the only state: each is written whole or not at all, and the index is made from those there.
    Raise ConfigError if the folder holds something else, or if no clip gave a face.
    """
    begin(manifest, out)
    names = {sample.clip: file_name(sample) for sample in samples}
    files = {clip: f"{CLIPS}/{name}" for clip, name in names.items() if name}
    lengths = {clip: frames_in(out / file, manifest.size_px) for clip, file in files.items()}
    frames = {clip: n for clip, n in lengths.items() if n}
    missing = [Job(s, out / files[s.clip]) for s in samples if s.clip in files and s.clip not in frames]
    cutting = Cutting(manifest.size_px, manifest.crop.points if manifest.crop else None)
    results = cut(missing, cutting, jobs, f"cutting {manifest.name}", already=len(frames))
    frames |= {clip: result.frames for clip, result in results.items() if isinstance(result, Done)}
    reasons = {s.clip: f"{s.path} does not exist" for s in samples if s.clip not in files}
    reasons |= {clip: result.reason for clip, result in results.items() if isinstance(result, Skipped)}
    skipped = [(s, reasons[s.clip]) for s in samples if s.clip in reasons]
    lines = [
        Line(
            clip=s.clip,
            label=EMOTIONS[s.label],
            subject=s.subject,
            parts=dict(s.parts),
            frames=frames[s.clip],
            file=files[s.clip],
        )
        for s in samples
        if s.clip in frames
    ]
    finish(manifest, lines, skipped, out)
    cut_now = [result for result in results.values() if isinstance(result, Done)]
    damaged = sum(bool(result.warnings) for result in cut_now)
    for split, part in sorted({pair for s in samples for pair in s.parts.items()}):
        lost = [s for s, _ in skipped if s.parts.get(split) == part]
        if lost and not any(line.parts.get(split) == part for line in lines):
            none_left = f"{split} has lost all {counted(len(lost), 'clip')} of its {part} part"
            log.warning("%s; the first: %s: %s", none_left, lost[0].clip, reasons[lost[0].clip])
    return summary(manifest, lines, out, skipped=len(reasons), cut_now=len(cut_now), damaged=damaged)


def cut(
    missing: Sequence[Job], cutting: Cutting, processes: int, title: str, *, already: int
) -> dict[str, Done | Skipped]:
    """Cut clips in several processes, with a progress bar that begins at `already`; return the result by clip."""
    results: dict[str, Done | Skipped] = {}
    total = already + len(missing)
    with (
        tqdm(desc=title, unit="clip", total=total, initial=already, disable=None) as bar,
        closing(shared_out(cutting.opened, missing, processes)) as done,
    ):
        for index, result in done:
            if isinstance(result, Died):
                result = Skipped(f"the process that cut it crashed with exit code {result.exit_code}")
            if isinstance(result, Done):
                for warning in result.warnings:
                    log.warning("%s", warning)
            results[missing[index].sample.clip] = result
            bar.update()
    return results


def begin(manifest: Manifest, out: Path) -> None:
    """Make the folder; raise ConfigError if something else is in it, or crops with other settings."""
    found = read_manifest(out)
    if found is None:
        if out.exists() and (not out.is_dir() or any(f.name[0] != "." for f in out.iterdir())):
            raise ConfigError(f"{out} holds something else; name a new folder, or one that `prepare` has made")
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / MANIFEST, _json(manifest))
    elif (now := _settings(manifest)) != (then := _settings(found)):
        raise ConfigError(f"{out} was prepared with {then}, not with {now}; name another folder, or delete that one")
    (out / CLIPS).mkdir(exist_ok=True)
    clear_partials(out)
    clear_partials(out / CLIPS)


def finish(manifest: Manifest, lines: Sequence[Line], skipped: Sequence[tuple[Sample, str]], out: Path) -> None:
    """Write the list of skipped clips and the index, and last the manifest, which says that all is done."""
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows([("clip", "reason"), *((s.clip, reason) for s, reason in skipped)])
    write_whole(out / SKIPPED, table.getvalue())
    if not lines:
        first = f"{skipped[0][0].clip}: {skipped[0][1]}"
        clips = counted(len(skipped), "clip")
        raise ConfigError(f"none of {clips} gave a face; {first}; all reasons are in {out / SKIPPED}")
    counts = Counter(line.label for line in lines)
    done = msgspec.structs.replace(
        manifest,
        clips=len(lines),
        skipped=len(skipped),
        skipped_tests=Counter(name for s, _ in skipped for name, part in sorted(s.parts.items()) if part == "test"),
        frames=sum(line.frames for line in lines),
        counts={emotion: counts[emotion] for emotion in EMOTIONS},
    )
    index = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    write_whole(out / INDEX, index)
    write_whole(out / MANIFEST, _json(done))


def summary(manifest: Manifest, lines: Sequence[Line], out: Path, *, skipped: int, cut_now: int, damaged: int) -> str:
    """Return what the folder holds now, as text."""
    counts = Counter(line.label for line in lines)
    people = len({line.subject for line in lines} - {""})
    of_people = f", {counted(people, 'person', 'people')}" if people else ""
    absent = [emotion for emotion in EMOTIONS if not counts[emotion]]
    unused = len(list((out / CLIPS).glob("[0-9a-f]*.npz"))) - len(lines)
    return "\n".join(
        [
            f"{manifest.name}: {counted(len(lines), 'clip')}, {sum(line.frames for line in lines)} crops of "
            f"{manifest.size_px} px{of_people} in {out}; cut in this run: {cut_now}",
            "  " + ", ".join(f"{emotion} {counts[emotion]}" for emotion in EMOTIONS if counts[emotion]),
            *([f"  no clip of {', '.join(absent)}"] if absent else []),
            f"  skipped: {skipped}{f', see {out / SKIPPED}' if skipped else ''}",
            *([f"  partly damaged, of those cut in this run: {damaged}"] if damaged else []),
            *([f"  no longer used, as the clip changed or is gone: {counted(unused, 'file')}"] if unused else []),
        ]
    )


def _settings(manifest: Manifest) -> str:
    how = f"crops at {[list(p) for p in manifest.crop.points]}" if manifest.crop else "the set's own crops"
    return f"{manifest.name}, {manifest.size_px} px, {how}, version {manifest.version}"


def _json(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
