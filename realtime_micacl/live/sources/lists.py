"""Files that are no video but name one: playlists of media players, desktop shortcuts."""

from __future__ import annotations

import re

NAMES = "it is a list of what to play, and names {}; give that"
LISTED = "it is a playlist of a kind that is not read; name a video, or make one: ffmpeg -i LIST -c copy VIDEO.mkv"
MOST = 300  # characters of a name that are shown
SEGMENTS = b"#EXT-X-"  # in a playlist of the segments of one video
BEGINNINGS = (b"#EXTM3U", b"ffconcat")
KINDS = (
    (rb"\[(?:playlist|reference|InternetShortcut|Desktop Entry)\]", rb"^(?:File|Ref|URL)\d*[ \t]*=[ \t]*(\S.*)$"),
    (rb"[^\0]*<(?:asx|smil|playlist)\b", rb"(?:\b(?:href|src)\s*=\s*[\"']|<location>\s*)([^\"'<>]+)"),
    (rb"#EXTM3U|\w+://\S+\s*$", rb"^([^#\s].*)$"),
)
"""How a list begins, and what precedes its entries: .pls, .url and .desktop; .asx, .smil and .xspf; .m3u."""


def listed(head: bytes) -> str:
    """Return what to say of a file with these first bytes if it is a list of videos, else an empty string."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for beginning, entries in KINDS if SEGMENTS not in text else ():
        if re.match(beginning, text, re.IGNORECASE | re.MULTILINE) and (
            found := re.search(entries, text, re.IGNORECASE | re.MULTILINE)
        ):
            name = found[1].decode("utf-8", "replace").strip()[:MOST]
            return NAMES.format(re.sub(r"//[^/@\s]*@", "//", name))
    return LISTED if text.startswith(BEGINNINGS) else ""
