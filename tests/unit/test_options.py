"""What the verbs say of an option that there is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.options import VerbParser


@pytest.fixture
def parser() -> VerbParser:
    made = VerbParser(prog="realtime-micacl draw")
    made.add_argument("what", nargs="?")
    made.add_argument("--colour")
    return made


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--color=red"], "there is no option --color=red; did you mean --colour?"),
        (["a", "--Colours", "red"], "there is no option --Colours; did you mean --colour?"),
        (["--xyz"], "there is no option --xyz"),
        (["a", "b"], "'b' was not expected; see realtime-micacl draw --help"),
    ],
)
def test_what_is_left_over_is_named_with_what_was_meant(parser: VerbParser, argv: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parser.parse_args(argv)
    assert str(error.value) == said


def test_what_fits_is_read(parser: VerbParser) -> None:
    found = parser.parse_args(["a", "--colour", "red"])
    assert (found.what, found.colour) == ("a", "red")


def test_in_a_path_the_home_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell expands neither `--to=~/page.html` nor what stands in quotes."""
    monkeypatch.setenv("HOME", "/home/anna")
    parser = VerbParser()
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_mutually_exclusive_group().add_argument("--to", type=Path)
    found = parser.parse_args(["~/a.mp4", "b~/c.mp4", "--to=~/page.html"])
    assert (found.clips, found.to) == ([Path("/home/anna/a.mp4"), Path("b~/c.mp4")], Path("/home/anna/page.html"))


def test_what_is_missing_is_one_line(parser: VerbParser, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["--colour"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == "realtime-micacl draw: argument --colour: expected one argument\n"
