"""The example files beside the pages are what the program reads, settings have a line, and links lead somewhere."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import msgspec

from realtime_micacl.config import Settings
from realtime_micacl.making.foreign_recipe import Theirs
from realtime_micacl.programs.arguments import parser
from realtime_micacl.programs.systemd import HANGS_S

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [*DOCS.parent.glob("*.md"), *DOCS.rglob("*.md"), *(DOCS.parent / "engines").rglob("*.md")]


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


def test_every_setting_is_in_the_docs() -> None:
    settings, outlets = ((DOCS / name).read_text("utf-8") for name in ("settings.md", "outlets.md"))
    said = {*re.findall(r"`(\w+)`", settings + outlets)}
    said |= {option.replace("-", "_") for option in re.findall(r"`--([\w-]+)", outlets)}
    assert {field.name for field in msgspec.structs.fields(Settings)} - said == set()


def test_every_link_leads_somewhere() -> None:
    lost = []
    for page in PAGES:
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
            path, _, place = link.partition("#")
            target = page.parent / path if path else page
            if "://" not in link and not (target.exists() and (not place or place in places(target))):
                lost.append((page.name, link))
    assert not lost


def places(page: Path) -> set[str]:
    """Return the names of a page's headings in links."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
