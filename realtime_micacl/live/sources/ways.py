"""How FFmpeg is to open what an address names, and how long it may take."""

from __future__ import annotations

from functools import partial

from realtime_micacl.live.sources.address import Address
from realtime_micacl.live.sources.attempts import PATIENCE_S
from realtime_micacl.live.sources.connection import Way
from realtime_micacl.live.sources.pipe import open_pipe

SILENT_S = 2.0  # a camera that sends nothing for so long is lost
SEGMENT_S = 15.0  # the next segment of a playlist, or the next part of a file, may take this long
PROTOCOLS = "rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,crypto,rtmp,rtmps"
LIVE_OPTIONS = {"fpsprobesize": "0", "protocol_whitelist": PROTOCOLS}  # nobody waits to learn the rate
LOOKED = {"analyzeduration": "1500000"}  # else FFmpeg looks for sound, which many cameras lack, for 5 s
HTTP_OPTIONS = {
    **LIVE_OPTIONS,
    **LOOKED,
    "reconnect": "1",  # goes on at the same byte if a connection breaks off
    "reconnect_on_network_error": "1",  # asks again if a server has closed the connection without saying so
    "reconnect_max_retries": "1",
}
TRANSPORTS = {
    "rtsp": {"rtsp_transport": "tcp+udp", "rtsp_flags": "prefer_tcp"},  # by UDP only if TCP is refused
    "rtspu": {"rtsp_transport": "udp"},
    "rtsps": {"rtsp_transport": "tcp"},  # UDP would not be encrypted
}
VIDEO_ALONE = {"allowed_media_types": "video"}  # a camera that refuses its sound or its metadata is read all the same
FORM_OPTIONS = {
    "hls": {"extension_picky": "0", "allowed_extensions": "ALL"},  # segments may have any name
    "mjpeg": {"analyzeduration": "200000"},  # FFmpeg would watch it for two seconds
}


def way_to(address: Address | None, value: str, shown: str, form: str | None, start_s: float) -> Way:
    """Return how to open an address, or, if that is None, the FIFO or `-` in `value`.

    `shown` is the name for messages, `form` FFmpeg's format if it is known already, `start_s` where to begin in a
    recording.
    """
    if address is None:
        return Way(value, shown, {"protocol_whitelist": "pipe"}, 0, 0, pipe=partial(open_pipe, value))
    scheme, url = address.scheme, address.url
    if scheme in ("http", "https"):
        options = HTTP_OPTIONS | FORM_OPTIONS.get(form or "", {})
        return Way(url, shown, options, PATIENCE_S, SEGMENT_S, form=form, start_s=start_s)
    options = dict(LIVE_OPTIONS)
    match scheme:
        case "rtsp" | "rtspu" | "rtsps":
            options |= TRANSPORTS[scheme] | VIDEO_ALONE
            url = url.replace("rtspu:", "rtsp:", 1)
        case "rtmp" | "rtmps":
            options |= LOOKED
        case "udp":
            options |= {"overrun_nonfatal": "1", "fifo_size": "65536"}
    return Way(url, shown, options, PATIENCE_S, SILENT_S)
