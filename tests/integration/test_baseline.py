"""`--baseline` on a real run: detector, tracker, window and the shipped engine."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest

from realtime_micacl.live.records.reader import read_recording
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.programs.cli import run
from realtime_micacl.types import Baseline, EmotionDistribution
from realtime_micacl_render.video import write_video


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds of a face that stays neutral: the first one of a clip, played to and fro; then a smile."""
    clip = Path(__file__).parents[1] / "data" / "one_face_720p.mp4"
    images = [frame.image[::2, ::2] for frame in islice(read_file(clip), 0, 180, 2)]
    start = images[:22]
    file = tmp_path_factory.mktemp("baseline") / "calm.mp4"
    write_video(file, [*(start + start[::-1]) * 3, *images], rate_hz=15)
    return file


def readings(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, object]]:
    assert run([*options]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if "probabilities" in line]


def test_it_is_taken_once_five_seconds_were_good(
    calm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "r.jsonl"
    found = readings(capsys, "--source", str(calm), "--offline", "--baseline", "--record", str(record))
    since_s = next(r["time_s"] for r in found if "baseline" in r)
    assert 5.0 < since_s - found[0]["time_s"] + 0.1 < 6.0  # type: ignore[operator]
    assert all(("baseline" in r) == (r["time_s"] >= since_s) for r in found)  # type: ignore[operator]
    assert found[-1]["track"] == found[0]["track"]
    back = [event for event in read_recording(record) if isinstance(event, EmotionDistribution)]
    assert [event.baseline is Baseline.SET for event in back] == ["baseline" in r for r in found]


def test_without_it_nothing_is_taken(calm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not any("baseline" in r for r in readings(capsys, "--source", str(calm), "--offline"))


def test_a_kiosk_takes_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--source", "demo", "--kiosk", "--baseline"]) == 2
    assert "baseline" in capsys.readouterr().err
