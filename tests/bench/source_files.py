"""The files of tests/bench/sources.py: made by FFmpeg, GStreamer, OpenCV and Pillow out of one clip."""

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

KEPT = Path(__file__).parents[1] / "data" / "sources"
CLIP = KEPT / "http_faststart.mp4"
X264 = "-c:v libx264 -preset veryfast -crf 20 -pix_fmt yuv420p"
LIT = (
    "-vf format=yuv420p,setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv,zscale=t=linear"
    ":npl=203,format=gbrpf32le,zscale=p=bt2020:t={0}:m=bt2020nc:r=tv:npl=203,format=yuv420p10le -c:v libx265"
    " -x265-params log-level=none -color_primaries bt2020 -color_trc {0} -colorspace bt2020nc -preset ultrafast"
)
BY_FFMPEG = {
    "mjpg.avi": ("MJPEG in AVI", "-c:v mjpeg -q:v 3 -pix_fmt yuvj420p"),
    "vp9.webm": ("VP9 in WebM", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 1M"),
    "av1.mkv": ("AV1", "-c:v libsvtav1 -preset 12"),
    "prores.mov": ("ProRes, 10 bit 4:2:2", "-c:v prores_ks -profile:v 2"),
    "hevc10.mp4": ("HEVC, 10 bit", "-c:v libx265 -x265-params log-level=none -pix_fmt yuv420p10le -preset ultrafast"),
    "interlaced.mpg": (
        "MPEG-2, interlaced PAL with wide pixels",
        "-vf pad=853:480:186:0,scale=720:576,setsar=64/45 -r 25 -c:v mpeg2video -b:v 4M -flags +ildct+ilme -top 1",
    ),
    "853x479.mkv": ("odd width and height", f"-vf format=yuv444p,pad=854:480:187:0,crop=853:479 {X264[:-4]}444p"),
    "narrow.mp4": ("very narrow, 214 x 480", f"-vf crop=214:480 {X264}"),
    "long_sound.mp4": ("sound that is longer than the picture", f"-f lavfi -i sine=duration=6 {X264} -c:a aac"),
    "edit_list.mp4": ("an edit list: begins 0.4 s into the first picture group", "-c copy"),
    "negative.mkv": ("time stamps from -0.5 s on", f"{X264} -avoid_negative_ts disabled -output_ts_offset -0.5"),
    "240fps.mp4": ("240 pictures a second", f"-vf fps=240 {X264}"),
    "5fps.mp4": ("5 pictures a second", f"-vf fps=5 {X264}"),
    "lapse.mp4": ("a picture every 10 s", f"-vf setpts=PTS*300,select='not(mod(n\\,12))' -vsync vfr {X264}"),
    "hole.mp4": ("a hole of two seconds", f"-vf 'setpts=PTS+gte(N\\,12)*2/TB' -vsync vfr {X264}"),
    "gray.mkv": ("grey, FFV1", "-pix_fmt gray -c:v ffv1"),
    "wmv2.wmv": ("Windows Media", "-c:v wmv2 -b:v 2M"),
    "flv1.flv": ("Flash", "-c:v flv -b:v 2M"),
    "raw.y4m": ("YUV4MPEG", "-pix_fmt yuv420p"),
    "bare.h265": ("a bare HEVC stream", "-c:v libx265 -x265-params log-level=none -preset ultrafast"),
    "bare.mjpeg": ("JPEG after JPEG", "-c:v mjpeg -q:v 3 -pix_fmt yuvj420p"),
    "animated.png": ("animated PNG", "-vf fps=10 -plays 0 -f apng"),
    "16bit.png": ("a photograph, PNG of 16 bits", "-frames:v 1 -pix_fmt rgb48be"),
    "photo.jp2": ("a photograph, JPEG 2000", "-frames:v 1 -c:v jpeg2000"),
    "pq.mp4": ("HDR10 (PQ), HEVC", f"{LIT.format('smpte2084')}"),
    "hlg.mp4": ("HDR as phones film it (HLG), HEVC", f"{LIT.format('arib-std-b67')}"),
    "obs.mkv": (
        "Matroska with three sounds, as OBS records",
        f"-f lavfi -i sine -f lavfi -i sine=880 -map 0:v -map 1 -map 2 -map 1 -t 1 {X264} -c:a aac",
    ),
    "ntsc.dv": ("DV, NTSC, oblong pixels", "-vf scale=720:480,fps=30000/1001 -c:v dvvideo -pix_fmt yuv411p"),
    "dnxhr.mov": (
        "DNxHR, 10 bit 4:2:2",
        "-vf scale=1280:720 -c:v dnxhd -profile:v dnxhr_hqx -pix_fmt yuv422p10le -aspect 1:1",
    ),
    "cineform.mov": ("CineForm, 10 bit 4:2:2", "-c:v cfhd -pix_fmt yuv422p10le"),
    "prores4444.mov": ("ProRes 4444 with alpha", "-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le"),
    "qtrle.mov": ("QuickTime Animation with alpha", "-c:v qtrle -pix_fmt argb"),
    "hap.mov": ("Hap, as VJs use it", "-c:v hap"),
    "vp9_alpha.webm": ("VP9 with alpha", "-c:v libvpx-vp9 -pix_fmt yuva420p -auto-alt-ref 0 -cpu-used 8"),
    "gray16.mkv": ("grey, 16 bit", "-pix_fmt gray16le -c:v ffv1"),
    "gbrap16.mkv": ("RGB and alpha, 16 bit each", "-pix_fmt gbrap16le -c:v ffv1"),
    "rgb555.avi": ("bare pictures of 15 bits", "-pix_fmt rgb555le -c:v rawvideo"),
    "full_range.mp4": ("full range", f"-vf scale=out_range=pc,format=yuvj420p {X264[:-17]} -color_range pc"),
    "cam.mxf": ("MPEG-2 in MXF, as broadcast cameras write it", "-r 25 -c:v mpeg2video -b:v 4M"),
    "phone.3gp": ("H.263 in 3GP, 352 x 288", "-vf scale=352:288 -c:v h263"),
    "player.avi": ("AMV of a music player, 160 x 120", "-vf scale=160:120 -r 22 -c:v amv -strict -1"),
    "fragmented.mp4": ("MP4 in fragments", f"{X264} -movflags frag_keyframe+empty_moov"),
    "late.mkv": ("time stamps from 50,000 s on", f"{X264} -output_ts_offset 50000"),
    "wrong.jpg": ("an AVI that is called .jpg", "-c:v mpeg4 -vtag XVID -q:v 3 -f avi"),
    "64.mp4": ("64 x 64 px", f"-vf scale=64:64 {X264}"),
    "8k.mov": ("7680 x 4320 px", "-vf scale=7680:4320,setsar=9/16 -t 0.4 -c:v mjpeg -q:v 8 -pix_fmt yuvj420p"),
    "one.mp4": ("a video of one picture", f"-frames:v 1 {X264}"),
}
BY_GSTREAMER = {
    "gst_vp8.webm": ("VP8 in WebM", "vp8enc deadline=1 target-bitrate=1500000 ! webmmux"),
    "gst_theora.ogg": ("Theora", "theoraenc ! oggmux"),
    "gst_mjpg.avi": ("MJPEG in AVI", "jpegenc ! avimux"),
    "gst.flv": ("H.264 in FLV", "x264enc tune=zerolatency ! h264parse ! flvmux"),
    "gst.ts": ("H.264 in MPEG-TS", "x264enc tune=zerolatency ! h264parse ! mpegtsmux"),
}


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
    """Write the clip so turned that the display matrix makes it upright again."""
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
    """Make what Pillow and OpenCV make of one picture."""
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


def joined(folder: Path, ffmpeg: str) -> Iterator[Case]:
    """Make files that were cut off or put together."""
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
