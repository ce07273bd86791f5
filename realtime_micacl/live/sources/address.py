"""Addresses of streams and files: from what people write to what FFmpeg takes."""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from realtime_micacl.errors import ConfigError

PORTS = {
    "rtsp": 554,
    "rtspu": 554,  # its pictures come by UDP
    "rtsps": 322,
    "http": 80,
    "https": 443,
    "rtmp": 1935,
    "rtmps": 443,
    "tcp": 0,
    "udp": 0,
}
"""Scheme -> default port; 0 where the address has to give one."""
NOT_READ = {
    "srt": "FFmpeg comes without it in PyAV; let the sender, or `srt-live-transmit`, send it on as udp://",
    "rtp": "a bare RTP stream does not say what it holds; give the camera's rtsp:// address, or send MPEG-TS by udp://",
    "webrtc": "give the camera's rtsp:// address",
    "whep": "give the camera's rtsp:// address",
    "ndi": "give an rtsp:// address, or a virtual camera's number",
    "mms": "the protocol is no longer in use; look for an http:// address",
    "ftp": "copy the file to this machine first",
    "sftp": "copy the file to this machine first",
    "smb": "copy the file to this machine, or mount the share and give the path",
}
LOOK_TIMEOUT_S = 0.3
HOST = r"[\w.-]+|\[[0-9a-fA-F:.]+(?:%\w+)?\]"
HOST_PORT = re.compile(rf"(?P<host>{HOST})?(?::(?P<port>\d{{1,5}}))?", re.ASCII)
FRAGMENT = re.compile(r"#(?:t|xywh|track|id)=[^#]*$")  # points into a video (W3C media fragments)
LAST_AT = re.compile(rf"@(?=(?:{HOST})(?::\d{{1,5}})?(?:[/?]|$))")


@dataclass(frozen=True)
class Address:
    """The parts of an address, each as it was written."""

    scheme: str
    user: str
    """Name and password; empty, NAME or NAME:PASSWORD."""
    host: str
    port: int
    path: str
    """From the first slash or question mark on."""

    @property
    def url(self) -> str:
        """The whole address, with special characters percent-encoded."""
        return f"{self.scheme}://{_quoted(self.user)}{'@' if self.user else ''}{self._host_port}{self.path}"

    @property
    def origin(self) -> str:
        """Host and port, as people write them."""
        return f"{self.host}:{self.port}"

    @property
    def _host_port(self) -> str:
        return f"{self.host}:{self.port}" if self.port != PORTS[self.scheme] else self.host


def parse_address(text: str) -> Address:
    """Return the parts of an address; raise ConfigError, which shows no password, if such an address is not read.

    `#`, `@`, `/` and `?` in a password need no encoding as long as it is clear where the password ends.
    """
    scheme, _, rest = text.strip().partition("://")
    scheme = scheme.lower()
    if scheme in NOT_READ:
        raise ConfigError(f"{scheme}:// is not read: {NOT_READ[scheme]}")
    if scheme not in PORTS:
        raise ConfigError(f"{scheme}:// is not read; use {', '.join(PORTS)} or a path")
    user, place, path = _split(rest)
    if not place.isascii():
        with suppress(UnicodeError):  # no host name has such letters
            place = place.encode("idna").decode()
    found = HOST_PORT.fullmatch(place)
    host, port = (found["host"] or "", int(found["port"] or PORTS[scheme])) if found else ("", 0)
    looks = f"it looks like {scheme}://{'HOST:PORT' if not PORTS[scheme] else 'HOST:PORT/PATH'}"
    if not found or not (host or scheme == "udp") or not 0 < port < 65536 or re.search(r"[\x00-\x20]", user):
        raise ConfigError(
            f"this is not a valid {scheme}:// address; {looks}, or {scheme}://NAME:PASSWORD@HOST:PORT/PATH, where a"
            " password's special characters may be written in percent (%40 for @, %2F for /)"
        )
    host = host.replace("%25", "%")  # it precedes the name of a network interface
    return Address(scheme, user, host, port, _quoted(_without_fragment(path) if scheme.startswith("http") else path))


def _split(rest: str) -> tuple[str, str, str]:
    """Return user and password, host and port, and path of what follows the `://`."""
    end = re.search(r"[/?]|$", rest)
    ahead, path = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    if "@" in ahead:
        user, _, place = ahead.rpartition("@")
        return user, place, path
    if HOST_PORT.fullmatch(ahead):
        return "", ahead, path
    at = LAST_AT.search(rest)  # the slash or question mark belongs to the password
    if not at:
        return "", ahead, path
    place, path = re.match(r"([^/?]*)(.*)", rest[at.end() :], re.DOTALL).groups()  # type: ignore[union-attr]
    return rest[: at.start()], place, path


def _without_fragment(path: str) -> str:
    """Return a path without its fragment (`#t=10`), which servers are not sent; a query may have `#` in a password."""
    before, mark, query = path.partition("?")
    return before.partition("#")[0] if "#" in before else before + mark + FRAGMENT.sub("", query)


def _quoted(part: str) -> str:
    """Return a part of an address, percent-encoded; what is encoded already stays.

    Quotes are encoded, too: in a message one would seem to end the address, and the rest of a password would be shown.
    """
    part = re.sub(r"%(?![0-9a-fA-F]{2})", "%25", part)
    safe = "%:/?&=,;+!$*()~[]@" if part[:1] in ("/", "?") else "%:!$&()*+,;=~"
    return quote(part, safe=safe)


def path_of(address: str) -> str:
    """Return the path of a `file:` address; only after `file://` is it percent-decoded."""
    rest = address[5:]
    if not rest.startswith("//"):
        return rest
    parts = urlsplit(f"file:{rest}")
    if parts.netloc not in ("", "localhost"):
        raise ConfigError(f"source {address}: a file of this machine has three slashes, file:///PATH")
    path = unquote(parts.path)
    return path[1:] if re.match(r"/[A-Za-z]:", path) else path  # Windows


def device_of(text: str) -> str:
    """Return the device behind a link of udev's such as /dev/v4l/by-id/.. ; any other text stays."""
    return str(Path(text).resolve()) if text.startswith("/dev/") else text


def answers(url: str) -> bool:
    """Say whether anything listens at `url`; True where that cannot be known."""
    address = parse_address(url)
    if address.scheme == "udp":
        return True
    try:
        with socket.create_connection((address.host.strip("[]"), address.port), LOOK_TIMEOUT_S):
            return True
    except OSError:
        return False
