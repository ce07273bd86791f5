"""How a window should be, from the settings of the program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from realtime_micacl.live.reading.smoother import Tuned
from realtime_micacl.live.records.recorder import Recorder
from realtime_micacl.live.records.sinks import Sink
from realtime_micacl.live.sources.framing import Framer


@dataclass(frozen=True)
class Options:
    """How the window should be; without `recorder` or `tuned` their controls are disabled."""

    look: Literal["auto", "dark", "light"] = "auto"
    reduced_motion: bool = False
    language: str = "en"
    recorder: Recorder | None = None
    feed: Sink | None = None
    """The outlets."""
    tuned: Tuned | None = None
    framer: Framer | None = None
    """The settings of a camera, and how pictures are rotated and cropped."""
    mixtures: bool = False
    mirror: bool | None = None
    """Whether pictures are shown mirrored; None: only those of webcams."""
    clean: bool = False
    """Whether there is a second window for projection and capture."""
    stays: bool = False
    """Whether the window stays open when a source has ended or failed; a person may then play it again."""

    @property
    def sinks(self) -> list[Sink]:
        """The sinks that take every event, markers too."""
        return [sink for sink in (self.recorder, self.feed) if sink]


DEFAULT = Options()
