"""Measures the delay of each outlet from capture to consumer, and the cost of all together.

    python -m tests.bench.outlets --seconds 30

runs the command on the demo clip without outlets and with all of them, each with a real consumer on this machine, and
prints a table of the time from capture to consumer.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from tests.e2e.conftest import COMMAND
from tests.e2e.ears import Ears

WARM_S = 3.0


def run(folder: Path, options: list[str], seconds: float, ears: Ears | None = None) -> tuple[Path, float, str]:
    """Run the command for a while; return its output, processor time in % of a core, and memory."""
    out = folder / f"out{len(options)}.jsonl"
    with out.open("wb") as stream:
        process = subprocess.Popen([COMMAND, "--source", "demo", "--headless", *options], stdout=stream)
    watched = psutil.Process(process.pid)
    while '"emotion"' not in out.read_text():
        time.sleep(0.1)
    time.sleep(WARM_S)
    if ears:
        ears.listen()
        time.sleep(3.0)
        for heard in ears.heard.values():
            heard.clear()
    used_s, began_s = sum(watched.cpu_times()[:2]), time.monotonic()
    time.sleep(seconds)
    percent = 100 * (sum(watched.cpu_times()[:2]) - used_s) / (time.monotonic() - began_s)
    size = f"{watched.num_threads()} threads, {watched.num_fds()} descriptors, {watched.memory_info().rss / 1e6:.0f} MB"
    process.terminate()
    process.wait(10)
    return out, percent, size


def main(seconds: float) -> None:
    say = sys.stdout.write
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _, alone, size = run(folder, [], seconds)
        say(f"without outlets: {alone:.0f} % of a core, {size}\n")
        with Ears(folder) as ears:
            out, together, size = run(folder, ears.options, seconds, ears)
        say(f"with all of them: {together:.0f} % of a core, {size}\n\n")
        records = [json.loads(line) for line in out.read_text().splitlines() if "probabilities" in line]
        ahead_s = time.time() - time.monotonic()
        said = np.array([[r["slot"], *r["probabilities"].values()] for r in records])
        captured_s = np.array([r["time_unix"] - ahead_s for r in records])
        where = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
        say(f"Measured on {time.strftime('%Y-%m-%d')}, {where}, {seconds:.0f} s:\n\n")
        say("| from capture to | p50 | p95 | readings |\n|---|---|---|---|\n")
        row("the reading itself", [r["latency_ms"] for r in records])
        for outlet, heard in ears.heard.items():
            late_ms = []
            for one in heard:
                since_s = one.captured_s
                if since_s is None:  # OSC sends no time; the probabilities identify the reading
                    near = np.abs(said - [one.slot, *one.shares]).max(axis=1) < 1e-4
                    times = captured_s[near & (captured_s <= one.at_s)]
                    since_s = times.max() if len(times) else one.at_s
                late_ms.append(1e3 * (one.at_s - since_s))
            row(outlet, late_ms)


def row(what: str, late_ms: list[float]) -> None:
    if not late_ms:
        sys.stdout.write(f"| {what} | nothing was heard | | 0 |\n")
        return
    p50, p95 = np.percentile(late_ms, [50, 95])
    sys.stdout.write(f"| {what} | {p50:.0f} ms | {p95:.0f} ms | {len(late_ms)} |\n")


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--seconds", type=float, default=30.0)
    main(p.parse_args().seconds)
