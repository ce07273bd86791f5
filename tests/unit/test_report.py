"""A report holds all that it shows: the figures of a recording, in whatever form, and nothing from anywhere else."""

from __future__ import annotations

import base64
import json
import re
import sys
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
import pytest
from pyarrow import parquet

from realtime_micacl.config import Settings
from realtime_micacl.corpus.tables import FORMS, table
from realtime_micacl.errors import ConfigError, SourceError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.reading.smoother import Tuned, Tuning
from realtime_micacl.live.records.origin import Origin
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.recording import recording
from realtime_micacl.palette import COLOURS
from realtime_micacl.report.command import report
from realtime_micacl.report.figures import figures_of, seconds_in
from realtime_micacl.report.ribbon import latency, quality, ribbon
from realtime_micacl.report.session import Face, read_session
from realtime_micacl.types import EMOTIONS, EmotionDistribution, Event, Mark, State, StateChange

TICK_S = 0.08


def events(source: str = "", latency_s: float | None = 0.05) -> list[Event]:
    """Ten seconds: sad, then happy, three readings missing; a marker, and a moment without a camera."""
    found: list[Event] = [StateChange(0.0, None, State.LIVE, source=source)]
    for tick in range(125):
        if tick in (40, 41, 42):
            continue
        shares = np.full(7, 0.02, np.float32)
        lead = "happy" if tick >= 63 else "sad"
        shares[EMOTIONS.index(lead)] = 0.88
        reading = EmotionDistribution(
            1, tick * TICK_S, shares, np.ones(4, np.float32), lead, 0.5, 1.0, latency_s, source, frame=tick
        )
        found.append(reading)
    found.insert(80, Mark(6.4, 1, source))
    found += [StateChange(10.0, None, State.RECONNECTING, "it <b>was</b> lost", source)]
    return [*found, StateChange(12.0, None, State.ENDED, source=source)]


class WithoutPandas:
    """As the extra `parquet` leaves it; else Arrow would import it before it takes a list, for half a second."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


@pytest.fixture
def no_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [WithoutPandas(), *sys.meta_path])


@pytest.mark.usefixtures("no_pandas")
@pytest.mark.parametrize("form", FORMS)
def test_each_form_has_the_same_figures(tmp_path: Path, form: str) -> None:
    file = tmp_path / f"clip.mp4.{form}"
    with table(file, form, 4, "clip.mp4") as sink:  # type: ignore[arg-type]
        for event in events(latency_s=None):
            sink(event)
    session = read_session([file])
    found = figures_of(list(session.faces.values()))
    assert found.readings == 122
    assert found.words["happy"] == pytest.approx(62 / 122)
    assert found.means["sad"] == pytest.approx((60 * 0.88 + 62 * 0.02) / 122, abs=1e-3)
    assert (found.flips, found.latency_s) == (1, None)
    assert found.flips_per_min == pytest.approx(60 / (124 * TICK_S))
    assert (session.start_s, session.end_s) == (0.0, 12.0)
    assert found.quality == pytest.approx(0.5)
    assert found.missed == pytest.approx(3 / 124, abs=1e-6)
    assert found.seen_s == pytest.approx(124 * TICK_S, abs=1e-6)
    assert seconds_in(session)[State.RECONNECTING] == pytest.approx(2.0)
    assert [mark.number for mark in session.marks] == [1]


def test_a_page_asks_nobody_and_says_where_it_came_from(tmp_path: Path) -> None:
    folder, sidecar = read_sidecar(default_engine())
    origin = Origin(Settings(smoothing_s=0.2), folder, sidecar, Tuned(Tuning(0.2, 0.6)), Clock.started())
    origin.sources = ["door", "<script>alert(1)</script>"]
    with ExitStack() as stack:
        sinks = [
            stack.enter_context(recording(tmp_path / f"r.{kind}", Clock(), 4, origin)) for kind in ("jsonl", "csv")
        ]
        for event in [*events("door"), *events("<script>alert(1)</script>")]:
            if isinstance(event, StateChange) and event.state is State.ENDED:
                continue
            for sink in sinks:
                sink(event)
            if isinstance(event, StateChange) and event.state is State.RECONNECTING:
                break
    pages = []
    for kind in ("jsonl", "csv"):
        report([tmp_path / f"r.{kind}"], target := tmp_path / f"{kind}.html")
        pages.append(target.read_text("utf-8"))
        whole = pages[-1]
        assert set(re.findall(r"(?:src|href|url)\W{1,2}([a-z]+):", whole)) <= {"data"}
        assert "default-src 'none'" in whole
        assert "<script" not in whole
        assert "it &lt;b&gt;was&lt;/b&gt; lost" in whole
        assert origin().engine_sha256 in whole
        assert "50 / 50" in whole, "latency in ms"
        assert "marker 1" in whole
    assert pages[0].replace("r.jsonl", "") == pages[1].replace("r.csv", ""), "the same of both forms"
    report([tmp_path / "r.jsonl"], tmp_path / "jsonl.html")  # its own page is written anew


def test_what_cannot_be_shown_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "nobody.jsonl").write_text(
        json.dumps({"schema": 2, "time_s": 1.0, "track": None, "state": "ended", "detail": "no reading (no face 75)"})
        + "\n"
    )
    (tmp_path / "mine.html").write_text("precious")
    for session, target, error, said in (
        ("none.jsonl", "x.html", SourceError, "check the path"),
        ("empty.jsonl", "x.html", SourceError, "nothing was recorded"),
        ("mine.html", "x.html", SourceError, "is not a recording"),
        ("nobody.jsonl", "mine.html", ConfigError, "not overwritten"),
        ("nobody.jsonl", "none/x.html", ConfigError, "cannot be written"),
        (".", "x.html", SourceError, "no results of .*: No such file or directory$"),
    ):
        with pytest.raises(error, match=said):
            report([tmp_path / session], tmp_path / target)
    assert (tmp_path / "mine.html").read_text() == "precious"
    report([tmp_path / "nobody.jsonl"], tmp_path / "x.html")
    assert "no face 75" in (tmp_path / "x.html").read_text()


def test_files_are_read_in_the_order_of_their_times_and_none_twice(tmp_path: Path) -> None:
    whole, half = events(), len(events()) // 2
    for name, part in (("r-10.jsonl", whole[half:]), ("r.jsonl", whole[:half]), ("r-2.jsonl", [])):
        with table(tmp_path / name, "jsonl", 4, "") as sink:
            for event in part:
                sink(event)
    session = read_session(sorted(tmp_path.glob("r*.jsonl")))  # as a shell does: r-10 before r-2 before r
    (face,) = session.faces.values()
    assert figures_of([face]).flips == 1
    assert (np.diff(face.times_s) > 0).all()
    assert [state for _, state, _ in session.states[""]][-1] is State.ENDED
    for again in (["r.jsonl", "r.jsonl"], ["r-10.jsonl", "r.jsonl", "r-10.jsonl"]):
        with pytest.raises(SourceError, match="overlap in time"):
            read_session([tmp_path / name for name in again])


@pytest.mark.parametrize(("second_s", "said"), [(0.0, "of two runs"), (1.0, "of two runs"), (3.5, ""), (9.0, "")])
def test_recordings_follow_one_another_or_are_of_two_runs(tmp_path: Path, second_s: float, said: str) -> None:
    """One goes on a little before the other ended: a change is stamped when it is noticed."""
    for name, begun_s in (("a", 0.0), ("b", second_s)):
        lines = [{"schema": 2, "time_s": begun_s + n, "track": None, "state": "live"} for n in range(5)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    files = [tmp_path / "b.jsonl", tmp_path / "a.jsonl"]
    if said:
        with pytest.raises(SourceError, match=said):
            read_session(files)
    else:
        assert read_session(files).name == "a.jsonl"


def seen(*times_s: float, word: str = "happy", quality: float = 0.5) -> Face:
    face = Face("", 1)
    for n, time_s in enumerate(times_s):
        shares = np.full(7, 0.02, np.float32)
        shares[EMOTIONS.index(word)] = 0.88
        face.add(EmotionDistribution(1, time_s, shares, np.ones(4, np.float32), word, quality, 1.0, (n + 1) / 100))
    return face


def drawn(uri: str) -> np.ndarray:
    png = np.frombuffer(base64.b64decode(uri.partition(",")[2]), np.uint8)
    return np.asarray(cv2.imdecode(png, cv2.IMREAD_UNCHANGED))


def test_a_ribbon_has_as_much_of_each_colour_as_the_share_and_a_hole_where_nobody_was_read() -> None:
    times_s = [*np.arange(0, 2, 0.08), *np.arange(6, 8.01, 0.08)]
    picture = drawn(ribbon(seen(*times_s, word="sad"), (0.0, 8.0)))
    height, width = picture.shape[:2]
    there = [
        bool((picture[:, int(width * at_s / 8), 3] == 255).all()) for at_s in (0.04, 1.0, 1.85, 3.0, 5.9, 6.04, 7.96)
    ]
    assert there == [True, True, True, False, False, True, True]
    blue, green, red = (int(COLOURS["sad"][at : at + 2], 16) for at in (5, 3, 1))
    sad = (picture[:, width // 8, :3] == (blue, green, red)).all(axis=1)
    assert sad.sum() == pytest.approx(0.88 * height, abs=1)
    assert not sad[-1], "what comes first lies lowest, and that is happy"
    assert sad[-5]


def test_quality_is_as_high_as_it_was_good_and_latency_lies_where_it_was() -> None:
    face = seen(*np.arange(0, 8, 0.08))
    pixels = drawn(quality(face, (0.0, 8.0)))
    column = pixels[:, 100, 3]
    assert (column > 0).tolist() == [False] * (len(column) // 2) + [True] * (len(column) // 2)
    assert 100 < column[-1] < 255, "the page is seen through it"
    assert 100 < pixels[-1, 100, :3].min() == pixels[-1, 100, :3].max() < 200, "grey, on a dark page and a light one"
    places = latency([face], (0.0, 8.0), columns=4)
    assert [place for place, *_ in places] == pytest.approx([0.125, 0.375, 0.625, 0.875])
    assert places[0][1:] == pytest.approx((0.13, 0.238), abs=1e-3)
    assert figures_of([face]).latency_s == pytest.approx((0.505, 0.9505))


def test_pictures_show_little_differences_and_stay_small_enough_for_a_page() -> None:
    hour, rng = (0.0, 3600.0), np.random.default_rng(0)
    heights = [(drawn(quality(seen(0.0, quality=good), hour))[:, 0, 3] > 0).mean() for good in (0.85, 0.9, 0.95)]
    assert heights[0] < heights[1] < heights[2]
    assert heights[1] == pytest.approx(0.9, abs=0.025), "rounded to the nearest row"
    face = Face("", 1)
    for tick in range(900):
        if not 450 <= tick < 452:  # eight seconds of an hour
            shares = rng.dirichlet(np.ones(7)).astype(np.float32)
            good = float(rng.uniform())
            face.add(EmotionDistribution(1, tick * 4.0, shares, np.ones(4, np.float32), None, good, 1.0, good))
    picture = ribbon(face, hour)
    there = drawn(picture)[0, :, 3] > 0
    assert not there.all() and there.mean() > 0.99
    assert len(picture) < 400_000 and len(quality(face, hour)) < 40_000
    assert 100 < len(latency([face], hour)) < 1000


@pytest.mark.usefixtures("no_pandas")
def test_columns_of_parquet_are_typed_and_many_rows_are_written_in_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime_micacl.corpus.tables.GROUP", 50)
    with table(tmp_path / "a.parquet", "parquet", 4, "caf\udce9.mp4") as sink:  # of a disk of Latin-1
        list(map(sink, events()))
    file = parquet.ParquetFile(tmp_path / "a.parquet")
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [50, 50, len(events()) - 100]
    assert set(file.read(["clip"])["clip"].to_pylist()) == {r"caf\udce9.mp4"}
    types = {field.name: str(field.type) for field in file.schema_arrow}
    for kind, names in {
        "string": ("clip", "state", "emotion", "source"),
        "bool": ("baseline", "still"),
        "int64": ("track", "frame", "box_left", "latency_ms"),
        "float": ("happy", "fear", "quality", "importance_1", "yaw"),
        "double": ("time_s",),
    }.items():
        assert {name: types[name] for name in names} == dict.fromkeys(names, kind)
