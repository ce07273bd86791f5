"""What the measurements of the program are made with."""

from __future__ import annotations

import subprocess
import sys
from time import monotonic, sleep

import psutil

from realtime_micacl.measuring.live import age_s

TICK_S = 0.02  # systems count the starts of processes in hundredths of a second


def test_the_age_of_a_process_is_known_to_a_hundredth_of_a_second() -> None:
    before_s = monotonic()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        after_s = monotonic()
        sleep(0.05)
        least_s = monotonic() - after_s - TICK_S
        age = age_s(psutil.Process(process.pid))
        assert least_s <= age <= monotonic() - before_s + TICK_S
        process.kill()
