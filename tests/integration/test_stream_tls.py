"""Addresses with TLS: cameras sign their certificates themselves, and FFmpeg does not check them."""

from __future__ import annotations

import ssl
from pathlib import Path

from realtime_micacl.live.sources.address import parse_address
from realtime_micacl.live.sources.download import downloaded, first_bytes
from tests.integration import web

SIGNED_BY_ITSELF = """\
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIH5uYrsrtOehl9VOGoJc8fXV42iF1lKekriPMkM2H63VoAoGCCqGSM49
AwEHoUQDQgAEo6aYXbe/3BgFP2FaxwNuq7P+1ikv4S1YFlnUfUEwuZNQJaBDEr/w
9gj11kWbqoDoPEMSXlEFJ9zqYz9PSxY0zg==
-----END EC PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUfnsLrnxlAUIVIyendzIfrnkdiswwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEZG9vcjAgFw0yNjExMjkyMjQxNDdaGA8yMTI2MTEwNTIyNDE0
N1owDzENMAsGA1UEAwwEZG9vcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKOm
mF23v9wYBT9hWscDbquz/tYpL+EtWBZZ1H1BMLmTUCWgQxK/8PYI9dZFm6qA6DxD
El5RBSfc6mM/T0sWNM6jUzBRMB0GA1UdDgQWBBSEjEZlt3mNvjgJzhldGeehF0mV
aTAfBgNVHSMEGDAWgBSEjEZlt3mNvjgJzhldGeehF0mVaTAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIASJzzCfDJzHp8Sbifs3WTep1/AnWpgK239h
Tz3PQuWHAiEAyMWTJeQnNSYwg4JYjw0wrB17Y5dFh6f+mmNbiHKsIFQ=
-----END CERTIFICATE-----
"""
"""Made for this test alone."""


def test_what_ffmpeg_would_not_find_is_looked_for_at_the_same_machines(tmp_path: Path) -> None:
    (tmp_path / "both.pem").write_text(SIGNED_BY_ITSELF)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    with web.served() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.routes["/a"] = web.content(b"#EXTM3U")
        address = parse_address(f"https://127.0.0.1:{server.port}/a")
        assert first_bytes(address, 5.0) == (b"#EXTM3U", address.url)
        assert downloaded(address, "door").read() == b"#EXTM3U"
