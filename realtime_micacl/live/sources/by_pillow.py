"""What FFmpeg does not read: photographs in tiles, as iPhones write them, and, before PyAV 19, animated WebP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources.stills import RATE_HZ, is_animated_webp
from realtime_micacl.types import Frame
from realtime_micacl.wording import short

BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif")
HEAD_BYTES = 1 << 16  # the list of what is in the file lies there; the tiles follow


def is_for_pillow(path: Path) -> bool:
    """Say whether a file is a HEIC or AVIF whose picture lies in tiles, or an animated WebP."""
    with suppress(OSError), path.open("rb") as stream:  # whoever opens it says what is wrong
        head = stream.read(HEAD_BYTES)
        tiled = head[4:8] == b"ftyp" and head[8:12] in BRANDS and b"grid" in head
        return tiled or is_animated_webp(head)
    return False


def read_by_pillow(path: Path) -> Iterator[Frame]:
    """Yield the photograph, or the pictures of an animation, upright; raise SourceError if it cannot be read."""
    try:
        from PIL import Image, ImageOps
        from pillow_heif import register_heif_opener
    except ImportError:  # as on Macs with Intel's processors
        raise SourceError(f"{path} is read by pillow-heif, which is not here; save it as JPEG, PNG or MP4") from None
    register_heif_opener()
    try:
        with Image.open(path) as opened:
            time_s = 0.0
            for index in range(getattr(opened, "n_frames", 1) if opened.format == "WEBP" else 1):
                opened.seek(index)
                picture = ImageOps.exif_transpose(opened).convert("RGBA")
                on_white = Image.new("RGBA", picture.size, "white")
                on_white.alpha_composite(picture)
                rgb = np.array(on_white.convert("RGB"))
                rgb.flags.writeable = False
                yield Frame(rgb, time_s, index)
                time_s += opened.info.get("duration", 0) / 1000 or 1 / RATE_HZ
    except (OSError, ValueError, EOFError, Image.DecompressionBombError) as cause:
        raise SourceError(f"{path} cannot be read: it is damaged, or too large ({short(cause)})") from cause
