from __future__ import annotations

import numpy as np
import pytest

from realtime_micacl.making.training.prior import log_prior, removable_prior


def test_the_prior_is_the_logarithm_of_the_frequency() -> None:
    found = log_prior(np.array([80, 20, 0, 0, 0, 0, 0]))
    assert found.tolist() == pytest.approx([np.log(0.8), np.log(0.2), 0, 0, 0, 0, 0])


def test_as_much_of_the_prior_is_removable_as_leaves_the_war() -> None:
    counts = np.array([90, 10, 0, 0, 0, 0, 0])
    lead = np.log(9.0)  # of the first class by its frequency
    logits = np.full((4, 7), -20.0, np.float32)
    logits[:, 0], logits[:, 1] = [0.0, 0.5 * lead, 0.72 * lead, 2.0], 0.0
    logits[0, 1] = 0.1
    labels = np.array([1, 1, 0, 0])
    assert removable_prior(logits, labels, counts, 1.0) == 0.7, "from .5 on the second is right, up to .72 the third"
    assert removable_prior(logits, labels, counts, 0.75) == 0.9, "from .72 on the third is wrong, from .91 on the last"
    assert removable_prior(logits, 1 - labels, counts, 0.99) == 0.0
