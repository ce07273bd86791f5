"""Makes the files of tests/bench/sources.py from one clip, by FFmpeg, GStreamer, OpenCV and Pillow."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image

from tests.bench.source_formats import BY_FFMPEG, BY_GSTREAMER, X264
from tests.bench.source_rare import RARE

KEPT = Path(__file__).parents[1] / "data" / "sources"
CLIP = KEPT / "http_faststart.mp4"


@dataclass(frozen=True)
class Case:
    """A file, or a folder or row of them, and how it should be read."""

    path: Path
    maker: str
    what: str
    wanted: str = "happy"
    options: str = ""


def ran(command: str) -> None:
    done = subprocess.run(shlex.split(command), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command}\n{done.stderr[-600:]}")


def picture() -> Image.Image:
    return Image.fromarray(next(av.open(str(CLIP)).decode(video=0)).to_ndarray(format="rgb24", threads=1))


def turned(to: Path, matrix: tuple[int, int, int, int], filters: str) -> None:
    """Write the clip rotated, with a display matrix that makes it upright again."""
    a, b, c, d = (one << 16 for one in matrix)
    ran(f"ffmpeg -v error -y -i {CLIP} -vf {filters} {X264} {to.with_suffix('.plain.mp4')}")
    with av.open(str(to.with_suffix(".plain.mp4"))) as source, av.open(str(to), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    to.with_suffix(".plain.mp4").unlink()


def written_by_opencv(to: Path, code: str) -> None:
    writer = cv2.VideoWriter(str(to), cv2.VideoWriter.fourcc(*code), 30, (480, 480))
    for frame in av.open(str(CLIP)).decode(video=0):
        writer.write(np.ascontiguousarray(frame.to_ndarray(format="bgr24", threads=1)))
    writer.release()


def photographs(folder: Path) -> Iterator[Case]:
    """Make the files that Pillow and OpenCV write."""
    image = picture()
    exif = image.getexif()
    exif[0x112] = 6
    cut = image.convert("RGBA")
    cut.putalpha(Image.radial_gradient("L").resize(image.size).point(lambda v: 0 if v > 200 else 255))
    deep = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    made: dict[str, tuple[str, Callable[[Path], object]]] = {
        "exif.jpg": ("a photograph on its side, as EXIF says", lambda p: image.rotate(90).save(p, exif=exif)),
        "cmyk.jpg": ("a photograph, CMYK", lambda p: image.convert("CMYK").save(p, quality=92)),
        "grey.jpg": ("a photograph, grey", lambda p: image.convert("L").save(p, quality=92)),
        "palette.png": ("a photograph with 256 colours", lambda p: image.quantize(256).save(p)),
        "palette_alpha.png": ("256 colours and holes", lambda p: cut.quantize(256).save(p)),
        "alpha.webp": ("a photograph with holes, WebP", lambda p: cut.save(p, quality=90)),
        "pages.tiff": ("a TIFF of three pages", lambda p: image.save(p, save_all=True, append_images=[image] * 2)),
        "photo.bmp": ("a photograph, BMP", image.save),
        "photo.tga": ("a photograph, Targa", image.save),
        "photo.avif": ("a photograph, AVIF", image.save),
        "16bit_grey.tiff": ("a photograph, grey, 16 bit", lambda p: deep.save(p)),
        "grey_alpha.png": ("a photograph, grey with alpha", lambda p: image.convert("LA").save(p)),
        "worst.jpg": ("a photograph, JPEG of quality 5", lambda p: image.save(p, quality=5)),
        "progressive.jpg": ("a progressive JPEG", lambda p: image.save(p, progressive=True)),
        "named.heic": ("a JPEG that is called .heic", lambda p: image.save(p, "JPEG")),
        "animated.avif": (
            "animated AVIF",
            lambda p: image.save(p, save_all=True, append_images=[image] * 20, duration=40),
        ),
        "huge.jpg": ("a photograph of 36 megapixels", lambda p: image.resize((6000, 6000)).save(p)),
    }
    for name, (what, make) in made.items():
        make(folder / name)
        yield Case(folder / name, "Pillow", what)
    cv2.imwrite(str(folder / "cv2.jpg"), np.asarray(image)[..., ::-1])
    yield Case(folder / "cv2.jpg", "OpenCV", "a photograph, JPEG")


def made(folder: Path) -> Iterator[Case]:
    """Make the files."""
    ffmpeg = f"ffmpeg -v error -y -i {CLIP}"
    for name, (what, options) in BY_FFMPEG.items():
        seek = "-ss 0.4 " if name == "edit_list.mp4" else ""
        ran(f"{ffmpeg.replace('-i', seek + '-i')} {options} {folder / name}")
        yield Case(folder / name, "FFmpeg", what)
    for name, (what, chain) in BY_GSTREAMER.items():
        ran(
            f"gst-launch-1.0 -q filesrc location={CLIP} ! decodebin ! videoconvert ! {chain} ! "
            f"filesink location={folder / name}"
        )
        yield Case(folder / name, "GStreamer", what)
    for name, code in (("cv2.avi", "MJPG"), ("cv2.mp4", "mp4v")):
        written_by_opencv(folder / name, code)
        yield Case(folder / name, "OpenCV", f"VideoWriter, {code}")
    for name, what, matrix, filters in (
        ("mirrored.mov", "turned and mirrored by its matrix", (0, 1, 1, 0), "transpose=0"),
        ("turned.mov", "upright phone: turned by its matrix", (0, 1, -1, 0), "transpose=2"),
    ):
        turned(folder / name, matrix, filters)  # type: ignore[arg-type]
        yield Case(folder / name, "PyAV", what)
    yield from joined(folder, ffmpeg)
    frames = [frame.to_image() for frame in av.open(str(CLIP)).decode(video=0)]
    frames[0].save(folder / "pillow.gif", save_all=True, append_images=frames[3::3], duration=100)
    yield Case(folder / "pillow.gif", "Pillow", "GIF, 10 pictures a second")
    for name, ending in (("folder", "jpg"), ("row", "png")):
        (folder / name).mkdir(exist_ok=True)
        for number, frame in enumerate(frames):
            frame.save(folder / name / f"img{number:04}.{ending}", quality=90)
    yield Case(folder / "folder", "Pillow", "a folder of JPEGs", options="--rate 30")
    yield Case(folder / "row" / "img%04d.png", "Pillow", "a row of PNGs", options="--rate 30")
    yield from photographs(folder)


def rare(folder: Path) -> Iterator[Case]:
    """Make the files of rarer encoders, a TIFF that FFmpeg does not decode, and names that a shell would not like."""
    for name, (what, options) in RARE.items():
        ran(f"ffmpeg -v error -y -i {CLIP} {options} {folder / name}")
        yield Case(folder / name, "FFmpeg", what, "no face" if name == "16x16.mp4" else "happy")
    image = picture()
    upright = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's turn that each of EXIF's undoes
    for orientation, turn in upright.items():
        exif = image.getexif()
        exif[0x112] = orientation
        image.transpose(Image.Transpose(turn)).save(folder / f"exif{orientation}.jpg", exif=exif, quality=92)
        yield Case(folder / f"exif{orientation}.jpg", "Pillow", f"a photograph, EXIF orientation {orientation}")
    for name, options in (("big.tiff", {"big_tiff": True}), ("jpeg.tiff", {"compression": "jpeg"})):
        image.save(folder / name, **options)
        yield Case(folder / name, "Pillow", "a photograph, TIFF that FFmpeg does not decode")
    image.resize((256, 256)).save(folder / "sizes.ico")
    yield Case(folder / "sizes.ico", "Pillow", "an icon in seven sizes")
    for name in (
        "new\nline.mp4",
        "😀.mp4",
        "100%d.mp4",
        "clip[1].mp4",
        "a:b.mp4",
        "q?x#y&z.mp4",
        "\\\\server\\x.mp4",
        "x" * 250,
    ):
        (folder / name).write_bytes(CLIP.read_bytes())
        yield Case(folder / name, "cp", "an odd name")


def joined(folder: Path, ffmpeg: str) -> Iterator[Case]:
    """Make files that are cut off or joined."""
    ran(f"{ffmpeg} {X264} -vf scale=360:360 {folder / 'small.ts'}")
    ran(f"{ffmpeg} {X264} {folder / 'large.ts'}")
    both = [(folder / name).read_bytes() for name in ("small.ts", "large.ts")]
    (folder / "size_changes.ts").write_bytes(b"".join(both))
    yield Case(folder / "size_changes.ts", "cat", "two MPEG-TS of two sizes, time stamps start anew")
    (folder / "two.mpg").write_bytes((folder / "interlaced.mpg").read_bytes() * 2)
    yield Case(folder / "two.mpg", "cat", "two MPEG-PS behind each other")
    ran(f"{ffmpeg} {X264} {folder / 'last.mp4'}")
    (folder / "no_index.mp4").write_bytes((folder / "last.mp4").read_bytes()[:-9000])
    yield Case(folder / "no_index.mp4", "cut off", "MP4 without its index", "refused")
    ran(f"{ffmpeg} {X264} -movflags +faststart {folder / 'first.mp4'}")
    whole = (folder / "first.mp4").read_bytes()
    (folder / "cut_off.mp4").write_bytes(whole[: len(whole) * 8 // 10])
    yield Case(folder / "cut_off.mp4", "cut off", "four fifths of an MP4 that begins with its index")
    for name, what, content in (
        ("page.mp4", "a web page that a download brought", b"<!DOCTYPE html><html>404 not found</html>"),
        ("pointer.mp4", "a pointer of Git LFS", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
        ("zeros.mp4", "a download that has only begun", bytes(50000)),
        ("damaged.png", "a damaged photograph", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\xff" * 40),
    ):
        (folder / name).write_bytes(content)
        yield Case(folder / name, "", what, "refused")
    ran(
        f"{ffmpeg} -f lavfi -i sine=duration=2 -map 1:a -map 0:v -c:a aac -c:v png -frames:v 1 -disposition:v"
        f" attached_pic {folder / 'song.m4a'}"
    )
    yield Case(folder / "song.m4a", "FFmpeg", "a song with a cover", "refused")
