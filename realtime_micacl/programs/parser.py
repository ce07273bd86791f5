"""The verbs, and the parser of the live job with its messages for words and options that do not fit."""

from __future__ import annotations

import argparse
import logging
import os
import re
from collections.abc import Sequence
from difflib import get_close_matches
from mimetypes import guess_type
from typing import Any, NoReturn

from realtime_micacl.errors import ConfigError
from realtime_micacl.options import VerbParser, no_option

log = logging.getLogger(__name__)

VERBS = {
    "prepare": "cut the faces of a data set for training and evaluation",
    "train": "make an engine from a recipe",
    "evaluate": "measure an engine on people it never saw",
    "ablate": "measure what each part of the network is worth",
    "compare": "train several systems and compare them",
    "fuse": "fuse several engines into one",
    "export": "turn a trained checkpoint into an engine",
    "bench": "measure speed and latency on this machine",
    "process": "read a folder of videos, several at a time",
    "replay": "show a recording in the window",
    "report": "show a recording, or what process made, as one page",
    "doctor": "say what this machine has and what is missing",
}
MODULES = {v: f"making.{v}" for v in ("prepare", "train", "evaluate", "ablate", "compare", "fuse", "export")}
MODULES |= {v: f"programs.{v}" for v in ("bench", "replay")}
MODULES |= {v: f"{folder}.command" for v, folder in (("process", "corpus"), ("report", "report"), ("doctor", "doctor"))}
"""The module of each verb, with its `main`; imported when the verb is used."""
PICTURES = "give the folder of the pictures; with --rate 1 each is read as a photograph"
SEVERAL = "name several with --source each; `realtime-micacl process FOLDER OUT` reads a folder of videos"
EPILOG = "verbs:\n" + "\n".join(f"  {verb:<10} {text}" for verb, text in VERBS.items())
EPILOG += "\n\nexit codes: 0 ended or stopped, 2 argument or setting, 3 source, 4 engine, 5 a stage failed,"
EPILOG += "\n6 some clips failed, 130 interrupted"


class Last(argparse.Action):
    """Keeps the last value of an option, and warns if another one was given before."""

    def __call__(self, _parser: object, namespace: argparse.Namespace, value: Any, option: str | None = None) -> None:
        """Take a value."""
        before = getattr(namespace, self.dest, self.default)
        if before not in (self.default, value):
            log.warning("%s is given twice: %s is used, %s is not", option, value, before)
        setattr(namespace, self.dest, value)


class Parser(VerbParser):
    """A parser with helpful messages."""

    _words: Sequence[str] = ()

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Parse a command line; raise ConfigError for words that do not fit."""
        self._words = argv
        arguments, rest = self.parse_known_args(argv)
        if not rest:
            return arguments
        odd = next((word for word in rest if word.startswith("-")), "")
        if odd and os.path.exists(odd):
            raise ConfigError(f"there is no option {odd}; if the file of that name is meant, write ./{odd}")
        if odd:
            raise no_option(odd, self._option_string_actions)
        checked_source(arguments.what or "")
        several = PICTURES if (guess_type(rest[0])[0] or "").startswith("image/") else SEVERAL
        raise ConfigError(f"expected one source, but found {rest[0]!r} as well; {several}")

    def error(self, message: str) -> NoReturn:
        """Exit with code 2 and a line that says what is wrong."""
        known = self._option_string_actions
        for word in self._words if "SOURCE" in message else ():  # it may be the value of an option that there is not
            if re.match(r"--\w", word) and not any(option.startswith(word.partition("=")[0]) for option in known):
                raise no_option(word, known)
        if "SOURCE" in message and "--source" in message:
            message += f"; {SEVERAL}"
        elif found := re.match(r"argument (--[\w-]+): ignored explicit argument (.*)", message):
            message = f"{found[1]} takes no value, but {found[2]} was given; leave that out"
        elif "ignored explicit argument" in message:
            message += "; an option of several letters has two dashes, such as --headless"
        elif message.endswith("expected one argument"):
            message += "; write one that begins with - after an equals sign, as in --record=-a.csv"
        super().error(message)


def check_empty(argv: Sequence[str]) -> None:
    """Raise ConfigError for an empty argument, such as a shell variable that is not set, and for a printed dash."""
    for before, word in zip(["", *argv], argv, strict=False):
        if not word.strip() or re.fullmatch(r"--[\w-]+=\s*", word):
            option = before if before.startswith("-") else ""
            option = word.strip().removesuffix("=") or option
            where = f"the value of {option} is empty" if option else "an argument is empty"
            raise ConfigError(f"{where}, perhaps a shell variable that is not set; give it a value, or leave it out")
        if (typed := re.match(r"[\u2010-\u2015\u2212]+([\w-]+)", word)) and not os.path.exists(word):
            raise ConfigError(f"{word} begins with a printed dash instead of hyphens; type --{typed[1]}")


def checked_source(text: str) -> str:
    """Return the name of a source as it is; raise ConfigError if a verb must have been meant."""
    if re.fullmatch(r"[A-Za-z]+", text) and not os.path.exists(text):
        if text in VERBS:
            raise ConfigError(f"a verb comes first, followed by its own options: realtime-micacl {text} --help")
        near = get_close_matches(text.lower(), [*VERBS, "demo", "synthetic", "--help", "--version"], n=1)
        if near and near[0] != text:
            raise ConfigError(f"there is no file and no verb called {text!r}; did you mean {near[0]}?")
    return text
