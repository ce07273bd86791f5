"""Measures how often HDR video is read like plain video: `python -m tests.bench.hdr CLIP ..` (needs FFmpeg).

The first six seconds of each clip are encoded as 10-bit HEVC: plain, as PQ, and as HLG.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

import realtime_micacl as rm
from realtime_micacl.live.sources import upright
from tests.bench.source_files import ran
from tests.bench.source_formats import LIT

SMALLER = "scale=640:-2"
PLAIN = f"-vf {SMALLER},format=yuv420p10le -c:v libx265 -x265-params log-level=none -preset ultrafast -crf 16"
KINDS = {"PQ": "smpte2084", "HLG": "arib-std-b67"}


def readings(path: Path, engine: rm.LoadedEngine) -> dict[float, rm.EmotionDistribution]:
    return {reading.time_s: reading for reading in rm.read(path, engine=engine)}


def main() -> None:
    met: dict[tuple[str, str], list[tuple[bool, float]]] = {}
    with rm.load_engine() as engine, tempfile.TemporaryDirectory() as folder:
        for clip in map(Path, sys.argv[1:]):
            made = Path(folder) / "plain.mp4"
            ran(f"ffmpeg -v error -y -i {clip} -t 6 -an {PLAIN} {made}")
            plain = readings(made, engine)
            for kind, transfer in KINDS.items():
                made = Path(folder) / "hdr.mp4"
                lit = LIT.format(transfer).replace("-vf ", f"-vf {SMALLER},") + " -crf 16"
                ran(f"ffmpeg -v error -y -i {clip} -t 6 -an {lit} {made}")
                converts = upright.is_hdr
                for how, is_hdr in (("as it is", lambda frame: False), ("converted", converts)):
                    upright.is_hdr = is_hdr
                    found = readings(made, engine)
                    for time_s in plain.keys() & found.keys():
                        a, b = plain[time_s], found[time_s]
                        apart = float(np.abs(a.probabilities - b.probabilities).sum()) / 2
                        met.setdefault((kind, how), []).append((a.emotion == b.emotion, apart))
                upright.is_hdr = converts
    sys.stdout.write("| video | readings | the same word | probabilities apart |\n|---|---|---|---|\n")
    for (kind, how), pairs in met.items():
        same, apart = np.mean(pairs, axis=0)
        sys.stdout.write(f"| {kind}, {how} | {len(pairs)} | {same:.3f} | {apart:.3f} |\n")


if __name__ == "__main__":
    main()
