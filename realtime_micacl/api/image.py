"""`read_image`: the faces of one picture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Unpack

from realtime_micacl.api.ending import ENDING
from realtime_micacl.api.how import How, settings_of, spec_of
from realtime_micacl.api.loaded import EngineLike, engine_for
from realtime_micacl.api.picture import as_picture
from realtime_micacl.errors import ConfigError
from realtime_micacl.live.clip import read_frames
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import EmotionDistribution, Frame


def read_image(picture: Any, *, engine: EngineLike = None, **how: Unpack[How]) -> list[EmotionDistribution]:
    """Return a reading for each usable face in one picture, a path or an array RGB uint8 [H,W,3].

    The readings have `still` set: one picture says less about an expression than a video. Raise ConfigError for what is
    not a picture, SourceError for a file that cannot be read, EngineError if the engine does not run.

    >>> [(face.still, face.box is not None) for face in read_image("photo.png")]
    [(True, True)]
    """
    settings = settings_of(how, "read_image")
    if isinstance(picture, str | bytes | os.PathLike):
        spec = spec_of(picture)
        if spec.kind != "file":
            raise ConfigError(f"{spec.name} is not a picture; read and live take it")
        with closing(read_file(Path(spec.value))) as frames:
            frame = next(frames)
        if not frame.still:
            raise ConfigError(f"{spec.name} is more than one picture; read takes it")
    else:
        frame = Frame(as_picture(picture), 0.0, 0, still=True)
    folder, sidecar, share = engine_for(engine, settings)

    def only() -> Iterator[Frame]:
        yield frame

    opens = openers(settings, folder, sidecar, share=share)
    with ENDING.at_work(), closing(read_frames(only, settings, opens)) as events:
        return [event for event in events if isinstance(event, EmotionDistribution)]
