"""The cache of plans, which are graphs compiled by TensorRT for one GPU and one version.

A plan is code, so the folder must belong to the user alone, and every plan is checked against its hash. A plan that is
damaged, made for something else or refused by TensorRT is built again. If nothing can be stored, the plan is built for
this run only, with a warning.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from realtime_micacl.errors import EngineError
from realtime_micacl.files import BUSY, take, write_whole

log = logging.getLogger(__name__)

T = TypeVar("T")
Facts = Mapping[str, Any]
Build = Callable[[bytes], tuple[bytes, bytes]]
"""Takes the timings of earlier builds, returns the plan and the timings to store."""

WAIT_S = 1800.0  # how long to wait for another process that builds the same plan
POLL_S = 0.1
LIMIT_BYTES = 2 << 30


class Label(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The JSON file beside a plan."""

    facts: dict[str, Any]
    sha256: str


def default_folder() -> Path:
    """Return the folder of the cache, below the XDG cache folder of the user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "realtime-micacl" / "plans"


def key_of(facts: Facts) -> str:
    """Return the name of the cache entry with these facts."""
    return hashlib.sha256(msgspec.json.encode(dict(facts), order="deterministic")).hexdigest()[:32]


def load_or_build(folder: Path, facts: Facts, machine: Facts, build: Build, load: Callable[[bytes], T | None]) -> T:
    """Return the plan of `facts`, loaded from the cache or built and stored there.

    `machine` is the part of the facts that timings depend on; these are stored as well. Raise EngineError if even a
    plan that was just built cannot be loaded.
    """
    key, timings = key_of(facts), folder / f"timing-{key_of(machine)}.cache"
    with _locked(folder, key) as safe:
        plan = _read(folder / key, facts) if safe else None
        if plan is not None:
            loaded = load(plan)
            if loaded is not None:
                return loaded
            log.warning("the plan %s cannot be loaded here; it is built again", folder / key)
        plan, learnt = build(timings.read_bytes() if safe and timings.is_file() else b"")
        loaded = load(plan)
        if loaded is None:
            raise EngineError("TensorRT cannot load the plan that it has just built; use --device cuda or cpu")
        if safe:
            _store(folder / key, facts, plan, {timings: learnt} if learnt else {})
        return loaded


def get(folder: Path, facts: Facts) -> bytes | None:
    """Return what `put` has stored under these facts; None if there is nothing, or it is damaged."""
    with _locked(folder, key := key_of(facts)) as safe:
        return _read(folder / key, facts) if safe else None


def put(folder: Path, facts: Facts, content: bytes) -> None:
    """Store other bytes in the cache, by the same rules as plans."""
    with _locked(folder, key := key_of(facts)) as safe:
        if safe:
            _store(folder / key, facts, content, {})


@contextmanager
def _locked(folder: Path, key: str) -> Iterator[bool]:
    """Hold the lock of an entry; yield False, with a warning, if plans cannot be stored safely."""
    try:
        held = _lock(folder, key)
    except (OSError, EngineError) as cause:
        log.warning("plans cannot be kept in %s (%s); this one is built for this run only", folder, cause)
        yield False
        return
    try:
        yield True
    finally:
        os.close(held)


def _lock(folder: Path, key: str) -> int:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT
    if sys.platform != "win32":  # where a user's folders are the user's own
        if folder.stat().st_uid != os.getuid():
            raise EngineError("it belongs to somebody else")
        folder.chmod(0o700)
        flags |= os.O_CLOEXEC | os.O_NOFOLLOW
    held = os.open(folder / f"{key}.lock", flags, 0o600)
    until_s, announced = time.monotonic() + WAIT_S, False
    while True:
        try:
            take(held)
            return held
        except BUSY:
            if not announced:
                log.warning("another process builds this plan; waiting for it")
            announced = True
            if time.monotonic() > until_s:
                os.close(held)
                raise TimeoutError(f"another process has held it for {WAIT_S:g} s") from None
            time.sleep(POLL_S)
        except OSError:
            os.close(held)
            raise


def _read(stem: Path, facts: Facts) -> bytes | None:
    """Return the plan with these facts; None if there is none. A damaged or foreign one is deleted."""
    plan, label = stem.with_suffix(".plan"), stem.with_suffix(".json")
    if not plan.exists() and not label.exists():
        return None
    fault = "it is larger than any plan"
    try:
        if plan.stat().st_size <= LIMIT_BYTES:
            stored = msgspec.json.decode(label.read_bytes(), type=Label)
            found = plan.read_bytes()
            if hashlib.sha256(found).hexdigest() == stored.sha256 and stored.facts == _plain(facts):
                return found
            fault = "it is damaged, or made for something else"
    except (OSError, msgspec.MsgspecError) as cause:
        fault = str(cause)
    log.warning("the plan %s is of no use (%s); it is built again", plan, fault)
    for file in (plan, label):
        file.unlink(missing_ok=True)
    return None


def _store(stem: Path, facts: Facts, plan: bytes, besides: Mapping[Path, bytes]) -> None:
    """Write further files, the plan and last its label, each whole or not at all; without a label a plan is ignored."""
    label = Label(facts=_plain(facts), sha256=hashlib.sha256(plan).hexdigest())
    try:
        for file, content in besides.items():
            write_whole(file, content, durable=True)
        write_whole(stem.with_suffix(".plan"), plan, durable=True)
        write_whole(stem.with_suffix(".json"), msgspec.json.encode(label), durable=True)
    except OSError as cause:
        log.warning("the plan cannot be kept in %s (%s); the next start builds it again", stem.parent, cause)


def _plain(facts: Facts) -> dict[str, Any]:
    """Return the facts as they come back from JSON."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(dict(facts)))
    return plain
