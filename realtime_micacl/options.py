"""Command lines of the verbs, and what is said of an option that does not exist."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from difflib import get_close_matches
from os.path import expanduser
from pathlib import Path
from typing import Any, NoReturn

from realtime_micacl.errors import ConfigError


def no_option(word: str, options: Iterable[str]) -> ConfigError:
    """Return the error that names the option which was perhaps meant by `word`."""
    near = get_close_matches(word.partition("=")[0].lower(), options, n=1)
    return ConfigError(f"there is no option {word}{f'; did you mean {near[0]}?' if near else ''}")


class VerbParser(argparse.ArgumentParser):
    """Reads the command line of a verb; raises ConfigError for what is left over. In a path `~` is the home."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.register("type", Path, lambda text: Path(expanduser(text)))  # a shell leaves it in --to=~/page.html

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return the options of a command line."""
        found, rest = self.parse_known_args(args, namespace)
        if not rest:
            return found
        odd = next((word for word in rest if word.startswith("-")), "")
        if odd:
            raise no_option(odd, self._option_string_actions)
        raise ConfigError(f"{rest[0]!r} is left over; {self.prog} --help says what is expected")

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2 and one line that says what is wrong."""
        self.exit(2, f"{self.prog}: {message}\n")
