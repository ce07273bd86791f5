"""The stages joined: `Perceiver` turns frames into scenes and bags, `Recognizer` bags into readings.

Neither knows of threads. `offline` runs both over every frame, in order: the same input gives the same output.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from realtime_micacl.config import Settings
from realtime_micacl.inference.engine import Engine, open_engine
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.live.align import Aligner
from realtime_micacl.live.baseline import Ask, Baselines
from realtime_micacl.live.detector import Detection, FaceDetector
from realtime_micacl.live.quality import assess, frontal
from realtime_micacl.live.smoother import Smoother, Tuning
from realtime_micacl.live.tracker import CutDetector, Sighting, Tracker, signature
from realtime_micacl.live.window import Window
from realtime_micacl.types import (
    EMOTIONS,
    F32,
    U8,
    Bag,
    EmotionDistribution,
    Event,
    Face,
    Features,
    Frame,
    Quality,
    Scene,
    State,
    StateChange,
)

log = logging.getLogger(__name__)

LOOK_S = 0.1  # no longer than this a picture goes without a look for faces, however slow the ticks are
HOLD_S = 0.25  # a face that the detector missed is shown this long where it was
RECOVERED = 0.1  # a face that was too poor is analysed again from this quality on


class Perceiver:
    """Finds, follows and crops faces and fills their windows; `ids` names the tracks.

    Faces are looked for once per tick of the window, which needs no more crops, and in every frame while somebody has
    just come or is missed. In between they are where their tracks are expected.
    """

    def __init__(self, detector: FaceDetector, sidecar: Sidecar, ids: Iterator[int] | None = None) -> None:
        self._detector = detector
        self._aligner = Aligner(sidecar.bag.size_px, sidecar.crop.points)
        self._cuts = CutDetector()
        self._tracker = Tracker(ids)
        self._window = Window(sidecar.spec)
        self._seen: dict[int, tuple[float, Face]] = {}
        self._looked_s = -inf

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        """Return what is seen in `frame` and the bags that it completed."""
        cut = self._cuts.is_cut(frame.image)
        if cut:
            self._tracker.restart()
            self._seen.clear()
        look = cut or self._due(frame.time_s)
        bags = self._look(frame) if look else ()
        self._seen = {i: (t, f) for i, (t, f) in self._seen.items() if 0 <= frame.time_s - t <= HOLD_S}
        faces = tuple(sorted((face for _, face in self._seen.values()), key=lambda face: face.track_id))
        if not look:  # then everybody was there at the last look
            boxes = self._tracker.boxes(frame.time_s)
            faces = tuple(replace(face, box=boxes[face.track_id]) for face in faces)
        return Scene(frame.time_s, frame, faces, State.LIVE if faces else State.NO_FACE), bags

    def close(self) -> None:
        """Free the detector."""
        self._detector.close()

    def _due(self, time_s: float) -> bool:
        recent = 0 <= time_s - self._looked_s < LOOK_S
        return not (recent and self._tracker.settled) or self._window.due(time_s)

    def _look(self, frame: Frame) -> tuple[Bag, ...]:
        """Look for faces and fill the windows; return the bags that are complete."""
        self._looked_s = frame.time_s
        found = self._faces(frame)
        bags = self._window.push([f for f in found if f.state is not State.LOW_QUALITY], frame.time_s)
        self._seen |= {face.track_id: (frame.time_s, self._staged(face)) for face in found}
        return bags

    def _faces(self, frame: Frame) -> list[Face]:
        """Return the confirmed faces of a frame."""
        detections = self._detector.detect(frame.image)
        crops = [self._aligner.crop(frame.image, d.points[:4]) for d in detections]
        sightings = [Sighting(d.box, signature(c), frontal(d.points)) for d, c in zip(detections, crops, strict=True)]
        ids = self._tracker.update(sightings, frame.time_s)
        return [
            self._face(track_id, detection, crop)
            for track_id, detection, crop in zip(ids, detections, crops, strict=True)
            if track_id is not None
        ]

    def _face(self, track_id: int, detection: Detection, crop: U8) -> Face:
        quality = assess(crop, detection.points)
        last = self._seen.get(track_id)
        if not quality.fault and last and last[1].quality.fault and quality.value < RECOVERED:
            quality = Quality(quality.value, last[1].quality.fault)
        state = State.LOW_QUALITY if quality.fault else State.COLLECTING
        return Face(track_id, detection.box, crop, detection.score, quality, state, points=detection.points)

    def _staged(self, face: Face) -> Face:
        """Return the face with how far its window is filled."""
        filled = self._window.filled(face.track_id)
        state = State.LIVE if face.state is State.COLLECTING and filled >= 1 else face.state
        return replace(face, filled=filled, state=state)


class Recognizer:
    """Encodes each new piece once, classifies the bags as one batch and calms the result."""

    def __init__(
        self,
        engine: Engine,
        sidecar: Sidecar,
        *,
        smoothing_s: float,
        tuning: Tuning | None = None,
        baseline: bool = False,
    ) -> None:
        """Take an engine; `tuning`, where given, says how calm and how sure instead, and asks for baselines.

        `baseline` takes one of each track unasked.
        """
        self._engine = engine
        self._bag, self._piece = sidecar.spec, sidecar.piece
        self._temperature = sidecar.calibration.temperature
        self._smoother = Smoother(abstain_below=sidecar.calibration.abstain_below, time_constant_s=smoothing_s)
        self._baselines = Baselines(sidecar.spec, each=baseline, asked=tuning.baseline if tuning else Ask())
        self._tuning = tuning
        self._features: dict[tuple[int, int], Any] = {}

    def recognize(self, bags: Sequence[Bag]) -> tuple[EmotionDistribution, ...]:
        """Return a reading for each bag."""
        if self._tuning:
            self._smoother.tune(self._tuning)
            self._baselines.ask(self._tuning.baseline, [bag.track_id for bag in bags])
        logits, importance = self._engine.classify(self._encoded(bags))
        return tuple(
            self._reading(bag, row / self._temperature, weights)
            for bag, row, weights in zip(bags, logits, importance, strict=True)
        )

    def close(self) -> None:
        """Free the engine."""
        self._engine.close()

    def _encoded(self, bags: Sequence[Bag]) -> Features:
        """Return the piece features of the bags, [B,N*L/P, ..], encoding only the pieces not met before."""
        wanted = [[(bag.track_id, tick) for tick in self._piece_ticks(bag)] for bag in bags]
        missing = {
            key: piece
            for bag, keys in zip(bags, wanted, strict=True)
            for key, piece in zip(keys, bag.pieces(self._piece), strict=True)
            if key not in self._features
        }
        if missing:
            encoded = self._engine.encode(np.stack(list(missing.values())))
            self._features.update(zip(missing, encoded, strict=True))
        features: Features = np.stack([[self._features[key] for key in keys] for keys in wanted])
        newest = max(bag.tick for bag in bags)  # ticks begin anew with a new perceiver
        self._features = {k: f for k, f in self._features.items() if newest - self._bag.ticks < k[1] <= newest}
        return features

    def _piece_ticks(self, bag: Bag) -> range:
        """Return the tick at which each piece of a bag ends, oldest first."""
        return range(bag.tick - self._bag.ticks + self._piece, bag.tick + 1, self._piece)

    def _reading(self, bag: Bag, logits: F32, importance: F32) -> EmotionDistribution:
        """Return the reading of a bag, from its calibrated logits."""
        logits, baseline = self._baselines.shifted(bag.track_id, bag.end_s, logits)
        smooth, leader = self._smoother.update(bag.track_id, bag.end_s, softmax(logits))
        for array in (smooth, importance):
            array.flags.writeable = False
        emotion = None if leader is None else EMOTIONS[leader]
        return EmotionDistribution(
            bag.track_id, bag.end_s, smooth, importance, emotion, bag.quality, bag.coverage, baseline=baseline
        )


class Changes:
    """Turns scenes into the changes of state between them, each once."""

    def __init__(self, told: State | None = None) -> None:
        self._scene = told
        self._faces: dict[int, tuple[State, str]] = {}

    def update(self, scene: Scene) -> tuple[StateChange, ...]:
        """Return what changed since the scene before."""
        changes = []
        if scene.state is not self._scene:
            changes.append(StateChange(scene.time_s, None, scene.state, scene.detail))
        now = {face.track_id: (face.state, face.quality.fault) for face in scene.faces}
        for track_id in sorted(self._faces.keys() - now.keys()):
            changes.append(StateChange(scene.time_s, track_id, State.NO_FACE))
        for track_id, (state, fault) in now.items():
            if self._faces.get(track_id) != (state, fault):
                changes.append(StateChange(scene.time_s, track_id, state, fault))
        self._scene, self._faces = scene.state, now
        return tuple(changes)


def offline(frames: Iterable[Frame], perceiver: Perceiver, recognizer: Recognizer) -> Iterator[Event]:
    """Yield every change of state and every reading of `frames`, in order, without threads and without a clock."""
    changes = Changes()
    time_s = 0.0
    for frame in frames:
        time_s = frame.time_s
        scene, bags = perceiver.perceive(frame)
        yield from changes.update(scene)
        if bags:
            yield from recognizer.recognize(bags)
    yield StateChange(time_s, None, State.ENDED)


def openers(
    settings: Settings,
    folder: Path,
    sidecar: Sidecar,
    tuning: Tuning | None = None,
    share: Callable[[], Engine] | None = None,
) -> tuple[Callable[[], Perceiver], Callable[[], Recognizer]]:
    """Return what opens the two halves, each to be called on the thread that will use it; `share` opens the engine."""
    ids = count(1)  # one perceiver after another: an id is never used again

    def open_perceiver() -> Perceiver:
        return Perceiver(FaceDetector(reach=settings.detector, max_faces=settings.max_faces), sidecar, ids)

    def open_recognizer() -> Recognizer:
        engine = share() if share else open_engine(folder, sidecar, settings.device)
        log.info("engine %s runs on %s", sidecar.name, engine.device)
        return Recognizer(engine, sidecar, smoothing_s=settings.smoothing_s, tuning=tuning, baseline=settings.baseline)

    return open_perceiver, open_recognizer


def softmax(logits: F32) -> F32:
    """Return the softmax of logits [K]."""
    powers = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum(), np.float32)
