"""Counts why pictures gave no reading, and says what may help."""

from __future__ import annotations

from collections import Counter

import numpy as np

from realtime_micacl.types import GAP_S, U8, Scene, State

SAMPLE_PX = 640
SAMPLED = (1, 10, 30, 100, 300, 1000, 3000, 10000)  # which of the pictures without a usable face are looked at again
FEW = 1 / 3  # up to this share of pictures without a usable face, they are taken for the right way up
FLAT = 4  # of 255: a picture whose values differ by no more is of one colour
NO_FACE, BRIEF, GAPS = "no face", "seen too briefly", "gaps"


class Tally:
    """Counts the pictures without a face, those whose faces were too poor or there too briefly, and the gaps."""

    def __init__(self) -> None:
        self._counts = Counter[str]()
        self._last_s: float | None = None
        self._pictures = 0
        self._hint = ""
        self._unread, self._samples = 0, list[U8]()

    def add(self, scene: Scene) -> None:
        """Count a picture that was looked at."""
        if scene.frame is None:
            return
        gap_s = 0.0 if self._last_s is None else scene.time_s - self._last_s
        if gap_s > GAP_S and not scene.frame.still and self._pictures > 1:  # a file waits at its first picture
            self._counts[GAPS] += 1
        self._pictures += 1
        self._hint = scene.detail or self._hint
        self._last_s = scene.time_s
        faults = [face.quality.fault for face in scene.faces if face.state is State.LOW_QUALITY]
        self._counts[faults[0] if faults else BRIEF if scene.faces else NO_FACE] += 1
        if faults or not scene.faces:
            self._unread += 1
            if self._unread in SAMPLED:
                self._samples.append(_small(scene.frame.image))

    def __str__(self) -> str:
        """Return the counts in words, the most frequent first, gaps last."""
        kinds = [(kind, n) for kind, n in self._counts.most_common() if kind != GAPS]
        counted = ", ".join(f"{kind} {n}" for kind, n in [*kinds, (GAPS, self._counts[GAPS])] if n)
        return f"no reading ({counted or 'no picture'})"

    @property
    def advice(self) -> str:
        """The counts, with what may have been the matter."""
        small = self._counts[NO_FACE] > (self._counts.total() - self._counts[GAPS]) / 2
        flat = self._samples and max(int(np.ptp(image)) for image in self._samples) <= FLAT
        hint = "the picture is of one colour" if flat else self.turned or (self._hint if small else "")
        return f"{self}; {hint}" if hint else str(self)

    @property
    def turned(self) -> str:
        """What to do if the pictures lie on their side or upside down; empty if they do not.

        Judged by a few pictures without a usable face, in which faces are looked for four ways round.
        """
        if self._unread <= FEW * self._pictures:
            return ""
        from realtime_micacl.live.seeing.orientation import turn_wanted

        turn = turn_wanted(self._samples)
        lies = "upside down" if turn == 180 else "on its side"
        mend = f"turned clockwise by {turn} degrees (--rotate) its faces are upright"
        return f"the picture lies {lies}: {mend}" if turn else ""


def _small(image: U8) -> U8:
    """Return a picture [H,W,3] scaled so that its longer side has SAMPLE_PX: enough to tell which way up it is."""
    import cv2

    height, width = image.shape[:2]
    scale = SAMPLE_PX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
