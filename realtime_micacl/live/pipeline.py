"""The stages joined: `Perceiver` turns frames into scenes and bags, `Recognizer` bags into readings.

Neither knows of threads. `offline` runs both over every frame, in order: the same input gives the same output. Face
detection takes a while to import, so that is done when a perceiver is opened; a window shows a picture before that.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path

from realtime_micacl.config import Settings
from realtime_micacl.errors import MicaclError, StageFailed
from realtime_micacl.inference.choice import open_engine
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.live.reading.recognizer import Recognizer
from realtime_micacl.live.reading.smoother import Tuned
from realtime_micacl.live.supervision import Openers, Perceives, Recognizes
from realtime_micacl.live.tally import Tally
from realtime_micacl.types import Event, Frame, Scene, State, StateChange, Strain
from realtime_micacl.wording import in_words

log = logging.getLogger(__name__)


class Changes:
    """Turns scenes into the changes of state between them, each once."""

    def __init__(self, last: State | None = None) -> None:
        self._scene = last
        self._strain: Strain | None = None
        self._faces: dict[int, tuple[State, str]] = {}

    def update(self, scene: Scene) -> tuple[StateChange, ...]:
        """Return what changed since the scene before."""
        changes = []
        if scene.state is not self._scene or scene.strain != self._strain:
            changes.append(StateChange(scene.time_s, None, scene.state, scene.detail))
        now = {face.track_id: (face.state, face.quality.fault) for face in scene.faces}
        for track_id in sorted(self._faces.keys() - now.keys()):
            changes.append(StateChange(scene.time_s, track_id, State.NO_FACE))
        for track_id, (state, fault) in now.items():
            if self._faces.get(track_id) != (state, fault):
                changes.append(StateChange(scene.time_s, track_id, state, fault))
        self._scene, self._strain, self._faces = scene.state, scene.strain, now
        return tuple(changes)


def offline(
    frames: Iterable[Frame],
    perceiver: Perceives,
    recognizer: Recognizes,
    *,
    interrupted: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Yield every change of state and every reading of `frames`, in order, without threads and without a clock.

    `interrupted` is called before each frame and ends the loop by returning True; the last event says so. Any error of
    a stage that is not a MicaclError becomes StageFailed. If there was no reading, the last event and the log say why.
    """
    changes, tally, read = Changes(), Tally(), False
    time_s, stage = 0.0, "capture"
    try:
        for frame in frames:
            if interrupted():
                break
            time_s, stage = frame.time_s, "perceive"
            scene, bags = perceiver.perceive(frame)
            tally.add(scene)
            yield from changes.update(scene)
            if bags:
                read = True
                stage = "recognize"
                yield from recognizer.recognize(bags)
            stage = "capture"
    except MicaclError:
        raise
    except Exception as cause:
        raise StageFailed(f"{stage} failed at {time_s:.2f} s: {in_words(cause)}") from cause
    if not (read or interrupted()):
        log.warning("ended with %s", tally.advice)
    if read and not interrupted() and (turned := tally.turned):
        log.warning("%s", turned)
    detail = "interrupted" if interrupted() else "" if read else str(tally)
    yield StateChange(time_s, None, State.ENDED, detail)


def openers(
    settings: Settings,
    folder: Path,
    sidecar: Sidecar,
    tuned: Tuned | None = None,
    share: Callable[[], Engine] | None = None,
) -> Openers:
    """Return what opens the two stages; `share`, where given, opens the engine instead of `open_engine`."""
    ids = count(1)  # shared by all perceivers that follow one another, so that no track id is used twice

    def open_perceiver() -> Perceives:
        from realtime_micacl.live.seeing.lookout import Lookout
        from realtime_micacl.live.seeing.perceiver import Perceiver

        most = settings.max_faces
        lookout = Lookout(settings.detector, max_faces=most, far=settings.far)
        return Perceiver(lookout, sidecar, ids, most=most)

    def open_recognizer() -> Recognizer:
        engine = share() if share else open_engine(folder, sidecar, settings.device)
        log.info("engine %s runs on %s", sidecar.name, engine.device)
        return Recognizer(
            engine,
            sidecar,
            smoothing_s=settings.smoothing_s,
            tuned=tuned,
            baseline=settings.baseline,
            head=settings.head,
        )

    return Openers(open_perceiver, open_recognizer)
