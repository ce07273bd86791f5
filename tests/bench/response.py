"""How soon an expression is shown: `python tests/bench/response.py PREPARED`, a folder of rendered clips.

Every clip of the split `official`'s test part goes through window, engine and smoother as live crops do. Half of the
change counts as shown when the smoothed share of the emotion first passes the middle between its value before the
onset and its peak. The onset is the first frame with an intensity above 0.05.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from realtime_micacl.data.clips import Clip
from realtime_micacl.data.prepared import read_prepared
from realtime_micacl.inference.engine import default_engine, open_engine
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar
from realtime_micacl.live.pipeline import Recognizer
from realtime_micacl.live.window import Window
from realtime_micacl.types import EMOTIONS, F32, Face, Quality

NEUTRAL = EMOTIONS.index("neutral")


def readings(clip: Clip, recognizer: Recognizer, sidecar: Sidecar) -> tuple[F32, F32]:
    """Return times [n] and smoothed shares [n,K] of a clip."""
    window, times, shares = Window(sidecar.spec), [], []
    for crop, time_s in zip(clip.crops, clip.times_s, strict=True):
        bags = window.push([Face(1, np.zeros(4, np.float32), crop, 1.0, Quality(1.0))], float(time_s))
        for reading in recognizer.recognize(bags) if bags else ():
            times.append(reading.time_s)
            shares.append(reading.probabilities)
    return np.array(times, np.float32), np.array(shares, np.float32)


def main() -> None:
    folder, sidecar = read_sidecar(default_engine())
    engine = open_engine(folder, sidecar)
    rows, missed = [], 0
    for prepared in read_prepared(Path(sys.argv[1])).clips:
        if prepared.parts.get("official") != "test" or prepared.label == NEUTRAL:
            continue
        clip = prepared.load()
        times, shares = readings(clip, Recognizer(engine, sidecar, smoothing_s=0.3), sidecar)
        shown, intensity = shares[:, prepared.label], clip.targets[:, prepared.label]
        onset_s = clip.times_s[np.argmax(intensity > 0.05)]
        half_s = clip.times_s[np.argmax(intensity > intensity.max() / 2)]
        before = shown[times <= onset_s]
        base = float(before.min()) if len(before) else 0.0
        if shown.max() < 0.5:
            missed += 1
            continue
        at_s = times[np.argmax(shown > (base + shown.max()) / 2)]
        rows.append((at_s - onset_s, at_s - half_s))
    from_onset, from_half = np.percentile(np.array(rows), [50, 90], axis=0).T
    sys.stdout.write(
        f"{len(rows)} clips, {missed} more whose emotion never held half of the shares\n"
        f"half of the change is shown after its onset: p50 {from_onset[0]:.2f} s, p90 {from_onset[1]:.2f} s\n"
        f"and after half of the change was there:      p50 {from_half[0]:.2f} s, p90 {from_half[1]:.2f} s\n"
    )


if __name__ == "__main__":
    main()
