"""A recording in the window, and all of it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from realtime_micacl.config import Settings
from realtime_micacl.errors import ConfigError, SourceError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.pipeline import offline, openers
from realtime_micacl.live.records.reader import read_recording
from realtime_micacl.live.records.record import Clock, as_record
from realtime_micacl.live.records.recording import recording
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.programs.replay import Replay, main, replayed, span
from realtime_micacl.types import EmotionDistribution, Event, Mark, State, StateChange
from realtime_micacl_ui.window import LiveWindow, show

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("recordings") / "three.jsonl"
    clip = Path(__file__).parents[1] / "data" / "three_faces_720p.mp4"
    open_perceiver, open_recognizer = openers(Settings(), *read_sidecar(default_engine()))
    perceiver, recognizer = open_perceiver(), open_recognizer()
    with recording(file, Clock(), 4) as sink:
        for event in offline(read_file(clip), perceiver, recognizer):
            sink(event)
    perceiver.close()
    recognizer.close()
    return file


def test_every_reading_is_given_once_in_order(recorded: Path) -> None:
    """Offline, so that nothing is dropped: what the replay says is what was recorded."""
    _, start_s, end_s = span(recorded)
    replay = Replay(read_recording(recorded), start_s)
    given = list(offline(replay.frames(end_s), replay, replay))  # type: ignore[arg-type]
    replay.close()

    def without_times(events: list[Event]) -> list[dict[str, object]]:
        readings = [event for event in events if isinstance(event, EmotionDistribution)]
        return [as_record(event, Clock()) | {"time_s": 0} for event in readings]

    kept = list(read_recording(recorded))
    key = repr
    assert sorted(without_times(given), key=key) == sorted(without_times(kept), key=key)
    assert len(without_times(given)) > 100
    ends = [event.time_s for event in given if isinstance(event, EmotionDistribution)]
    assert ends == sorted(ends)


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_recording_of_form_1_is_replayed(kind: str) -> None:
    """The file was written by the program when that was its form."""
    old = Path(__file__).parents[1] / "data" / "recordings" / f"form1.{kind}"
    _, start_s, end_s = span(old)
    replay = Replay(read_recording(old), start_s)
    given = [e for e in offline(replay.frames(end_s), replay, replay) if isinstance(e, EmotionDistribution)]  # type: ignore[arg-type]
    replay.close()
    kept = [e for e in read_recording(old) if isinstance(e, EmotionDistribution)]
    assert [e.emotion for e in given] == [e.emotion for e in kept]
    assert len(kept) > 10
    assert [as_record(e, Clock()).get("box") for e in kept] == [None] * len(kept)


def test_the_window_shows_three_people_with_readings(recorded: Path) -> None:
    _, start_s, end_s = span(recorded)
    replay = Replay(read_recording(recorded), start_s)
    views = []

    def tick(window: LiveWindow) -> None:
        shown = [face for face in window.view.faces if window.view.reading(face)]
        if len(shown) == 3:
            views.append(window.view)
            window.close()

    with replayed(replay, end_s) as session:
        show(session, source_name="recording three.jsonl", on_tick=tick)
    assert views[0].state is State.LIVE
    boxes = [face.box.tolist() for face in views[0].faces]
    assert len({tuple(box) for box in boxes}) == 3, "each in a place of its own"


def test_of_several_sources_one_is_shown(recorded: Path, tmp_path: Path) -> None:
    several, lines = tmp_path / "several.jsonl", recorded.read_text().splitlines(keepends=True)
    short = [line for line in lines if json.loads(line)["time_s"] < 2.0]
    named = {"door": lines, "yard": short}
    records = [json.loads(line) | {"source": source} for source, part in named.items() for line in part]
    records.sort(key=lambda record: record["time_s"])
    several.write_text("".join(json.dumps(record) + "\n" for record in records))
    with pytest.raises(ConfigError, match="2 sources; name one with --source: 'door', 'yard'"):
        main([str(several)])
    with pytest.raises(ConfigError, match="--source"):
        main([str(several), "--source", "roof"])
    assert span(several, "door") == ("door", *span(recorded)[1:])
    source, _, end_s = span(several, "yard")
    assert (source, end_s) == ("yard", json.loads(short[-1])["time_s"])


def test_an_empty_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").touch()
    with pytest.raises(SourceError, match="is empty"):
        main([str(tmp_path / "r.jsonl")])


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_markers_are_shown_where_they_were_set(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"r.{kind}"
    with recording(file, Clock(), 4) as sink:
        for event in (
            StateChange(0.0, None, State.NO_FACE),
            Mark(0.1, 1),
            Mark(0.2, 2),
            StateChange(1, None, State.ENDED),
        ):
            sink(event)
    _, start_s, end_s = span(file)
    replay = Replay(read_recording(file), start_s)
    found: list[tuple[int, ...]] = []

    def tick(window: LiveWindow) -> None:
        found.append(tuple(marker.number for marker in window.view.markers))
        if len(found[-1]) == 2:
            window.close()

    with replayed(replay, end_s) as session:
        window = show(session, source_name=file.name, on_tick=tick)
    assert found[-1] == (1, 2)
    first, second = (marker.time_s for marker in window.view.markers)
    assert second - first == pytest.approx(0.1, abs=1e-6)


def test_a_recording_without_readings_ends_without_a_word_on_its_pictures(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "nobody.jsonl"
    with recording(file, Clock(), 4) as sink:
        sink(StateChange(0.0, None, State.NO_FACE))
        sink(StateChange(0.2, None, State.ENDED))
    _, start_s, end_s = span(file)
    with replayed(Replay(read_recording(file), start_s), end_s) as session:
        while session.running:
            time.sleep(0.01)
    assert session.look().scene is not None
    assert not caplog.records
