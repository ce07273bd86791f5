"""Wraps both stages of an analysis, and keeps weak references to all values that they make."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Sequence
from typing import Any

from realtime_micacl.live.supervision import Openers
from realtime_micacl.types import Bag, EmotionDistribution, Frame, Scene


class Watched:
    """Opens both stages of a visit; keeps weak references to the values that they make."""

    def __init__(self, opens: Openers) -> None:
        self._opens = opens
        self._made: list[weakref.ref[Any]] = []
        self.looks = self.readings = 0

    def open_perceiver(self) -> Perceiver:
        return Perceiver(self, self.note(self._opens.perceiver()))

    def open_recognizer(self) -> Recognizer:
        return Recognizer(self, self.note(self._opens.recognizer()))

    def note(self, value: Any) -> Any:
        self._made.append(weakref.ref(value))
        return value

    def left(self) -> dict[str, int]:
        """Return how many of the values are alive, by kind; the others are forgotten."""
        self._made = [ref for ref in self._made if ref() is not None]
        return dict(Counter(type(ref()).__name__ for ref in self._made))


class Perceiver:
    """A perceiver whose work is noted."""

    def __init__(self, watched: Watched, inner: Any) -> None:
        self._watched, self._inner = watched, inner

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        scene, bags = self._inner.perceive(frame)
        self._watched.looks += 1
        for value in (frame, frame.image, scene, *scene.faces, *(face.crop for face in scene.faces), *bags):
            self._watched.note(value)
        return scene, bags

    def close(self) -> None:
        self._inner.close()


class Recognizer:
    """A recognizer whose work is noted."""

    def __init__(self, watched: Watched, inner: Any) -> None:
        self._watched, self._inner = watched, inner

    def recognize(self, bags: Sequence[Bag]) -> tuple[EmotionDistribution, ...]:
        readings = self._inner.recognize(bags)
        self._watched.readings += len(readings)
        for reading in readings:
            self._watched.note(reading)
            self._watched.note(reading.probabilities)
        return tuple(readings)

    def close(self) -> None:
        self._inner.close()
