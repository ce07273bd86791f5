"""Writes files whole or not at all, locks folders, so that only one run writes there, and finds files."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any

from realtime_micacl.errors import ConfigError, StageFailed
from realtime_micacl.wording import why

log = logging.getLogger(__name__)

LOCK = ".lock"
SETTINGS = ".begun-with.json"  # of the runs whose results are in a folder
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # some network shares and those of users (FUSE)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)

if sys.platform == "win32":
    import msvcrt

    BUSY: type[OSError] = PermissionError

    def take(file: int) -> None:
        """Lock an open file; raise BUSY where somebody else has."""
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    BUSY: type[OSError] = BlockingIOError

    def take(file: int) -> None:
        """Lock an open file, on a file system that has locks; raise BUSY where somebody else has."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as cause:
            if cause.errno not in NO_LOCKS:
                raise
            log.warning("this file system has no locks (%s); start no second run that writes there", why(cause))


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make a folder for results, if there is none, and lock it; raise ConfigError if it is locked or not usable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.listdir(folder)  # raises if it may not be read
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except FileExistsError:
        raise ConfigError(f"{folder} is a file; name a folder for the results") from None
    except OSError as cause:
        raise ConfigError(f"{folder} cannot be read and written: {why(cause)}; name another folder") from cause
    try:
        take(lock)
        yield
    except BUSY:
        raise ConfigError(f"another run is writing to {folder}; wait for it, or name another folder") from None
    finally:
        os.close(lock)


def check_settings(folder: Path, about: Mapping[str, Any]) -> None:
    """Store the settings of the results in a folder; raise ConfigError if it has results of other settings.

    A run that failed before it wrote any results does not count.
    """
    file, now = folder / SETTINGS, json.loads(json.dumps(about))
    try:
        some = any(one.is_file() and not one.name.startswith(".") for one in folder.rglob("*"))
        before = dict(json.loads(file.read_text("utf-8"))) if some and file.exists() else {}
        if other := [name for name in now if name in before and before[name] != now[name]]:
            raise ConfigError(
                f"{folder} holds results of another {' and '.join(other)}; they are not mixed: name another folder,"
                " or remove that one"
            )
        write_whole(file, json.dumps(before | now, indent=1) + "\n")
    except (OSError, ValueError, TypeError) as cause:
        raise ConfigError(f"{file} cannot be read and written: {cause}; name another folder") from cause


@contextmanager
def replacing(file: Path, *, durable: bool = False) -> Iterator[Path]:
    """Yield the path of a new file, which replaces `file` if the block succeeds, and is removed otherwise.

    If `file` is a link, its target is replaced. Several processes may write the same file; the last one wins. A
    `durable` file is safe even after a power cut.
    """
    file = Path(os.path.realpath(file))
    part = file.with_name(f".{os.getpid()}-{file.name}")  # with the same ending, which libraries look at
    try:
        yield part
        if durable:
            with part.open("r+b") as stream:
                os.fsync(stream.fileno())
        part.replace(file)
        if durable and sys.platform != "win32":  # which cannot do this
            folder = os.open(file.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_whole(file: Path, content: str | bytes | memoryview, *, durable: bool = False) -> None:
    """Replace a file by `content`, whole or not at all; text as UTF-8, with its line ends unchanged."""
    with replacing(file, durable=durable) as part:
        if isinstance(content, str):
            part.write_text(content, "utf-8", errors="backslashreplace", newline="")
        else:
            part.write_bytes(content)


@contextmanager
def filling(folder: Path) -> Iterator[Path]:
    """Yield a new folder, whose files are moved into `folder` if the block succeeds; otherwise nothing changes.

    Raise ConfigError if it cannot be made, and StageFailed that names `folder` if the disk is full, as errors of
    libraries name another file or none.
    """
    made = ""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for left in _of_the_dead(folder.parent, f"{escape(folder.name)}-*"):
            rmtree(left, ignore_errors=True)
        with TemporaryDirectory(dir=folder.parent, prefix=f".{os.getpid()}-{folder.name}-") as made:
            yield Path(made)
            folder.mkdir(exist_ok=True)
            for file in sorted(Path(made).iterdir()):
                file.replace(folder / file.name)
    except OSError as cause:
        if cause.errno in FULL:
            raise StageFailed(f"{folder} cannot be written: {why(cause)}; run it again once that is mended") from cause
        if not made:
            raise ConfigError(f"{folder} cannot be made: {why(cause)}; name another folder") from cause
        raise


def clear_partials(folder: Path) -> None:
    """Remove unfinished files of processes that have ended from a folder of results."""
    for file in _of_the_dead(folder, "*"):
        file.unlink(missing_ok=True)


def _of_the_dead(folder: Path, name: str) -> list[Path]:
    """Return what processes that have ended left in a folder under a `name`, a pattern, behind their numbers."""
    import psutil  # takes a while to import, and live programs do not need it

    owned = [(file.name[1:].partition("-")[0], file) for file in folder.glob(f".*-{name}")]
    return [file for owner, file in owned if owner.isdecimal() and not psutil.pid_exists(int(owner))]


def files_below(folder: Path, *without: Path) -> Iterator[Path]:
    """Yield the files below a folder that are not hidden; each real folder once, so that links cannot lead in a circle.

    What cannot be opened is said in the log; what lies in the folders `without` is left out.
    """
    been = {_identity(one) for one in without if one.exists()}
    for root, folders, files in os.walk(folder, followlinks=True, onerror=_unreadable):
        if (here := _identity(Path(root))) in been:
            folders.clear()
            continue
        been.add(here)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root, name) for name in files if not name.startswith("."))


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino


def _unreadable(cause: OSError) -> None:
    log.warning("%s cannot be opened and is skipped: %s", cause.filename, why(cause))
