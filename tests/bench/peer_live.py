"""Measures a per-frame peer on real people, with this program's own detector, window and smoothing.

    pip install h5py
    python tests/bench/peer_live.py fer2013_mini_XCEPTION.hdf5 --stretches CLIPS FILE --photographs FILE HALF

The peer's reading of a window is the mean of its log probabilities over the frames. Crops, ticks and smoothing are the
same.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
from xception import MiniXception

from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import Calibration, read_sidecar
from realtime_micacl.making.data.bank import luma
from realtime_micacl.making.evaluation.candidates import Candidate
from realtime_micacl.making.evaluation.photographs import photograph_predictions
from realtime_micacl.making.evaluation.report import as_text
from realtime_micacl.making.evaluation.results import result
from realtime_micacl.making.evaluation.stretches import read_stretches, stretch_predictions
from realtime_micacl.making.evaluation.videos import LiveReader
from realtime_micacl.types import F32, U8, Features


class FrameByFrame:
    """An engine whose pieces are single frames that a peer reads."""

    device = "torch"

    def __init__(self, peer: MiniXception) -> None:
        self._peer = peer

    def encode(self, crops: U8) -> Features:
        """Return the log probabilities [M,K] of frames [M,1,S,S,3]."""
        return np.log(np.maximum(self._peer(luma(crops[:, 0])), 1e-6))

    def classify(self, features: Features, changes: F32 | None = None) -> tuple[F32, F32]:
        """Return the mean [B,K] over the frames of each window, and equal importance."""
        rows = np.asarray(features, np.float32)
        return rows.mean(axis=1), np.full(rows.shape[:2], 1 / rows.shape[1], np.float32)

    def close(self) -> None:
        """Do nothing; an engine has this method."""


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("peer", type=Path)
    p.add_argument("--stretches", type=Path, nargs=2, required=True)
    p.add_argument("--photographs", nargs=2, required=True)
    given = p.parse_args()
    folder, shipped = read_sidecar(default_engine())
    plain = msgspec.structs.replace(
        shipped,
        name="mini-XCEPTION",
        shape=None,
        feature_size=7,
        calibration=Calibration(temperature=1.0, abstain_below=0.5),
    )
    candidate = Candidate(plain.name, folder, plain)
    with closing(LiveReader(FrameByFrame(MiniXception(given.peer)), plain)) as reader:
        clips, file = given.stretches
        rows = {
            "stretches": stretch_predictions(reader, clips, read_stretches(clips, file)),
            "photographs": photograph_predictions(reader, Path(given.photographs[0]), int(given.photographs[1])),
        }
    for where, found in rows.items():
        sys.stdout.write(as_text(where, result(candidate, where, *found)) + "\n\n")


if __name__ == "__main__":
    main()
