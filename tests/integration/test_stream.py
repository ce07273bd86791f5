"""Streams over loopback servers: each is judged by what it is, not by how its address begins."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from realtime_micacl.errors import MicaclError
from realtime_micacl.live.sources import stream
from realtime_micacl.live.sources.source import open_source, parse_source
from realtime_micacl.live.sources.synthetic import read_code
from realtime_micacl.types import Frame, Retry
from tests.integration import made_clips, web
from tests.integration.web import Web

FRAMES, LENGTH_S = 25, 1.0
LISTING = "application/vnd.apple.mpegurl"


@dataclass
class Seen:
    """What came of a source."""

    codes: list[int] = field(default_factory=list)
    still: list[bool] = field(default_factory=list)
    ages_s: list[float] = field(default_factory=list)
    retries: list[Retry] = field(default_factory=list)
    first_s: float = 0.0
    took_s: float = 0.0
    ended: bool = False
    error: str = ""


def look(
    address: object, until: Callable[[Seen], bool] = lambda _: False, limit_s: float = 20.0, **how: object
) -> Seen:
    """Read a source until it ends, fails, or what was seen is enough."""
    seen, started_s = Seen(), time.monotonic()
    source = open_source(parse_source(str(address)), **how)
    try:
        for item in source:
            now_s = time.monotonic()
            if isinstance(item, Frame):
                seen.first_s = seen.first_s or now_s - started_s
                seen.still.append(item.still)
                seen.codes.append(read_code(item.image))
                seen.ages_s.append(now_s - item.time_s)
            elif isinstance(item, Retry):
                seen.retries.append(item)
            if until(seen) or now_s - started_s > limit_s:
                break
        else:
            seen.ended = True
    except MicaclError as error:
        seen.error = str(error)
    source.close()  # type: ignore[attr-defined]
    for thread in threading.enumerate():
        if thread.name == "connection":
            thread.join(5.0)
            assert not thread.is_alive()
    seen.took_s = time.monotonic() - started_s
    return seen


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("bodies")
    return {
        "fast.mp4": made_clips.write_clip(folder / "fast.mp4", FRAMES, movflags="+faststart").read_bytes(),
        "slow.mp4": made_clips.write_clip(folder / "slow.mp4", FRAMES).read_bytes(),
        "clip.ts": made_clips.write_clip(folder / "clip.ts", FRAMES, form="mpegts").read_bytes(),
        "clip.mkv": made_clips.write_clip(folder / "clip.mkv", FRAMES).read_bytes(),
        **{f"{n}.ts": part for n, part in enumerate(made_clips.segments(folder / "parts", frames=2 * FRAMES))},
    }


def listed(bodies: dict[str, bytes], server: Web) -> list[str]:
    for name in ("0.ts", "1.ts"):
        server.routes[f"/{name}"] = web.content(bodies[name], "video/mp2t")
    return ["0.ts", "1.ts"]


def far(body: bytes) -> bytes:
    """Return an MP4 with nothing, as long as no buffer holds, between its pictures and its index."""
    size, at = 1 << 20, body.index(b"moov") - 4
    return body[:at] + size.to_bytes(4, "big") + b"free" + bytes(size - 8) + body[at:]


RECORDED: dict[str, Callable[[dict[str, bytes]], web.Answer]] = {
    "fast start": lambda b: web.content(b["fast.mp4"]),
    "no ranges": lambda b: web.content(b["fast.mp4"], ranges=False),
    "no length": lambda b: web.content(b["fast.mp4"], ranges=False, length=False),
    "index at the end": lambda b: web.content(b["slow.mp4"]),
    "index at the end, closed unsaid": lambda b: web.content(far(b["slow.mp4"]), says_close=False),
    "index at the end, no ranges": lambda b: web.content(b["slow.mp4"], ranges=False),
    "index at the end, no length": lambda b: web.content(b["slow.mp4"], ranges=False, length=False),
    "MPEG-TS": lambda b: web.content(b["clip.ts"], "video/mp2t"),
    "MPEG-TS, no ranges": lambda b: web.content(b["clip.ts"], "video/mp2t", ranges=False),
    "MPEG-TS, zipped": lambda b: web.zipped(b["clip.ts"]),
    "MPEG-TS, wrong kind": lambda b: web.content(b["clip.ts"], "text/plain"),
    "Matroska": lambda b: web.content(b["clip.mkv"], "video/x-matroska", ranges=False),
}


@pytest.mark.parametrize("name", RECORDED)
def test_a_recording_is_played_at_its_rate_and_ends(server: Web, bodies: dict[str, bytes], name: str) -> None:
    server.routes["/clip"] = RECORDED[name](bodies)
    seen = look(f"{server.base}/clip")
    assert seen.codes == list(range(FRAMES))
    assert seen.ended
    assert not seen.retries
    assert seen.took_s > LENGTH_S - 0.3


@pytest.mark.parametrize(("path", "kind"), [("/list.m3u8", LISTING), ("/list", LISTING), ("/list", "text/plain")])
def test_a_play_list_with_an_end_is_a_recording(server: Web, bodies: dict[str, bytes], path: str, kind: str) -> None:
    server.routes[path] = web.content(made_clips.play_list(listed(bodies, server)), kind)
    seen = look(f"{server.base}{path}")
    assert seen.codes == list(range(2 * FRAMES))
    assert seen.ended


def test_a_dead_segment_is_stepped_over(server: Web, bodies: dict[str, bytes]) -> None:
    names = listed(bodies, server)
    server.routes["/list.m3u8"] = web.content(made_clips.play_list([names[0], "gone.ts", names[1]]), LISTING)
    seen = look(f"{server.base}/list.m3u8")
    assert seen.codes[0] == 0
    assert seen.codes[-1] == 2 * FRAMES - 1
    assert seen.ended


def test_a_live_play_list_is_played_without_a_break(server: Web, tmp_path: Path) -> None:
    """Its segments come at once and then not at all; they begin anew, with a discontinuity, after four."""
    address = web.Channel(tmp_path / "channel", frames=100).route(server)
    seen = look(address, lambda now: len(now.codes) >= 110)
    steps = [(b - a) % 100 for a, b in zip(seen.codes, seen.codes[1:], strict=False)]
    assert set(steps) == {1}, "every picture, in order"
    assert not seen.retries
    assert max(seen.ages_s) < 1.0


def test_a_stream_without_an_end_that_comes_too_fast_is_played_at_its_rate_and_was_lost(
    server: Web, bodies: dict[str, bytes]
) -> None:
    """A file behind a server that tells no length; nobody knows that it is over."""
    server.routes["/live.ts"] = web.chunked(bodies["clip.ts"])
    seen = look(f"{server.base}/live.ts", lambda now: len(now.codes) > FRAMES)
    assert seen.codes[:FRAMES] == list(range(FRAMES))
    assert seen.retries
    assert seen.took_s > LENGTH_S - 0.3


def test_a_snapshot_is_asked_for_again_and_again(server: Web) -> None:
    server.routes["/snap.jpg"] = web.snapshot(made_clips.jpegs(50), 5.0)
    seen = look(f"{server.base}/snap.jpg", lambda now: len(now.codes) >= 5)
    assert seen.codes == sorted(set(seen.codes)), "the same picture is not given twice"
    assert server.asked.count("/snap.jpg") > 5


def test_a_snapshot_that_never_changes_is_given_once_more_as_a_photograph(server: Web) -> None:
    """Whoever waits for the next one may leave at any time."""
    server.routes["/snap.jpg"] = web.snapshot(made_clips.jpegs(1))
    seen = look(f"{server.base}/snap.jpg", limit_s=2.5)
    assert (seen.codes, seen.still) == ([0, 0], [False, True])
    assert seen.took_s < 3.5


def test_a_snapshot_that_cannot_be_decoded_is_no_picture(server: Web) -> None:
    broken = [picture[:200] for picture in made_clips.jpegs(50)]
    server.routes["/snap.jpg"] = web.snapshot(broken)
    seen = look(f"{server.base}/snap.jpg", limit_s=8.0)
    assert (seen.codes, "cannot be decoded" in seen.error) == ([], True), seen.error
    server.routes["/snap.jpg"] = web.snapshot([*made_clips.jpegs(10), *broken])
    seen = look(f"{server.base}/snap.jpg", lambda now: bool(now.retries), limit_s=60.0)
    assert seen.codes, "it was there before"
    assert "cannot be decoded" in seen.retries[0].reason


def test_a_camera_that_answers_late_opens(server: Web) -> None:
    server.routes["/video"] = web.late(web.motion_jpeg(made_clips.jpegs(5)), 3.0)
    seen = look(f"{server.base}/video", lambda now: bool(now.codes))
    assert 3.0 < seen.first_s < 5.0
    assert not seen.retries


def test_after_a_loss_tries_overlap(server: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that needs three seconds to answer is found again though a try is repeated after half a second."""
    monkeypatch.setattr(stream, "ATTEMPT_S", 0.5)
    pictures = made_clips.jpegs(5)

    def once(request: web.Request) -> None:
        server.routes["/video"] = web.late(web.motion_jpeg(pictures), 3.0)
        web.begin(request, 200, "multipart/x-mixed-replace; boundary=frame")
        for picture in pictures:
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            request.wfile.write(head.encode() + picture + b"\r\n")

    server.routes["/video"] = once
    seen = look(f"{server.base}/video", lambda now: len(now.codes) > 10)
    assert len(seen.codes) > 10
    assert seen.retries


def test_addresses_are_read_as_people_write_them(server: Web, bodies: dict[str, bytes]) -> None:
    server.routes["/a%20clip.mp4"] = web.content(bodies["fast.mp4"])
    server.routes["/to"] = web.redirected("/a%20clip.mp4")
    for address in (f"  {server.base}/a clip.mp4 ", server.base.upper() + "/a%20clip.mp4", f"{server.base}/to"):
        assert look(address, lambda now: bool(now.codes)).codes[:1] == [0]


def test_ipv6(bodies: dict[str, bytes]) -> None:
    with web.served("::1") as server:
        server.routes["/clip.mp4"] = web.content(bodies["fast.mp4"])
        assert look(f"http://[::1]:{server.port}/clip.mp4", lambda now: bool(now.codes)).codes == [0]
