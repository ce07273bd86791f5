"""What `import realtime_micacl` offers: the values of the command line, what is refused, and that nothing is left."""

from __future__ import annotations

import doctest
import io
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import pytest
from PIL import Image

import realtime_micacl as rm
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.sinks import json_lines
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import U8
from tests.integration.test_api_refused import BLACK


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of one face, small and without loss."""
    clip, whole = tmp_path_factory.mktemp("api") / "clip.mkv", Path(__file__).parents[1] / "data" / "one_face_720p.mp4"
    with av.open(str(clip), "w") as out, av.open(str(whole)) as there:
        stream = out.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = 480, 270, "yuv420p"
        for number, frame in zip(range(34), there.decode(video=0), strict=False):
            small = frame.reformat(480, 270, "yuv420p")
            small.pts, small.time_base = number, Fraction(1, 30)
            out.mux(stream.encode(small))
        out.mux(stream.encode(None))
    return clip


@pytest.fixture(scope="module")
def pictures(clip: Path) -> list[U8]:
    with closing(read_file(clip)) as frames:  # type: ignore[type-var]
        return [frame.image for frame in frames]


def open_files(name: str) -> int:
    return sum(file.path.endswith(name) for file in psutil.Process().open_files())


def test_the_import_is_light_and_offers_what_it_says() -> None:
    code = (
        "import sys, realtime_micacl as rm; heavy = {'numpy', 'cv2', 'torch', 'mediapipe', 'av', 'onnxruntime', "
        "'msgspec', 'pandas', 'matplotlib', 'logging'} & set(sys.modules); assert not heavy, heavy; "
        "assert set(rm.__all__) <= set(dir(rm)); [getattr(rm, name) for name in rm.__all__]; "
        "heavy = {'torch', 'mediapipe', 'pandas', 'polars', 'pyarrow', 'matplotlib', 'PyQt6'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert rm.__all__ == sorted(rm.__all__, key=lambda name: (not name.isupper(), name.islower(), name))
    with pytest.raises(AttributeError, match="no attribute 'reed'"):
        rm.reed  # noqa: B018
    assert signature(rm.live) == signature(rm.Live), "its package can be called, whoever imported it"


def test_a_file_reads_as_offline_does_whatever_holds_its_pictures(clip: Path) -> None:
    command = [sys.executable, "-m", "realtime_micacl", str(clip), "--offline"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    with rm.load_engine() as engine:
        written = io.StringIO()
        for event in rm.read(str(clip), states=True, engine=engine):
            json_lines(written, Clock())(event)
        assert written.getvalue() == said
        with closing(read_file(clip)) as frames:  # type: ignore[type-var]
            row = [(7 + frame.time_s, frame.image[:, :, ::-1].copy()[:, :, ::-1]) for frame in frames]
        assert not row[0][1].flags.c_contiguous
        of_row = list(rm.read(row, engine=engine))
        with rm.Reader(engine=engine) as reader:
            pushed = [reading for time_s, image in row for reading in reader.push(image, time_s)]
            assert pushed[-1].track_id in [face.track_id for face in reader.faces]
    of_file = [json.loads(line) for line in said.splitlines() if '"probabilities"' in line]
    assert len(of_file) > 10
    for found, start_s in ((of_row, 0), (pushed, 7)):
        assert [round(r.time_s - start_s, 3) for r in found] == [line["time_s"] for line in of_file]
        assert [round(r["happy"], 4) for r in found] == [line["probabilities"]["happy"] for line in of_file]


IMAGES: dict[str, tuple[Callable[[U8], Any], str]] = {
    "Pillow's": (Image.fromarray, ""),
    "Pillow's, of a palette": (lambda image: Image.fromarray(image).convert("P", palette=Image.Palette.ADAPTIVE), ""),
    "Pillow's, of 16 bits": (lambda image: Image.fromarray(image.mean(axis=2).astype(np.uint16) * 257), ""),
    "Pillow's, of floats": (lambda image: Image.fromarray(image.mean(axis=2).astype(np.float32)), "mode F, in which"),
    "RGBA": (lambda image: np.dstack([image, np.full(image.shape[:2], 255, np.uint8)]), ""),
    "grey": (lambda image: image.mean(axis=2).astype(np.uint8), ""),
    "PyAV's": (lambda image: av.VideoFrame.from_ndarray(np.ascontiguousarray(image)), ""),
    "not dense": (lambda image: np.asfortranarray(image), ""),
    "None": (lambda image: None, "the picture is None"),
    "floats": (lambda image: image / 255, r"type float64; .*\(image \* 255\)"),
    "16 bits": (lambda image: image.astype(np.uint16), "type uint16"),
    "channels first": (lambda image: image.transpose(2, 0, 1), r"3x270x480; .*transpose\(1, 2, 0\)"),
    "empty": (lambda image: image[:0], "each side must have 16"),
    "tiny": (lambda image: image[:9, :9], "each side must have 16"),
    "two channels": (lambda image: image[:, :, :2], "270x480x2"),
    "a number": (lambda image: 7, "of type int"),
    "a list": (lambda image: image.tolist(), "of type list"),
}


def test_pictures_are_read_or_refused_in_words(pictures: list[U8]) -> None:
    with rm.load_engine() as engine, rm.Reader(engine=engine) as reader:
        for name, (made, refusal) in IMAGES.items():
            image = made(pictures[0])
            if refusal:
                with pytest.raises(rm.ConfigError, match=refusal):
                    reader.push(image, 0.0)
                continue
            (face,) = rm.read_image(image, engine=engine)
            assert face.emotion == "neutral", name
            assert face.still, name
        reader.push(BLACK, 5)
        for time_s, refusal in (
            (4, "time goes back from 5 to 4 s"),
            (float("nan"), "nan"),
            ("now", "'now'"),
            (BLACK, "first, then"),
        ):
            with pytest.raises(rm.ConfigError, match=refusal):
                reader.push(BLACK, time_s)  # type: ignore[arg-type]
        reader.reset()
        assert reader.push(BLACK, 4) == []
    with pytest.raises(rm.ConfigError, match="was closed"):
        reader.push(BLACK, 6)
    with pytest.raises(rm.EngineError, match="was closed; load it again"):
        list(rm.read([BLACK], engine=engine))


def test_a_loop_that_is_left_leaves_nothing_open(clip: Path, pictures: list[U8]) -> None:
    rm.read(clip)  # never started
    first, second = rm.read(clip), rm.read(clip)
    assert next(first).time_s == next(second).time_s
    assert open_files("clip.mkv") == 2
    first.close()
    with pytest.raises(ZeroDivisionError), closing(second):
        next(second).track_id // 0
    assert open_files("clip.mkv") == 0
    with (
        pytest.raises(rm.EngineError, match=r"gave \[4, 3\]"),
        rm.load_engine(encoder=lambda crops: crops[:, 0, 0, 0]) as e,
    ):
        list(rm.read(pictures, engine=e))


def test_live_newest_wins_and_all_is_freed(clip: Path, tmp_path: Path) -> None:
    seen = []
    with rm.load_engine() as engine:
        with (
            rm.live("demo", engine=engine, name="lab", states=True) as face,
            rm.live("synthetic", engine=engine) as other,
        ):
            face.record(tmp_path / "a.jsonl")
            assert next(face)
            for event in face:
                if isinstance(event, rm.EmotionDistribution):
                    time.sleep(0.7)  # a slow loop
                    seen.append(event)
                if len(seen) == 2:
                    break
            mark = face.mark()
            assert seen[-1].track_id in face.latest(60.0)
            assert face.latest(0.0) == {}
            assert face.running
            assert other.running
        assert (face.state, face.running, face.latest()) == (rm.State.ENDED, False, {})
        assert (seen[0].source, mark.number) == ("lab", 1)
        assert open_files("demo.mp4") == 0
        with pytest.raises(rm.ConfigError, match="used before"), face:
            pass
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert lines[0]["hello"]["sources"] == ["lab"]
    assert [line["time_s"] for line in lines if line.get("state") == "marker"] == [round(mark.time_s, 3)]
    assert 0 < face.dropped <= sum("emotion" in line for line in lines) - len(seen)
    assert seen[0].time_s == pytest.approx(next(line["time_s"] for line in lines if "emotion" in line), abs=1)
    rm.live(clip)  # never started
    with pytest.raises(ZeroDivisionError), rm.live(clip):
        1 // 0  # noqa: B018


@pytest.fixture
def at_hand(clip: Path, pictures: list[U8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the examples of the docstrings use."""
    shutil.copy(clip, tmp_path / "clip.mp4")
    (tmp_path / "corpus").mkdir()
    shutil.copy(clip, tmp_path / "corpus" / "clip.mp4")
    Image.fromarray(pictures[0]).save(tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("at_hand")
def test_the_examples_of_the_docstrings_run() -> None:
    finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner()
    known = {name: getattr(rm, name) for name in rm.__all__} | {"np": np}
    shown = []
    for name in ("read", "Live", "read_image", "Reader", "load_engine", "process", "table", "show"):
        (example,) = finder.find(known[name], name, globs=known, module=import_module(known[name].__module__))
        said = io.StringIO()
        assert runner.run(example, out=said.write).failed == 0, said.getvalue()
        shown.append(len(example.examples) > 0)
    assert all(shown)
