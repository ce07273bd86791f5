"""Files as people have them, read from end to end by the real detector and the real engine."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_micacl.config import Settings
from realtime_micacl.errors import SourceError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.pipeline import offline, openers
from realtime_micacl.live.reading.recognizer import Recognizer
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import EmotionDistribution, Event, State, StateChange

SOURCES = Path(__file__).parents[1] / "data" / "sources"
STILLS = {"fps1.mp4": 3, "photo.heic": 1}
Stages = tuple[Perceiver, Recognizer]


@pytest.fixture
def stages() -> Iterator[Stages]:
    folder, sidecar = read_sidecar(default_engine())
    perceiver, recognizer = (opened() for opened in openers(Settings(), folder, sidecar))
    yield perceiver, recognizer  # type: ignore[misc]
    perceiver.close()
    recognizer.close()


def read(name: str, stages: Stages) -> tuple[list[EmotionDistribution], Event]:
    events = list(offline(read_file(SOURCES / name), *stages))
    return [event for event in events if isinstance(event, EmotionDistribution)], events[-1]


@pytest.mark.parametrize(
    "name",
    [
        "cover_first.mkv",
        "dithered.gif",
        "fps1.mp4",
        "http_faststart.mp4",
        "http_good.ts",
        "photo.heic",
        "portrait360x640.mp4",
        "pts_reset.ts",
        "sar2_240x480.mp4",
        "sar_half_480x240.mp4",
        "two_video_default2.mkv",
        "wide854x480.mp4",
    ],
)
def test_each_shows_a_happy_face(name: str, stages: Stages) -> None:
    readings, last = read(name, stages)
    assert Counter(reading.emotion for reading in readings).most_common(1)[0][0] == "happy"
    assert {reading.track_id for reading in readings} == {1}, "one person, however the time runs"
    assert isinstance(last, StateChange) and last.state is State.ENDED and not last.detail
    stills = [reading for reading in readings if reading.still]
    assert len(stills) == STILLS.get(name, 0) and stills in ([], readings)
    assert all(reading.coverage == 1 / 4 for reading in stills)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("small_face_96.mp4", "no reading (no face 90)"),
        ("testsrc854x480.mp4", "no reading (no face 60)"),
        ("testsrc_1fps_10s.mp4", "no reading (no face 10)"),
    ],
)
def test_where_there_is_no_reading_it_is_said_why(
    name: str, why: str, stages: Stages, caplog: pytest.LogCaptureFixture
) -> None:
    readings, last = read(name, stages)
    assert not readings and isinstance(last, StateChange) and last.detail == why
    assert f"ended with {why}" in caplog.text
    assert ("; faces below about" in caplog.text) == ("1fps" not in name), "of a still they are looked for closely"


def test_a_photograph_in_tiles_is_put_together_by_what_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    (frame,) = read_file(SOURCES / "tiled.heic")
    assert frame.image.shape == (1200, 1200, 3) and not frame.image.flags.writeable
    (whole,) = read_file(SOURCES / "photo.heic")
    small = cv2.resize(frame.image, whole.image.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - whole.image).mean() < 12
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(SourceError, match=r"read by pillow-heif, which is not here; save it as"):
        list(read_file(SOURCES / "tiled.heic"))


def test_a_damaged_photograph_in_tiles_is_said_so(tmp_path: Path) -> None:
    whole = (SOURCES / "tiled.heic").read_bytes()
    (file := tmp_path / "begun.heic").write_bytes(whole[:3000])
    with pytest.raises(SourceError, match=r"begun\.heic cannot be read: it is damaged"):
        list(read_file(file))


def test_an_animated_webp_keeps_its_times() -> None:
    frames = list(read_file(SOURCES / "animated.webp"))
    assert [round(f.time_s, 2) for f in frames] == [round(0.08 * n, 2) for n in range(25)]
    assert np.abs(frames[0].image.astype(int) - frames[20].image).max() > 40, "it moves"
