"""Face Research Lab London Set (DeBruine and Jones 2017, CC BY 4.0): 102 people, neutral and smiling."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.making.data.ferplus import Stills
from realtime_micacl.making.data.held_out import PHOTOGRAPHED
from realtime_micacl.making.data.held_out import held_out as is_held_out
from realtime_micacl.types import EMOTIONS

EXPRESSIONS = {"neutral": "neutral", "smiling": "happy"}


def read_london(folder: Path, aligner: Aligner, *, held_out: bool) -> Stills:
    """Return the photographs of the people who are held out, or of all others; raise ConfigError if there are none."""
    detector = FaceDetector()
    crops, targets, people = [], [], []
    for name, emotion in EXPRESSIONS.items():
        files = sorted((folder / name).glob("*.jpg"))
        if not files:
            raise ConfigError(f"no photographs in {folder / name}; see engines/README.md for where they come from")
        for file in files:
            person = int(file.name[:3])
            if is_held_out(PHOTOGRAPHED + person) is not held_out:
                continue
            if (photograph := cv2.imread(str(file))) is None:
                raise ConfigError(f"{file} cannot be read as a picture; download it again")
            picture = cv2.cvtColor(photograph, cv2.COLOR_BGR2RGB).astype(np.uint8)
            found = detector.detect(picture)
            if found:
                crop = aligner.crop(picture, found[0].points[:4])
                crops.append(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.uint8))
                people.append(person)
                targets.append(np.eye(len(EMOTIONS), dtype=np.float32)[EMOTIONS.index(emotion)])
    detector.close()
    return Stills(np.stack(crops), np.stack(targets), np.array(people, np.int64))
