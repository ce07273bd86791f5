"""Addresses as people write them: where an outlet listens, and whom it talks to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from realtime_micacl.errors import ConfigError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HOST = r"(?P<host>(?:[\w-]{1,63}\.)*[\w-]{1,63}\.?|\[[0-9a-fA-F:.]+\])"


@dataclass(frozen=True)
class Peer:
    """A host and port on the network, with what else an address says."""

    host: str
    port: int
    user: str = ""
    name: str = ""
    secure: bool = False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listening(text: str, option: str, example: int = 8080) -> Peer:
    """Parse `[HOST:]PORT`, an address to listen on; raise ConfigError with an `example` of a port."""
    found = re.fullmatch(rf"(?:{_HOST}:)?(?P<port>\d{{1,5}})", text)
    if not found or not 0 < int(found["port"]) < 65536:
        raise ConfigError(f"{option} {text}: it is [HOST:]PORT, such as {example}")
    return Peer((found["host"] or LOOPBACK[0]).strip("[]"), int(found["port"]))


def receiver(text: str, option: str, port: int) -> Peer:
    """Parse `HOST[:PORT]`, an address to send to; `port` is the default. Raise ConfigError."""
    found = re.fullmatch(rf"{_HOST}(?::(?P<port>\d{{1,5}}))?", text)
    if not found or not 0 < int(found["port"] or port) < 65536:
        raise ConfigError(f"{option} {text}: it is HOST[:PORT], such as 127.0.0.1:{port}")
    return Peer(found["host"].strip("[]"), int(found["port"] or port))


def broker(text: str, option: str, name: str) -> Peer:
    """Parse `[mqtts://][USER@]HOST[:PORT][/NAME]`; `name` is the default. Raise ConfigError that shows no password."""
    scheme, _, rest = text.rpartition("://")
    user, at, where = rest.rpartition("@")
    if ":" in user:
        raise ConfigError(
            f"{option}: a password on the command line can be seen by everybody on this machine; "
            "set mqtt_password in the settings, or name a file with --mqtt-password-file"
        )
    found = re.fullmatch(rf"{_HOST}(?::(?P<port>\d{{1,5}}))?(?:/(?P<name>[\w-]+))?", where)
    port = int((found and found["port"]) or (8883 if scheme == "mqtts" else 1883))
    if not found or scheme not in ("", "mqtt", "mqtts") or (at and not user) or not 0 < port < 65536:
        shape = "[mqtts://][USER@]HOST[:PORT][/NAME]"
        raise ConfigError(f"{option} {text}: it is {shape}, such as broker.local or mqtts://me@broker.local/door")
    return Peer(found["host"].strip("[]"), port, user, found["name"] or name, scheme == "mqtts")
