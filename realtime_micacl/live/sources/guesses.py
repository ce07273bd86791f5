"""What an address of the web may hold where FFmpeg finds no video: a play list, one of its rates, JPEGs in a row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urljoin

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.sources.address import Address, parse_address
from realtime_micacl.live.sources.download import begins

ASK_S = 1.0
LIST = b"#EXTM3U"
JPEG = b"\xff\xd8\xff"
HEAD_BYTES = 1024  # a camera's first JPEG begins within these

Guess = tuple[Address, str]
"""Where to look, and FFmpeg's name for what it is."""


def guesses(address: Address) -> Iterator[Guess]:
    """Yield what else to try of an address.

    FFmpeg knows a play list by its name alone and gives up all of its rates where one is dead; of motion JPEG it wants
    each part to be called image/jpeg.
    """
    head, place = begins(address, ASK_S)
    if JPEG in head[:HEAD_BYTES]:
        yield address, "mjpeg"
    elif not head or head.startswith(LIST):
        yield address, "hls"
        for rate in rates(head.decode("utf-8", "replace"), address, place):
            yield rate, "hls"


def rates(text: str, address: Address, place: str) -> list[Address]:
    """Return the play lists that one with several rates names, the largest first; `place` is where it lay."""
    found = list[tuple[int, int, Address]]()
    for about, name in re.findall(r"^#EXT-X-STREAM-INF:(.*)\s+^([^#\s].*?)\s*$", text, re.MULTILINE):
        across, down = (re.findall(r"RESOLUTION=(\d+)x(\d+)", about) or [(0, 0)])[0]
        bits = (re.findall(r"(?:^|,)BANDWIDTH=(\d+)", about) or [0])[0]
        try:
            rate = parse_address(urljoin(place, name))
        except ConfigError:  # what is not read
            continue
        if (rate.scheme, rate.origin) == (address.scheme, address.origin):
            rate = replace(rate, user=rate.user or address.user)
        found.append((int(across) * int(down), int(bits), rate))
    return [rate for _, _, rate in sorted(found, key=lambda one: one[:2], reverse=True)]
