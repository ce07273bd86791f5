"""How FFmpeg is to open what an address names, and how long it may take."""

from __future__ import annotations

from functools import partial

from realtime_micacl.live.sources.address import Address
from realtime_micacl.live.sources.connection import Way
from realtime_micacl.live.sources.pipe import open_pipe
from realtime_micacl.live.sources.tries import PATIENCE_S

SILENT_S = 2.0  # a camera that sends nothing for so long is lost
PIECE_S = 15.0  # a piece of a play list, or the next part of a file, may take so long
PROTOCOLS = "rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,crypto,rtmp,rtmps"
LIVE_OPTIONS = {"fflags": "nobuffer", "protocol_whitelist": PROTOCOLS}
HTTP_OPTIONS = {
    "protocol_whitelist": PROTOCOLS,
    "reconnect_on_network_error": "1",  # it asks once more where a server has closed a connection and did not say so
    "reconnect_max_retries": "1",
}
TRANSPORTS = {
    "rtsp": {"rtsp_transport": "tcp+udp", "rtsp_flags": "prefer_tcp"},  # by UDP only where TCP is refused
    "rtspu": {"rtsp_transport": "udp"},
    "rtsps": {"rtsp_transport": "tcp"},  # by UDP it would be open to all
}
FORM_OPTIONS = {
    "hls": {"extension_picky": "0", "allowed_extensions": "ALL"},  # what a segment is called says nothing
    "mjpeg": {"analyzeduration": "200000"},  # FFmpeg would watch it for two seconds
}


def way_to(address: Address | None, value: str, shown: str, form: str | None, start_s: float) -> Way:
    """Return the way to an address; without one `value` is a FIFO's path, or `-`.

    `shown` is its name for messages, `form` the format where it is known better than FFmpeg can, `start_s` where to
    begin in a recording.
    """
    if address is None:
        return Way(value, shown, {"protocol_whitelist": "pipe"}, 0, 0, pipe=partial(open_pipe, value))
    scheme, url = address.scheme, address.url
    if scheme in ("http", "https"):
        options = HTTP_OPTIONS | FORM_OPTIONS.get(form or "", {})
        return Way(url, shown, options, PATIENCE_S, PIECE_S, form=form, start_s=start_s)
    options = dict(LIVE_OPTIONS)
    match scheme:
        case "rtsp" | "rtspu" | "rtsps":
            options |= TRANSPORTS[scheme]
            url = url.replace("rtspu:", "rtsp:", 1)
        case "rtmp" | "rtmps":
            options["analyzeduration"] = "1500000"  # FFmpeg looks 5 s long for the sound that many cameras lack
        case "tcp":
            del options["fflags"]
        case "udp":
            options |= {"overrun_nonfatal": "1", "fifo_size": "65536"}
    return Way(url, shown, options, PATIENCE_S, SILENT_S)
