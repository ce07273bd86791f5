"""Says why a stream cannot be read: FFmpeg's own messages say little and may show a password."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import av

from realtime_micacl.live.sources import stills
from realtime_micacl.live.sources.address import Address, answers
from realtime_micacl.live.sources.download import first_bytes
from realtime_micacl.live.sources.ffmpeg_errors import fell_silent, reason_of
from realtime_micacl.live.sources.lists import LISTED

ASK_S = 1.0
CHECK = "check the address, and that the camera is on"
BROWSE = "open it in a browser to see what it is; a camera's own page is often at http://, its stream at rtsp://"
NO_WAY_BACK = "a pipe cannot seek; give the file itself, or send MPEG-TS or Matroska"
DEAD = "it is a playlist of which nothing can be read: its segments are gone, encrypted, or for others only"
PAGE = "it is a web page: yt-dlp saves the videos of many of them; "
PARTS = "it sends PNG after PNG; only JPEG is read like that"
NOT_FROM_HERE = "it is in a format that is not decoded here; give it as a file, or save it as MP4 (H.264) or JPEG"
PNG, HEAD_BYTES = b"\x89PNG\r\n", 1024
PROXIED = ("http", "https", "rtsps", "rtmps")
ASKED = "OPTIONS rtsp://{place} RTSP/1.0\r\nCSeq: 1\r\n\r\n"
BY_UDP = ", only control packets; where it sends by UDP a firewall may hold them back: rtsp:// fetches them by TCP"


def why(address: Address, cause: Exception | None, waited_s: float) -> str:
    """Return why an address could not be opened, and what helps; `cause` is None if there was no answer in time."""
    return _why(address, cause, waited_s) + _by_proxy(address)


def _why(address: Address, cause: Exception | None, waited_s: float) -> str:
    unknown = _unknown(address)
    if unknown:
        return unknown
    match cause:
        case av.error.HTTPServerError() | av.error.HTTPClientError():
            return _refused(address, cause)
        case av.error.ConnectionRefusedError() if answers(address.url):
            return "it redirects to another address, where nothing listens"
        case av.error.ConnectionRefusedError():
            return _nobody(address)
        case av.error.InvalidDataError():
            head = first_bytes(address, ASK_S)[0] if address.scheme.startswith("http") else b""
            named = PARTS if PNG in head[:HEAD_BYTES] else stills.reason_by_head(head)
            if named and named != stills.PAGE:
                return DEAD if named == LISTED else named
            return f"what it sends is not a video; {PAGE if named else ''}{_look(address)}"
        case av.error.PatchWelcomeError():
            return NOT_FROM_HERE
        case av.error.ProtocolNotFoundError() | av.error.ArgumentError():
            return "it refers to something that is not read from the network"
        case OSError(errno=errno.EADDRINUSE):
            return f"another program is using port {address.port}"
        case OSError(errno=errno.EADDRNOTAVAIL) if address.scheme == "udp":
            return f"{address.host} is not this machine, where udp:// waits; give udp://@:{address.port}"
        case OSError(errno=errno.EPROTONOSUPPORT) if address.scheme == "rtspu":
            return "it does not send by UDP; rtsp:// fetches its pictures by TCP"
        case OSError(errno=errno.EPROTONOSUPPORT) if address.scheme == "rtsps":
            return "it sends by UDP alone, which TLS does not cover; rtspu:// reads it without"
        case ssl.SSLError():
            return "its certificate is not accepted"
        case OSError(errno=errno.EIO) if waited_s < ASK_S:  # no HTTP, an empty answer, endless redirections
            return f"it answers nothing that can be read; {_look(address)}"
        case av.error.EOFError():
            return f"it answers nothing that can be read; {_look(address)}"
    if cause is None or fell_silent(cause) or waited_s > ASK_S:
        return _silent(address, waited_s)
    return f"{reason_of(cause)}; {CHECK}"


def _refused(address: Address, cause: Any) -> str:
    """Return the reason for an error status of HTTP or RTSP."""
    match cause:
        case av.error.HTTPUnauthorizedError() if address.user:
            return "it rejects this name and password"
        case av.error.HTTPUnauthorizedError():
            named = f"{address.scheme}://NAME:PASSWORD@{address.origin}{address.path.partition('?')[0]}"
            return f"it asks for a name and a password: {named}"
        case av.error.HTTPForbiddenError():
            return "it denies access (403); check the name, the password and what they may see"
        case av.error.HTTPNotFoundError():
            return "it has nothing at this path (404); check the path of the address"
        case av.error.HTTPServerError():
            return "it reports a fault of its own (5xx); it may be too busy, or need a restart"
    status = (cause.strerror or "").removeprefix("Server returned ").partition(" Client Error, but")[0]
    by_udp = "; it may send sound alone, or by UDP only, which rtspu:// reads" if address.scheme == "rtsp" else ""
    return f"it rejects the request ({status}){by_udp}"


def why_not_piped(cause: Exception | None, waited_s: float) -> str:
    """Return why a pipe cannot be read."""
    if cause is None:
        return f"nobody wrote to it within {waited_s:.0f} s"
    if isinstance(cause, av.error.PatchWelcomeError):
        return NOT_FROM_HERE
    if isinstance(cause, av.error.InvalidDataError):
        return f"what comes is not a video, or its index is at the end: {NO_WAY_BACK}"
    return reason_of(cause)


def no_picture(address: Address | None) -> str:
    """Return why no picture of a recording can be decoded."""
    if address is None:
        return f"its pictures come before its index, or it is damaged: {NO_WAY_BACK}"
    head = first_bytes(address, ASK_S)[0] if address.scheme.startswith("http") else b""
    return stills.reason_by_head(head) or "it is damaged"


def nothing_came(address: Address, waited_s: float) -> str:
    """Return the reason for a stream that was opened but sent no picture."""
    more = BY_UDP if address.scheme == "rtspu" else ""
    return f"it answers, but no picture came within {waited_s:.0f} s{more}"


def _look(address: Address) -> str:
    return BROWSE if address.scheme.startswith("http") else CHECK


def _by_proxy(address: Address) -> str:
    """Return what to add if FFmpeg goes through a proxy, else an empty string."""
    try:
        proxy = urlsplit(os.environ.get("http_proxy", ""))
    except ValueError:
        return "; http_proxy in the environment is no address; mend it, or unset it"
    if address.scheme not in PROXIED or proxy.scheme != "http" or proxy_bypass(address.host):
        return ""
    place = proxy.netloc.rpartition("@")[2]
    return f"; the proxy {place} was asked for it, as http_proxy says: with no_proxy={address.host} it is asked itself"


def _nobody(address: Address) -> str:
    return f"nothing listens at port {address.port} of {address.host}; {CHECK}"


def _unknown(address: Address) -> str:
    """Return the reason if the host name is unknown, else an empty string."""
    if not address.host:
        return ""
    try:
        socket.getaddrinfo(address.host.strip("[]"), address.port)
    except (socket.gaierror, UnicodeError):
        return f"unknown host {address.host}; check how the name is written, and that this machine is on its network"
    return ""


def _silent(address: Address, waited_s: float) -> str:
    """Return the reason for a machine that did not answer in time, after asking whether it answers at all."""
    if address.scheme == "udp":
        return (
            f"no MPEG-TS came to port {address.port} within {waited_s:.0f} s; check where the sender sends to, and what"
        )
    silent = f"it took the connection, but gave no answer within {waited_s:.0f} s; it may hang, or not be a camera"
    try:
        with socket.create_connection((address.host.strip("[]"), address.port), ASK_S) as peer:
            if not address.scheme.startswith("rtsp"):
                return silent
            peer.settimeout(ASK_S)
            peer.sendall(ASKED.format(place=address.origin).encode())
            answered = peer.recv(64).startswith(b"RTSP")
    except ConnectionRefusedError:
        return _nobody(address)
    except OSError:
        return f"no answer within {waited_s:.0f} s; {CHECK}"
    if answered:
        return nothing_came(address, waited_s)
    return silent
