"""Files as they come: whole, cut off, damaged, and not videos at all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Literal

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources import video
from realtime_micacl.live.sources.clock import StreamClock
from realtime_micacl.live.sources.items import Pending
from realtime_micacl.live.sources.stream import LATE_S
from realtime_micacl.live.sources.synthetic import read_code, write_code
from realtime_micacl.live.sources.video import paced, read_file
from realtime_micacl.types import Frame

RATE_HZ, LENGTH = 25, 50


def write_clip(file: Path, *, options: dict[str, str] | None = None, codec: str = "libx264") -> Path:
    """Write a clip whose frames carry their number as squares."""
    with av.open(str(file), "w", options=options or {}) as out:
        stream = out.add_stream(codec, rate=RATE_HZ)
        stream.width, stream.height, stream.pix_fmt = 768, 240, "yuv420p"
        for number in range(LENGTH):
            image = np.full((240, 768, 3), (60, 120, 180), np.uint8)
            write_code(image, number)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode())
    return file


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "whole.mp4", options={"movflags": "+faststart"})


def test_every_frame_comes_once_in_order_with_its_time(clip: Path) -> None:
    frames = list(read_file(clip))
    assert [read_code(f.image) for f in frames] == list(range(LENGTH))
    assert [f.index for f in frames] == list(range(LENGTH))
    assert np.allclose([f.time_s for f in frames], np.arange(LENGTH) / RATE_HZ, atol=1e-3)
    red, green, blue = frames[0].image[20, 20].astype(int)
    assert (abs(red - 60), abs(green - 120), abs(blue - 180)) < (8, 8, 8), "RGB, not BGR"
    assert not frames[0].image.flags.writeable


def test_a_file_plays_at_its_own_rate(clip: Path) -> None:
    started_s = monotonic()
    lags = [monotonic() - f.time_s for f in paced(read_file(clip))]
    assert monotonic() - started_s == pytest.approx(LENGTH / RATE_HZ, abs=0.5)
    assert np.median(lags) < 0.02


def test_after_a_pause_a_file_goes_on_from_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0

    def sleep(seconds: float) -> None:
        nonlocal now_s
        now_s += seconds

    monkeypatch.setattr(video, "monotonic", lambda: now_s)
    monkeypatch.setattr(video, "sleep", sleep)
    image = np.zeros((2, 2, 3), np.uint8)

    def numbered() -> Iterator[Frame]:
        for n in range(10):
            yield Frame(image, n / 10, n)

    times = []
    for frame in paced(numbered()):
        times.append(frame.time_s)
        if frame.index == 4:
            now_s += 60.0
    steps = np.diff(times)
    assert steps[4] == pytest.approx(60.0, abs=0.2)
    assert np.allclose(np.delete(steps, 4), 0.1)


@pytest.mark.fault("R5")
def test_a_file_that_was_cut_off_gives_what_it_has(clip: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.mp4"
    content = clip.read_bytes()
    part.write_bytes(content[: len(content) * 6 // 10])
    numbers = [read_code(f.image) for f in read_file(part)]
    assert 5 < len(numbers) < LENGTH
    assert numbers == sorted(set(numbers))


@pytest.mark.fault("R5")
def test_a_file_without_its_index_is_refused(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "index-last.mp4")
    content = whole.read_bytes()
    whole.write_bytes(content[: len(content) * 6 // 10])
    with pytest.raises(SourceError, match="cannot be opened: it was not written to its end: its index"):
        list(read_file(whole))


@pytest.mark.fault("R5")
@pytest.mark.parametrize("seed", range(5))
def test_flipped_bits_are_survived(clip: Path, tmp_path: Path, seed: int) -> None:
    content, rng = bytearray(clip.read_bytes()), random.Random(seed)
    for _ in range(200):
        content[rng.randrange(3000, len(content))] ^= 1 << rng.randrange(8)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(content)
    try:
        assert len(list(read_file(damaged))) <= LENGTH + 5
    except SourceError as error:
        assert str(damaged) in str(error)


def audio_only(folder: Path) -> Path:
    file = folder / "sound.m4a"
    with av.open(str(file), "w") as out:
        stream = out.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        for _ in range(8):
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return file


@pytest.mark.fault("R5")
def test_what_is_no_video_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("this is not a video\n" * 50)
    (tmp_path / "empty.mp4").touch()
    cases = {
        "text.mp4": "cannot be opened",
        "empty.mp4": "empty",
        "none.mp4": "no file at",
        ".": "is a folder",
        audio_only(tmp_path).name: "no video",
    }
    for name, said in cases.items():
        with pytest.raises(SourceError, match=said) as error:
            list(read_file(tmp_path / name))
        assert error.value.exit_code == 3


HLS, CONCAT = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:2,\n{}\n", "ffconcat version 1.0\nfile {}\n"


@pytest.mark.parametrize(
    ("listing", "piece", "is_read"),
    [
        (HLS + "#EXT-X-ENDLIST\n", "piece.mp4", True),
        (HLS, "piece.mp4", True),  # still written to
        (HLS + "#EXT-X-ENDLIST\n", "../aside.mp4", False),
        (HLS + "#EXT-X-ENDLIST\n", "http://127.0.0.1:9/piece.mp4", False),
        (CONCAT, "piece.mp4", True),
        (CONCAT, "../aside.mp4", False),
        (CONCAT, "http://127.0.0.1:9/piece.mp4", False),
    ],
)
def test_a_play_list_opens_what_lies_beside_it_and_nothing_else(
    clip: Path, tmp_path: Path, listing: str, piece: str, is_read: bool
) -> None:
    file = tmp_path / "lists" / "list.txt"
    file.parent.mkdir()
    for copy in (tmp_path / "aside.mp4", file.with_name("piece.mp4")):
        copy.write_bytes(clip.read_bytes())
    file.write_text(listing.format(piece))
    if is_read:
        assert [frame.time_s for frame in read_file(file)] == [frame.time_s for frame in read_file(clip)]
    else:
        with pytest.raises(SourceError, match="a play list of which nothing is read"):
            list(read_file(file))


def test_rotated_video_is_turned_upright(tmp_path: Path) -> None:
    file = tmp_path / "phone.mp4"
    with av.open(str(file), "w") as out:
        stream = out.add_stream("libx264", rate=RATE_HZ)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        image = np.zeros((240, 320, 3), np.uint8)
        image[:, :80] = 255  # the left edge
        for _ in range(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode())
    content = bytearray(file.read_bytes())
    unity = b"\x00\x01\x00\x00" + bytes(12) + b"\x00\x01\x00\x00" + bytes(12) + b"\x40\x00\x00\x00"
    quarter = (
        bytes(4) + b"\x00\x01\x00\x00" + bytes(4) + b"\xff\xff\x00\x00" + bytes(16) + b"\x40\x00\x00\x00"
    )  # 90 degrees clockwise in the track's display matrix
    at = content.rindex(unity)
    content[at : at + 36] = quarter
    file.write_bytes(content)
    upright = next(read_file(file)).image
    assert upright.shape == (320, 240, 3)
    assert upright[:60].mean() > 200, "what was the left edge is now the top"


def test_stream_times_follow_the_fastest_frames() -> None:
    clock = StreamClock()
    delays = np.random.default_rng(0).uniform(0.02, 0.1, 200)
    delays[10] = 0.02
    got = [clock.capture_time(n / 25, 1000 + n / 25 + delay) for n, delay in enumerate(delays)]
    errors = np.array(got)[20:] - (1000.02 + np.arange(20, 200) / 25)
    assert np.abs(errors).max() < 0.02


def test_a_frame_held_back_by_the_network_keeps_its_time() -> None:
    clock = StreamClock()
    for n in range(50):
        clock.capture_time(n / 25, 500 + n / 25)
    assert clock.capture_time(2.0, 500 + 6.0) == pytest.approx(502.0, abs=0.02)


@given(st.floats(0, 1e4))
def test_a_forward_jump_of_the_stream_s_clock_is_taken_over(jump_s: float) -> None:
    clock = StreamClock()
    for n in range(50):
        clock.capture_time(n / 25, 500 + n / 25)
    for n in range(50, 150):
        arrived_s = 500 + n / 25
        time_s = clock.capture_time(n / 25 + jump_s, arrived_s)
    assert abs(arrived_s - time_s) <= LATE_S + 0.1


def test_a_hole_takes_its_time_and_whoever_reads_can_stop_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 50.0

    def sleep(seconds: float) -> None:
        nonlocal now_s
        now_s += seconds

    monkeypatch.setattr(video, "monotonic", lambda: now_s)
    monkeypatch.setattr(video, "sleep", sleep)
    image = np.zeros((2, 2, 3), np.uint8)
    frames = (Frame(image, time_s, n) for n, time_s in enumerate((0.0, 0.1, 3.1, 3.2)))
    items = list(paced(frames))
    times = [item.time_s - 50.0 for item in items if isinstance(item, Frame)]
    assert times == pytest.approx([0.0, 0.1, 3.1, 3.2])
    assert 10 < sum(isinstance(item, Pending) for item in items) < 20


@pytest.mark.parametrize(("rate_hz", "taken_hz", "why"), [(None, 25, "as it says itself"), (10.0, 10, "")])
def test_a_bare_stream_is_read_at_the_rate_that_is_told(
    clip: Path, tmp_path: Path, rate_hz: float | None, taken_hz: int, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    bare = write_clip(tmp_path / "bare.h264")
    times = [f.time_s for f in read_file(bare, rate_hz)]
    assert np.allclose(times, np.arange(LENGTH) / taken_hz)
    assert ("has no time stamps" in caplog.text and why in caplog.text) == (rate_hz is None)
    list(read_file(clip, 5.0))
    assert "has time stamps of its own, so --rate is left out" in caplog.text


def pictures(folder: Path, numbers: list[int], ending: str = "png") -> Path:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        image = np.full((48, 66, 3), 250, np.uint8)
        image[:, :, 1] = number
        assert cv2.imwrite(str(folder / f"img{number:04d}.{ending}"), image)
    return folder


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "bmp", "tiff"])
def test_a_folder_and_a_row_of_pictures_are_a_clip(
    tmp_path: Path, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = pictures(tmp_path / "row", [9, 10, 100], ending)
    (folder / "notes.txt").write_text("not a picture")
    for path in (folder, folder / f"img%04d.{ending}"):
        frames = list(read_file(path, 10.0))
        assert [f.time_s for f in frames] == pytest.approx([0.0, 0.1, 0.2])
        assert [int(f.image[20, 30, 1]) for f in frames] == pytest.approx([9, 10, 100], abs=4)
        assert not any(f.still for f in frames)
    assert not caplog.text
    assert all(f.still for f in read_file(folder, 1.0))
    list(read_file(folder))
    assert "read at 25 pictures a second" in caplog.text


def test_pictures_that_cannot_be_read_are_left_out_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = pictures(tmp_path / "row", [1, 2, 3])
    (folder / "img0002.png").write_bytes(b"\x89PNG\r\n\x1a\n then nothing")
    assert [f.index for f in read_file(folder, 10.0)] == [0, 2]
    assert "1 of 3 pictures cannot be read: img0002.png" in caplog.text
    (folder / "img0001.png").unlink()
    (folder / "img0003.png").unlink()
    with pytest.raises(SourceError, match=r"of 1 picture none can be read; the first: .*img0002.png"):
        list(read_file(folder))
    with pytest.raises(SourceError, match="no pictures are numbered so"):
        list(read_file(folder / "frame%d.png"))


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "bmp", "tiff"])
def test_a_photograph_is_one_picture_that_stands_alone(
    tmp_path: Path, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = pictures(tmp_path / "one", [77], ending)
    (frame,) = read_file(folder / f"img0077.{ending}")
    assert frame.still and frame.time_s == 0.0 and frame.image.shape == (48, 66, 3)
    assert abs(int(frame.image[20, 30, 1]) - 77) < 5
    assert not caplog.text


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_as_its_exif_says(tmp_path: Path, orientation: int) -> None:
    stored = np.zeros((48, 80, 3), np.uint8)
    stored[:24, :40] = 255  # the corner at the beginning of the first row
    content = cv2.imencode(".jpg", stored)[1].tobytes()
    tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + bytes([orientation]) + b"\0\0\0\0\0\0\0"
    exif = b"Exif\0\0" + tiff
    file = tmp_path / "photo.jpg"
    file.write_bytes(content[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + content[2:])
    (frame,) = read_file(file)
    height, width = frame.image.shape[:2]
    assert (width > height) == (orientation < 5)
    bright = frame.image.mean(2) > 128
    where = (bool(bright[: height // 2].mean() > 0.4), bool(bright[:, : width // 2].mean() > 0.4))  # above, left
    wanted = {1: (1, 1), 2: (1, 0), 3: (0, 0), 4: (0, 1), 5: (1, 1), 6: (1, 0), 7: (0, 0), 8: (0, 1)}
    assert where == tuple(map(bool, wanted[orientation]))


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("codec", ["jpeg", "packbits"])
def test_a_tiff_with_jpeg_inside_is_refused_and_not_read_as_black(
    tmp_path: Path, order: Literal["little", "big"], codec: str
) -> None:
    row = bytes([256 - 15, 200])  # 16 pixels of one grey, packed
    tags = {
        256: 16,
        257: 16,
        258: 8,
        259: 7 if codec == "jpeg" else 32773,
        262: 1,
        273: 122,
        278: 16,
        279: 16 * len(row),
    }
    content = (b"II" if order == "little" else b"MM") + (42).to_bytes(2, order) + (8).to_bytes(4, order)
    content += len(tags).to_bytes(2, order)
    for tag, value in tags.items():
        content += b"".join(n.to_bytes(size, order) for n, size in ((tag, 2), (3, 2), (1, 4), (value, 2), (0, 2)))
    content = content.ljust(122, b"\0") + 16 * row
    (tmp_path / "a.tiff").write_bytes(content)
    if codec == "jpeg":
        with pytest.raises(SourceError, match="cannot be decoded: damaged, or of a rare kind; save it as JPEG or PNG"):
            list(read_file(tmp_path / "a.tiff"))
    else:
        (frame,) = read_file(tmp_path / "a.tiff")
        assert frame.image.tolist() == [[[200] * 3] * 16] * 16


@pytest.mark.parametrize("kind", ["big", "jpeg", "lab", "tiles"])
def test_a_tiff_that_ffmpeg_refuses_or_makes_black_is_read(kind: str, tmp_path: Path) -> None:
    pixels, file = np.full((32, 32, 3), 200, np.uint8), tmp_path / "a.tiff"
    pixels[:16] = 90
    if kind == "tiles":
        tags = {256: 32, 257: 32, 258: 8, 259: 1, 262: 1, 277: 1, 322: 32, 323: 32, 324: 130, 325: 1024}
        entries = [(n, size) for tag, value in tags.items() for n, size in ((tag, 2), (4, 2), (1, 4), (value, 4))]
        head = b"II*\0\x08\0\0\0\x0a\0" + b"".join(n.to_bytes(size, "little") for n, size in entries)
        file.write_bytes(head.ljust(130, b"\0") + pixels[..., 0].tobytes())
    elif kind == "lab":
        lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
        Image.fromarray(lab - np.array([0, 128, 128], np.uint8), "LAB").save(file)  # Pillow adds them
    else:
        Image.fromarray(pixels).save(file, **({"big_tiff": True} if kind == "big" else {"compression": "jpeg"}))
    (frame,) = read_file(file)
    assert np.abs(frame.image.astype(int) - pixels).max() < (30 if kind == "lab" else 4)  # whose white is another


def test_an_animated_webp_is_refused_by_its_name(tmp_path: Path) -> None:
    body = b"VP8X" + (10).to_bytes(4, "little") + bytes([2, 0, 0, 0, 9, 0, 0, 9, 0, 0])
    body += b"ANIM" + (6).to_bytes(4, "little") + bytes(6)
    file = tmp_path / "moving.webp"
    file.write_bytes(b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"WEBP" + body)
    with pytest.raises(SourceError, match="animated WebP"):
        list(read_file(file))
