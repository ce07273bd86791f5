"""The outlets that a person asked for, as one sink that opens and closes them together."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from realtime_micacl.config import Settings
from realtime_micacl.errors import ConfigError
from realtime_micacl.live.records.origin import Hello
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.slots import STALE_S, Slots
from realtime_micacl.outlets.about import About
from realtime_micacl.outlets.address import broker, listening, receiver
from realtime_micacl.outlets.latest import Latest
from realtime_micacl.outlets.means import Means
from realtime_micacl.outlets.thread import Outlet, OutletThread
from realtime_micacl.types import Event
from realtime_micacl.wording import why

CLOSE_S = 0.4  # for all outlets together, as the program has to end within two seconds
SECRET_LETTERS = 16


class Feed:
    """A sink that hands every event, or with `every_s` the means of readings, to each outlet. It never waits.

    `slots` gives each face its slot; all sources of the program share it.
    """

    def __init__(self, outlets: Sequence[OutletThread], slots: Slots, every_s: float | None = None) -> None:
        self.outlets, self.slots = outlets, slots
        self._onward: Callable[[Event], None] = Means(every_s, self._spread) if every_s else self._spread

    @property
    def notice(self) -> str:
        """The fault of an outlet that people have to know of; empty while there is none."""
        return next((outlet.notice for outlet in self.outlets if outlet.notice), "")

    def __call__(self, event: Event) -> None:
        """Hand on an event."""
        self._onward(event)

    def close(self) -> None:
        """Close all outlets; one that takes longer than CLOSE_S is left behind."""
        for outlet in self.outlets:
            outlet.close()
        until_s = monotonic() + CLOSE_S
        for outlet in self.outlets:
            outlet.wait(until_s - monotonic())

    def _spread(self, event: Event) -> None:
        for outlet in self.outlets:
            outlet(event)


@contextmanager
def feeding(
    settings: Settings, origin: Callable[[], Hello] | None, clock: Clock, sources: Sequence[str], instances: int
) -> Iterator[Feed]:
    """Open the outlets of the settings, if there are any, and close them in the end.

    Raise ConfigError for what can be known at once: a wrong address, a port that is taken, a package that is missing.
    """
    made: list[Outlet] = []
    if origin:
        stale_s = STALE_S + (settings.every_s or 0.0)
        about = About(origin, clock, tuple(sources), instances, settings.slots, stale_s)
        made = [_MAKERS[name](settings, about) for name in settings.outlets]
    feed = Feed([OutletThread(outlet) for outlet in made], Slots(settings.slots), settings.every_s)
    try:
        yield feed
    finally:
        feed.close()


def _lsl(settings: Settings, about: About) -> Outlet:
    from realtime_micacl.outlets.lsl import NAME, Lsl

    return Lsl(settings.lsl or NAME, about)


def _web(settings: Settings, about: About) -> Outlet:
    from realtime_micacl.outlets.web import Web

    token = _secret(settings.web_token, settings.web_token_file, "web_token")
    if token is not None and len(token) < SECRET_LETTERS:
        raise ConfigError(f"--web-token-file: a token needs {SECRET_LETTERS} characters or more")
    return Web(listening(settings.web or "", "--web"), token, about)


def _osc(settings: Settings, about: About) -> Outlet:
    from realtime_micacl.outlets.osc import PORTS, Osc

    peer = receiver(settings.osc or "", "--osc", PORTS[settings.osc_style])
    return Osc(peer, settings.osc_style, about)


def _mqtt(settings: Settings, about: About) -> Outlet:
    from realtime_micacl.outlets.mqtt import Mqtt

    peer = broker(settings.mqtt or "", "--mqtt", re.sub(r"[^\w-]+", "-", socket.gethostname()))
    password = _secret(settings.mqtt_password, settings.mqtt_password_file, "mqtt_password")
    if password and not peer.user:
        raise ConfigError("--mqtt has a password and no user; it is USER@HOST, such as me@broker.local")
    return Mqtt(peer, password, settings.mqtt_discovery, about)


def _latest(settings: Settings, about: About) -> Outlet:
    return Latest(Path(settings.latest or ""), about)


def _secret(value: str | None, path: str | None, key: str) -> str | None:
    """Return the secret `value`, or the first line of the file at `path`; `key` is the name of its setting."""
    if value and path:
        raise ConfigError(f"both {key} and {key}_file are set; keep one of them")
    if path is None:
        return value
    try:
        return Path(path).read_text("utf-8-sig").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as cause:
        asked = f"--{key.replace('_', '-')}-file {path}"
        raise ConfigError(f"{asked} cannot be read: {why(cause)}; check the path") from cause


_MAKERS: dict[str, Callable[[Settings, About], Outlet]]
_MAKERS = {"lsl": _lsl, "web": _web, "osc": _osc, "mqtt": _mqtt, "latest": _latest}
