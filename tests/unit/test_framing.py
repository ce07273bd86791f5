"""Pictures turned and cut, and what is asked of a camera."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.config import Settings, read_toml
from realtime_micacl.errors import ConfigError
from realtime_micacl.live.sources.camera import read_camera
from realtime_micacl.live.sources.framing import TURNS, WHOLE, Framer, Framing, framing, log_camera
from realtime_micacl.programs.arguments import parser, settings_from
from realtime_micacl.types import Frame, Retry

IMAGE = np.arange(120 * 160 * 3, dtype=np.uint32).reshape(120, 160, 3).astype(np.uint8)


def settings(*arguments: str) -> Settings:
    return settings_from(parser().parse_args(arguments))


@pytest.mark.parametrize(("turn", "corner"), [(0, (0, 0)), (90, (-1, 0)), (180, (-1, -1)), (270, (0, -1))])
def test_a_picture_is_turned_clockwise(turn: int, corner: tuple[int, int]) -> None:
    turned = Framing(turn=turn).framed(IMAGE)
    assert turned.shape == ((120, 160, 3) if turn % 180 == 0 else (160, 120, 3))
    assert (turned[0, 0] == IMAGE[corner]).all()


def test_a_part_is_one_of_the_turned_picture() -> None:
    part = Framing(turn=90, region=(0.0, 0.0, 0.5, 0.25)).framed(IMAGE)
    assert (part == np.rot90(IMAGE, -1)[:40, :60]).all()


@given(
    st.sampled_from(TURNS),
    st.tuples(st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.01, 1), st.floats(0.01, 1)),
    st.integers(17, 200),
    st.integers(17, 200),
)
def test_whatever_is_cut_is_a_whole_picture(turn: int, region: Any, height: int, width: int) -> None:
    image = Framing(turn=turn, region=region).framed(np.zeros((height, width, 3), np.uint8))
    assert min(image.shape[:2]) >= 16
    assert image.flags.c_contiguous


def test_what_a_source_gives_is_framed_as_it_is_asked_for_at_that_moment() -> None:
    def items() -> Iterator[Frame | Retry]:
        yield Frame(IMAGE, 0.0, 0)
        yield Retry(1, 0.0, "gone")
        yield Frame(IMAGE, 1.0, 1)

    framer = Framer()
    got = framer(items())
    assert next(got).image is IMAGE  # type: ignore[union-attr]
    framer.now = Framing(turn=90)
    assert isinstance(next(got), Retry)
    assert next(got).image.shape == (160, 120, 3)  # type: ignore[union-attr]


def test_the_command_line_and_toml_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('size = "640x480"\nfps = 15\nrotate = 90\nregion = [0.25, 0, 0.5, 1]\n')
    said = Framing((640, 480), 15.0, 90, (0.25, 0.0, 0.5, 1.0))
    assert framing(read_toml(tmp_path / "s.toml", Settings)) == said
    asked = settings("--size", "640x480", "--fps", "15", "--rotate", "90", "--region", "0.25,0,.5,1")
    assert framing(asked) == said
    assert framing(Settings()).region == WHOLE
    assert [framing(settings("--rotate", turn)).turn for turn in ("0", "180", "270")] == [0, 180, 270]


@pytest.mark.parametrize("region", ["0.6,0,0.6,1", "0,0.6,1,0.6", "0,0,0,1", "-0.1,0,1,1", "nan,0,1,1"])
def test_a_part_outside_the_picture_is_refused(region: str) -> None:
    with pytest.raises(ConfigError, match="is not inside the picture"):
        framing(settings(f"--region={region}"))


@pytest.mark.parametrize("wrong", [["--region", "1,2"], ["--region", "a,b,c,d"], ["--rotate", "45"]])
def test_what_is_no_part_or_turn_is_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        settings(*wrong)
    assert wrong[0] in capsys.readouterr().err
    with pytest.raises(ConfigError, match="size"):
        settings("--size", "big")


class Camera:
    """Stands for cv2.VideoCapture: it gives 640 x 480 at 30 whatever it is asked for."""

    def __init__(self, *_: object) -> None:
        self.asked: dict[int, float] = {}
        CAMERAS.append(self)

    def isOpened(self) -> bool:
        return True

    def set(self, what: int, value: float) -> None:
        self.asked[what] = value

    def get(self, what: int) -> float:
        return 30.0

    def grab(self) -> bool:
        return True

    def retrieve(self) -> tuple[bool, np.ndarray]:
        return True, np.zeros((480, 640, 3), np.uint8)

    def release(self) -> None:
        pass


CAMERAS: list[Camera] = []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Framing((1920, 1080), 60.0), "asked for 1920 x 1080 and 60 a second and gives 640 x 480 at 30 a second"),
        (Framing((640, 480), 60.0), "asked for 60 a second and gives"),
        (Framing((640, 480), 30.0), ""),
        (Framing(), ""),
    ],
)
def test_what_a_camera_gave_is_said(asked: Framing, said: str, caplog: pytest.LogCaptureFixture) -> None:
    frames = read_camera(0, Camera, asked)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    wanted = [CAMERAS[-1].asked[one] for one in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FPS)]
    assert wanted == [(asked.size or (1280, 720))[0], asked.fps or 30.0]
    warned = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert said in warned[0] if said else not warned


@pytest.mark.parametrize(
    ("gives_hz", "said"),
    [
        (0.0, "gives 640 x 480"),  # the driver does not know
        (90000.0, "gives 640 x 480"),  # the clock of its stream
        (5000.0, "gives 640 x 480"),
        (240.0, "asked for 30 a second and gives 640 x 480 at 240 a second"),
        (25.0, "asked for 30 a second and gives 640 x 480 at 25 a second"),
        (29.97, "gives 640 x 480 at 29.97 a second"),
        (29.7, "gives 640 x 480 at 29.7 a second"),
    ],
)
def test_a_rate_that_cannot_be_one_is_not_said(gives_hz: float, said: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    log_camera(0, Framing(fps=30.0), (640, 480), gives_hz)
    assert caplog.messages[-1].endswith(said)
    assert (caplog.records[-1].levelname == "WARNING") is ("asked" in said)


def test_the_right_lower_quarter_is_that_and_the_whole_picture_is_not_copied() -> None:
    assert (Framing(region=(0.5, 0.5, 0.5, 0.5)).framed(IMAGE) == IMAGE[60:, 80:]).all()
    assert Framing(region=(0.0, 0.0, 1.0, 1.0)).framed(IMAGE) is IMAGE
    small = np.zeros((9, 7, 3), np.uint8)
    assert Framing(region=(0.5, 0.5, 0.5, 0.5)).framed(small).shape == small.shape, "too small to be cut"
