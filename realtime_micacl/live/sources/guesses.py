"""What an address of the web may hold where FFmpeg finds no video: a play list, one of its rates, JPEGs in a row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urljoin

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.sources import playlist
from realtime_micacl.live.sources.address import Address, parse_address
from realtime_micacl.live.sources.download import begins

ASK_S = 1.0
LIST = b"#EXTM3U"
NAMED = re.compile(r"\.m3u8?(?:\?|$)", re.IGNORECASE)
JPEG = b"\xff\xd8\xff"
HEAD_BYTES = 1024  # a camera's first JPEG begins within these

Guess = tuple[Address, str]
"""Where to look, and FFmpeg's name for what it is."""


def guesses(address: Address) -> Iterator[Guess]:
    """Yield what else to try of an address.

    FFmpeg knows a play list by its name alone; of motion JPEG it wants each part to be called image/jpeg.
    """
    head, place = begins(address, ASK_S)
    if JPEG in head[:HEAD_BYTES]:
        yield address, "mjpeg"
    elif not head or head.startswith(LIST):
        yield from _listed(head, place, address)
        yield address, "hls"


def named_rates(address: Address) -> list[Guess]:
    """Return the rates of what is named as a play list, the largest first; none where it is of one rate, or none.

    Of a list of several FFmpeg gives up all where the pieces of one are dead, waits for one that hangs, and takes it
    for endless where the first is gone.
    """
    return _listed(*begins(address, ASK_S), address) if NAMED.search(address.path) else []


def _listed(head: bytes, place: str, address: Address) -> list[Guess]:
    return [(rate, "hls") for rate in rates(head.decode("utf-8", "replace"), address, place)]


def rates(text: str, address: Address, place: str) -> list[Address]:
    """Return the play lists that one with several rates names, the largest first; `place` is where it lay."""
    found = list[Address]()
    for name in playlist.rates(text):
        try:
            rate = parse_address(urljoin(place, name))
        except ConfigError:  # what is not read
            continue
        if (rate.scheme, rate.origin) == (address.scheme, address.origin):
            rate = replace(rate, user=rate.user or address.user)
        found.append(rate)
    return found
