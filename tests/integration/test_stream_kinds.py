"""Streams without the web: datagrams, plain connections, RTMP, pipes; and what damages and delays them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest

from realtime_micacl.live.sources import stream, ways
from realtime_micacl.live.sources.clock import LATE_S, StreamClock
from realtime_micacl.live.sources.stream import Stream
from tests.fault.proxy import free_port
from tests.integration import made_clips, senders, web
from tests.integration.test_stream import Seen, look

FRAMES = 50
LIVE = {"flvflags": "no_duration_filesize"}  # as a camera; with a length it would be a recording


@pytest.fixture(scope="module")
def ts(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return made_clips.write_clip(tmp_path_factory.mktemp("ts") / "clip.ts", FRAMES, form="mpegts").read_bytes()


def some(seen: Seen) -> bool:
    return len(seen.codes) >= 15


def in_order(codes: list[int]) -> bool:
    return codes == sorted(set(codes))


@pytest.mark.parametrize("host", ["127.0.0.1", "@"])
def test_datagrams(ts: bytes, host: str) -> None:
    port = free_port()
    with senders.datagrams(ts, port, 2.0):
        seen = look(f"udp://{host}:{port}", some)
    assert in_order(seen.codes[:10])
    assert max(seen.ages_s) < 1.0


@pytest.mark.fault("R5")
def test_datagrams_of_which_some_are_lost(ts: bytes) -> None:
    port = free_port()
    with senders.datagrams(ts, port, 2.0, loss=0.1):
        seen = look(f"udp://127.0.0.1:{port}", some)
    assert len(seen.codes) >= 15


@pytest.mark.parametrize("form", ["h264", "mpegts"])
def test_a_plain_connection(tmp_path: Path, form: str) -> None:
    body = made_clips.write_clip(tmp_path / "clip", 75, form=form).read_bytes()
    with senders.listening(senders.plainly(body, 3.0)) as port:
        seen = look(f"tcp://127.0.0.1:{port}", some)
    assert in_order(seen.codes)


def test_rtmp(tmp_path: Path) -> None:
    body = made_clips.write_clip(tmp_path / "clip.flv", 100).read_bytes()
    with senders.listening(senders.rtmp(body, 4.0)) as port:
        seen = look(f"rtmp://127.0.0.1:{port}/live/door", some)
    assert in_order(seen.codes)
    assert seen.first_s < 3.5


def test_flv_by_http_is_not_searched_for_sound_for_long(tmp_path: Path) -> None:
    body = made_clips.write_clip(tmp_path / "clip.flv", 200, **LIVE).read_bytes()
    with web.served() as server:
        server.routes["/door.flv"] = web.trickled(body, 8.0, "video/x-flv")
        seen = look(f"{server.base}/door.flv", some)
    assert seen.first_s < 4.0


def test_the_key_frame_that_a_stream_begins_with_is_read(tmp_path: Path) -> None:
    """Many cameras send the next one only after ten seconds or more."""
    body = made_clips.write_clip(tmp_path / "clip.flv", 100, gop=1000, **LIVE).read_bytes()
    with senders.listening(senders.rtmp(body, 4.0)) as port:
        seen = look(f"rtmp://127.0.0.1:{port}/live/door", some)
    assert seen.codes[0] < 50


def test_what_a_server_kept_from_before_is_not_taken_for_now(tmp_path: Path) -> None:
    """RTMP servers begin with all pictures since the last key frame, so that players have something at once."""
    body = made_clips.write_clip(tmp_path / "clip.flv", 150, gop=1000, **LIVE).read_bytes()
    with senders.listening(senders.rtmp(body, 2.0, kept=100)) as port:
        seen = look(f"rtmp://127.0.0.1:{port}/live/door", some)
    assert seen.codes[0] > 100 - (LATE_S + 0.5) * 25
    assert max(seen.ages_s) < 2 * LATE_S


def test_a_camera_of_which_only_control_packets_come(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (stream, ways):
        monkeypatch.setattr(module, "PATIENCE_S", 2.0)
    with senders.listening(senders.mute_rtsp) as port:
        said = look(f"rtsp://admin:hunter2@127.0.0.1:{port}/live").error
    assert "it answers, but no picture came within" in said
    assert "hunter2" not in said


def test_a_camera_that_sends_sound_alone() -> None:
    with senders.listening(partial(senders.mute_rtsp, media="audio 0 RTP/AVP 8")) as port:
        assert "it may send sound alone" in look(f"rtsp://127.0.0.1:{port}/live").error


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "fifo")
    return tmp_path / "fifo"


def test_the_writer_of_a_fifo_leaves_and_returns(fifo: Path, ts: bytes) -> None:
    def write() -> None:
        for _ in range(2):
            time.sleep(0.5)
            fifo.write_bytes(ts)

    writer = threading.Thread(target=write)
    writer.start()
    seen = look(fifo, lambda now: len(now.codes) > FRAMES + 5)
    assert seen.codes[:FRAMES] == list(range(FRAMES))
    assert seen.retries
    writer.join()


READER = """
import sys
from tests.integration.test_stream import look
seen = look((sys.argv[1:] or ["-"])[0])
print(len(seen.codes), seen.ended, seen.error)
"""


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("cat {clip}.ts | {reader}", "50 True"),
        ("cat {clip}.mp4 | {reader}", "50 True"),
        ("cat {clip}.ts | {reader} /dev/stdin", "50 True"),
        ("{reader} <(cat {clip}.ts)", "50 True"),
        ("{reader} < {clip}.mp4", "50 True"),
        ("{reader} <&-", "0 False standard input is closed"),
        ("{reader} < /dev/null", "0 False standard input was empty"),
        ("cat {clip}.py | {reader}", "0 False standard input cannot be opened: what comes is not a video"),
    ],
)
def test_standard_input(tmp_path: Path, ts: bytes, how: str, said: str) -> None:
    clip = tmp_path / "clip"
    clip.with_suffix(".ts").write_bytes(ts)
    clip.with_suffix(".py").write_text(READER * 9)
    made_clips.write_clip(clip.with_suffix(".mp4"), FRAMES, movflags="+faststart")
    command = how.format(clip=clip, reader=f"{sys.executable} {clip}.reader")
    clip.with_suffix(".reader").write_text(READER)
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, check=False, env=env)
    assert done.stdout.startswith(said), done


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_a_stream_is_shown_from_its_first_key_frame_on(tmp_path: Path, codec: str) -> None:
    """What stands before it refers to pictures that were never seen."""
    whole = made_clips.write_clip(tmp_path / "clip.ts", 100, codec=codec, gop=60, form="mpegts").read_bytes()
    body = whole[len(whole) // 4 // 188 * 188 :]
    with web.served() as server:
        server.routes["/live.ts"] = web.trickled(body, 3.0)
        seen = look(f"{server.base}/live.ts", some)
    assert seen.codes[0] == 60
    assert in_order(seen.codes)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_large_file_with_its_index_at_the_end(tmp_path: Path, ranges: bool) -> None:
    """Without ranges nobody can go to its index and back: it is downloaded first."""
    picture = np.random.default_rng(0)
    with av.open(str(tmp_path / "clip.mp4"), "w") as out:
        made = out.add_stream("mpeg4", rate=25)
        made.width, made.height, made.pix_fmt, made.bit_rate = 768, 240, "yuv420p", 60_000_000
        for number in range(10):
            image = made_clips.coded(number)
            image[120:] = picture.integers(0, 255, image[120:].shape, np.uint8)
            out.mux(made.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(made.encode())
    body = (tmp_path / "clip.mp4").read_bytes()
    with web.served() as server:
        server.routes["/clip.mp4"] = web.locked(web.content(body, ranges=ranges), "me:p#1")
        seen = look(f"{server.base}/clip.mp4".replace("//", "//me:p#1@"))
    assert len(seen.codes) == 10
    assert seen.ended


@pytest.mark.parametrize("drift", [0.2, 0.05, -0.2])
def test_a_clock_that_is_off_is_followed_once_it_was_seen_twice(drift: float) -> None:
    """A stream is opened anew twice at most; after that its frames are fresh for as long as it runs."""
    camera = Stream("udp://127.0.0.1:5000", "the camera")
    opened = 0
    late = True
    while late:
        opened += 1
        clock = StreamClock(camera._drift.value)
        late = False
        for n in range(25 * 120):
            arrived_s = 1000 + n / 25 * (1 + drift) + 0.01 * (n % 3)
            if arrived_s - clock.capture_time(n / 25, arrived_s) > 2 * LATE_S:
                camera._drift.learn(clock.measured(), camera.shown)
                late = True
                break
    assert opened == (1 if drift < 0 else 3)


def test_a_slow_line_is_not_taken_for_a_slow_clock() -> None:
    """Its pictures come in bursts, or ever slower, or far too slowly."""
    for came in (lambda n: n / 25 * 2.0, lambda n: (n // 25) * 1.3 + n % 25 / 250):
        clock = StreamClock()
        for n in range(25 * 8):
            clock.capture_time(n / 25, 1000 + came(n))
        assert clock.measured() is None
