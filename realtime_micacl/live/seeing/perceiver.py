"""The first stage of the analysis: frames become scenes and bags."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from math import inf

import numpy as np

from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.live.seeing.closely import look_closely
from realtime_micacl.live.seeing.cover import Covers
from realtime_micacl.live.seeing.cuts import CutDetector
from realtime_micacl.live.seeing.detection import SAME, Detection, overlap
from realtime_micacl.live.seeing.detector import FaceDetector, too_small
from realtime_micacl.live.seeing.follow import Follower, Found
from realtime_micacl.live.seeing.lookout import MESH_AGREES, ROOM, Lookout
from realtime_micacl.live.seeing.mesh import MIN_SCORE, FaceMesh, region
from realtime_micacl.live.seeing.pose import fitted, heads
from realtime_micacl.live.seeing.quality import AWAY, FREE, assess, frontal, possible, share_inside
from realtime_micacl.live.seeing.shape import ShapeReader
from realtime_micacl.live.seeing.small_faces import with_exact_points
from realtime_micacl.live.seeing.tracker import Sighting, Tracker, signature
from realtime_micacl.live.seeing.window import Window
from realtime_micacl.types import F32, U8, Bag, Face, Frame, Quality, Scene, State

log = logging.getLogger(__name__)

LOOK_S = 0.1  # the longest time between two looks for faces, however slow the ticks are
HOLD_S = 0.25  # how long a face that the detector misses is still shown
FOLLOWED = 1.25  # how much wider than a followed face a new one must be to be read in its place
RECOVERED = 0.1  # the quality that a face with a fault needs to be analysed again


class Perceiver:
    """Finds, follows and crops faces and fills their windows; `ids` names the tracks.

    At every other tick of the window the detector looks for faces, at the others the mesh follows them. While somebody
    has just come or is missed, it looks in every frame, unless a look is slow. In the frames between ticks faces are
    shown where their tracks expect them.
    """

    def __init__(
        self, detector: Lookout | FaceDetector, sidecar: Sidecar, ids: Iterator[int] | None = None, *, most: int = 8
    ) -> None:
        """Take a detector; of the faces that it finds the `most` largest are read."""
        self._detector, self._most = detector, most
        self._aligner = Aligner(sidecar.bag.size_px, sidecar.crop.points)
        self._shapes = ShapeReader(sidecar.shape) if sidecar.shape else None
        self._mesh = FaceMesh()
        self._follower = Follower(self._mesh)
        self._covers = Covers()
        self._cuts = CutDetector()
        self._tracker = Tracker(ids)
        self._window = Window(sidecar.bag)
        self._seen: dict[int, tuple[float, Face]] = {}
        self._covered: dict[int, F32] = {}
        self._looked_s = -inf
        self._size: tuple[int, ...] = ()
        self._told = False

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        """Return what is seen in `frame` and the bags that it completed."""
        if cut := self._cuts.cut(frame.picture):
            self._tracker.restart(cut, frame.time_s)
            self._follower.forget()
            spared = self._tracker.boxes(frame.time_s)
            self._seen = {track_id: seen for track_id, seen in self._seen.items() if track_id in spared}
        resized = self._resized(frame.shape)
        look = bool(cut) or resized or frame.still or self._due(frame.time_s)
        bags = self._look(frame) if look else ()
        self._seen = {i: (t, f) for i, (t, f) in self._seen.items() if 0 <= frame.time_s - t <= HOLD_S}
        faces = tuple(sorted((face for _, face in self._seen.values()), key=lambda face: face.track_id))
        if not look:
            boxes = self._tracker.boxes(frame.time_s)
            faces = tuple(replace(face, box=boxes.get(face.track_id, face.box)) for face in faces)
        if not faces:
            least_px = self._detector.least_px(frame.shape)
            why = "" if frame.still else too_small(least_px)
            return Scene(frame.time_s, frame, (), State.NO_FACE, why, least_px=least_px), bags
        return Scene(frame.time_s, frame, faces, State.LIVE), bags

    def close(self) -> None:
        """Free the models."""
        self._detector.close()
        self._covers.close()
        self._mesh.close()

    def _resized(self, shape: tuple[int, ...]) -> bool:
        """Say whether the picture size has changed; if so, scale what is known of the faces to the new one."""
        last, self._size = self._size, shape[1::-1]
        if last in ((), self._size):
            return False
        factors = np.divide(self._size, last).astype(np.float32)
        self._tracker.stretch(factors)
        self._follower.forget()
        for track_id, (time_s, face) in self._seen.items():
            points = None if face.points is None else face.points * factors
            self._seen[track_id] = time_s, replace(face, box=face.box * np.tile(factors, 2), points=points)
        return True

    def _due(self, time_s: float) -> bool:
        recent = 0 <= time_s - self._looked_s < LOOK_S
        calm = self._tracker.settled or self._detector.thorough
        return not (recent and calm) or self._window.due(time_s)

    def _look(self, frame: Frame) -> tuple[Bag, ...]:
        """Look for faces and fill the windows; return the bags that are complete."""
        self._looked_s = frame.time_s
        found = self._faces(frame)
        bags = self._window.push(
            [f for f in found if f.state is not State.LOW_QUALITY],
            frame.time_s,
            still=frame.still,
            frame=frame.index,
        )
        self._seen |= {face.track_id: (frame.time_s, self._with_progress(face)) for face in found}
        return bags

    def _faces(self, frame: Frame) -> list[Face]:
        """Return the confirmed faces of a frame; those that can be analysed have their shape."""
        followed, image = self._followed(frame), frame.image
        found = followed or self._found(frame)
        detections, landmarks, scores = found.detections, found.landmarks, found.scores
        crops = [self._aligner.crop(image, d.points[:4]) for d in detections]
        sightings = [
            Sighting(d.box, signature(c), _may_start(d, score, still=frame.still))
            for d, c, score in zip(detections, crops, scores, strict=True)
        ]
        ids = self._tracker.update(sightings, frame.time_s, still=frame.still)
        sure = [n for n, track_id in enumerate(ids) if track_id is not None]
        names = [ids[n] or 0 for n in sure]
        detections, landmarks, scores = [detections[n] for n in sure], landmarks[sure], scores[sure]
        if not followed:
            self._follower.note(names, Found(detections, landmarks, scores), frame.time_s)
            covers = self._covers.read(image, [one.points for one in detections])
            self._covered = self._averaged(names, covers, still=frame.still)
        at = fitted(landmarks)
        turns = heads(landmarks, at)
        shapes = self._shapes.read(landmarks, at) if self._shapes else [None] * len(sure)
        return [
            self._face(name, one, crops[n], frame.shape, head if score >= MIN_SCORE else None, shape)
            for n, name, one, head, score, shape in zip(sure, names, detections, turns, scores, shapes, strict=True)
        ]

    def _followed(self, frame: Frame) -> Found | None:
        """Return where the faces of the last look are now; None if a look is needed."""
        if frame.still or self._detector.thorough or not self._tracker.settled:
            return None
        return self._follower.follow(frame.image, frame.time_s, self._tracker.boxes(frame.time_s))

    def _found(self, frame: Frame) -> Found:
        """Return the faces that a look of the detector finds, with their landmarks."""
        if frame.still:  # there is time, and no other frame to look at
            detections = look_closely(self._detector, frame.image, ROOM)
        else:
            detections = self._detector.look(frame.image, frame.time_s)
            if not self._detector.thorough:
                expected = self._tracker.boxes(frame.time_s)
                detections = [*detections, *self._follower.missed(frame.image, detections, expected)]
        if (found := len(detections)) > self._most and not self._told:
            text = "%d faces were found, of which the %d largest are read; --max-faces %d reads all"
            log.warning(text, found, self._most, found)
            self._told = True
        detections = self._chosen(detections, frame)
        regions = [region(d.points, d.box) for d in detections]
        faces = Found(detections, *self._mesh.landmarks(frame.image, regions))
        return faces if frame.still or self._detector.thorough else with_exact_points(faces, frame.shape)

    def _chosen(self, found: list[Detection], frame: Frame) -> list[Detection]:
        """Return the largest faces, as many as are read; of two much alike in size the one that is followed already."""
        known = () if frame.still or len(found) <= self._most else self._tracker.boxes(frame.time_s).values()

        def width(one: Detection) -> float:
            followed = any(overlap(one.box, box) >= SAME for box in known)
            return float(one.box[2] - one.box[0]) * (FOLLOWED if followed else 1.0)

        return sorted(found, key=width, reverse=True)[: self._most]

    def _averaged(self, ids: list[int], covers: F32, *, still: bool) -> dict[int, F32]:
        """Return how surely each track is covered, [2]: the mean of this look, [n,2], and of the value before.

        A `still` has no value before it.
        """
        before = {} if still else self._covered
        return {i: (cover + before.get(i, cover)) / 2 for i, cover in zip(ids, covers, strict=True)}

    def _face(
        self,
        track_id: int,
        detection: Detection,
        crop: U8,
        size: tuple[int, ...],
        head: F32 | None,
        shape: F32 | None,
    ) -> Face:
        height, width = size[:2]
        inside = share_inside(detection.box, width, height)
        quality = assess(crop, detection.points, inside=inside, covers=self._covered.get(track_id, FREE), head=head)
        last = self._seen.get(track_id)
        if not quality.fault and (last is None or last[1].quality.fault):  # a new face, or one that had a fault
            if not frontal(detection.points):
                quality = Quality(quality.value, AWAY)
            elif last and quality.value < RECOVERED:
                quality = Quality(quality.value, last[1].quality.fault)
        state = State.LOW_QUALITY if quality.fault else State.COLLECTING
        return Face(
            track_id,
            detection.box,
            crop,
            detection.score,
            quality,
            state,
            points=detection.points,
            shape=None if quality.fault else shape,
            head=head,
        )

    def _with_progress(self, face: Face) -> Face:
        """Return the face with the share of its window that is filled, live once that is full."""
        filled = self._window.filled(face.track_id)
        state = State.LIVE if face.state is State.COLLECTING and filled >= 1 else face.state
        return replace(face, filled=filled, state=state)


def _may_start(one: Detection, score: float, *, still: bool) -> bool:
    """Say whether a track may start with a detection: the mesh has to be sure, or in a still the face frontal."""
    return (score >= MESH_AGREES and possible(one.points)) or (still and frontal(one.points))
