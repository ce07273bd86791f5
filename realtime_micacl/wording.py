"""How faults and counts are put into words."""

from __future__ import annotations

import errno
import re

CLOSED = {errno.EBADF: "standard output is closed"}
STEERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
STARVED = ("bad_alloc", "failed to map segment", "annot allocate memory", "Resource temporarily unavailable")
NO_MEMORY = "it got too little memory; close other programs, or raise the limit (ulimit -v, MemoryMax) to a gigabyte"
LONGEST = 200  # letters of what a library says


def why(cause: Exception) -> str:
    """Return why something could not be read or written, in words, without the system's number and path."""
    if isinstance(cause, UnicodeDecodeError):
        return "it is not in UTF-8; save it as UTF-8"
    return CLOSED.get(getattr(cause, "errno", None) or 0) or getattr(cause, "strerror", None) or str(cause)


def short(cause: Exception) -> str:
    """Return what a library says of a fault, in one line: its end, where the reason stands."""
    said = " ".join(str(cause).split()) or type(cause).__name__
    return said if len(said) <= LONGEST else f"..{said[-LONGEST:]}"


def counted(number: int, what: str, several: str = "") -> str:
    """Return a number with what it counts: 1 clip, 2 clips."""
    return f"{number} {what if number == 1 else several or what + 's'}"


def starved(cause: BaseException) -> bool:
    """Say whether something failed for want of memory, whoever noticed it: Python, the linker or a library."""
    return isinstance(cause, MemoryError) or any(words in str(cause) for words in STARVED)


def in_words(cause: BaseException) -> str:
    """Return why a part of the program failed: too little memory, or the error as Python names it."""
    return NO_MEMORY if starved(cause) else f"{type(cause).__name__}: {cause}"


def plain(text: str) -> str:
    """Return a text without what ends a line or steers a terminal: file names and servers' answers may hold both."""
    return STEERS.sub(" ", text)


def spelled(name: str) -> str:
    """Return a file's name in letters that any file can hold; bytes of it that are no letters as their numbers."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
