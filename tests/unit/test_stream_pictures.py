"""How long the pictures of a stream are waited for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from realtime_micacl.errors import SourceLost
from realtime_micacl.live.sources import pictures as module
from realtime_micacl.live.sources.items import Pending
from realtime_micacl.live.sources.stream import Stream
from tests.unit.stream_double import Peer, read

PAUSE_S = 3.0


@pytest.mark.parametrize(("count", "said"), [(0, "is silent: nothing came"), (2, "sent nothing for 2 s")])
def test_the_first_picture_is_waited_for_longer_than_the_next(
    monkeypatch: pytest.MonkeyPatch, count: int, said: str
) -> None:
    """Of a camera slower than that the first packets may belong to pictures that were never seen."""
    now_s, packets = 0.0, [("before", 0.0), ("key", PAUSE_S)][:count]

    def take(timeout_s: float) -> Any:
        nonlocal now_s
        now_s += timeout_s
        return packets.pop(0) if packets and packets[0][1] <= now_s else None

    class Decoder:
        begun, all_damaged = True, 0

        def __init__(self, video: Any) -> None: ...

        def pictures(self, packet: str) -> Any:
            yield from [(0.0, "a picture", 0)] if packet == "key" else []

    monkeypatch.setattr(module, "monotonic", lambda: now_s)
    monkeypatch.setattr(module, "Decoder", Decoder)
    way = SimpleNamespace(shown="door")
    connection: Any = SimpleNamespace(way=way, video=None, started_s=0.0, over=False, cause=None, take=take)
    seen = module.pictures(connection, None, 2.0, 2 * PAUSE_S)
    with pytest.raises(SourceLost, match=said):
        list(seen)
    assert now_s == pytest.approx(2 * PAUSE_S if not count else PAUSE_S + 2.0, abs=1.0)


def test_who_reads_may_stop_while_nothing_that_comes_can_be_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0

    def take(timeout_s: float) -> tuple[str, float]:
        nonlocal now_s
        now_s += 0.1
        return "half a picture", now_s

    decoder = SimpleNamespace(begun=False, all_damaged=0, pictures=lambda _: ())
    monkeypatch.setattr(module, "monotonic", lambda: now_s)
    monkeypatch.setattr(module, "Decoder", lambda _: decoder)
    way = SimpleNamespace(shown="door")
    connection: Any = SimpleNamespace(way=way, video=None, started_s=0.0, over=False, cause=None, take=take)
    assert isinstance(next(module.pictures(connection, None, 2.0, 2.0)), Pending)
    assert now_s < 1.0


def test_ffmpeg_waits_as_long_as_we_do(monkeypatch: pytest.MonkeyPatch) -> None:
    peer = Peer(monkeypatch)
    peer.answers, peer.rounds = peer.connection, [[(0.0, peer.now_s)]]
    stream = Stream("rtsp://127.0.0.1:9/v", "door")
    for _ in range(4):
        read(stream)
    assert peer.patience_s == [2.0, 4.0, 8.0, 15.0]
    assert [way.read_s for way in peer.ways] == [15.0, 4.0, 8.0, 15.0], "the first picture may take longer"
