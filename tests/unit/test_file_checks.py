"""Files as people give them: what stands in the way is named, and what is missing of one that was read is said."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources.file_checks import check_file, warn_cut_off
from realtime_micacl.live.sources.video import read_file


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("none.mp4", "no file at .*; check the path"),
        ("C:/clips/none.mp4", "no file at .*; check the path"),
        ("img%04d.png", "no pictures have such numbers"),
        ("img###.png", "an image sequence is named by its folder, or as img%04d.png"),
        ("clips/*.mp4", "several videos are read by `realtime-micacl process FOLDER OUT`"),
        ("*.png", "an image sequence is named by its folder, or as img%04d.png"),
        ("192.168.1.5:8080/video", "an address begins with rtsp:// or http://"),
        ("192.168.1.5", "an address begins with"),
        ("localhost:8080", "an address begins with"),
        ("rtsp:/door/live", "an address begins with"),
        ("http:\\\\door\\live", "an address begins with"),
        ("nas:554/stream", "an address begins with"),
        ("www.example.org/live", "an address begins with"),
        ("video.example.org/watch?v=1", "an address begins with"),
        ("day.1/*.mp4", "several videos are read by"),
        ("gone.mp4", "it is a link to nowhere.mp4, which is not there"),
        ("circle.mp4", "cannot be read: Too many levels"),
        ("clip.mp4/more", "no file at"),
        ("Clip.MP4", r"; did you mean clip\.mp4\?$"),
        ("clips.mp4", r"; did you mean clip\.mp4\?$"),
        ("\u201cclip.mp4\u201d", "the quotes are taken as part of the name; leave them out: clip.mp4$"),
        ("'no clip.mp4'", "check the path"),
        ("y" * 300, "cannot be read: File name too long"),
        ("a\0b.mp4", "no file at"),
        *(
            (name, "no file at .*; a webcam is named by its number")
            for name in ("webcam", "Camera", "camera0", "cam:0")
        ),
        *((name, "no file at .*; a webcam is named by its number") for name in ("usb", "video=HD Webcam", "v4l2")),
        *((name, "check the path") for name in ("camera.mp4", "cam/0.mp4", "camille", "webcam.mkv")),
        ("/dev/null", "is a device that gives no video; a webcam is named by its number"),
        (".", "a folder of videos is read by `realtime-micacl process"),
    ],
)
def test_what_is_not_there(path: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("day.1").mkdir()
    Path("gone.mp4").symlink_to("nowhere.mp4")
    Path("circle.mp4").symlink_to("circle.mp4")
    Path("clip.mp4").write_bytes(b"x")
    with pytest.raises(SourceError, match=said):
        check_file(Path(path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\n<!DOCTYPE html><html>404", "it is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (bytes(5000), "with zeros only"),
        (b"a.mp4" + bytes(252) + b"ustar", "it is an archive; unpack it first"),
        (b"PK\3\4" + bytes(99), "it is an archive; unpack it first"),
        (gzip.compress(b"I am no video " * 99, mtime=0), "it is an archive; unpack it first"),
        (b"I am no video " * 99, "it is not a video, or it is damaged"),
    ],
)
def test_what_a_download_left(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(content)
    with pytest.raises(SourceError, match=said):
        list(read_file(tmp_path / "clip.mp4"))


def noise(path: Path, stamps: Sequence[int], codec: str = "mpeg4", *, stays: int = 1, **options: str) -> None:
    """Write a film with a picture at each time, in tenths of a second, of which the last one stays for so long."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w", options=options) as out:
        stream = out.add_stream(codec, rate=10)
        stream.width = stream.height = 64
        packets = []
        for stamp in stamps:
            frame = av.VideoFrame.from_ndarray(rng.integers(0, 255, (64, 64, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = stamp, Fraction(1, 10)
            packets += stream.encode(frame)
        packets += stream.encode()
        assert packets[-1].time_base is not None
        packets[-1].duration = round(stays / 10 / packets[-1].time_base)
        out.mux(packets)


def test_an_encrypted_film_is_called_so(tmp_path: Path) -> None:
    key = {"encryption_key": "76a6c65c5ea762046bd749a2e632ccbb", "encryption_kid": "a7e61c373e219033c21091fa607bf3b8"}
    noise(tmp_path / "a.mp4", range(20), encryption_scheme="cenc-aes-ctr", **key)
    with pytest.raises(SourceError, match="it is encrypted"):
        list(read_file(tmp_path / "a.mp4"))


def test_where_time_stamps_leap_nothing_is_missing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    noise(tmp_path / "a.mkv", [*range(20), *range(50_000, 50_020)])
    assert len(list(read_file(tmp_path / "a.mkv"))) == 40
    assert "the time stamps leap" in caplog.text
    assert "claims to last" not in caplog.text


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
def test_a_last_picture_that_stays_is_no_sign_that_others_are_missing(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    noise(tmp_path / name, range(20), stays=80)
    assert len(list(read_file(tmp_path / name))) == 20
    assert not caplog.text


@pytest.fixture(scope="module")
def six_seconds(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    """Films of six seconds, each made once; the time stamps of `late.mkv` begin after a quarter of an hour."""

    @cache
    def film(name: str) -> bytes:
        path, begins = tmp_path_factory.mktemp("films") / name, 9000 if name == "late.mkv" else 0
        options = {"movflags": "faststart"} if name == "fast.mp4" else {}
        noise(path, range(begins, begins + 60), "flv" if name.endswith("flv") else "mpeg4", **options)
        return path.read_bytes()

    return film


@pytest.mark.parametrize("name", ["a.mkv", "late.mkv", "a.flv", "fast.mp4"])
@pytest.mark.parametrize("cut", [False, True])
def test_a_file_that_was_cut_off_says_so(
    name: str, cut: bool, six_seconds: Callable[[str], bytes], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, content = tmp_path / name, six_seconds(name)
    path.write_bytes(content[: len(content) // 2] if cut else content)
    caplog.set_level(logging.WARNING)
    count = len(list(read_file(path)))
    assert (count < 45) == cut
    assert ("claims to last 6.0 s but ends after" in caplog.text) == cut, caplog.text


def test_a_picture_that_cannot_be_decoded_is_called_one(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\xff" * 40)
    with pytest.raises(SourceError, match="is a picture that cannot be decoded"):
        list(read_file(tmp_path / "a.png"))


@pytest.mark.parametrize(
    ("stated", "ends_s", "told"),
    [
        ("00:00:05.0", 4.5, False),
        ("00:00:05.0", 3.5, True),
        ("02:00:00.0", 7150.0, False),
        ("02:00:00.0", 6000.0, True),
        ("00:10:00.0", 599.5, False),
    ],
)
def test_of_a_long_file_more_may_be_missing(
    stated: str, ends_s: float, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    stream = SimpleNamespace(duration=None, time_base=None, metadata={"DURATION": stated})
    warn_cut_off(SimpleNamespace(), stream, "clip.mkv", ends_s)  # type: ignore[arg-type]
    assert ("claims to last" in caplog.text) is told
