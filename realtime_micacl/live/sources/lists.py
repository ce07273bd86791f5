"""Files that are no video and name one: play lists of music players, shortcuts of desktops."""

from __future__ import annotations

import re

NAMES = "it is a list of what to play, and names {}; give that"
LISTED = "it is a play list of which nothing is read; name a video, or make one: ffmpeg -i LIST -c copy VIDEO.mkv"
MOST = 300  # letters of a name that are shown
PIECES = b"#EXT-X-"  # what stands in a play list of pieces of one video
BEGINS = (b"#EXTM3U", b"ffconcat")
KINDS = (
    (rb"\[(?:playlist|reference|InternetShortcut|Desktop Entry)\]", rb"^(?:File|Ref|URL)\d*[ \t]*=[ \t]*(\S.*)$"),
    (rb"[^\0]*<(?:asx|smil|playlist)\b", rb"(?:\b(?:href|src)\s*=\s*[\"']|<location>\s*)([^\"'<>]+)"),
    (rb"#EXTM3U|\w+://\S+\s*$", rb"^([^#\s].*)$"),
)
"""How a list begins, and what stands before its entries: .pls, .url and .desktop; .asx, .smil and .xspf; .m3u."""


def listed(begins: bytes) -> str:
    """Return what to say of a file that begins so where it is a list of videos, empty where it is none."""
    text = begins.removeprefix(b"\xef\xbb\xbf").lstrip()
    for head, entries in KINDS if PIECES not in text else ():
        if re.match(head, text, re.IGNORECASE | re.MULTILINE) and (
            found := re.search(entries, text, re.IGNORECASE | re.MULTILINE)
        ):
            name = found[1].decode("utf-8", "replace").strip()[:MOST]
            return NAMES.format(re.sub(r"//[^/@\s]*@", "//", name))
    return LISTED if text.startswith(BEGINS) else ""
