"""Shows the progress of a run: a bar with an estimate on a terminal, otherwise a line a minute."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic

from tqdm import tqdm

from realtime_micacl.corpus.clips import Clip
from realtime_micacl.corpus.job import Outcome
from realtime_micacl.wording import counted

LINE_S = 60.0
FORM = "{desc} {percentage:3.0f} % |{bar}| {elapsed} elapsed, about {remaining} left"


class Progress:
    """Shows the number of clips; the estimate goes by bytes, as the time for a clip depends on its size."""

    def __init__(self, clips: Sequence[Clip], todo: Sequence[Clip], *, shown: bool) -> None:
        self._all, self._ended, self._failed = len(clips), len(clips) - len(todo), 0
        self._sizes = {clip.name: max(1, clip.size) for clip in todo}
        self._shares = dict.fromkeys(self._sizes, 0.0)
        self._shown = shown and sys.stderr is not None  # it is None in programs without a console
        self._terminal, self._line_s = self._shown and sys.stderr.isatty(), monotonic()
        self._bar = tqdm(
            total=sum(self._sizes.values()),
            file=sys.stderr,
            bar_format=FORM,
            disable=not self._terminal,
            smoothing=0.05,
            dynamic_ncols=True,
        )
        self._tell()

    def share(self, clip: str, share: float) -> None:
        """Note the share of a clip that is read, 0 to 1."""
        self._shares[clip] = share
        self._tell()

    def ended(self, outcome: Outcome) -> None:
        """Note that a clip has ended."""
        self._ended += 1
        self._failed += bool(outcome.error)
        self._shares[outcome.clip] = 1.0
        self._tell()

    def close(self) -> None:
        """Stop, and leave the bar on the screen."""
        self._bar.close()

    def _tell(self) -> None:
        if not self._shown:
            return
        words = f"{self._ended} of {counted(self._all, 'clip')}" + (f", {self._failed} failed" if self._failed else "")
        done = sum(share * self._sizes[name] for name, share in self._shares.items())
        if self._terminal:
            self._bar.set_description_str(words, refresh=False)
            self._bar.update(max(0.0, done - self._bar.n))
        elif monotonic() - self._line_s > LINE_S:
            self._line_s = monotonic()
            with suppress(OSError):  # nobody reads it any more, but the run goes on
                sys.stderr.write(f"{words}, {100 * done / max(1, sum(self._sizes.values())):.0f} %\n")
                sys.stderr.flush()
