"""The example files beside the pages are what the program reads."""

from __future__ import annotations

import configparser
from pathlib import Path

import msgspec

from realtime_micacl.making.foreign_recipe import Theirs
from realtime_micacl.programs.arguments import parser
from realtime_micacl.programs.systemd import HANGS_S

DOCS = Path(__file__).parents[2] / "docs"


def test_the_example_of_somebody_elses_encoder_is_read() -> None:
    theirs = msgspec.toml.decode((DOCS / "encoder.toml").read_bytes(), type=Theirs)
    assert (theirs.input.colour, theirs.output.gives, len(theirs.output.labels)) == ("grey", "logits", 8)


def test_the_unit_of_systemd_starts_the_program_and_watches_it() -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DOCS / "live.service")
    program, *arguments = unit["Service"]["ExecStart"].split()
    assert program.endswith("/realtime-micacl")
    assert parser().parse_args(arguments).config is not None
    assert unit["Service"]["Type"] == "notify"
    assert int(unit["Service"]["WatchdogSec"]) > HANGS_S
