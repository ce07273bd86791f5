"""What people write behind the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_micacl.config import Settings
from realtime_micacl.errors import ConfigError
from realtime_micacl.live.sources.source import parse_source
from realtime_micacl.programs.arguments import parser, settings_from
from realtime_micacl.programs.parser import check_empty


def settings(*arguments: str) -> Settings:
    return settings_from(parser().parse(arguments))


@pytest.mark.parametrize("source", ["clip.mp4", "0", "-", "demo", "rtsp://h/x", "/dev/video0"])
def test_a_source_is_the_one_argument_without_a_name(source: str) -> None:
    assert settings(source).sources == settings("--source", source).sources == (source,)
    assert settings(source, "--headless").headless


@pytest.mark.parametrize("camera", ["3", "/dev/video3"])
def test_a_camera_is_a_number_or_its_device(camera: str) -> None:
    assert settings("--camera", camera).camera == 3
    assert parse_source(camera).value == "3"


@pytest.mark.parametrize("wrong", [["--camera", "clip.mp4"], ["clip.mp4", "--source", "demo"]])
def test_two_sources_and_no_camera_are_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        settings(*wrong)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("text", "meant"),
    [("doctr", "doctor"), ("Doctor", "doctor"), ("trian", "train"), ("synthetik", "synthetic"), ("help", "--help")],
)
def test_a_mistyped_verb_is_asked_about(text: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"did you mean {meant}"):
        settings(text)


@pytest.mark.parametrize("text", ["clip.mp4", "xyz", "./doctr", "rtsp://doctr/x"])
def test_what_is_no_verb_is_a_source(text: str) -> None:
    assert settings(text).sources == (text,)


def test_a_file_that_is_called_like_a_verb_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "doctr").touch()
    assert settings("doctr").sources == ("doctr",)
    (tmp_path / "-clip.mp4").touch()
    with pytest.raises(
        ConfigError, match=r"there is no option -clip.mp4; if the file of that name is meant, write \./-clip.mp4"
    ):
        settings("-clip.mp4")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["a.mp4", "b.mp4"], "but found 'b.mp4' as well; name several .* `realtime-micacl process FOLDER OUT`"),
        (["a.jpg", "b.JPG", "c.png"], "but found 'b.JPG' as well; give the folder of the pictures; with --rate 1 each"),
        (["Process", "clips", "out"], "did you mean process"),
        (["--headless", "doctor"], "a verb comes first, .*: realtime-micacl doctor --help"),
        (["--log-level", "debug", "process", "clips", "out"], "a verb comes first, .*: realtime-micacl process --help"),
        (["--offl", "a.mp4"], "no option --offl; did you mean --offline"),
        (["a.mp4", "--Max-Faces=3"], "no option --Max-Faces=3; did you mean --max-faces"),
        (["--xyzzy"], "no option --xyzzy$"),
        (["--size", "1920"], "size is .* a width and a height in px, such as 1920x1080"),
    ],
)
def test_what_is_left_over_says_what_was_meant(wrong: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        settings(*wrong)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "r.toml", "--encoder-from", "", "--out", "x"], "value of --encoder-from is empty, .* leave it out"),
        (["demo", "--record="], "the value of --record is empty"),
        (["export", "run", ""], "an argument is empty"),
        ([" "], "an argument is empty"),
        (["\u2014source", "demo"], "\u2014source begins with a printed dash .* type --source$"),
        (["process", "a", "b", "\u2013workers=2"], "type --workers$"),
    ],
)
def test_an_empty_word_and_a_printed_dash_are_said(words: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_empty(words)
    check_empty(["demo", "--record", "a.csv", "--mqtt=host/a="])


def test_an_option_with_one_dash_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        settings("demo", "-headless")
    said = capsys.readouterr().err
    assert said.startswith("realtime-micacl: ")
    assert said.endswith("has two dashes, such as --headless\n")
    assert said.count("\n") == 1, "an error is one line, without the usage"


def test_a_value_behind_an_option_that_takes_none_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        settings("demo", "--headless=1")
    assert capsys.readouterr().err == "realtime-micacl: --headless takes no value, but '1' was given; leave that out\n"


def test_an_option_that_is_given_twice_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert settings("--record", "a.csv", "demo", "--record", "b.jsonl").record == "b.jsonl"
    assert "--record is given twice: b.jsonl is used, a.csv is not" in caplog.text
    caplog.clear()
    found = settings("--source", "a.mp4", "--source", "b.mp4", "--slots", "3", "--slots", "3")
    assert (found.sources, found.slots, caplog.text) == (("a.mp4", "b.mp4"), 3, "")


def test_a_rate_may_be_a_fraction_and_a_comma_is_asked_about(capsys: pytest.CaptureFixture[str]) -> None:
    assert settings("a.h264", "--rate", "30000/1001").rate_hz == pytest.approx(29.97, abs=0.001)
    for wrong, said in (("29,97", "write 29.97"), ("1/0", "is not a number"), ("many", "is not a number")):
        with pytest.raises(SystemExit):
            settings("a.h264", "--rate", wrong)
        assert said in capsys.readouterr().err


def test_what_the_command_line_names_takes_the_place_of_the_file_s(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("camera = 2")
    assert settings("--config", str(file)).camera == 2
    assert settings("--config", str(file), "a.mp4").camera is None
    file.write_text('source = "a.mp4"')
    assert settings("--config", str(file), "--camera", "1").sources == ()
    assert settings("--config", str(file), "--headless").sources == ("a.mp4",)


@pytest.mark.parametrize("device", ["cpu", "triton://host:8001", "triton://[::1]", "triton://[::1]:8001"])
def test_a_device_is_one_that_there_is(device: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert settings("--device", device).device == device
    with pytest.raises(SystemExit):
        settings("--device", f"{device} ")
    assert "is neither triton://" in capsys.readouterr().err


def test_two_ways_of_naming_a_source_are_explained_and_other_faults_are_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for wrong, explained in ((["a.mp4", "--source", "b.mp4"], True), (["--camera", "1", "--source", "b"], False)):
        with pytest.raises(SystemExit):
            settings(*wrong)
        assert ("name several with --source each" in capsys.readouterr().err) is explained


def test_the_value_of_an_option_that_there_is_not_is_no_second_source() -> None:
    for words in (["--source", "demo", "--max-seconds", "3"], ["--camera", "0", "--max-seconds", "3"]):
        with pytest.raises(ConfigError, match="there is no option --max-seconds; did you mean --max-faces"):
            settings(*words)


def test_the_help_fits_on_a_terminal_and_a_text_stands_beside_its_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = parser().format_help().splitlines()
    assert max(map(len, lines)) <= 96
    assert any("--far" in line and "small faces" in line for line in lines)


def test_how_a_value_that_begins_with_a_dash_is_given_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse(["demo", "--record", "-a.csv"])
    assert "--record=-a.csv" in capsys.readouterr().err
    assert settings_from(parser().parse(["demo", "--record=-a.csv"])).record is not None
