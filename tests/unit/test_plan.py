"""What is to run: which program settings mean, and which do not go together."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_micacl.config import Settings
from realtime_micacl.errors import ConfigError
from realtime_micacl.programs.live import PROGRAMS
from realtime_micacl.programs.plan import planned

TWO = ("synthetic", "demo")


@pytest.mark.parametrize(
    ("fields", "program"),
    [
        ({}, "window"),
        ({"source": TWO}, "grid"),
        ({"headless": True}, "headless"),
        ({"headless": True, "source": TWO}, "headless"),
        ({"offline": True}, "offline"),
        ({"offline": True, "headless": True}, "offline"),
        ({"save_video": "a.mp4", "blur_faces": True}, "offline"),
        ({"kiosk": ""}, "kiosk"),
        ({"headless": True, "web": "1234", "every_s": 1.0}, "headless"),
    ],
)
def test_settings_mean_one_program(fields: dict[str, Any], program: str) -> None:
    plan = planned(Settings(**{"source": "demo", **fields}))
    assert plan.program == program
    assert program in PROGRAMS
    assert len(plan.names) == len(plan.specs) == len(plan.settings.sources)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"blur_faces": True}, "--save-video"),
        ({"source": TWO, "offline": True}, "take one"),
        ({"source": TWO, "output_window": "clean"}, "take one"),
        ({"source": TWO, "kiosk": ""}, "take one"),
        ({"source": ("-", "demo", "-"), "headless": True}, "standard input is given twice"),
        ({"source": ("0", "/dev/video0"), "wait": True}, "camera 0 is given twice"),
        ({"source": "synthetic", "offline": True}, "synthetic is not one"),
        ({"source": "synthetic", "save_video": "a.mp4"}, "synthetic is not one"),
        ({"offline": True, "lsl": "faces"}, "--lsl works neither"),
        ({"kiosk": "", "web": "1234"}, "--web works neither"),
        ({"every_s": 1.0}, "--every is for outlets"),
        *(({"kiosk": "", name: value}, "keeps nothing") for name, value in [("headless", True), ("record", "a.csv")]),
        *(({"kiosk": "", name: True}, "keeps nothing") for name in ("offline", "baseline")),
        ({"source": None, "kiosk": "clip.mp4"}, "put a source before --kiosk"),
        ({"source": None, "web": "clip.mp4"}, "--web takes clip.mp4, .*; put a source before --web"),
        ({"source": None, "save_video": "a.mp4"}, "put a source before --save-video"),
        ({"source": None, "mqtt": "http://door/1"}, "put a source before --mqtt"),
        ({"region": (0.5, 0.0, 0.6, 1.0)}, "not inside the picture"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        planned(Settings(**{"source": "demo", **fields}))


def test_one_name_for_each_source() -> None:
    assert planned(Settings(source=("demo", "demo"), headless=True)).names == ["the demo clip", "the demo clip (2)"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"headless": True, "rotate_mb": 1.0}, "--rotate-mb does nothing without --record"),
        ({"headless": True, "rotate_mb": 1.0, "record": "a.csv"}, ""),
        ({"rotate_mb": 1.0}, ""),
        ({"headless": True, "osc_style": "vrchat"}, "--osc-style does nothing without --osc"),
        ({"headless": True, "mqtt": "host", "mqtt_discovery": "off"}, ""),
        ({"headless": True, "web_token_file": "token"}, "--web-token-file does nothing without --web"),
        ({"headless": True, "mqtt_password_file": "word"}, "--mqtt-password-file does nothing without --mqtt"),
        ({"offline": True, "metrics": "9464"}, "--metrics does nothing with --offline"),
        ({"kiosk": "", "metrics": "9464"}, "--metrics does nothing with --kiosk"),
        ({"headless": True, "metrics": "9464"}, ""),
        ({"headless": True, "output_window": "clean"}, "--output-window does nothing without a window"),
        ({"output_window": "clean"}, ""),
        ({"size": "640x480"}, "only a camera can be asked for a size and fps"),
    ],
)
def test_what_changes_nothing_is_said(fields: dict[str, Any], said: str, caplog: pytest.LogCaptureFixture) -> None:
    planned(Settings(source="demo", **fields))
    assert said in caplog.text if said else not caplog.text


def test_a_camera_among_others_may_be_asked_for_a_size(caplog: pytest.LogCaptureFixture) -> None:
    for fields in ({"size": "640x480"}, {"fps": 15.0}):
        planned(Settings(source=("0", "demo"), wait=True, headless=True, **fields))
    assert not caplog.text
    planned(Settings(source="demo", fps=15.0))
    assert "only a camera" in caplog.text


def test_the_camera_that_was_named_is_the_one() -> None:
    assert planned(Settings(camera=3, wait=True)).names == ["camera 3"]
    assert planned(Settings(wait=True)).names == ["camera 0"]
