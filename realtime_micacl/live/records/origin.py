"""Where a live recording comes from, written with it, so that it can be traced and compared years later."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from realtime_micacl import __version__
from realtime_micacl.config import SECRETS, Settings
from realtime_micacl.inference.sidecar import NAME, Sidecar, sha256
from realtime_micacl.live.reading.smoother import Tuned
from realtime_micacl.live.records.record import Clock, one_line
from realtime_micacl.live.sources.source import redacted


class Hello(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line of a live recording in JSON Lines, and the file beside one in CSV."""

    program: Annotated[str, Meta(description="name and version of the program that wrote it")]
    engine: Annotated[str, Meta(description="name of the engine")]
    engine_sha256: Annotated[
        str, Meta(description="SHA-256 of its `engine.json`, which holds those of its other files")
    ]
    sources: Annotated[list[str], Meta(description="names of the sources, without passwords")]
    started_utc: Annotated[str, Meta(description="when `time_s` was 0, by this machine's clock")]
    settings: Annotated[
        dict[str, Any], Meta(description="all settings as they are now, without secrets, and `abstain_below`")
    ]


class Origin:
    """Makes the Hello of the present moment; the window sets `sources` to what it shows."""

    def __init__(self, settings: Settings, folder: Path, sidecar: Sidecar, tuned: Tuned, clock: Clock) -> None:
        self.sources: list[str] = []
        self._tuned = tuned
        started = datetime.fromtimestamp(clock.origin_s + (clock.ahead_s or 0.0), UTC)
        self._fixed = {
            "program": f"realtime-micacl {__version__}",
            "engine": sidecar.name,
            "engine_sha256": sha256(folder / NAME if folder.is_dir() else folder),
            "started_utc": started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        self._settings = _without_secrets(msgspec.to_builtins(settings))

    def __call__(self) -> Hello:
        """Return what a recording that goes on from now begins with."""
        now = self._tuned.now
        tuned = {"smoothing_s": now.smoothing_s, "abstain_below": now.abstain_below}
        return Hello(**self._fixed, sources=list(map(one_line, self.sources)), settings=self._settings | tuned)


def _without_secrets(value: Any) -> Any:
    """Return settings without tokens and passwords, those in addresses included."""
    match value:
        case dict():
            return {
                key: _without_secrets(v) for key, v in value.items() if not any(secret in key for secret in SECRETS)
            }
        case list() | tuple():
            return [_without_secrets(v) for v in value]
        case str():
            return one_line(redacted(value))
    return value
