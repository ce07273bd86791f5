"""The second language: every text is there, its places are the same, and what ships is what was translated."""

from __future__ import annotations

import string
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QCoreApplication
from PyQt6.QtWidgets import QWidget

from realtime_micacl.types import State
from realtime_micacl_ui import texts
from realtime_micacl_ui.kiosk.texts import TEXTS
from realtime_micacl_ui.language import FOLDER, LANGUAGES, use_language
from realtime_micacl_ui.speaker import Speaker
from realtime_micacl_ui.texts import CONTEXT, say
from realtime_micacl_ui.theme import theme_of
from realtime_micacl_ui.view import View

pytestmark = pytest.mark.usefixtures("qapp")
OTHERS = [language for language in LANGUAGES if language != "en"]


def strings() -> set[str]:
    """Every text of the screen."""

    def within(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for inner in value.values():
                yield from within(inner)
        elif isinstance(value, tuple):
            yield from within(value[1]) if len(value) == 2 and isinstance(value[0], str) else ()
            for inner in value:
                yield from within(inner) if isinstance(inner, tuple) else ()

    constants = {name: value for name, value in vars(texts).items() if name.isupper() and name != "CONTEXT"}
    return {text for value in constants.values() for text in within(value)}


def translated(language: str) -> dict[str, str]:
    messages = ET.parse(FOLDER / f"window_{language}.ts").getroot().iter("message")
    return {m.findtext("source", ""): m.findtext("translation", "") for m in messages}


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    use_language("en")


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_and_no_other(language: str) -> None:
    assert translated(language).keys() == strings()
    assert all(translated(language).values())


@pytest.mark.parametrize("language", OTHERS)
def test_the_places_of_a_translation_are_those_of_its_text(language: str) -> None:
    for text, other in translated(language).items():
        assert places(text) == places(other), text


@pytest.mark.parametrize("language", OTHERS)
def test_what_ships_is_what_was_translated(language: str) -> None:
    assert use_language(language) == language
    for text, other in translated(language).items():
        assert QCoreApplication.translate(CONTEXT, text) == other, "run lrelease on the .ts again"


@pytest.mark.parametrize("language", OTHERS)
def test_the_texts_are_those_that_linguist_finds(language: str, tmp_path: Path) -> None:
    tool, found = Path(sys.executable).with_name("pylupdate6"), tmp_path / "found.ts"
    source = Path(texts.__file__)
    subprocess.run([tool, source, "--ts", found], check=True, capture_output=True, timeout=30)
    messages = ET.parse(found).getroot().iter("message")
    assert {m.findtext("source") for m in messages} == translated(language).keys()


def test_a_language_is_spoken_at_once_and_english_without_a_translation() -> None:
    width = theme_of(13.5).name_px
    assert use_language("de") == "de"
    assert say(texts.EMOTION_WORDS["happy"]) == "fröhlich"
    assert say(texts.FACE, number=2) == "Gesicht 2"
    assert theme_of(13.5).name_px > width, "cards are as wide as the words"
    assert use_language("xx") == "en"
    assert say(texts.FACE, number=2) == "face 2"


@pytest.mark.parametrize(
    ("source", "english", "german"),
    [
        ("the demo clip", "the demo clip", "Democlip"),
        ("standard input", "standard input", "Standardeingabe"),
        ("synthetic", "test picture", "Testbild"),
        ("camera 2", "camera 2", "Kamera 2"),
        ("camera 2 (3)", "camera 2 (3)", "Kamera 2 (3)"),
        ("camera 2.mp4", "camera 2.mp4", "camera 2.mp4"),
        ("/a/clip (2).mp4", "/a/clip (2).mp4", "/a/clip (2).mp4"),
        ("a\nb", "a\nb", "a\nb"),
    ],
)
def test_what_the_program_calls_a_source_is_translated_and_a_person_s_own_name_is_not(
    source: str, english: str, german: str
) -> None:
    assert texts.named(source) == english
    use_language("de")
    assert texts.named(source) == german


@pytest.mark.parametrize("language", OTHERS)  # in English the window shows the labels of the data
def test_window_and_kiosk_have_one_word_for_an_emotion(language: str) -> None:
    use_language(language)
    for emotion, word in texts.EMOTION_WORDS.items():
        assert TEXTS[language].named(emotion) == say(word)


def test_screen_readers_are_told_the_state_in_the_language_of_the_window() -> None:
    use_language("de")
    widget = QWidget()
    Speaker(widget).tell(View("x", state=State.PAUSED), "title", 5.0)
    assert widget.accessibleName() == "title: Pause"
    assert widget.accessibleDescription() == "Pause"
