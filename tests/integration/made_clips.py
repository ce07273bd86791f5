"""Clips that are made for a test, as files, segments and playlists."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from realtime_micacl.live.sources.synthetic import write_code


def jpegs(count: int = 50, *, size: tuple[int, int] = (768, 240)) -> list[bytes]:
    """Return pictures that carry their number as squares."""
    return [cv2.imencode(".jpg", coded(number, size)[:, :, ::-1])[1].tobytes() for number in range(count)]


def coded(number: int, size: tuple[int, int] = (768, 240)) -> np.ndarray:
    """Return a picture, RGB, that carries a number as squares."""
    image = np.full((size[1], size[0], 3), (60, 120, 180), np.uint8)
    write_code(image, number)
    return image


def write_clip(
    file: Path,
    frames: int = 75,
    *,
    codec: str = "libx264",
    rate_hz: int = 25,
    gop: int = 12,
    form: str | None = None,
    first: int = 0,
    start_s: float = 0.0,
    **options: str,
) -> Path:
    """Write a clip whose frames carry their numbers, from `first` on; `start_s` is the time stamp of the first."""
    with av.open(str(file), "w", format=form, options=options) as out:
        stream = out.add_stream(codec, rate=rate_hz)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 768, 240, "yuv420p", gop
        stream.codec_context.max_b_frames = 0
        if codec == "libx265":
            stream.options = {
                "x265-params": f"log-level=none:keyint={gop}:min-keyint={gop}:bframes=0",
                "preset": "ultrafast",
            }
        elif codec == "libx264":
            stream.options = {"preset": "ultrafast", "tune": "zerolatency"}
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(coded(first + number), format="rgb24")
            frame.pts, frame.time_base = number + round(start_s * rate_hz), Fraction(1, rate_hz)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return file


def segments(folder: Path, *, frames: int = 75, seconds: int = 1) -> list[bytes]:
    """Return a clip as MPEG-TS segments of so many seconds each."""
    folder.mkdir(exist_ok=True)
    write_clip(folder / "out.m3u8", frames, gop=25 * seconds, form="hls", hls_time=str(seconds), hls_list_size="0")
    names = [line for line in (folder / "out.m3u8").read_text().splitlines() if line and not line.startswith("#")]
    return [(folder / name).read_bytes() for name in names]


def play_list(names: list[str], *, seconds: int = 1, ended: bool = True, before: dict[int, str] | None = None) -> bytes:
    """Return a playlist of these segments; `before` adds a line before some."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{seconds}", "#EXT-X-MEDIA-SEQUENCE:0"]
    for number, name in enumerate(names):
        if before and number in before:
            lines.append(before[number])
        lines += [f"#EXTINF:{seconds:.3f},", name]
    return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if ended else []), ""]).encode()
