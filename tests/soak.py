"""The long form of the fault suite: the command reads a real RTSP server that fails again and again.

    python -m tests.soak --hours 0.5 --out soak

writes samples.csv, report.md and plots of memory, descriptors, threads, latency and drops into a folder.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import psutil

from realtime_micacl.errors import SourceError
from realtime_micacl.programs.metrics import read_metrics
from tests.e2e.conftest import CLIP, COMMAND, RtspServer, pictures
from tests.fault.proxy import Proxy, free_port

mpl.use("Agg")
from matplotlib import pyplot as plt

SAMPLE_S, FAULT_EVERY_S, SETTLE_S = 5.0, 45.0, 20.0
COLUMNS = ("time_s", "memory_mb", "descriptors", "threads", "latency_p50_ms", "latency_p99_ms", "captured", "dropped")
Row = dict[str, float]


class Listener:
    """Reads what the command prints, on a thread of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.latencies: list[float] = []
        self.states: Counter[str] = Counter()
        self.read_s = 0.0
        self._process = process
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            record: dict[str, Any] = json.loads(line)
            if "latency_ms" in record:
                self.latencies.append(record["latency_ms"])
                self.read_s = time.monotonic()
            elif record["track"] is None:
                self.states[record["state"]] += 1


def faults(server: RtspServer, line: Proxy) -> dict[str, tuple[float, Callable[[], None], Callable[[], None]]]:
    """Return name -> how long it lasts, how it begins and how it ends."""

    def set_line(flips: float = 0.0, bytes_per_s: float = float("inf")) -> None:
        line.flips, line.bytes_per_s = flips, bytes_per_s

    def kill() -> None:
        line.hang_up()
        server.kill()

    def begin() -> None:
        server.start()
        line.listen()

    def restart() -> None:
        kill()
        begin()

    return {
        "server killed, back after 5 s": (5.0, kill, begin),
        "server killed, back after 15 s": (15.0, kill, begin),
        "server started anew": (0.0, restart, lambda: None),
        "server frozen for 8 s": (8.0, lambda: server.signal(signal.SIGSTOP), lambda: server.signal(signal.SIGCONT)),
        "line at 20 kB/s for 8 s": (8.0, lambda: set_line(bytes_per_s=20_000), set_line),
        "bits turned (2e-5) for 8 s": (8.0, lambda: set_line(flips=2e-5), set_line),
    }


def main() -> None:
    p = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__.splitlines()[0])
    p.add_argument("--hours", type=float, required=True)
    p.add_argument("--out", type=Path, default=Path("soak"), help="folder of the report (default soak)")
    arguments = p.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        server = RtspServer(pictures(Path(folder) / "frames", CLIP))
        server.start()
        try:
            with Proxy(server.port) as line:
                rows, back, states, code = soak(server, line, arguments.hours * 3600)
        finally:
            server.kill()
    with (arguments.out / "samples.csv").open("w", newline="") as stream:
        table = csv.DictWriter(stream, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    plots(rows, arguments.out)
    (arguments.out / "report.md").write_text(report(rows, back, states, code), "utf-8")
    sys.stdout.write((arguments.out / "report.md").read_text("utf-8"))


def soak(
    server: RtspServer, line: Proxy, seconds: float
) -> tuple[list[Row], dict[str, list[float]], Counter[str], int]:
    """Run the command for so long; return samples, how soon it was back after each fault, states and exit code."""
    port, chance = free_port(), random.Random(1)
    address = f"rtsp://127.0.0.1:{line.port}/live"
    command = [COMMAND, "--source", address, "--headless", "--wait", "--metrics", str(port), "--log-level", "error"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    heard, watched = Listener(process), psutil.Process(process.pid)
    plan, back, rows = faults(server, line), dict[str, list[float]](), list[Row]()
    started_s = time.monotonic()
    fault_s, sample_s, end_fault = started_s + FAULT_EVERY_S, started_s + SETTLE_S, None
    healed: tuple[str, float] | None = None
    while (now_s := time.monotonic()) < started_s + seconds and process.poll() is None:
        if end_fault is None and healed is None and now_s >= fault_s and fault_s < started_s + seconds - FAULT_EVERY_S:
            name = chance.choice(list(plan))
            lasts_s, begin, end = plan[name]
            begin()
            end_fault = (name, time.monotonic() + lasts_s, end)
        if end_fault is not None and now_s >= end_fault[1]:
            end_fault[2]()
            healed, end_fault = (end_fault[0], time.monotonic()), None
        if healed is not None and heard.read_s > healed[1]:
            back.setdefault(healed[0], []).append(heard.read_s - healed[1])
            healed, fault_s = None, now_s + FAULT_EVERY_S * chance.uniform(0.5, 1.0)
        if now_s >= sample_s:
            sample_s += SAMPLE_S
            rows.append(sample(watched, heard, port, now_s - started_s))
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    code = process.wait(10)
    heard.thread.join(5)
    return rows, back, heard.states, code


def sample(process: psutil.Process, heard: Listener, port: int, time_s: float) -> Row:
    latencies, heard.latencies = heard.latencies, []
    p50, p99 = np.percentile(latencies, (50, 99)) if latencies else (np.nan, np.nan)
    try:
        found = read_metrics(str(port))[""]
    except SourceError:
        found = {}
    captured, dropped = (found.get(f"frames_{name}_total", np.nan) for name in ("captured", "dropped"))
    used = (process.memory_info().rss / 1e6, process.num_fds(), process.num_threads())
    return dict(zip(COLUMNS, (time_s, *used, float(p50), float(p99), captured, dropped), strict=True))


def plots(rows: list[Row], folder: Path) -> None:
    minutes = [row["time_s"] / 60 for row in rows]
    panels = {
        "memory (MB)": ["memory_mb"],
        "descriptors, threads": ["descriptors", "threads"],
        "latency (ms)": ["latency_p50_ms", "latency_p99_ms"],
        "frames dropped": ["dropped"],
    }
    figure, axes = plt.subplots(len(panels), 1, figsize=(9, 10), sharex=True)
    for axis, (title, names) in zip(axes, panels.items(), strict=True):
        for name in names:
            axis.plot(minutes, [row[name] for row in rows], ".-", markersize=3, linewidth=0.8, label=name)
        axis.set_ylabel(title)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
        axis.legend(loc="lower right", fontsize="small")
    axes[-1].set_xlabel("minutes")
    figure.tight_layout()
    figure.savefig(folder / "soak.png", dpi=80)
    plt.close(figure)


def report(rows: list[Row], back: dict[str, list[float]], states: Counter[str], code: int) -> str:
    times, values = (np.array([row[name] for row in rows]) for name in ("time_s", "memory_mb"))
    settled = times > min(600.0, times[-1] / 3)
    early, late = values[~settled], values[settled]
    third = len(rows) // 3
    p99 = [np.nanmedian([row["latency_p99_ms"] for row in part]) for part in (rows[:third], rows[-third:])]
    p50 = np.nanmedian([row["latency_p50_ms"] for row in rows])
    names = ("descriptors", "threads")
    least, most = ([limit(row[name] for row in rows) for name in names] for limit in (min, max))
    captured, dropped = (np.nanmax([row[name] for row in rows]) for name in ("captured", "dropped"))
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    lines = [
        f"Measured {time.strftime('%Y-%m-%d')} on {machine}, {times[-1] / 60:.0f} minutes, exit code {code}.",
        "",
        "| what | measured |",
        "|---|---|",
        f"| memory | {early.min():.0f} to {early.max():.0f} MB at first, {late.min():.0f} to {late.max():.0f} MB after"
        f" {times[settled][0] / 60:.0f} minutes; slope of those {slope(times[settled], late):+.1f} MB/h |",
        f"| descriptors, threads | {least[0]:.0f} to {most[0]:.0f}, {least[1]:.0f} to {most[1]:.0f} |",
        f"| latency to reading | p50 {p50:.0f} ms; p99 {p99[0]:.0f} ms (first third), {p99[1]:.0f} ms (last third) |",
        f"| frames | {captured:.0f} captured, {dropped:.0f} not analysed |",
        f"| states entered | {', '.join(f'{name} {count}' for name, count in states.most_common())} |",
        "",
        "| fault | times | first reading after its end: median, longest |",
        "|---|---|---|",
    ]
    lines += [f"| {n} | {len(s)} | {np.median(s):.1f} s, {max(s):.1f} s |" for n, s in sorted(back.items())]
    return "\n".join([*lines, ""])


def slope(times: np.ndarray, values: np.ndarray) -> float:
    """Return the median slope per hour between all pairs (Theil-Sen): memory jumps with every thread that comes."""
    older, newer = np.triu_indices(len(times), 1)
    return float(np.median((values[newer] - values[older]) / (times[newer] - times[older])) * 3600)


if __name__ == "__main__":
    main()
