"""kiosk.toml: what it may say, what is refused in words, and the texts that come along."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from datetime import date
from pathlib import Path

import msgspec
import pytest
from PyQt6.QtGui import QColor, QImage

from realtime_micacl.errors import ConfigError
from realtime_micacl.programs.arguments import parser, settings_from
from realtime_micacl.programs.systemd import HANGS_S
from realtime_micacl.types import EMOTIONS
from realtime_micacl_ui.kiosk.counter import Counter
from realtime_micacl_ui.kiosk.settings import KioskFile, KioskSettings, contrast, read_kiosk_settings
from realtime_micacl_ui.kiosk.state import Times
from realtime_micacl_ui.kiosk.texts import TEXTS, Texts

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("qapp")


def settings(tmp_path: Path, toml: str) -> KioskSettings:
    file = tmp_path / "kiosk.toml"
    file.write_text(toml, "utf-8")
    return read_kiosk_settings(str(file))


def test_nothing_has_to_be_said() -> None:
    brought = read_kiosk_settings("")
    assert [texts.name for texts in brought.texts] == ["English", "Deutsch"]
    assert (brought.qr, brought.logo, brought.counter) == ((), None, None)


def test_the_example_of_the_docs_is_read_and_says_the_defaults() -> None:
    example = ROOT / "docs" / "kiosk.toml"
    found = read_kiosk_settings(str(example))
    assert found.qr
    assert found.times == Times()
    said = tomllib.loads(example.read_text("utf-8"))
    defaults = json.loads(msgspec.json.encode(KioskFile()))
    for key in ("languages", "near", "mirror", "times", "colours"):
        assert said[key] == defaults[key], key
    for key, text in said["texts"]["en"].items():
        assert text == getattr(TEXTS["en"], key)


def test_every_key_is_in_the_docs() -> None:
    page = (ROOT / "docs" / "kiosk.md").read_text("utf-8") + (ROOT / "docs" / "kiosk.toml").read_text("utf-8")
    keys = {field.name for kind in (KioskFile, Times, Texts) for field in msgspec.structs.fields(kind)}
    assert {key for key in keys if not re.search(rf"\b{key}\b", page)} == set()


@pytest.mark.parametrize("language", TEXTS)
def test_every_text_of_a_language_is_there(language: str) -> None:
    texts = TEXTS[language]
    assert all(getattr(texts, field.name).strip() for field in msgspec.structs.fields(Texts))
    assert "{number}" in texts.count
    assert all(getattr(texts, emotion) for emotion in EMOTIONS)


def test_one_text_can_be_changed_and_a_whole_language_added(tmp_path: Path) -> None:
    toml = 'languages = ["en", "xx"]\n[texts.en]\nthanks = "Bye!"\n[texts.xx]\n'
    toml += "\n".join(f'{key} = "x {{number}}"' for key in Texts.__struct_fields__)
    found = settings(tmp_path, toml)
    assert (found.texts[0].thanks, found.texts[0].agree) == ("Bye!", TEXTS["en"].agree)
    assert found.texts[1].thanks == "x {number}"


def test_files_are_found_beside_the_settings(tmp_path: Path) -> None:
    logo = QImage(20, 10, QImage.Format.Format_RGB32)
    logo.fill(QColor("red"))
    logo.save(str(tmp_path / "logo.png"))
    found = settings(tmp_path, 'logo = "logo.png"\ncounter = "visits.csv"')
    assert found.logo is not None
    assert found.logo.width() == 20
    assert found.counter == tmp_path / "visits.csv"


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("langages = []", "unknown key 'langages'; the nearest known one is 'languages'"),
        ("[times]\nconsent = 5", "the nearest known one is 'consent_s'"),
        ("[times]\naway_s = 0.0", r"away_s"),
        ("[times]\naway_s = 6.0", r"away_s 6.0 must be less than times.gone_s 5.0"),
        ("languages = []", r"languages is \[\]; it must be a list of 1 to 4 entries, each a text"),
        ('languages = ["en", "en"]', r"twice"),
        ('languages = ["fr"]', r"no texts for language 'fr'; known are de, en; add \[texts.fr\]"),
        ('languages = ["en"]\n[texts.de]\nstop = "x"', r"\[texts.de\] is not among the languages en"),
        ('[texts.en]\nagre = "x"', r"texts.en\]: unknown key 'agre'; the nearest known one is 'agree'"),
        ('languages = ["xx"]\n[texts.xx]\nname = "X"', r"texts.xx\]: invitation is missing; it must be a text"),
        ('[texts.en]\nagree = " "', r"texts.en\]: agree is empty; visitors need it to consent and to leave"),
        ('[texts.en]\ncount = "visits"', r"count must hold {number}"),
        (
            '[colours]\nbackground = "blue"',
            r"background is \"blue\"; it must be a colour in six digits, such as #1B1F24",
        ),
        (f'qr = "{301 * "x"}"', r"qr is .*; it must be a text of 1 to 300 characters"),
        ("texts.en.agree = 3", r"texts is .*; it must be a table, each a table, each a text"),
        ('[colours]\nbackground = "#808080"', r"too light"),
        ('[colours]\naccent = "#303030"', r"too dark"),
        ('logo = "none.png"', r"none.png is not a picture"),
        ("near = 0", r"near"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, toml: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as error:
        settings(tmp_path, toml)
    assert "kiosk.toml" in str(error.value)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast(QColor("black"), QColor("white")) == pytest.approx(21)
    assert contrast(QColor("#777777"), QColor("white")) == pytest.approx(4.48, abs=0.01)
    assert contrast(QColor("#555555"), QColor("white")) == pytest.approx(7.46, abs=0.01)
    assert contrast(QColor("#0a0a0a"), QColor("black")) == pytest.approx(1.06, abs=0.01)


def test_visits_are_counted_per_day_and_only_numbers_are_kept(tmp_path: Path) -> None:
    file, day = tmp_path / "visits.csv", [date(2026, 11, 20)]
    counter = Counter(file, lambda: day[0])
    counter.add()
    counter.add()
    day[0] = date(2026, 11, 21)
    assert counter.visits == 0
    counter.add()
    assert Counter(file, lambda: day[0]).visits == 1
    assert file.read_text() == "date,visits\n2026-11-20,2\n2026-11-21,1\n"
    assert [path.name for path in tmp_path.iterdir()] == ["visits.csv"]


def test_a_counter_in_memory_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    counter = Counter(None)
    counter.add()
    assert counter.visits == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "\ufeffdate,visits\r\n2026-11-20,2\r\n", "date,visits\n\n2026-11-20,2"])
def test_a_counter_that_was_made_by_hand_or_saved_by_a_spreadsheet_goes_on(tmp_path: Path, content: str) -> None:
    (tmp_path / "visits.csv").write_text(content)
    counter = Counter(tmp_path / "visits.csv", lambda: date(2026, 11, 20))
    counter.add()
    assert counter.visits == (3 if content else 1)


def test_a_date_that_a_spreadsheet_has_changed_is_named(tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_text("date,visits\n2026-11-20,2\n21.11.2026,3\n")
    with pytest.raises(ConfigError, match=r"holds '21\.11\.2026,3', but a line is such as 2026-11-30,17"):
        Counter(tmp_path / "visits.csv")


@pytest.mark.parametrize("content", ["name,visits\n", "date,visits\n2026-11-20,3\n2026-11-21,Anna\n", "\xff"])
def test_another_file_is_not_taken_for_a_counter(tmp_path: Path, content: str) -> None:
    file = tmp_path / "list.csv"
    file.write_text(content, "latin-1")
    with pytest.raises(ConfigError, match=r"list\.csv"):
        Counter(file)
    assert file.read_text("latin-1") == content


def test_a_counter_without_its_folder_is_said_at_the_start_and_later_goes_on_in_memory(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be written: No such file or directory$"):
        Counter(tmp_path / "none" / "visits.csv")
    folder = tmp_path / "away"
    folder.mkdir()
    counter = Counter(folder / "visits.csv")
    (folder / "visits.csv").unlink()
    folder.rmdir()
    counter.add()
    counter.add()
    assert counter.visits == 2


def test_two_kiosks_may_count_in_one_file_and_its_owner_may_change_it(tmp_path: Path) -> None:
    file = tmp_path / "visits.csv"
    one, other = (Counter(file, lambda: date(2026, 11, 20)) for _ in range(2))
    for counter in (one, other, one):
        counter.add()
    assert file.read_text() == "date,visits\n2026-11-20,3\n"
    file.write_text("date,visits\n2026-11-19,7\n")
    other.add()
    assert file.read_text() == "date,visits\n2026-11-19,7\n2026-11-20,1\n"
    file.unlink()  # a month is over
    other.add()
    assert file.read_text() == "date,visits\n2026-11-20,2\n"


def test_a_counter_whose_file_is_spoilt_leaves_it_alone_and_goes_on_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counter = Counter(tmp_path / "visits.csv")
    (tmp_path / "visits.csv").write_text("Datum;Besuche\n")
    for n in (1, 2):
        counter.add()
        assert counter.visits == n
    assert (tmp_path / "visits.csv").read_text() == "Datum;Besuche\n"
    assert [("does not hold" in one, "in memory only" in one) for one in caplog.messages] == [(True, True)]


def test_the_unit_of_systemd_starts_a_kiosk_that_waits_and_is_watched() -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "docs" / "kiosk.service")
    program, *arguments = unit["Service"]["ExecStart"].split()
    assert program.endswith("/realtime-micacl")
    settings = settings_from(parser().parse_args(arguments))
    assert settings.kiosk is not None
    assert (settings.wait, settings.kiosk[-10:]) == (True, "kiosk.toml")
    assert unit["Service"]["Type"] == "notify"
    assert int(unit["Service"]["WatchdogSec"]) > HANGS_S
    assert unit["Service"]["Restart"] == "on-failure"
