"""Lab Streaming Layer: a stream for each slot and one of markers; time stamps are capture times on LSL's clock.

All streams exist from the start with a fixed number of channels, as recorders need it, whoever comes and goes.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from hashlib import sha256
from time import monotonic
from typing import Any

from realtime_micacl.installed import require
from realtime_micacl.live.records.slots import Board
from realtime_micacl.outlets.about import About
from realtime_micacl.outlets.thread import Ring
from realtime_micacl.types import EMOTIONS, Baseline, EmotionDistribution

NAME = "realtime-micacl"
BUFFER_S = 60  # kept for an inlet that does not read
SAME_CLOCK_S = 1e-3  # with a smaller difference both are taken for one clock
CLOCK_S = 1.0  # how often the two clocks are compared
CONFIGS = ("lsl_api.cfg", os.path.expanduser("~/lsl_api/lsl_api.cfg"), "/etc/lsl_api/lsl_api.cfg")
"""Where liblsl looks for a person's own settings, besides what LSLAPICFG names."""
TRIES = 8  # comparisons of the clocks, of which the quickest counts


class Lsl:
    """Pushes each reading to the stream of its slot, whether anybody listens or not."""

    name = "lsl"

    def __init__(self, name: str, about: About) -> None:
        self.notice, self.lost = "", 0
        self._name, self._about = name, about
        self._board = Board(about.slots)
        self._pylsl = require("pylsl", "lsl")
        if not any(map(os.path.exists, CONFIGS)) and "LSLAPICFG" not in os.environ:
            self._pylsl.set_config_content("[log]\nlevel = -1\n")  # else liblsl prints two lines at every start
        self._channels = channels(about.instances)
        self._offset_s = self._compared_s = 0.0

    def run(self, ring: Ring) -> None:
        """Open the streams, push what the ring brings, and close them."""
        faces = {slot: self._stream(f"face {slot}", "Expression", self._channels) for slot in self._board.slots}
        markers = self._stream("markers", "Markers", [("marker", "Marker", "json")])
        nobody = [math.nan] * len(self._channels)
        nobody[[label for label, _, _ in self._channels].index("track")] = -1.0
        while not ring.over:
            for event in ring.take(CLOCK_S):
                moment_s, before = self._on_lsl(event.time_s), self._board.occupied
                self._board.take(event)
                for slot in before - self._board.occupied:  # so that a plot drawn in steps ends there
                    faces[slot].push_sample(nobody, moment_s)
                if not isinstance(event, EmotionDistribution):
                    markers.push_sample([json.dumps(self._about.record(event))], moment_s)
                elif event.slot:
                    faces[event.slot].push_sample(sample(event), moment_s)

    def _stream(self, what: str, kind: str, labels: Sequence[tuple[str, str, str]]) -> Any:
        """Open a stream whose `source_id` is the same after a restart, so that recorders go on."""
        lsl, about, text = self._pylsl, self._about, kind == "Markers"
        origin = sha256("\n".join(about.sources).encode()).hexdigest()[:8]
        info = lsl.StreamInfo(
            name=f"{self._name} {what}",
            type=kind,
            channel_count=len(labels),
            nominal_srate=lsl.IRREGULAR_RATE,
            channel_format=lsl.cf_string if text else lsl.cf_float32,
            source_id=f"{self._name}:{origin}:{what.replace(' ', '')}",
        )
        desc = info.desc()
        hello = about.hello()
        for name, value in (
            ("manufacturer", "realtime-micacl"),
            ("program", hello.program),
            ("model", hello.engine),
            ("engine_sha256", hello.engine_sha256),
            ("smoothing_s", hello.settings["smoothing_s"]),
            ("abstain_below", hello.settings["abstain_below"]),
            ("clock", "moment of capture"),
        ):
            desc.append_child_value(name, str(value))
        desc.append_child("synchronization").append_child_value("can_drop_samples", "true")
        group = desc.append_child("channels")
        for label, of, unit in labels:
            channel = group.append_child("channel")
            for name, value in (("label", label), ("type", of), ("unit", unit)):
                channel.append_child_value(name, value)
        return lsl.StreamOutlet(info, chunk_size=0, max_buffered=BUFFER_S)

    def _on_lsl(self, time_s: float) -> float:
        """Convert a monotonic time to LSL's clock; on Linux both are the same."""
        now_s = monotonic()
        if now_s - self._compared_s >= CLOCK_S:
            offset_s = min((self._compared() for _ in range(TRIES)), key=lambda compared: compared[0])[1]
            self._offset_s = offset_s if abs(offset_s) > SAME_CLOCK_S else 0.0
            self._compared_s = now_s
        return time_s + self._offset_s

    def _compared(self) -> tuple[float, float]:
        """Compare the clocks: return how long that took, and how far LSL's is ahead, in s."""
        before_s, theirs_s, after_s = monotonic(), self._pylsl.local_clock(), monotonic()
        return after_s - before_s, theirs_s - (before_s + after_s) / 2


def channels(instances: int) -> list[tuple[str, str, str]]:
    """Return label, type and unit of each channel of a face."""
    return [
        *((name, "Probability", "normalized") for name in EMOTIONS),
        ("leading", "Index", "index"),
        ("quality", "Confidence", "normalized"),
        ("coverage", "Confidence", "normalized"),
        ("track", "ObjectId", "index"),
        ("baseline", "Flag", "boolean"),
        ("age", "Duration", "seconds"),
        *((f"importance_{n}", "Weight", "mean 1") for n in range(1, instances + 1)),
    ]


def sample(reading: EmotionDistribution) -> list[float]:
    """Return a reading as the values of its channels."""
    return [
        *reading.probabilities.tolist(),
        float(EMOTIONS.index(reading.emotion)) if reading.emotion else -1.0,
        reading.quality,
        reading.coverage,
        float(reading.track_id),
        float(reading.baseline is Baseline.SET),
        math.nan if reading.latency_s is None else reading.latency_s,
        *reading.importance.tolist(),
    ]
