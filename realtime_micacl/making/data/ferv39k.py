"""FERV39k (Wang et al. 2022): clips of 22 kinds of scene, seven emotions, one official split.

The shipped crops are folders of pictures, `2_ClipsforFaceCrop/<Scene>/<Emotion>/<id>/`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.data.prepared import PARTS
from realtime_micacl.making.data.samples import (
    Row,
    Sample,
    clip_and_label,
    gathered,
    label_named,
    wanted_folder,
    wanted_lines,
)

log = logging.getLogger(__name__)

SPLITS, CROPS = "4_setups/All_scenes", "2_ClipsforFaceCrop"


def read(root: Path) -> list[Sample]:
    """Return all clips, those of the official split `train_All.csv` and `test_All.csv`."""
    splits = wanted_folder(root / SPLITS, "train_All.csv and test_All.csv")
    crops = wanted_folder(root / CROPS, "the folders <Scene>/<Emotion>/<id> of face crops")
    return gathered("ferv39k", _rows(splits), lambda clip: crops / clip)


def _rows(splits: Path) -> Iterator[Row]:
    odd = 0
    for part in PARTS:
        file = splits / f"{part}_All.csv"
        for number, line in enumerate(wanted_lines(file, "lines such as Action/Happy/0269 Happy"), 1):
            clip, name = clip_and_label(line)
            clip = clip.replace("\\", "/").removeprefix("./").rstrip("/")
            label = label_named(name)
            inside = clip and not clip.startswith("/") and ".." not in clip.split("/")
            if label is None or not inside:
                expected = "<Scene>/<Emotion>/<id> and one of the seven emotions"
                raise ConfigError(f"{file}, line {number}: {line!r}; expected {expected}")
            odd += any(label_named(folder) not in (None, label) for folder in clip.split("/"))
            yield Row(f"{file}, line {number}", clip, label, "official", part)
    if odd:
        log.warning("ferv39k: lines with another emotion than the folder of their clip (the line counts): %d", odd)
