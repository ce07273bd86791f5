"""What the readers of the data sets have in common: a sample, emotion names, and folds that keep people apart."""

from __future__ import annotations

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from realtime_micacl.errors import ConfigError
from realtime_micacl.files import files_below
from realtime_micacl.making.data.prepared import Part
from realtime_micacl.types import EMOTIONS
from realtime_micacl.wording import why

log = logging.getLogger(__name__)

FOLDS = 5
SYNONYMS = {
    "happy": ("happiness", "joy", "joyful", "smile", "smiling"),
    "sad": ("sadness",),
    "neutral": ("neutrality",),
    "angry": ("anger",),
    "surprise": ("surprised",),
    "disgust": ("disgusted",),
    "fear": ("fearful", "afraid", "scared"),
}
NAMES = {name: k for k, emotion in enumerate(EMOTIONS) for name in (emotion, *SYNONYMS[emotion])}
CELLS = re.compile(r"(.*?)[,;\s]+([^,;\s]+)")  # as the sets separate them, and as spreadsheets, R and pandas do
OUTSIDE = ("contempt", "anxiety", "helplessness", "disappointment")
"""Known classes of data sets that are none of the seven."""


@dataclass(frozen=True)
class Sample:
    """One labelled clip of a data set, where it lies."""

    clip: str
    """Unique in its set."""
    label: int
    """Its place in EMOTIONS."""
    subject: str
    """Empty where the set does not say who it is."""
    path: Path
    """A video file or a folder of pictures; it need not be there."""
    parts: Mapping[str, Part] = field(default_factory=dict)
    """Name of a split -> the part of it that the clip is in."""
    rate_hz: float = 25.0
    """Of the pictures of a folder."""
    intensity: tuple[float, ...] | None = None
    """For each frame 0 neutral to 1 the emotion; None where the label holds for the whole clip."""


def label_named(name: str) -> int | None:
    """Return the place in EMOTIONS of an emotion's English name, None where the name is none of the seven."""
    return NAMES.get(name.strip().lower())


def with_folds(samples: Iterable[Sample]) -> list[Sample]:
    """Return the samples with five folds added, each of which tests on people that its training part does not hold.

    Whoever has most clips is placed first, each into the fold that has least of their emotions; a sample without a
    subject is a person of its own. The same samples give the same folds. Fewer than five people give fewer folds.
    """
    ordered = sorted(samples, key=lambda sample: sample.clip)
    people: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    for sample in ordered:
        people[sample.subject, "" if sample.subject else sample.clip].append(sample)
    n = min(FOLDS, len(people))
    if n < 2:
        return ordered
    totals = Counter(sample.label for sample in ordered)
    loads = [Counter[int]() for _ in range(n)]
    tested = {}
    for _, clips in sorted(people.items(), key=lambda item: (-len(item[1]), item[0])):
        counts = Counter(sample.label for sample in clips)
        load = [
            (sum(has[k] * counts[k] / totals[k] for k in counts), has.total(), fold) for fold, has in enumerate(loads)
        ]
        fold = min(load)[2]
        loads[fold] += counts
        tested.update({sample.clip: fold for sample in clips})
    return [
        replace(
            sample,
            parts=dict(sample.parts)
            | {f"fold{k + 1}": "test" if tested[sample.clip] == k else "train" for k in range(n)},
        )
        for sample in ordered
    ]


@dataclass(frozen=True)
class Row:
    """What a line of a split file says of a clip."""

    where: str
    """File and line, for messages."""
    clip: str
    label: int
    split: str
    part: Part


def gathered(name: str, rows: Iterable[Row], path_of: Callable[[str], Path]) -> list[Sample]:
    """Return the samples of a set from the lines of all its split files.

    Raise ConfigError where two lines disagree on a label. A clip in both parts of a split counts as test, so that
    nothing is tested that was trained on; how many there are is logged.
    """
    samples: dict[str, Sample] = {}
    doubled = set()
    for row in rows:
        known = samples.get(row.clip)
        if known is None:
            samples[row.clip] = Sample(row.clip, row.label, "", path_of(row.clip), {row.split: row.part})
            continue
        if known.label != row.label:
            raise ConfigError(
                f"{row.where} says that {row.clip} is {EMOTIONS[row.label]}, another line says {EMOTIONS[known.label]}"
            )
        if known.parts.get(row.split, row.part) != row.part:
            doubled.add((row.clip, row.split))
        part = "test" if (row.clip, row.split) in doubled else row.part
        samples[row.clip] = replace(known, parts={**known.parts, row.split: part})
    if doubled:
        clips = sorted({clip for clip, _ in doubled})
        log.warning(
            "%s: in both parts of a split, and counted as test: %d (%s)", name, len(clips), ", ".join(clips[:5])
        )
    return [samples[clip] for clip in sorted(samples)]


def wanted_folder(folder: Path, what: str) -> Path:
    """Return `folder`; raise ConfigError where it is missing, saying that it should hold `what`."""
    if not folder.is_dir():
        raise ConfigError(
            f"no folder {folder}, which should hold {what}; give the folder of the set as docs/data.md says"
        )
    return folder


def is_own(entry: Path) -> bool:
    """Say whether a file or folder is of the set: not hidden, and not what macOS puts beside it into an archive."""
    return not entry.name.startswith(".") and entry.name != "__MACOSX"


def files_ending(root: Path, *endings: str) -> list[Path]:
    """Return the set's files below a folder whose names end so, in small or capital letters, also behind links."""
    found = files_below(root) if root.is_dir() else ()
    return sorted(file for file in found if file.suffix.lower() in endings)


def by_clip(files: Iterable[Path], clip_of: Callable[[Path], str]) -> dict[str, Path]:
    """Return the file of each clip; of several the first is taken, and the log says so."""
    found: dict[str, Path] = {}
    others = [file for file in files if found.setdefault(clip_of(file), file) is not file]
    if others:
        log.warning("of files of the same clip the first is taken; left out: %d (%s)", len(others), others[0])
    return found


def wanted_lines(file: Path, what: str) -> list[str]:
    """Return the lines of a text file that hold more than empty cells; raise ConfigError where there are none."""
    try:
        lines = [line for line in file.read_text("utf-8-sig").splitlines() if line.strip(' \t,;"')]
    except FileNotFoundError:
        raise ConfigError(
            f"no file {file}, which should hold {what}; see docs/data.md for how the set must lie"
        ) from None
    except (OSError, UnicodeDecodeError) as cause:
        raise ConfigError(f"{file}, which should hold {what}, cannot be read: {why(cause)}") from cause
    if not lines:
        raise ConfigError(f"{file} is empty; it should hold {what}")
    return lines


def clip_and_label(line: str) -> tuple[str, str]:
    """Return the two cells of a line, in quotes or not; both empty where there are not two."""
    match = CELLS.fullmatch(line.replace('"', "").strip().rstrip(" ,;"))
    return (match[1], match[2]) if match else ("", "")


def left_out(name: str, why: Mapping[str, int]) -> None:
    """Log how many clips of a set are left out, by reason."""
    if why:
        log.warning("%s: left out %s", name, ", ".join(f"{n} of {reason}" for reason, n in sorted(why.items())))
