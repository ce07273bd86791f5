"""Why the pictures of a source gave no reading, in counts."""

from __future__ import annotations

from collections import Counter

from realtime_micacl.live.seeing.window import GAP_S
from realtime_micacl.types import Scene, State

NO_FACE, BRIEF, GAPS = "no face", "seen too briefly", "gaps"


class Tally:
    """Counts the pictures without a face, those whose faces were too poor or there too briefly, and the gaps."""

    def __init__(self) -> None:
        self._counts = Counter[str]()
        self._last_s: float | None = None
        self._pictures = 0
        self._hint = ""

    def add(self, scene: Scene) -> None:
        """Count a picture that was looked at."""
        if scene.frame is None:
            return
        gap_s = 0.0 if self._last_s is None else scene.time_s - self._last_s
        if gap_s > GAP_S and not scene.frame.alone and self._pictures > 1:  # a file's first waits for who looks at it
            self._counts[GAPS] += 1
        self._pictures += 1
        self._hint = scene.detail or self._hint
        self._last_s = scene.time_s
        faults = [face.quality.fault for face in scene.faces if face.state is State.LOW_QUALITY]
        self._counts[faults[0] if faults else BRIEF if scene.faces else NO_FACE] += 1

    def __str__(self) -> str:
        """Say what was counted, most first, and the gaps last."""
        kinds = [(kind, n) for kind, n in self._counts.most_common() if kind != GAPS]
        told = ", ".join(f"{kind} {n}" for kind, n in [*kinds, (GAPS, self._counts[GAPS])] if n)
        return f"no reading ({told or 'no picture'})"

    @property
    def advice(self) -> str:
        """What to say to a person who expected one."""
        small = self._counts[NO_FACE] > (self._counts.total() - self._counts[GAPS]) / 2
        return f"{self}; {self._hint}" if small and self._hint else str(self)
