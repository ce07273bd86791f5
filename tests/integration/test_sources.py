"""Files as people have them, read from end to end by the real detector and the real engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import av
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


@pytest.mark.parametrize(("name", "said"), [("animated.webp", "animated WebP"), ("tiled.heic", "in tiles")])
def test_what_is_not_read_is_refused_by_its_name(name: str, said: str) -> None:
    if name == "animated.webp" and int(av.__version__.split(".")[0]) >= 19:  # Python 3.12 and later have it
        assert len(list(read_file(SOURCES / name))) == 25
        return
    with pytest.raises(SourceError, match=said):
        list(read_file(SOURCES / name))
