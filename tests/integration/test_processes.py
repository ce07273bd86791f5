"""What was opened in one process and is used in another."""

from __future__ import annotations

import multiprocessing
import pickle
from typing import Any

import numpy as np
import pytest

import realtime_micacl as rm
from realtime_micacl.errors import ConfigError, EngineError
from realtime_micacl.inference.shared import SharedEngine
from tests.unit.test_shared import Doubler


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_process_that_is_forked_off_opens_its_own_engine() -> None:
    """The thread that the engine lives on stays behind; whoever asks it would wait for ever."""
    engine = SharedEngine(Doubler)
    before, fork = engine.share(), multiprocessing.get_context("fork")
    told: Any = fork.SimpleQueue()

    def forked() -> None:
        try:
            before.encode(np.ones((1, 1), np.uint8))
        except EngineError as error:
            told.put(str(error))
        before.close()
        with_own = engine.share()
        told.put(with_own.encode(np.full((1, 1), 4, np.uint8)).tolist())
        with_own.close()

    child = fork.Process(target=forked)
    child.start()
    child.join(20)
    child.kill()
    assert child.exitcode == 0
    assert (told.get(), told.get()) == (
        "the engine was opened before the process was forked; open it in each process",
        [[8.0]],
    )
    assert before.encode(np.ones((1, 1), np.uint8)).tolist() == [[2.0]], "the one before goes on"
    before.close()


def test_what_cannot_be_sent_to_another_process_says_so() -> None:
    for made, mend in ((rm.Reader(), "make one in each"), (rm.load_engine(), "call load_engine in each")):
        with made, pytest.raises(ConfigError, match=mend):
            pickle.dumps(made)
