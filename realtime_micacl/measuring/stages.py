"""Measures the processor time of each stage, one after the other on one thread; keeps the bags for other parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from realtime_micacl.config import Settings
from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.choice import open_engine
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.lazy import Lazy
from realtime_micacl.live.huge_pages import gather_memory
from realtime_micacl.live.reading.recognizer import Recognizer
from realtime_micacl.live.seeing.detection import Detection
from realtime_micacl.live.seeing.lookout import Lookout
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import F32, U8, Bag, EmotionDistribution, Frame

FRAMES = 240
STAGES = ("decode", "to RGB", "detect", "crop and track", "encode", "classify")
Spent = dict[str, list[float]]


@dataclass(frozen=True, eq=False)
class StageRun:
    """The stages were run over a clip: their times and what came out."""

    figures: dict[str, Any]
    bags: tuple[tuple[Bag, ...], ...]
    """By tick."""
    label_changes: int
    """How often the leading emotion of a face changed."""


class TimedPicture:
    """A picture that notes how long making it takes."""

    def __init__(self, picture: Lazy, spent: Spent) -> None:
        self.shape, self._picture, self._note = picture.shape, picture, _clock(spent, "to RGB")
        self._image: U8 | None = None

    @property
    def luma(self) -> U8:
        """How light each pixel is."""
        return self._picture.luma

    def made(self) -> U8:
        """Return the picture."""
        if self._image is None:
            with self._note():
                self._image = self._picture.made()
        return self._image


class TimedLookout(Lookout):
    """A lookout that notes how long each look takes."""

    def __init__(self, spent: Spent) -> None:
        self._note = _clock(spent, "detect")
        super().__init__()

    def look(self, image: U8, time_s: float) -> list[Detection]:
        """Return the faces in `image`."""
        with self._note():
            return super().look(image, time_s)


class TimedEngine:
    """An engine that notes how long its calls take."""

    def __init__(self, engine: Engine, spent: Spent) -> None:
        self._engine, self.device = engine, engine.device
        self._encode, self._classify = _clock(spent, "encode"), _clock(spent, "classify")

    def encode(self, crops: U8) -> F32:
        """Return the features of pieces."""
        with self._encode():
            return self._engine.encode(crops)

    def classify(self, features: F32, changes: F32 | None = None) -> tuple[F32, F32]:
        """Return logits and importance of bags."""
        with self._classify():
            return self._engine.classify(features, changes)

    def close(self) -> None:
        """Free the engine."""
        self._engine.close()


class Leading:
    """Counts how often the leading emotion of a face changes."""

    def __init__(self) -> None:
        self.changes = 0
        self._last: dict[int, int] = {}

    def note(self, readings: Iterable[EmotionDistribution]) -> None:
        """Take the readings of a tick."""
        for reading in readings:
            word = int(reading.probabilities.argmax())
            self.changes += self._last.get(reading.track_id, word) != word
            self._last[reading.track_id] = word


def run_stages(clip: Path, folder: Path, sidecar: Sidecar) -> StageRun:
    """Run the stages of the live program over the first `FRAMES` of a clip; raise ConfigError for a single picture."""
    spent: Spent = defaultdict(list)
    decode, perceive, recognize = (_clock(spent, name) for name in ("decode", "perceive", "recognize"))
    engine = TimedEngine(open_engine(folder, sidecar), spent)
    perceiver = Perceiver(TimedLookout(spent), sidecar)
    recognizer = Recognizer(engine, sidecar, smoothing_s=Settings().smoothing_s)
    spent.clear()  # opening the perceiver has looked at a black picture
    bags: list[tuple[Bag, ...]] = []
    leading, faces, last = Leading(), 0, 0.0
    with closing(perceiver), closing(recognizer):
        for frame in _decoded(clip, decode):
            if not isinstance(frame.picture, np.ndarray):
                frame = replace(frame, picture=TimedPicture(frame.picture, spent))
            looks, before_s = len(spent["detect"]), sum(spent["detect"]) + sum(spent["to RGB"])
            with perceive():
                scene, ready = perceiver.perceive(frame)
            if len(spent["detect"]) > looks or ready:  # most other frames lie between ticks
                other_s = sum(spent["detect"]) + sum(spent["to RGB"]) - before_s
                spent["crop and track"].append(spent["perceive"][-1] - other_s)
            faces, last = max(faces, len(scene.faces)), frame.time_s
            if ready:
                if not bags:
                    gather_memory()  # as the live program does once it has settled
                bags.append(ready)
                with recognize():
                    readings = recognizer.recognize(ready)
                leading.note(readings)
    if not last:
        raise ConfigError(f"{clip} is a single picture, which takes no time to play: name a video, or add --only live")
    total_s = sum(sum(spent[name]) for name in ("decode", "perceive", "recognize"))
    figures = {
        "frames": len(spent["decode"]),
        "seconds": round(last, 2),
        "faces": faces,
        "stages_ms": {name: p50_p95(spent[name]) | {"per_s": round(len(spent[name]) / last, 1)} for name in STAGES},
        "processor_percent": round(100 * total_s / last, 1),
    }
    return StageRun(figures, tuple(bags), leading.changes)


def table(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the figures as rows of text, each with its title."""
    rows = [("stages", f"{'processor time':<16}{'p50 ms':>9}{'p95 ms':>9}{'a second':>10}")]
    for name, row in figures["stages_ms"].items():
        if "p50" in row:
            rows.append(("", f"{name:<16}{row['p50']:>9.2f}{row['p95']:>9.2f}{row['per_s']:>10.1f}"))
    rows.append(("", f"together {figures['processor_percent']:.0f} % of one core, without painting"))
    return rows


def p50_p95(took_s: list[float]) -> dict[str, float]:
    """Return percentiles of times, in ms."""
    return {f"p{q}": round(float(np.percentile(took_s, q)) * 1e3, 3) for q in (50, 95)} if took_s else {}


def _decoded(clip: Path, note: Callable[[], Any]) -> Iterator[Frame]:
    with closing(read_file(clip)) as frames:
        for _ in range(FRAMES):
            with note():
                frame = next(islice(frames, 1), None)
            if frame is None:
                return
            yield frame


def _clock(spent: Spent, name: str) -> Callable[[], Any]:
    @contextmanager
    def note() -> Iterator[None]:
        start_s = process_time()
        try:
            yield
        finally:
            spent[name].append(process_time() - start_s)

    return note
