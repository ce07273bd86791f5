from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.arguments import parser, settings_from
from realtime_micacl.config import Settings, converted, read_toml
from realtime_micacl.errors import ConfigError


def settings(tmp_path: Path, toml: str, *argv: str) -> Settings:
    file = tmp_path / "s.toml"
    file.write_text(toml)
    return settings_from(parser().parse_args(["--config", str(file), *argv]))


def test_precedence_is_default_then_file_then_command_line(tmp_path: Path) -> None:
    assert settings(tmp_path, "").detector == "full"
    assert settings(tmp_path, 'detector = "short"').detector == "short"
    assert settings(tmp_path, 'detector = "short"', "--detector", "full").detector == "full"
    assert settings(tmp_path, "headless = true").headless
    assert settings(tmp_path, "camera = 2").camera == 2


def test_a_source_on_the_command_line_replaces_the_files_camera(tmp_path: Path) -> None:
    found = settings(tmp_path, "camera = 2", "--source", "clip.mp4")
    assert (found.camera, found.source) == (None, "clip.mp4")
    with pytest.raises(ConfigError, match="both camera and source"):
        settings(tmp_path, 'camera = 2\nsource = "clip.mp4"')


def test_several_sources_are_told_apart_from_one(tmp_path: Path) -> None:
    assert settings(tmp_path, "").sources == ()
    assert settings(tmp_path, 'source = "a"').sources == ("a",)
    assert settings(tmp_path, 'source = ["a", "b"]').sources == ("a", "b")
    assert settings(tmp_path, 'source = ["a", "b"]', "--source", "c", "--source", "d").sources == ("c", "d")
    with pytest.raises(ConfigError, match="source"):
        settings(tmp_path, "source = []")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("camra = 1", "unknown key 'camra'; the nearest known one is 'camera'"),
        ("smoothing = 1.0", "the nearest known one is 'smoothing_s'"),
        ("camera = -1", r"\$.camera"),
        ('camera = "0"', r"\$.camera"),
        ("max_faces = 0", r"\$.max_faces"),
        ('device = "gpu"', r"\$.device"),
        ("smoothing_s = -0.5", r"\$.smoothing_s"),
        ("camera = = 1", "cannot be read as TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, toml: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as error:
        settings(tmp_path, toml)
    assert "s.toml" in str(error.value)
    assert "\n" not in str(error.value) or "TOML" in str(error.value)
    assert error.value.exit_code == 2


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no file at"):
        read_toml(tmp_path / "none.toml", Settings)


@given(st.dictionaries(st.text(max_size=12), st.none() | st.booleans() | st.integers() | st.floats() | st.text()))
def test_anything_is_read_or_refused_in_words(fields: dict[str, object]) -> None:
    try:
        assert isinstance(converted(fields, Settings, "x"), Settings)
    except ConfigError as error:
        assert str(error).startswith("x: ")
