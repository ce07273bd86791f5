"""Writes pictures to an H.264 file with a constant frame rate."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import av

from realtime_micacl.types import U8


def write_video(path: Path, pictures: Iterable[U8], *, rate_hz: int, crf: int = 20, preset: str = "medium") -> None:
    """Encode RGB pictures, [H,W,3] with even sides; a lower `crf` means better quality and a larger file."""
    options = {"crf": str(crf), "preset": preset, "threads": "1"}
    with av.open(str(path), "w") as container:
        stream = None
        for picture in pictures:
            if stream is None:
                stream = container.add_stream("libx264", rate=rate_hz, options=options)
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        if stream is not None:
            container.mux(stream.encode())
