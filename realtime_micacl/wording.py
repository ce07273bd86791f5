"""Puts faults and counts into words."""

from __future__ import annotations

import errno
import re

CLOSED = {errno.EBADF: "standard output is closed"}
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
OUT_OF_MEMORY = (
    *("bad_alloc", "failed to map segment", "annot allocate memory"),
    *("Resource temporarily unavailable", "can't start new thread"),  # either has run out
)
NO_MEMORY = (
    "it got too little memory or too few threads; close other programs, or raise the limits "
    "(ulimit -v, MemoryMax: a gigabyte; ulimit -u, TasksMax: 64)"
)
LONGEST = 200  # letters of a library's message


def why(cause: Exception) -> str:
    """Return why something could not be read or written, without the number and path in the system's message."""
    if isinstance(cause, UnicodeDecodeError):
        return "it is not in UTF-8; save it as UTF-8"
    return CLOSED.get(getattr(cause, "errno", None) or 0) or getattr(cause, "strerror", None) or str(cause)


def why_unwritten(cause: OSError) -> str:
    """Return why one of several things that are written failed, behind its name if it has one."""
    return f"{cause.filename}: {why(cause)}" if cause.filename else why(cause)


def short(cause: Exception) -> str:
    """Return the message of a library's error as one line; of a long one the end, where the reason is."""
    text = " ".join(str(cause).split()) or type(cause).__name__
    return text if len(text) <= LONGEST else f"..{text[-LONGEST:]}"


def counted(number: int, what: str, several: str = "") -> str:
    """Return a number with what it counts: 1 clip, 2 clips; `several` is an irregular plural."""
    return f"{number} {what if number == 1 else several or what + 's'}"


def starved(cause: BaseException) -> bool:
    """Say whether an error means too little memory, whether of Python, the linker or a library."""
    return isinstance(cause, MemoryError) or any(words in str(cause) for words in OUT_OF_MEMORY)


def in_words(cause: BaseException) -> str:
    """Return why a part of the program failed: too little memory, or the error with its type."""
    return NO_MEMORY if starved(cause) else f"{type(cause).__name__}: {cause}"


def plain(text: str) -> str:
    """Return a text without line ends and control characters, which file names and servers' answers may hold."""
    return CONTROLS.sub(" ", text)


def spelled(name: str) -> str:
    """Return a file's name as valid UTF-8, with bytes that are not escaped."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
