"""What all readers of data sets use: samples, names of emotions, and folds in which nobody is in both parts."""

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
CELLS = re.compile(r"(.*?)[,;\s]+([^,;\s]+)")  # a clip and a label, separated by commas, semicolons or blanks
NUMBERED = re.compile(r'"?(\d*)"?[,;\t]')  # the cell before a line of pandas or R, which is empty in the header
OUTSIDE = ("contempt", "anxiety", "helplessness", "disappointment")
"""Classes of data sets that are none of the seven; their clips are left out."""


@dataclass(frozen=True)
class Sample:
    """One labelled clip of a data set."""

    clip: str
    """Unique in its set."""
    label: int
    """Its place in EMOTIONS."""
    subject: str
    """Empty if the set does not name people."""
    path: Path
    """A video file or a folder of pictures; it need not exist."""
    parts: Mapping[str, Part] = field(default_factory=dict)
    """Name of a split -> the part of it that the clip is in."""
    rate_hz: float = 25.0
    """Of the pictures of a folder."""
    intensity: tuple[float, ...] | None = None
    """For each frame, from 0 for neutral to 1 for the emotion; None if the label holds for all frames."""


def label_named(name: str) -> int | None:
    """Return the index in EMOTIONS of an English name, None if it is none of the seven."""
    return NAMES.get(name.strip().lower())


def with_folds(samples: Iterable[Sample]) -> list[Sample]:
    """Return the samples with five folds added; nobody is in the training and the test part of one.

    People are placed in the order of their clips, most first, each in the fold that has the fewest clips of their
    emotions. A sample without a subject counts as a person. The same samples give the same folds; fewer than five
    people give fewer folds.
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
    """A line of a split file: a clip with its label and part."""

    where: str
    """File and line, for messages."""
    clip: str
    label: int
    split: str
    part: Part


def gathered(name: str, rows: Iterable[Row], path_of: Callable[[str], Path]) -> list[Sample]:
    """Return the samples of a set from the lines of all its split files.

    Raise ConfigError if two lines give a clip different labels. A clip in both parts of a split is counted as test, so
    that it is not trained on; their number is logged.
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
            "%s: clips in both parts of a split, counted as test: %d (%s)", name, len(clips), ", ".join(clips[:5])
        )
    return [samples[clip] for clip in sorted(samples)]


def wanted_folder(folder: Path, what: str) -> Path:
    """Return `folder`, or the only one of its name a folder deeper, as archives unpack; else raise ConfigError.

    The error says that it should hold `what`.
    """
    if folder.is_dir():
        return folder
    above = folder.parent
    deeper = [one / folder.name for one in above.iterdir() if (one / folder.name).is_dir()] if above.is_dir() else []
    if len(deeper) != 1:
        raise ConfigError(
            f"no folder {folder}, which should hold {what}; give the folder of the set as docs/data.md says"
        )
    return deeper[0]


def is_own(entry: Path) -> bool:
    """Return whether a file or folder belongs to the set: it is not hidden, and not from an archive of macOS."""
    return not entry.name.startswith(".") and entry.name != "__MACOSX"


def files_ending(root: Path, *endings: str) -> list[Path]:
    """Return the set's files below a folder that have one of these suffixes, in any case; links are followed."""
    found = files_below(root) if root.is_dir() else ()
    return sorted(file for file in found if file.suffix.lower() in endings)


def by_clip(files: Iterable[Path], clip_of: Callable[[Path], str]) -> dict[str, Path]:
    """Return the first file of each clip; others are logged and left out."""
    found: dict[str, Path] = {}
    others = [file for file in files if found.setdefault(clip_of(file), file) is not file]
    if others:
        log.warning("left out, since another file is of the same clip: %d (%s)", len(others), others[0])
    return found


def wanted_lines(file: Path, what: str) -> list[str]:
    """Return the lines of a text file, without empty ones; raise ConfigError if there are none."""
    try:
        lines = [line for line in file.read_text("utf-8-sig").splitlines() if line.strip(' \t,;"\0\x1a')]
    except FileNotFoundError:
        raise ConfigError(f"no file {file}, which should hold {what}; docs/data.md shows where files must be") from None
    except (OSError, UnicodeDecodeError) as cause:
        raise ConfigError(f"{file}, which should hold {what}, cannot be read: {why(cause)}") from cause
    if lines and lines[0].startswith("sep="):  # Excel's
        del lines[0]
    if not lines:
        raise ConfigError(f"{file} is empty; it should hold {what}")
    numbered = NUMBERED.match(lines[0])
    return [NUMBERED.sub("", line, count=1) for line in lines] if numbered and not numbered[1] else lines


def clip_and_label(line: str) -> tuple[str, str]:
    """Return the two cells of a line, without quotes; both are empty if there are not two."""
    match = CELLS.fullmatch(line.replace('"', "").strip().rstrip(" ,;"))
    return (match[1], match[2]) if match else ("", "")


def left_out(name: str, why: Mapping[str, int]) -> None:
    """Log how many clips of a set are left out, by reason."""
    if why:
        log.warning("%s: left out %s", name, ", ".join(f"{n} of {reason}" for reason, n in sorted(why.items())))
