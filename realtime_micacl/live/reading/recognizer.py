"""The second stage of the analysis: bags become readings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.live.reading.baseline import Baselines
from realtime_micacl.live.reading.neutrals import Neutrals
from realtime_micacl.live.reading.probabilities import softmax
from realtime_micacl.live.reading.smoother import Smoother, Tuned, Tuning
from realtime_micacl.types import EMOTIONS, F32, Bag, EmotionDistribution, Features


class Recognizer:
    """Encodes each new piece once, classifies the bags as one batch and calms the result."""

    def __init__(
        self,
        engine: Engine,
        sidecar: Sidecar,
        *,
        smoothing_s: float,
        tuned: Tuned | None = None,
        baseline: bool = False,
        head: bool = False,
    ) -> None:
        """Take an engine.

        `tuned` may change while it runs; where given, it replaces `smoothing_s` and the sidecar's threshold, and
        carries requests for baselines. `baseline` takes one of each track unasked. With `head` readings have the angles
        of the head, if they are known.
        """
        self._engine = engine
        self._bag, self._piece, self._head = sidecar.bag, sidecar.piece, head
        self._temperature = sidecar.calibration.temperature
        self._tuned = tuned or Tuned(Tuning(smoothing_s, sidecar.calibration.abstain_below))
        now = self._tuned.now
        self._smoother = Smoother(abstain_below=now.abstain_below, time_constant_s=now.smoothing_s)
        self._baselines = Baselines(sidecar.bag, each=baseline, asked=now.baseline)
        self._neutrals = (
            Neutrals(sidecar.shape, sidecar.bag.tick_s, each=baseline, asked=now.baseline) if sidecar.shape else None
        )
        self._features: dict[tuple[int, int], Any] = {}

    def recognize(self, bags: Sequence[Bag]) -> tuple[EmotionDistribution, ...]:
        """Return a reading for each bag."""
        tuning = self._tuned.now
        self._smoother.tune(tuning)
        (self._neutrals or self._baselines).request(tuning.baseline, [bag.track_id for bag in bags])
        features = self._encoded(bags)
        twice: list[int] = []
        if self._neutrals is None:
            logits, importance = self._engine.classify(features)
        else:
            twice = [i for i, bag in enumerate(bags) if self._neutrals.second_due(bag)]
            changes = [self._neutrals.changes(bag) for bag in bags] + [self._neutrals.strange(bags[i]) for i in twice]
            rows = np.concatenate([features, features[twice]]) if twice else features
            logits, importance = self._engine.classify(rows, np.stack(changes))
        logits = logits / self._temperature
        shares = softmax(logits)
        seconds = dict(zip(twice, shares[len(bags) :], strict=True))
        return tuple(
            self._reading(bag, logits[i], shares[i], seconds.get(i), importance[i].copy()) for i, bag in enumerate(bags)
        )

    def close(self) -> None:
        """Free the engine."""
        self._engine.close()

    def _encoded(self, bags: Sequence[Bag]) -> Features:
        """Return the features of the bags' pieces, [B,N*L/P, ..]; only new pieces are encoded."""
        wanted = [[(bag.track_id, tick) for tick in self._piece_ticks(bag)] for bag in bags]
        missing = {
            key: piece
            for bag, keys in zip(bags, wanted, strict=True)
            for key, piece in zip(keys, bag.pieces(self._piece, mirrored=self._bag.mirrored), strict=True)
            if key not in self._features
        }
        if missing:
            pieces = [piece.view("V3") for piece in missing.values()]  # mirrored ones are copied by pixel, not by byte
            encoded = self._engine.encode(np.stack(pieces).view(np.uint8))
            self._features.update(zip(missing, encoded, strict=True))
        rows: Features = np.stack([self._features[key] for keys in wanted for key in keys])
        features = rows.reshape(len(wanted), -1, *rows.shape[1:])
        newest = max(bag.tick for bag in bags)  # a new perceiver counts its ticks from 0
        self._features = {k: f for k, f in self._features.items() if newest - self._bag.ticks < k[1] <= newest}
        return features

    def _piece_ticks(self, bag: Bag) -> Sequence[int]:
        """Return the tick at which each piece of a bag ends, oldest first: the key under which its feature is kept.

        A still's pieces are all alike, except that every other one may be mirrored; so only its last two ticks occur.
        """
        ticks = range(bag.tick - self._bag.ticks + self._piece, bag.tick + 1, self._piece)
        return [ticks[(i - len(ticks)) % 2 - 2] for i in range(len(ticks))] if bag.still and len(ticks) > 1 else ticks

    def _reading(self, bag: Bag, logits: F32, shares: F32, second: F32 | None, importance: F32) -> EmotionDistribution:
        """Return the reading of a bag, from its calibrated logits, shares and, where it was read twice, second ones."""
        known, lopsided = None, 0.0
        if self._neutrals:
            lopsided = self._neutrals.lopsided(bag)
            known, baseline = self._neutrals.learn(bag, shares, second)
        else:
            logits, baseline = self._baselines.shifted(bag.track_id, bag.end_s, logits)
            shares = softmax(logits)
        smooth, leader = self._smoother.update(bag.track_id, bag.end_s, shares, lopsided=lopsided, still=bag.still)
        for array in (smooth, importance):
            array.flags.writeable = False
        emotion = None if leader is None else EMOTIONS[leader]
        return EmotionDistribution(
            bag.track_id,
            bag.end_s,
            smooth,
            importance,
            emotion,
            bag.quality,
            bag.coverage,
            baseline=baseline,
            still=bag.still,
            known=known,
            frame=bag.frame,
            box=bag.box,
            head=bag.head if self._head else None,
        )
