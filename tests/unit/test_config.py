from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.allowed import words_at
from realtime_micacl.config import Settings, converted, read_toml
from realtime_micacl.errors import ConfigError
from realtime_micacl.programs.arguments import parser, settings_from


def settings(tmp_path: Path, toml: str, *argv: str) -> Settings:
    file = tmp_path / "s.toml"
    file.write_text(toml)
    return settings_from(parser().parse_args(["--config", str(file), *argv]))


def test_precedence_is_default_then_file_then_command_line(tmp_path: Path) -> None:
    assert settings(tmp_path, "").detector == "auto"
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
        ("x = 1", "unknown key 'x'; no known one is like it"),
        ("give_up_after_s = -1", "give_up_after_s is -1; it must be a number of at least 0$"),
        ("camera = -1", "camera is -1; it must be a whole number from 0 to 99"),
        ('camera = "0"', 'camera is "0"; it must be a whole number from 0 to 99'),
        ("max_faces = 0", "max_faces is 0; it must be a whole number from 1 to 64"),
        ('device = "gpu"', 'device is "gpu"; it must be one of auto, cpu, .*, or triton://'),
        ("smoothing_s = -0.5", "smoothing_s is -0.5; it must be a number from 0 to 10"),
        ('look = "blue"', 'look is "blue"; it must be one of auto, dark, light'),
        ('output_window = "x"', 'output_window is "x"; it must be clean'),
        ('wait = "yes"', 'wait is "yes"; it must be true or false'),
        ("wait = 1", "wait is 1; it must be true or false"),
        ("rotate_mb = 0", "rotate_mb is 0; it must be a number above 0"),
        ('metrics_token = "short"', "metrics_token must be a text of 16 or more characters"),
        ("source = 1.5", "source is 1.5; it must be a text or a list of 1 or more entries, each a text"),
        ("source = [1]", r"source\[0\] is 1; it must be a text$"),
        ("source = []", r"source is \[\]; it must be a text or a list of 1 or more entries"),
        ("log_level = 'LOUD'", "it must be one of debug, error, info, warning"),
        ("[look]\na = 1", 'look is {"a": 1}; it must be one of auto'),
        ("wait = true\nwait = false", "cannot be read as TOML: Cannot overwrite a value"),
        ("look = dark", "cannot be read as TOML"),
        ("camera = = 1", "cannot be read as TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, toml: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as error:
        settings(tmp_path, toml)
    assert "s.toml" in str(error.value)
    assert "\n" not in str(error.value) or "TOML" in str(error.value)
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbflook = "dark"\r\n',
        b'look\t=\t"dark"\r\n# caf\xc3\xa9 \xf0\x9f\x99\x82\r\n',
        b'  look = "dark"  # a comment',
        b"\n\n'look' = 'dark'\n",
    ],
)
def test_what_editors_make_of_a_file_is_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.toml").write_bytes(content)
    assert read_toml(tmp_path / "s.toml", Settings).look == "dark"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('look = "dark"'.encode("utf-16"), "is not in UTF-8; save it as UTF-8"),
        ('record = "Übung.csv"'.encode("latin-1"), "is not in UTF-8; save it as UTF-8"),
        (b"\x00\x00", "cannot be read as TOML"),
        (b"a=" + b"[" * 5000, "cannot be read as TOML"),
        (b'record = "a\\u0000.csv"', "record holds a zero byte"),
        (b'record = ""', 'record is "".*the path of a file'),
        (b'source = ["a", "b\\u0000"]', "source holds a zero byte"),
        (b'texts.en.title = "\\U00000000"', "texts holds a zero byte"),
    ],
)
def test_what_is_no_such_file_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "s.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        read_toml(tmp_path / "s.toml", Settings)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        read_toml(tmp_path, Settings)


def test_the_home_folder_may_be_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = settings(tmp_path, 'record = "~/a.csv"\nsource = ["~/a.mp4", "rtsp://a/~b", "c~.mp4"]', "--engine", "~/e")
    assert (found.record, found.engine) == (f"{tmp_path}/a.csv", f"{tmp_path}/e")
    assert found.sources == (f"{tmp_path}/a.mp4", "rtsp://a/~b", "c~.mp4")
    assert Settings(kiosk="").kiosk == ""
    (tmp_path / "here.toml").write_text("wait = true")
    assert read_toml(Path("~/here.toml"), Settings).wait


def test_every_setting_says_what_it_may_be() -> None:
    for name in Settings.__struct_fields__:
        assert words_at(Settings, f"$.{name}"), name


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no file at"):
        read_toml(tmp_path / "none.toml", Settings)


@given(st.dictionaries(st.text(max_size=12), st.none() | st.booleans() | st.integers() | st.floats() | st.text()))
def test_anything_is_read_or_refused_in_words(fields: dict[str, object]) -> None:
    try:
        assert isinstance(converted(fields, Settings, "x"), Settings)
    except ConfigError as error:
        assert str(error).startswith("x: ")
