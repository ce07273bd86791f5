"""DFEW (Jiang et al. 2020): clips from films, seven emotions, five official folds.

The shipped crops are folders of pictures, `Clip/clip_224x224/00001/`; the films' own clips `Clip/original/**/1.mp4`.
Official folds split clips, not people: the same actor can be in both parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.sources.endings import VIDEOS
from realtime_micacl.making.data.prepared import PARTS, Part
from realtime_micacl.making.data.samples import (
    FOLDS,
    Row,
    Sample,
    by_clip,
    clip_and_label,
    files_ending,
    gathered,
    wanted_folder,
    wanted_lines,
)
from realtime_micacl.types import EMOTIONS

LABELS = ("happy", "sad", "neutral", "angry", "surprise", "disgust", "fear")
"""What the numbers 1 to 7 of the split files mean."""
HEADER = "video_name,label"
SPLITS, CROPS, ORIGINAL = "EmoLabel_DataSplit", "Clip/clip_224x224", "Clip/original"


def read(root: Path, *, raw: bool = False) -> list[Sample]:
    """Return the single-labelled clips: the shipped crops, or with `raw` the films' own clips."""
    rows = list(_rows(wanted_folder(root / SPLITS, "the split files of DFEW")))
    if not raw:
        crops = wanted_folder(root / CROPS, "a folder of pictures per clip, 00001, 00002, ..")
        return gathered("dfew", rows, lambda clip: crops / clip)
    original = wanted_folder(root / ORIGINAL, "the films' clips, 1.mp4, 2.mp4, .., in folders or not")
    files = by_clip(files_ending(original, *VIDEOS), lambda file: file.stem.zfill(5))
    return gathered("dfew", rows, lambda clip: files.get(clip, original / f"{int(clip)}.mp4"))


def _rows(splits: Path) -> Iterator[Row]:
    for fold in range(1, FOLDS + 1):
        for part in PARTS:
            file = splits / f"{part}(single-labeled)" / f"set_{fold}.csv"
            header, *lines = wanted_lines(file, f"the header {HEADER} and a line per clip")
            if ",".join(clip_and_label(header)).lower() != HEADER:
                raise ConfigError(f"{file} begins with {header!r}; expected the header {HEADER}")
            for number, line in enumerate(lines, 2):
                yield _row(line, f"{file}, line {number}", f"fold{fold}", part)


def _row(line: str, where: str, split: str, part: Part) -> Row:
    name, label = (cell.removesuffix(".0") for cell in clip_and_label(line))  # pandas, if a cell was empty
    name = name.lower().removesuffix(".mp4")
    if not (name.isdecimal() and label.isdecimal() and 1 <= int(label) <= len(LABELS)):
        raise ConfigError(f"{where}: {line!r}; expected a clip's number and a label from 1 to {len(LABELS)}")
    return Row(where, name.zfill(5), EMOTIONS.index(LABELS[int(label) - 1]), split, part)
