"""Who is given up because it hangs, and who is not because the whole program stood still."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from realtime_micacl.live import supervision
from realtime_micacl.live.supervision import Failures, Rebuilt
from realtime_micacl.types import Bag, EmotionDistribution


class Idle:
    def recognize(self, bags: Sequence[Bag]) -> tuple[EmotionDistribution, ...]:
        return ()

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("asked_s", "given_up_s"),
    [
        ([0.2 * n for n in range(1, 12)], 2.2),  # watched all the time: a hang
        ([0.2, 15.2, 15.4, 15.6, 15.8], 15.8),  # stopped for 15 s, and still at it half a second after: a hang
        ([0.2, 15.2, 15.4], None),  # stopped for 15 s, and done soon after
        ([5.0, 10.0, 15.0], 10.0),  # a watcher that is held up itself, as by a camera, finds a hang at its second look
    ],
)
def test_a_program_that_stood_still_did_not_hang(
    asked_s: list[float], given_up_s: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    monkeypatch.setattr(supervision, "monotonic", lambda: now_s)
    stage: Rebuilt[Idle] = Rebuilt(Idle, Failures("recognize"))
    stage.attempt(lambda idle: idle.recognize([]))  # the first may take long
    found: list[float] = []

    def work(idle: Idle) -> None:
        nonlocal now_s
        for now_s in asked_s:
            if stage.hangs():
                found.append(round(now_s, 1))

    try:
        stage.attempt(work)
        abandoned = False
    except supervision.Abandoned:
        abandoned = True
    assert found == ([] if given_up_s is None else [given_up_s])
    assert abandoned == bool(given_up_s)
