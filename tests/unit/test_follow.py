from __future__ import annotations

import numpy as np

from realtime_micacl.live.seeing.detection import Detection, middle
from realtime_micacl.live.seeing.follow import _carried


def test_each_face_is_carried_by_its_own_landmarks() -> None:
    rng = np.random.default_rng(0)
    before, points = (rng.uniform(100, 300, shape).astype(np.float32) for shape in ((2, 468, 3), (6, 2)))
    then = [Detection(np.array([90, 90, 310, 330], np.float32), points, score) for score in (1, 2)]
    after = before.copy()
    after[0] += 7
    after[1, :, 0], after[1, :, 1] = 10 - 2 * before[1, :, 1], 2 * before[1, :, 0]  # a quarter turn, twice as large
    moved, turned = _carried(then, before, after)
    assert np.allclose(moved.box, then[0].box + 7, atol=1e-2)
    assert np.allclose(moved.points, points + 7, atol=1e-2)
    assert np.allclose(turned.points, np.stack([10 - 2 * points[:, 1], 2 * points[:, 0]], 1), atol=1e-2)
    assert np.allclose(middle(turned.box), (10 - 2 * 210, 2 * 200), atol=1e-2)
    assert np.allclose(turned.box[2:] - turned.box[:2], (440, 480), atol=1e-2)
    assert (moved.score, turned.score) == (1, 2)
