"""A view to look at: the demo clip's people with numbers set by hand, for pictures of the window and for timing it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

import numpy as np

from realtime_micacl.live.sources.source import DEMO
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import EMOTIONS, F32, U8, Bag, EmotionDistribution, Face, Frame, Quality, State
from realtime_micacl_ui.past import SPAN_S, Past, Weighed, remember
from realtime_micacl_ui.view import Figure, Marker, View

NOW_S = 1000.0
TICK_S = 0.08
PICTURE = 176  # of the demo clip
BOXES = {1: (521, 261, 753, 494), 2: (962, 267, 1151, 456), 3: (109, 282, 320, 493)}
POINTS = {  # as the detector found them there
    1: ((600, 337), (678, 331), (640, 391), (645, 432), (561, 360), (732, 343)),
    2: ((1022, 332), (1096, 322), (1068, 371), (1070, 405), (977, 356), (1138, 333)),
    3: ((175, 345), (253, 342), (211, 382), (212, 427), (136, 375), (310, 369)),
}
SHARES = {  # in the order of EMOTIONS, as the faces of that picture look
    1: (0.04, 0.62, 0.22, 0.05, 0.01, 0.02, 0.04),
    2: (0.71, 0.01, 0.26, 0.00, 0.01, 0.01, 0.00),
    3: (0.02, 0.00, 0.03, 0.01, 0.80, 0.02, 0.12),
}
IMPORTANCE = np.array((0.93, 0.98, 1.08, 1.01), np.float32)
FIGURES = (
    Figure("capture", "30.0"),
    Figure("analysis", "30.0"),
    Figure("painted", "30.0", " fps"),
    Figure("latency", "31 / 48", " ms"),
    Figure("drops", "0.0", " %"),
)


def sample() -> View:
    """Return a live view of three faces, the first one's last minute with a gap, two markers and its window."""
    with closing(read_file(DEMO)) as frames:  # a generator
        images = [frame.image for frame in frames if frame.index <= PICTURE and frame.index % 2 == 0]
    faces = tuple(
        Face(
            i,
            np.array(box, np.float32),
            _crop(images[-1], box),
            score=0.95,
            quality=Quality(1.0),
            state=State.LIVE,
            filled=1.0,
            points=np.array(POINTS[i], np.float32),
        )
        for i, box in BOXES.items()
    )
    readings = {i: _reading(i, NOW_S, np.array(shares, np.float32)) for i, shares in SHARES.items()}
    crops = np.stack([_crop(image, BOXES[1]) for image in images[-32::2]]).reshape(4, 4, 64, 64, 3)
    bag = Bag(1, 0, crops, NOW_S - 15 * TICK_S, NOW_S, 1.0, 1.0)
    window = Weighed(bag, IMPORTANCE)
    return View(
        source="the demo clip",
        state=State.LIVE,
        time_s=NOW_S,
        frame=Frame(images[-1], NOW_S, PICTURE),
        faces=faces,
        readings=readings,
        figures=FIGURES,
        scene_s=NOW_S,
        timeline=True,
        pasts=_pasts(readings),
        weighed={1: window},
        instance_s=window.instance_s,
        markers=(Marker(1, NOW_S - 41), Marker(2, NOW_S - 17.5)),
        marks=2,
        followed=1,
    )


def _pasts(readings: Mapping[int, EmotionDistribution]) -> Mapping[int, Past]:
    """Return a minute in which expressions change slowly and the first face is not read for a while."""
    random = np.random.default_rng(7)
    centres = np.array((7.0, 24.0, 15.0, 46.0, 33.0, 40.0, 53.0))  # when each emotion is at its fullest
    pasts: Mapping[int, Past] = {}
    for time_s in np.arange(0.0, SPAN_S - TICK_S / 2, TICK_S):
        weights = 1 + 0.07 * np.sin(time_s * 1.7 + np.arange(4) * 0.5) + random.normal(0, 0.01, 4)
        for i in readings:
            if i == 1 and 28.0 < time_s < 31.5:
                continue
            centre = np.roll(centres, 2 * (i - 1))
            power = 3.0 * np.exp(-(((time_s - centre) / 4.5) ** 2)) + 0.3 * np.sin(time_s * (0.5 + centre / 30))
            power[EMOTIONS.index("neutral")] += 1.2
            end = min(1.0, max(0.0, (time_s - SPAN_S + 5.0) / 4.0))
            power = (1 - end) * power + end * np.log(np.maximum(SHARES[i], 1e-3))
            shares = np.exp(power) / np.exp(power).sum()
            reading = _reading(i, NOW_S - SPAN_S + time_s, shares.astype(np.float32), weights.astype(np.float32))
            pasts = remember(pasts, [reading], NOW_S)
    return remember(pasts, readings.values(), NOW_S)


def _reading(track_id: int, time_s: float, shares: F32, importance: F32 = IMPORTANCE) -> EmotionDistribution:
    lead = int(np.argmax(shares))
    emotion = EMOTIONS[lead] if shares[lead] >= 0.45 else None
    return EmotionDistribution(track_id, time_s, shares, importance, emotion, 1.0, 1.0, 0.03)


def _crop(image: U8, box: tuple[int, int, int, int]) -> U8:
    """Return the picture inside a box, [64,64,3]."""
    left, top, right, bottom = box
    rows, columns = (np.linspace(a, b, 64).astype(int) for a, b in ((top, bottom), (left, right)))
    return np.ascontiguousarray(image[rows][:, columns])
