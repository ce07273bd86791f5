"""Files that a stranger may hand to the program: whatever they hold, they are read or refused in words.

    pytest tests/fault/test_fuzz.py --hypothesis-profile long

tries 20,000 inputs on each of the five readers instead of 100.
"""

from __future__ import annotations

import json
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.config import Settings, converted, read_toml
from realtime_micacl.errors import ConfigError, EngineError, MicaclError, SourceError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.pipeline import offline
from realtime_micacl.live.records.reader import read_recording
from realtime_micacl.live.records.record import Clock, as_record
from realtime_micacl.live.records.rows import columns
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.model.zoo import configured
from realtime_micacl.programs.replay import Replay, span
from realtime_micacl.types import EMOTIONS, EmotionDistribution, State

pytestmark = pytest.mark.fault("R18")
ROOT = Path(__file__).parents[2]
SIDECAR = json.loads((default_engine() / "engine.json").read_text())
RECIPE = tomllib.loads((ROOT / "engines" / "default.toml").read_text())
SETTINGS: dict[str, Any] = {
    "source": "rtsp://host/x",
    "wait": True,
    "max_faces": 8,
    "smoothing_s": 0.3,
    "device": "cpu",
}

Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=12,
)
Share = st.integers(0, 10)


def mutants(whole: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Documents that are right but for one to three places, where there is something else, or nothing."""

    def changed(spots: list[tuple[list[int], Any, bool]]) -> dict[str, Any]:
        document = deepcopy(whole)
        for path, value, removed in spots:
            place: Any = document
            for depth, step in enumerate(path, start=1):
                keys = list(place) if isinstance(place, dict) else list(range(len(place)))
                if not keys:
                    break
                key = keys[step % len(keys)]
                if depth == len(path) or not isinstance(place[key], dict | list):
                    if removed:
                        del place[key]
                    else:
                        place[key] = value
                    break
                place = place[key]
        return document

    spot = st.tuples(st.lists(st.integers(0, 50), min_size=1, max_size=4), Json, st.booleans())
    return st.lists(spot, min_size=1, max_size=3).map(changed)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@given(st.binary(max_size=300) | mutants(SIDECAR).map(lambda d: json.dumps(d).encode("utf-8", "surrogatepass")))
def test_sidecars(folder: Path, content: bytes) -> None:
    (folder / "engine.json").write_bytes(content)
    try:
        assert not read_sidecar(folder)[1].files, "the files that it names are not there"
    except EngineError as error:
        assert str(folder) in str(error)


@given(mutants(RECIPE))
def test_recipes(fields: dict[str, Any]) -> None:
    try:
        recipe = converted(fields, Recipe, "r.toml")
        configured(recipe.network)
    except ConfigError as error:
        assert str(error)


@given(st.binary(max_size=300) | mutants(SETTINGS))
def test_settings(folder: Path, content: bytes | dict[str, Any]) -> None:
    try:
        if isinstance(content, bytes):
            (folder / "s.toml").write_bytes(content)
            found = read_toml(folder / "s.toml", Settings)
        else:
            found = converted(content, Settings, "s.toml")
        assert isinstance(found, Settings)
    except ConfigError as error:
        assert "s.toml" in str(error)


def reading(track: int, time_s: int, shares: list[int]) -> dict[str, Any]:
    parts = [share / max(1, sum(shares)) for share in shares] if sum(shares) else [1.0] + [0.0] * 6
    return {
        "schema": 1,
        "time_s": time_s / 10,
        "track": track,
        "state": "live",
        "emotion": EMOTIONS[shares[0] % 7],
        "probabilities": dict(zip(EMOTIONS, parts, strict=True)),
        "importance": [1.0],
        "quality": 1.0,
        "coverage": 1.0,
    }


Change = st.builds(
    lambda track, time_s, state, detail: (
        {"schema": 1, "time_s": time_s / 10, "track": track, "state": str(state)}
        | ({"detail": detail} if detail else {})
    ),
    st.none() | st.integers(1, 12),
    st.integers(0, 50),
    st.sampled_from(State),
    st.text(max_size=10),
)
Reading = st.builds(reading, st.integers(1, 12), st.integers(0, 50), st.lists(Share, min_size=7, max_size=7))
Lines = st.lists(Change | Reading | mutants(reading(1, 1, [1] * 7)), max_size=12)


def written(folder: Path, records: list[dict[str, Any]]) -> Path:
    file = folder / "r.jsonl"
    file.write_bytes(b"".join(json.dumps(r).encode("utf-8", "surrogatepass") + b"\n" for r in records))
    return file


@given(Lines | st.binary(max_size=300))
def test_recordings(folder: Path, content: list[dict[str, Any]] | bytes) -> None:
    """What is read is what a sink would write."""
    records = [] if isinstance(content, bytes) else content
    file, read = written(folder, records), []
    if isinstance(content, bytes):
        file.write_bytes(content)
    try:
        for event in read_recording(file):
            read.append(as_record(event, Clock()))
    except SourceError as error:
        assert "line" in str(error)
    assert [r["state"] for r in read] == [r["state"] for r in records[: len(read)]]


@given(st.binary(max_size=200) | st.lists(st.text(max_size=8), max_size=25).map(lambda row: ",".join(row).encode()))
def test_tables(folder: Path, row: bytes) -> None:
    file = folder / "r.csv"
    file.write_bytes(
        ",".join(columns(4)).encode() + b"\n1.0,,no face" + (len(columns(4)) - 3) * b"," + b"\n" + row + b"\n"
    )
    try:
        assert len(list(read_recording(file))) >= 1
    except SourceError as error:
        assert "line" in str(error)


@given(st.lists(Change | Reading, min_size=1, max_size=20))
def test_replays(folder: Path, records: list[dict[str, Any]]) -> None:
    """Whatever was recorded, in whatever order, is played to its end; faces stay within the picture."""
    file = written(folder, sorted(records, key=lambda record: record["time_s"]))
    try:
        _, start_s, end_s = span(file)
        replay = Replay(read_recording(file), start_s)
        frames = list(replay.frames(end_s))
        for frame in frames:
            scene, _ = replay.perceive(frame)
            assert len({tuple(face.box) for face in scene.faces}) == len(scene.faces) <= 8
        again = Replay(read_recording(file), start_s)
        shown = [e for e in offline(iter(frames), again, again) if isinstance(e, EmotionDistribution)]  # type: ignore[arg-type]
        assert len(shown) <= sum("probabilities" in record for record in records)
        again.close()
        replay.close()
    except MicaclError as error:
        assert "r.jsonl" in str(error)
