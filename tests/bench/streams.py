"""Measures several RTSP streams at once: readings, their age, processor time and memory.

    python -m tests.bench.streams --streams 1 4 8 --width 640 --rate 15

One server process encodes a clip and serves it to all streams. It shares the cores with the program; its processor time
is not counted. Each line is one run of the installed command.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import psutil

COMMAND = str(Path(sys.executable).with_name("realtime-micacl"))
TESTS = Path(__file__).parents[1]
SETTLED_S = 10.0
HEADER = (
    "| streams | readings a second and stream: least, median, most | age of a reading, p50 / p95, ms "
    "| processor, % of one core | memory, MB | threads |\n|---|---|---|---|---|---|"
)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--streams", type=int, nargs="+", default=[1, 4, 8])
    p.add_argument("--clip", type=Path, default=TESTS / "data" / "one_face_720p.mp4")
    p.add_argument("--width", type=int, default=1280)
    p.add_argument("--rate", type=int, default=25)
    p.add_argument("--seconds", type=float, default=30.0)
    p.add_argument("more", nargs="*", help="further options of the command, after --")
    arguments = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        count = write_frames(arguments.clip, Path(folder), arguments.width)
        server, address = served(Path(folder), arguments.rate)
        sys.stdout.write(f"{count} pictures, {arguments.width} px wide, {arguments.rate} a second\n\n{HEADER}\n")
        try:
            for streams in arguments.streams:
                sys.stdout.write(measured([address] * streams, arguments.seconds, arguments.more) + "\n")
                sys.stdout.flush()
        finally:
            server.kill()
            server.wait()


def write_frames(clip: Path, folder: Path, width: int) -> int:
    """Write the pictures of a clip, forwards and backwards, so that it goes on without a cut."""
    video, pictures = cv2.VideoCapture(str(clip)), []
    while (frame := video.read()[1]) is not None:
        size = (width, round(frame.shape[0] * width / frame.shape[1] / 2) * 2)
        pictures.append(cv2.resize(frame, size, interpolation=cv2.INTER_AREA))
    video.release()
    for number, picture in enumerate(pictures + pictures[-2:0:-1]):
        cv2.imwrite(str(folder / f"{number:04d}.jpg"), picture)
    return 2 * len(pictures) - 2


def served(folder: Path, rate_hz: int) -> tuple[subprocess.Popen[str], str]:
    """Start the server; return it and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = TESTS / "integration" / "rtsp_server.py"
    command = ["/usr/bin/python3", str(script), str(port), str(folder / "%04d.jpg"), str(rate_hz)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n"
    return server, f"rtsp://127.0.0.1:{port}/live"


def measured(addresses: list[str], seconds: float, more: list[str]) -> str:
    """Run the command on the streams; return a line of the table."""
    options = [part for address in addresses for part in ("--source", address)]
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen([COMMAND, *options, "--headless", "--wait", *more], stdout=out, env=os.environ)
        watched = psutil.Process(process.pid)
        time.sleep(SETTLED_S + len(addresses))
        out.seek(0, os.SEEK_END)
        skip, used, since_s = out.tell(), sum(watched.cpu_times()[:2]), time.monotonic()
        time.sleep(seconds)
        took_s, used = time.monotonic() - since_s, sum(watched.cpu_times()[:2]) - used
        memory_mb, threads = watched.memory_info().rss / 1e6, watched.num_threads()
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        out.seek(0)
        ages = defaultdict(list)
        for line in out.read()[skip:].splitlines()[1:]:
            record = json.loads(line)
            if "latency_ms" in record:
                ages[record.get("source", "")].append(record["latency_ms"])
    rates = sorted(len(of) / took_s for of in ages.values()) or [0.0]
    rates = [0.0] * (len(addresses) - len(rates)) + rates
    everything = [age for of in ages.values() for age in of] or [np.nan]
    p50, p95 = np.percentile(everything, (50, 95))
    return (
        f"| {len(addresses)} | {rates[0]:.1f}, {np.median(rates):.1f}, {rates[-1]:.1f} | {p50:.0f} / {p95:.0f} "
        f"| {100 * used / took_s:.0f} | {memory_mb:.0f} | {threads} |"
    )


if __name__ == "__main__":
    main()
