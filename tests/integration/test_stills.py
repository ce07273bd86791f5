"""Photographs, and folders and rows of pictures that are read as a clip."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
from PIL import Image

from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources import decoder
from realtime_micacl.live.sources.video import read_file


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
    (folder / "a.mp4").touch()
    list(read_file(folder))
    assert "read at 25 pictures a second; --rate changes that, and at 1 each is a photograph" in caplog.text
    assert f"row: its pictures are read, not its 1 video; `realtime-micacl process {folder} OUT` reads" in caplog.text


def test_pictures_that_cannot_be_read_are_left_out_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = pictures(tmp_path / "row", [1, 2, 3])
    (folder / "img0002.png").write_bytes(b"\x89PNG\r\n\x1a\n then nothing")
    assert [f.index for f in read_file(folder, 10.0)] == [0, 2]
    assert "1 of 3 pictures cannot be read: img0002.png" in caplog.text
    (folder / "img0001.png").unlink()
    (folder / "img0003.png").unlink()
    with pytest.raises(SourceError, match=r"of 1 picture none can be read; the first: .*img0002.png"):
        list(read_file(folder))
    with pytest.raises(SourceError, match="no pictures have such numbers"):
        list(read_file(folder / "frame%d.png"))
    with pytest.raises(SourceError, match="no file at"):
        list(read_file(folder / "img%09999999999d.png"))


@pytest.mark.parametrize(("height", "shape"), [(48, (48, 64, 3)), (49, (25, 32, 3))])
def test_a_very_large_photograph_is_read_at_half_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, height: int, shape: tuple[int, ...]
) -> None:
    monkeypatch.setattr(decoder, "MUCH_PX", 48 * 64)
    image = np.full((height, 64, 3), (10, 90, 200), np.uint8)
    assert cv2.imwrite(str(tmp_path / "a.jpg"), image)
    (frame,) = read_file(tmp_path / "a.jpg")
    assert frame.image.shape == shape
    assert np.abs(frame.image[20, 30] - [200.0, 90, 10]).max() < 5


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
        with pytest.raises(SourceError, match=r"cannot be decoded: damaged, .* save it as JPEG or PNG"):
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


def test_an_animated_webp_without_pictures_is_damaged(tmp_path: Path) -> None:
    body = b"VP8X" + (10).to_bytes(4, "little") + bytes([2, 0, 0, 0, 9, 0, 0, 9, 0, 0])
    body += b"ANIM" + (6).to_bytes(4, "little") + bytes(6)
    file = tmp_path / "moving.webp"
    file.write_bytes(b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"WEBP" + body)
    with pytest.raises(SourceError, match=r"moving\.webp cannot be read: it is damaged"):
        list(read_file(file))
