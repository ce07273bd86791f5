"""Yields the pictures of a connection until it ends or falls silent."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from time import monotonic

from realtime_micacl.errors import SourceLost
from realtime_micacl.lazy import Lazy
from realtime_micacl.live.sources.address import Address
from realtime_micacl.live.sources.arrival import WAKE_S
from realtime_micacl.live.sources.connection import Connection
from realtime_micacl.live.sources.decoder import Decoder
from realtime_micacl.live.sources.ffmpeg_errors import fell_silent
from realtime_micacl.live.sources.items import Pending
from realtime_micacl.live.sources.reasons import nothing_came
from realtime_micacl.types import U8

log = logging.getLogger(__name__)

KEY_S = 60.0  # cameras send key frames more often
UNDECODABLE_S = 12.0  # a stream is lost if nothing can be decoded for this long
Picture = tuple[float, U8 | Lazy, int, float]
"""Time stamp, picture, number of damaged ones before it, time of arrival."""


def pictures(
    connection: Connection, address: Address | None, patience_s: float, first_s: float
) -> Iterator[Picture | Pending]:
    """Yield the pictures until the stream ends; raise SourceLost if it falls silent or cannot be decoded.

    `patience_s` is how long the stream may be silent, `first_s` how long it may take to the first picture.
    """
    shown = connection.way.shown
    decoder = Decoder(connection.video)
    opened_s = decoded_s = monotonic()
    some = seen = False
    while True:
        wait_s = patience_s if seen else max(patience_s, first_s)
        asked_s = monotonic()
        while not (arrived := connection.take(WAKE_S)) and not connection.over and monotonic() - asked_s < wait_s:
            yield Pending()
        arrived = arrived or connection.take(0.0)  # the last one may have come just now
        if arrived is None:
            if connection.over and (some or not fell_silent(connection.cause)):
                break
            waited_s = monotonic() - connection.started_s
            reason = f"sent nothing for {wait_s:.0f} s" if some else _silent(address, waited_s)
            raise SourceLost(f"{shown} {reason}")
        packet, came_s = arrived
        some = True
        for pts_s, image, damaged in decoder.pictures(packet):
            yield pts_s, image, damaged, came_s
            seen, decoded_s = True, monotonic()
        if monotonic() - decoded_s > WAKE_S:
            yield Pending()  # packets come, but none can be decoded
        if not decoder.begun:
            if monotonic() - opened_s > KEY_S:
                raise SourceLost(f"{shown} sent no key frame for {KEY_S:.0f} s")
        elif monotonic() - max(decoded_s, opened_s) > UNDECODABLE_S:
            raise SourceLost(f"{shown} sent nothing that can be decoded for {UNDECODABLE_S:.0f} s")
    if decoder.all_damaged:
        log.warning("%s: damaged packets and pictures, left out: %d", shown, decoder.all_damaged)


def _silent(address: Address | None, waited_s: float) -> str:
    return f"is silent: {nothing_came(address, waited_s) if address else 'nothing came'}"
