"""Downloads a file from the web that cannot be read in order: its index is at the end and its server cannot seek."""

from __future__ import annotations

import io
import logging
import ssl
from contextlib import closing, suppress
from http.client import HTTPException
from time import monotonic
from urllib.error import HTTPError, URLError
from urllib.parse import unquote
from urllib.request import (
    HTTPBasicAuthHandler,
    HTTPDefaultErrorHandler,
    HTTPDigestAuthHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPPasswordMgrWithDefaultRealm,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
)

from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources.address import Address

log = logging.getLogger(__name__)

MOST_BYTES = 500_000_000
PART_BYTES = 1 << 20
BEGINS_BYTES = 1 << 16
PATIENCE_S = 15.0


class Unseekable(Exception):
    """A recording on a server that cannot seek to its pictures."""


def downloaded(address: Address, shown: str) -> io.BytesIO:
    """Return a file from the web, in memory; raise SourceError if it is too large or breaks off."""
    log.warning("%s has its index at the end, and its server cannot seek: it is downloaded first", shown)
    whole = io.BytesIO()
    try:
        with closing(_opener(address).open(_bare(address), timeout=PATIENCE_S)) as answer:
            while part := answer.read(PART_BYTES):
                if whole.tell() + len(part) > MOST_BYTES:
                    raise SourceError(
                        f"{shown} has its index at the end, and is too large to be downloaded first"
                        f" ({MOST_BYTES / 1e6:.0f} MB at most); copy it to this machine first"
                    )
                whole.write(part)
    except (HTTPError, URLError, HTTPException, OSError, ValueError) as cause:
        raise SourceError(f"{shown} cannot be downloaded: {getattr(cause, 'reason', type(cause).__name__)}") from cause
    whole.seek(0)
    return whole


def first_bytes(address: Address, patience_s: float) -> tuple[bytes, str]:
    """Return the first bytes at an address of the web, as far as they come in time, and where they were found."""
    head, place, until_s = b"", _bare(address), monotonic() + patience_s
    with (
        suppress(HTTPError, URLError, HTTPException, OSError, ValueError),
        closing(_opener(address).open(place, timeout=patience_s)) as answer,
    ):
        place = answer.url
        while len(head) < BEGINS_BYTES and monotonic() < until_s and (part := answer.read1(BEGINS_BYTES)):
            head += part
    return head, place


def _bare(address: Address) -> str:
    return f"{address.scheme}://{address.origin}{address.path}"


def _opener(address: Address) -> OpenerDirector:
    """Return an opener for http and https alone, also after a redirection."""
    name, _, password = address.user.partition(":")
    passwords = HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, _bare(address), unquote(name), unquote(password))
    unchecked = ssl.create_default_context()  # as FFmpeg does: cameras sign their own certificates
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    opener = OpenerDirector()
    for handler in (
        HTTPHandler(),
        HTTPSHandler(context=unchecked),
        HTTPRedirectHandler(),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
        HTTPBasicAuthHandler(passwords),
        HTTPDigestAuthHandler(passwords),
    ):
        opener.add_handler(handler)
    return opener
