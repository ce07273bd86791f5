"""Draws the readings into a clip as the window shows them: boxes, cards, and the ribbon below the picture.

Nothing else writes pictures of people, and this only in a run that was asked to.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QImage, QPainter
from PyQt6.QtWidgets import QApplication

from realtime_micacl.errors import ConfigError
from realtime_micacl.files import replacing
from realtime_micacl.live.records.sinks import Sink
from realtime_micacl.live.snapshot import Snapshot
from realtime_micacl.live.supervision import Openers, Perceives
from realtime_micacl.live.video_writer import VideoWriter
from realtime_micacl.types import F32, U8, Bag, EmotionDistribution, Event, Frame, Scene
from realtime_micacl_ui.cards import overlay
from realtime_micacl_ui.ink import panel, write
from realtime_micacl_ui.language import use_language
from realtime_micacl_ui.layout import Layout, arrange
from realtime_micacl_ui.motion import eased
from realtime_micacl_ui.paint import picture
from realtime_micacl_ui.qt import application
from realtime_micacl_ui.theme import INK, SOFT, theme_for
from realtime_micacl_ui.timeline import parts, timeline
from realtime_micacl_ui.view import View, follow

LEAST_PX, MOST_PX = 720, 1920  # the video's shorter side is at least this, so that cards fit, its longer at most that
SPREAD_S = 0.5  # a face is blurred from so long before it is found until so long after it is lost
HELD_BYTES = 400_000_000  # the most pictures that are held back for that
GROWN = 0.35  # share of its box that is blurred as well, on each side
GRAINS, CROP_GRAINS = 6, 4  # width in px to which a blurred face and a blurred crop are reduced
RATE_HZ = 30.0


@contextmanager
def drawn(target: Path, opens: Openers, *, blur: bool, language: str = "auto") -> Iterator[tuple[Openers, Sink]]:
    """Write a clip with its readings into the new video `target`; yield the openers to use instead, and a sink.

    With `blur` no face that is found can be recognised, neither in the picture nor in the crops.
    """
    if QApplication.instance() is None:
        asked = os.environ.get("QT_QPA_PLATFORM")
        os.environ["QT_QPA_PLATFORM"] = "offscreen"  # no screen is needed
        application("realtime-micacl")
        os.environ.pop("QT_QPA_PLATFORM") if asked is None else os.environ.update(QT_QPA_PLATFORM=asked)
    use_language(language)
    video = _Video(target, blur=blur)
    try:
        yield opens._replace(perceiver=lambda: _DrawnPerceiver(opens.perceiver(), video)), video.read
    except BaseException:
        video.discard()
        raise
    video.close()


@contextmanager
def saved(path: Path, opens: Openers, *, blur: bool, language: str) -> Iterator[tuple[Openers, Sink]]:
    """Do as `drawn`, with a file that appears only once it is complete; raise ConfigError if it cannot be made."""
    if path.suffix.lower() != ".mp4":
        raise ConfigError(f"--save-video {path}: the ending must be .mp4")
    try:
        path.touch(exist_ok=False)  # so that nobody else takes the name
    except FileExistsError:
        message = f"--save-video {path}: it exists and is not overwritten; name another or remove it"
        raise ConfigError(message) from None
    except OSError as cause:
        raise ConfigError(f"--save-video {path} cannot be written: {cause.strerror}; check the folder") from cause
    try:
        with replacing(path) as part:
            part.touch()
            with drawn(part, opens, blur=blur, language=language) as video:
                yield video
    finally:
        with suppress(OSError):
            if not path.stat().st_size:  # it failed, or there was no picture
                path.unlink()


class _DrawnPerceiver:
    """A perceiver whose scenes are drawn into a video."""

    def __init__(self, perceiver: Perceives, video: _Video) -> None:
        self._perceiver, self._video = perceiver, video

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        """Return what the perceiver returns."""
        scene, bags = self._perceiver.perceive(frame)
        self._video.see(scene, bags)
        return scene, bags

    def close(self) -> None:
        """Free the perceiver."""
        self._perceiver.close()


class _Video:
    """Takes scenes, and after each one its readings; draws a scene when the next one comes, with `blur` later."""

    def __init__(self, target: Path, *, blur: bool) -> None:
        self._target, self._blur = target, blur
        self._writer: VideoWriter | None = None
        self._held: deque[tuple[Scene, tuple[Bag, ...], list[EmotionDistribution]]] = deque()
        self._past: deque[tuple[float, list[F32]]] = deque()
        self._view = View("", timeline=True)
        self._layout: Layout | None = None
        self._size = (0, 0)

    def see(self, scene: Scene, bags: tuple[Bag, ...]) -> None:
        """Take the next scene."""
        image = scene.frame.image if scene.frame else None
        most = HELD_BYTES // max(1, image.nbytes) if self._blur and image is not None else 1
        while self._held and (len(self._held) >= most or scene.time_s - self._held[0][0].time_s > SPREAD_S):
            self._draw_first()
        self._held.append((scene, bags, []))

    def read(self, event: Event) -> None:
        """Take a reading of the newest scene."""
        if isinstance(event, EmotionDistribution) and self._held:
            self._held[-1][2].append(event)

    def close(self) -> None:
        """Draw what is still held and end the video."""
        while self._held:
            self._draw_first()
        if self._writer:
            self._writer.close()

    def discard(self) -> None:
        """Give up the video."""
        if self._writer:
            self._writer.discard()

    def _draw_first(self) -> None:
        scene, bags, readings = self._held[0]
        assert scene.frame is not None
        if self._blur:
            around = [*self._past, *((held[0].time_s, places(held[0])) for held in self._held)]
            shares = [share for time_s, them in around if abs(time_s - scene.time_s) <= SPREAD_S for share in them]
            image = blurred(scene.frame.image, shares)
            scene = replace(scene, frame=replace(scene.frame, picture=image))
            bags = tuple(replace(bag, crops=coarse(bag.crops)) for bag in bags)
        self._held.popleft()
        self._past.append((scene.time_s, places(scene)))
        while scene.time_s - self._past[0][0] > SPREAD_S:
            self._past.popleft()
        elapsed_s = scene.time_s - self._view.scene_s
        now = Snapshot(now_s=scene.time_s, newest=scene.frame, scene=scene, readings=tuple(readings), bags=bags)
        view = follow(self._view, now)
        self._view = replace(view, title="", detail="", bars=eased(view.bars, view, max(0.0, elapsed_s), reduced=False))
        self._write(scene.frame if scene.frame else Frame(np.zeros((2, 2, 3), np.uint8), 0.0, 0))

    def _write(self, frame: Frame) -> None:
        if self._writer is None:
            self._size = size_for(frame.image)
            width, height = self._size
            self._strip = strip_for(self._size)
            self._writer = VideoWriter(self._target, (width, height + self._strip), RATE_HZ)
        self._writer.write(self._painted(frame), frame.time_s)

    def _painted(self, frame: Frame) -> U8:
        """Return the picture with all that is drawn, RGB, [H,W,3]."""
        width, high = self._size
        whole = (width, high + self._strip)
        theme = theme_for(*self._size, "dark")
        image = QImage(*whole, QImage.Format.Format_RGB888)
        image.fill(INK)
        with QPainter(image) as painter:
            text = f"{frame.time_s:.2f} s   {frame.index}"
            pad = theme.px(0.6)
            label = QRectF(pad, pad, theme.body.width(text) + 2 * pad, theme.px(2))
            self._layout = arrange(self._view, theme, self._size, (label,), self._layout)
            painter.setClipRect(0, 0, width, high)  # a box may reach out of the picture, but not over the ribbon
            picture(painter, self._view, frame, self._layout.picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            overlay(painter, self._view, self._layout, theme)
            painter.setClipping(False)
            panel(painter, label, theme)
            write(painter, theme.body, 2 * pad, theme.body.baseline(pad, theme.px(2)), text, SOFT)
            lying = min(whole)  # the timeline of an upright window has another layout
            painter.translate(0, whole[1] - lying)
            timeline(painter, self._view, parts(self._view, theme, (width, lying)), theme)
        bits = image.constBits()
        assert bits is not None
        rows = np.frombuffer(bits.asstring(image.sizeInBytes()), np.uint8).reshape(whole[1], image.bytesPerLine())
        return np.ascontiguousarray(rows[:, : 3 * width].reshape(whole[1], width, 3))


def size_for(image: U8) -> tuple[int, int]:
    """Return width and height of the video without the ribbon, both even, for a picture [H,W,3]."""
    height, width = image.shape[:2]
    factor = max(1.0, LEAST_PX / min(width, height))
    factor = min(factor, MOST_PX / max(width, height))
    return 2 * round(width * factor / 2), 2 * round(height * factor / 2)


def strip_for(size: tuple[int, int]) -> int:
    """Return the height of the ribbon below the picture, in px, even."""
    return 2 * round(theme_for(*size, "dark").px(10.5) / 2)


def places(scene: Scene) -> list[F32]:
    """Return the boxes of a scene as shares of its picture, as later pictures may have another size."""
    assert scene.frame is not None
    return [face.box / np.tile(scene.frame.shape[1::-1], 2) for face in scene.faces]


def blurred(image: U8, shares: Iterable[F32]) -> U8:
    """Return a picture with the boxes blurred, which are given as shares of it, so that nobody can be recognised."""
    made = image.copy()
    height, width = image.shape[:2]
    for share in shares:
        left, top, right, bottom = share * (width, height, width, height)
        across, down = GROWN * (right - left), GROWN * (bottom - top)
        x0, x1 = max(0, round(left - across)), min(width, round(right + across))
        y0, y1 = max(0, round(top - down)), min(height, round(bottom + down))
        if x0 < x1 and y0 < y1:
            made[y0:y1, x0:x1] = _grained(image[y0:y1, x0:x1])
    made.flags.writeable = False
    return made


def coarse(crops: U8) -> U8:
    """Return crops [N,L,S,S,3], blurred so that nobody can be recognised."""
    flat = crops.reshape(-1, *crops.shape[2:])
    return np.stack([_grained(crop, CROP_GRAINS) for crop in flat]).reshape(crops.shape)


def _grained(image: U8, grains: int = GRAINS) -> U8:
    height, width = image.shape[:2]
    rows = max(1, round(grains * height / max(1, width)))
    small = cv2.resize(image, (grains, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
