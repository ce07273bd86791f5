"""Measures the program with its window on a clip: rates, latencies, processor, memory, start-up."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from realtime_micacl.config import Settings
from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.sources.framing import to_be_painted
from realtime_micacl.live.sources.items import Item
from realtime_micacl.live.sources.paced import paced
from realtime_micacl.live.sources.source import SourceSpec, looped, open_source
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.live.threads import share_python
from realtime_micacl.meter import Meter
from realtime_micacl.types import Event, StateChange
from realtime_micacl.wording import counted

if TYPE_CHECKING:
    from realtime_micacl_ui.window import LiveWindow

WARM_UP_S = 6.0
LOOK_S = 0.1
PAINT_ALONE = "1920 x 1080, three faces, timeline:"


@dataclass
class Progress:
    """What is noted while the program runs; `marked_s` is when the warm-up ended, with `cpu_s` and `counts` then."""

    first_reading_s: float | None = None
    looked_s: float = 0.0
    marked_s: float | None = None
    cpu_s: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] | None = None
    faces: int = 0


def measure(spec: SourceSpec, seconds: float, folder: Path, sidecar: Sidecar) -> dict[str, Any]:
    """Run the window on `spec` for a warm-up and `seconds`; return the figures, by the keys of `bench --json`."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) and sys.platform == "linux":
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from realtime_micacl_ui.timing import paint_alone
    from realtime_micacl_ui.window import show

    share_python()
    process = psutil.Process()
    progress = Progress()

    def note(event: Event) -> None:
        if progress.first_reading_s is None and not isinstance(event, StateChange):
            progress.first_reading_s = age_s(process)

    session = LiveSession(_frames(spec), *openers(Settings(), folder, sidecar), [note])
    meters: dict[str, Meter] = {}

    def tick(shown: LiveWindow) -> None:
        now_s = time.monotonic()
        if now_s - progress.looked_s < LOOK_S:  # else looking would be measured, too
            return
        progress.looked_s = now_s
        meters.update(session.meters | shown.meters)
        scene = session.look().scene
        progress.faces = max(progress.faces, len(scene.faces) if scene else 0)
        if progress.marked_s is None and now_s - session.started_s > WARM_UP_S:
            progress.marked_s, progress.cpu_s = now_s, _processor_s(process)
            progress.counts = {name: meter.count for name, meter in meters.items()}
        if progress.marked_s is not None and now_s - progress.marked_s >= seconds:
            figures.update(_figures(session, shown, process, progress, meters))
            shown.close()

    figures: dict[str, Any] = {}
    with session:
        show(session, source_name=spec.name, on_tick=tick)
    figures["paint_alone_ms"] = paint_alone()
    if "painted_hz" not in figures:
        raise ConfigError(f"{spec.name} ended within {WARM_UP_S + seconds:.0f} s; give a longer one")
    return figures


def rows(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the figures as rows of text, each with its title."""
    shares = ", ".join(f"{name} {percent:.0f}" for name, percent in figures["threads_percent"].items())
    shares = shares or "the system does not tell what each thread takes"
    return [
        ("window", f"{figures['platform']}; {figures['size']}, {counted(figures['faces'], 'face')}"),
        ("painted", f"{figures['painted_hz']:.1f} new pictures a second of {figures['captured_hz']:.1f} captured"),
        ("latency", "capture to paint p50 {0[0]:.0f} ms, p95 {0[1]:.0f} ms".format(figures["latency_ms"])),
        ("readings", f"{figures['readings_hz_per_face']:.1f} a second and face, of {figures['ticks_hz']:.1f} ticks"),
        ("reading age", "capture to reading p50 {0[0]:.0f} ms, p95 {0[1]:.0f} ms".format(figures["reading_ms"])),
        ("perceive", "p50 {0[0]:.1f} ms, p95 {0[1]:.1f} ms a frame".format(figures["perceive_ms"])),
        ("recognize", "p50 {0[0]:.1f} ms, p95 {0[1]:.1f} ms a tick, all faces".format(figures["recognize_ms"])),
        ("paint", "p50 {0[0]:.1f} ms, p95 {0[1]:.1f} ms a picture".format(figures["paint_ms"])),
        ("paint alone", f"{PAINT_ALONE} p50 {{0[0]:.1f}} ms, p95 {{0[1]:.1f}} ms".format(figures["paint_alone_ms"])),
        (
            "processor",
            f"{figures['cpu_percent']:.0f} % of one core; {shares}",
        ),
        ("memory", f"{figures['memory_mb']:.0f} MB"),
        ("start-up", "first picture {0[0]:.1f} s, first reading {0[1]:.1f} s".format(figures["start_s"])),
    ]


def _figures(
    session: LiveSession, window: LiveWindow, process: psutil.Process, progress: Progress, meters: dict[str, Meter]
) -> dict[str, Any]:
    assert progress.marked_s is not None
    assert progress.counts is not None
    elapsed_s = time.monotonic() - progress.marked_s
    counted = {name: (meter.count - progress.counts[name]) / elapsed_s for name, meter in meters.items()}
    since_start_s = age_s(process)
    painted_s = float("nan") if window.first_picture_s is None else window.first_picture_s
    first_picture_s = since_start_s - (time.monotonic() - painted_s)
    scene = session.look().scene
    image = scene.frame.image if scene and scene.frame else None

    spent = {
        name: round((seconds - progress.cpu_s[name]) / elapsed_s * 100, 1)
        for name, seconds in _processor_s(process).items()
        if name in progress.cpu_s
    }

    def p50_p95(name: str) -> list[float]:
        return [round(meters[name].percentile_ms(q, elapsed_s), 2) for q in (50, 95)]

    return {
        "size": f"{image.shape[1]} x {image.shape[0]}" if image is not None else "no picture",
        "platform": os.environ.get("QT_QPA_PLATFORM") or "on the screen",
        "faces": progress.faces,
        "seconds": round(elapsed_s, 1),
        "painted_hz": round(counted["latency"], 2),
        "captured_hz": round(counted["capture"], 2),
        "latency_ms": p50_p95("latency"),
        "readings_hz_per_face": round(counted["reading"] / max(1, progress.faces), 2),
        "ticks_hz": round(counted["recognize"], 2),
        "reading_ms": p50_p95("reading"),
        "perceive_ms": p50_p95("perceive"),
        "recognize_ms": p50_p95("recognize"),
        "paint_ms": p50_p95("paint"),
        "cpu_percent": spent.pop(""),
        "threads_percent": spent,
        "memory_mb": round(process.memory_info().rss / 1e6),
        "start_s": [round(first_picture_s, 2), round(progress.first_reading_s or float("nan"), 2)],
    }


def _processor_s(process: psutil.Process) -> dict[str, float]:
    """Return the processor time in s of the process, under "", and of each thread of Python where the system tells."""
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    names[threading.main_thread().native_id] = "window"
    spent = {"": sum(process.cpu_times()[:2])}
    with suppress(psutil.Error):
        spent |= {names[t.id]: t.user_time + t.system_time for t in process.threads() if t.id in names}
    return spent


def age_s(process: psutil.Process) -> float:
    """Return how long ago a process was started, s.

    On Linux its start is counted from boot: `psutil.boot_time` is in whole seconds, which then cancel out.
    """
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return float(time.time() - process.create_time())
    return float(time.clock_gettime(time.CLOCK_BOOTTIME) - (process.create_time() - psutil.boot_time()))


def _frames(spec: SourceSpec) -> Iterator[Item]:
    live = spec.kind != "file"
    return to_be_painted(open_source(spec) if live else paced(looped(lambda: read_file(Path(spec.value)))))
