"""The parser of the verbs' command lines, and the error for an option that does not exist."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from difflib import get_close_matches
from os.path import expanduser
from pathlib import Path
from typing import Any, NoReturn

from realtime_micacl.errors import ConfigError


def no_option(word: str, options: Iterable[str]) -> ConfigError:
    """Return the error for an unknown option, with the one that was perhaps meant."""
    near = get_close_matches(word.partition("=")[0].lower(), options, n=1)
    return ConfigError(f"there is no option {word}{f'; did you mean {near[0]}?' if near else ''}")


class VerbParser(argparse.ArgumentParser):
    """Parses the command line of a verb; raises ConfigError for words that do not fit. In a path `~` is the home."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.register("type", Path, lambda text: Path(expanduser(text)))  # a shell does not expand --to=~/page.html

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse a command line; raise ConfigError for words that do not fit."""
        found, rest = self.parse_known_args(args, namespace)
        if not rest:
            return found
        odd = next((word for word in rest if word.startswith("-")), "")
        if odd:
            raise no_option(odd, self._option_string_actions)
        raise ConfigError(f"{rest[0]!r} was not expected; see {self.prog} --help")

    def error(self, message: str) -> NoReturn:
        """Exit with code 2 and one line that says what is wrong."""
        self.exit(2, f"{self.prog}: {message}\n")
