"""What the Python interface cannot read or do is refused in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import realtime_micacl as rm

BLACK = np.zeros((240, 320, 3), np.uint8)


def test_the_content_of_a_file_is_no_path_and_the_line_stays_short(clips: Path) -> None:
    content = (clips / "no_face.mp4").read_bytes()
    for asked in (rm.read_image, rm.read):
        with pytest.raises(rm.ConfigError, match=r"bytes are not a path; PIL.Image.open\(io.BytesIO") as refused:
            asked(content)
        assert len(str(refused.value)) < 200
    with (clips / "no_face.mp4").open("rb") as stream, pytest.raises(rm.ConfigError, match="open file; give its path"):
        rm.read(stream)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: rm.read(None), rm.ConfigError, "of type NoneType"),  # type: ignore[call-overload]
        (lambda: rm.read(True), rm.ConfigError, "of type bool"),
        (lambda: rm.read(-1), rm.ConfigError, "no camera -1"),
        (lambda: rm.read(np.int64(-1)), rm.ConfigError, "no camera -1"),  # type: ignore[call-overload]
        (lambda: rm.read("none.mp4"), rm.SourceError, "no file at none.mp4"),
        (
            lambda: rm.read("none.mp4", rate_hz=np.float32(30), region=np.array([0, 0, 0.5, 1])),  # type: ignore[call-overload]
            rm.SourceError,
            "no file at none.mp4",
        ),
        (lambda: rm.read(Path("none.mp4")), rm.SourceError, "no file at none.mp4"),
        (lambda: rm.read(b"none.mp4"), rm.SourceError, "no file at none.mp4"),
        (lambda: rm.read("a\0b"), rm.ConfigError, "zero byte"),
        (lambda: rm.read("gopher://host/x"), rm.ConfigError, "gopher"),
        (lambda: rm.read(BLACK), rm.ConfigError, "one picture; read_image"),
        (lambda: rm.read(Image.fromarray(BLACK)), rm.ConfigError, "of type Image"),  # type: ignore[call-overload]
        (lambda: rm.read("demo", smoothing=1), rm.ConfigError, "takes no 'smoothing'; did you mean smoothing_s"),  # type: ignore[call-overload]
        (lambda: rm.read("demo", max_faces=0), rm.ConfigError, "max_faces is 0"),
        (lambda: rm.read("demo", engine="nowhere"), rm.EngineError, "no engine at nowhere"),
        (lambda: rm.read("demo", engine=3), rm.ConfigError, "engine is of type int"),  # type: ignore[call-overload]
        (lambda: list(rm.read([])), rm.SourceError, "no picture to read"),
        (lambda: list(rm.read(["a.png", "b.png"])), rm.ConfigError, "picture 0: the picture is a path, 'a.png'"),
        (lambda: list(rm.read([(2, BLACK), (1, BLACK)])), rm.ConfigError, "picture 1: time goes back"),
        (lambda: rm.read_image(SimpleNamespace(read=0)), rm.ConfigError, "of FastAPI's upload.file"),  # type: ignore[arg-type]
        (lambda: rm.read_image("rtsp://host/x"), rm.ConfigError, "is not a picture"),
        (lambda: rm.live(BLACK), rm.ConfigError, "of type ndarray"),  # type: ignore[arg-type]
        (lambda: next(iter(rm.live("demo"))), rm.ConfigError, "with live"),
        (lambda: rm.table([1]), rm.ConfigError, "one of type int"),  # type: ignore[list-item]
        (lambda: rm.show([]), rm.ConfigError, "no reading to show"),
        (lambda: rm.show("a.mp4"), rm.ConfigError, "made of readings"),  # type: ignore[arg-type]
        (lambda: rm.process("nowhere", "out"), rm.ConfigError, "nowhere"),
        (lambda: rm.load_engine(device="abacus"), rm.ConfigError, "abacus"),
        (lambda: rm.load_engine(encoder=3), rm.ConfigError, "encoder is of type int"),  # type: ignore[arg-type]
        (lambda: rm.table([]).to_csv(None), rm.ConfigError, "of type NoneType; give the path of a file"),  # type: ignore[arg-type]
        (lambda: rm.table([]).to_csv("nowhere/a.csv"), rm.StageFailed, "^nowhere/a.csv cannot be written"),
        (lambda: rm.process(["a.mp4"], "out"), rm.ConfigError, "of type list"),  # type: ignore[arg-type]
        (lambda: rm.process(".", "b", jobs="2"), rm.ConfigError, "jobs is '2'"),  # type: ignore[arg-type]
        (lambda: rm.process("a", "b", format="csv"), rm.ConfigError, "takes no 'format'; did you mean form"),  # type: ignore[call-arg]
    ],
)
def test_what_cannot_be_is_refused_in_words(call: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()
