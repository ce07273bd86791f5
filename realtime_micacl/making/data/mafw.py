"""MAFW (Liu et al. 2022): clips from films, series and short videos, eleven single emotions, five official folds.

Contempt, anxiety, helplessness and disappointment are none of the seven: their clips are left out and counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.sources.endings import VIDEOS
from realtime_micacl.making.data.prepared import PARTS
from realtime_micacl.making.data.samples import (
    FOLDS,
    OUTSIDE,
    Row,
    Sample,
    by_clip,
    clip_and_label,
    files_ending,
    gathered,
    label_named,
    left_out,
    wanted_folder,
    wanted_lines,
)

SPLITS = "single/no_caption"
"""Below the one folder that holds the splits, as shipped `Train & Test Set`."""
CLIPS, PICTURES = "data/clips", "data/frames"


def read(root: Path) -> list[Sample]:
    """Return the clips of the seven emotions: videos `data/clips/00001.mp4`, else pictures `data/frames/00001/`."""
    wanted_folder(root, "MAFW")
    found = sorted(root.glob(f"*/{SPLITS}"))
    if not found:
        raise ConfigError(f"no folder {root / 'Train & Test Set' / SPLITS}, which should hold set_1 to set_{FOLDS}")
    others: dict[str, str] = {}
    rows = list(_rows(found[0], others))
    left_out("mafw", Counter(others.values()))
    if videos := by_clip(files_ending(root / CLIPS, *VIDEOS), lambda file: file.stem.zfill(5)):
        return gathered("mafw", rows, lambda clip: videos.get(clip, root / CLIPS / f"{clip}.mp4"))
    pictures = wanted_folder(root / PICTURES, f"a folder of pictures per clip (there is no video in {root / CLIPS})")
    return gathered("mafw", rows, lambda clip: pictures / clip)


def _rows(splits: Path, others: dict[str, str]) -> Iterator[Row]:
    """Yield the lines of the seven emotions; put the other clips and their emotion into `others`."""
    for fold in range(1, FOLDS + 1):
        for part in PARTS:
            file = splits / f"set_{fold}" / f"{part}.txt"
            for number, line in enumerate(wanted_lines(file, "lines such as 00001.mp4 anger"), 1):
                clip, name = clip_and_label(line)
                label = label_named(name)
                clip = re.sub(r"\.mp4$", "", clip, flags=re.IGNORECASE).zfill(5)
                if clip.isdecimal() and label is not None:
                    yield Row(f"{file}, line {number}", clip, label, f"fold{fold}", part)
                elif clip.isdecimal() and name.lower() in OUTSIDE:
                    others[clip] = name.lower()
                else:
                    raise ConfigError(
                        f"{file}, line {number}: {line!r}; expected a clip such as 00001.mp4 and one of MAFW's"
                        " eleven emotions"
                    )
