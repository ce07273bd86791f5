"""What an address of the web may hold if FFmpeg finds no video: a playlist, one of its rates, JPEG after JPEG, MP4."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urljoin

from realtime_micacl.errors import ConfigError, SourceError
from realtime_micacl.live.sources import playlist
from realtime_micacl.live.sources.address import Address, parse_address
from realtime_micacl.live.sources.download import first_bytes

ASK_S = 1.0
LIST = b"#EXTM3U"
NAMED = re.compile(r"\.m3u8?(?:\?|$)", re.IGNORECASE)
JPEG = b"\xff\xd8\xff"
HEAD_BYTES = 1024  # a camera's first JPEG begins within these bytes

WHOLE = "whole"
Guess = tuple[Address, str]
"""Where to look, and FFmpeg's name for what it is; WHOLE if it is to be downloaded first."""


def guesses(address: Address, shown: str) -> Iterator[Guess]:
    """Yield what else an address may hold; `shown` is its name for messages.

    FFmpeg knows a playlist only by its name, and motion JPEG only if each part is declared as image/jpeg.
    """
    head, place = first_bytes(address, ASK_S)
    if JPEG in head[:HEAD_BYTES]:
        yield address, "mjpeg"
    elif head[4:8] == b"ftyp":  # the server cannot seek to its index, whatever it says
        yield address, WHOLE
    elif not head or head.startswith(LIST):
        yield from _listed(head, place, address, shown)
        yield address, "hls"


def jpegs(address: Address) -> list[Guess]:
    """Return JPEG after JPEG as a guess if an address sends some, in whose declarations FFmpeg finds no end."""
    return [(address, "mjpeg")] if JPEG in first_bytes(address, ASK_S)[0][:HEAD_BYTES] else []


def named_rates(address: Address, shown: str) -> list[Guess]:
    """Return the rates of an address named like a playlist, the largest first; none if it has one rate or is no list.

    Left to itself FFmpeg gives up all rates when one has dead segments, waits for one that hangs, and takes the stream
    for endless if the first is gone.
    """
    return _listed(*first_bytes(address, ASK_S), address, shown) if NAMED.search(address.path) else []


def _listed(head: bytes, place: str, address: Address, shown: str) -> list[Guess]:
    text = head.decode("utf-8", "replace")
    if head.startswith(LIST) and playlist.names_itself(text, place):
        raise SourceError(f"{shown} cannot be opened: {playlist.CIRCLE}")
    return [(rate, "hls") for rate in rates(text, address, place)]


def rates(text: str, address: Address, place: str) -> list[Address]:
    """Return the playlists that one with several rates names, the largest first; `place` is where it was found."""
    found = list[Address]()
    for name in playlist.rates(text):
        if (named := urljoin(place, name)) == place:
            continue
        try:
            rate = parse_address(named)
        except ConfigError:  # a protocol that is not read
            continue
        if (rate.scheme, rate.origin) == (address.scheme, address.origin):
            rate = replace(rate, user=rate.user or address.user)
        found.append(rate)
    return found
