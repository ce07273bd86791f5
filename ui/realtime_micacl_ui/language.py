"""The language of the window, by Qt translations that come with the program."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from realtime_micacl_ui.theme import theme_of

FOLDER = Path(__file__).with_name("translations")
LANGUAGES = ("en", "de")

_installed: list[QTranslator] = []  # Qt does not own them


def use_language(language: str) -> str:
    """Use `language`, for "auto" the system's if there is a translation, else English; return which."""
    chosen = QLocale.system().name()[:2] if language == "auto" else language
    if chosen not in LANGUAGES:
        chosen = "en"
    while _installed:
        QCoreApplication.removeTranslator(_installed.pop())
    qt = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    for folder, name in ((qt, f"qtbase_{chosen}"), (str(FOLDER), f"window_{chosen}")):
        translator = QTranslator()
        if chosen != "en" and translator.load(name, folder):
            QCoreApplication.installTranslator(translator)
            _installed.append(translator)
    theme_of.cache_clear()  # themes hold the widths of words
    return chosen
