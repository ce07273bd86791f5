"""Compares this program with the usual cv2 loop, which reads each face of each frame by itself.

That loop is in `tests/bench/yardstick` and never changes: it has its own code, detector and engine, and runs in a
process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import realtime_micacl
from realtime_micacl.errors import StageFailed
from realtime_micacl.installed import adding
from realtime_micacl.measuring.stages import StageRun

YARDSTICK = Path(realtime_micacl.__file__).parents[1] / "tests" / "bench" / "yardstick" / "loop.py"
ABSENT = "the frozen cv2 loop is not part of the wheel: run bench in a clone of the repository"
NO_MEDIAPIPE = f"the frozen cv2 loop needs mediapipe: {adding('mediapipe==0.10.33')}"
NAMES = {"own": "this program's stages", "mediapipe": "cv2 loop, mediapipe", "haar": "cv2 loop, Haar cascade"}


def loops(clip: Path, own: StageRun, live_percent: float | None) -> dict[str, Any]:
    """Return the processor time of the cv2 loop, with two detectors, and of the program's own stages.

    `live_percent` is what the program with its window took in this run, in % of a core; None if it was not measured.
    """
    figures = own.figures
    found: dict[str, Any] = {
        "own": {
            "frame_ms": round(10 * figures["processor_percent"] * figures["seconds"] / figures["frames"], 2),
            "processor_percent": figures["processor_percent"],
            "changes_per_minute": round(60 * own.label_changes / figures["seconds"] / max(1, figures["faces"]), 1),
        }
    }
    if not YARDSTICK.exists():
        return found | {"absent": ABSENT}
    if not find_spec("mediapipe"):
        return found | {"absent": NO_MEDIAPIPE}
    found |= {name: _run(clip, name) for name in ("mediapipe", "haar")}
    if live_percent is not None:
        found["live_of_loop"] = round(live_percent / found["mediapipe"]["processor_percent"], 2)
    return found


def table(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the figures of `loops` as rows of text, each with its title."""
    rows = [("loop", f"{'':<24}{'ms a frame':>12}{'% of a core':>13}   changes of the word, a minute and face")]
    for key, name in NAMES.items():
        if row := found.get(key):
            ms, percent, changes = (row[one] for one in ("frame_ms", "processor_percent", "changes_per_minute"))
            rows.append(("", f"{name:<24}{ms:>12.1f}{percent:>13.0f}   {changes:.0f}"))
    if "live_of_loop" in found:
        rows.append(("", f"the program with its window takes {found['live_of_loop']:.2f} of the loop with mediapipe"))
    return [*rows, ("", found["absent"])] if "absent" in found else rows


def _run(clip: Path, finds: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, str(YARDSTICK), str(clip.absolute()), finds], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StageFailed(f"the cv2 loop failed: {(done.stderr.strip().splitlines() or ['it printed no reason'])[-1]}")
    return {str(name): float(value) for name, value in json.loads(done.stdout).items()}
