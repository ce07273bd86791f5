"""The command with its engine on a server that speaks Triton's protocol."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.inference.triton.repository import write_repository
from tests.integration.triton_server import serving


def test_two_clips_are_read_on_a_server_and_one_that_is_away_is_exit_code_4(
    start: Callable, command: Callable, clips: Path, tmp_path: Path
) -> None:
    write_repository(*read_sidecar(default_engine()), tmp_path / "models")
    with serving(tmp_path / "models") as (server, port):
        sources = ("--source", "demo", "--source", clips / "one_face_720p.mp4")
        running = start(*sources, "--headless", "--device", f"triton://127.0.0.1:{port}")
        running.until(lambda now: len({r["source"] for r in now.readings}) == 2, 60.0)
        assert running.stop()[0].code == 0
        assert len(server.batches) > 4
    for sources in (("--source", "demo"), ("--source", "demo", "--source", "synthetic")):
        away = command(*sources, "--headless", "--device", f"triton://127.0.0.1:{port}")
        assert away.code == 4
        assert f"no answer from a Triton server at 127.0.0.1:{port}" in away.err
        assert "Traceback" not in away.err


def test_offline_a_server_gives_the_readings_of_this_machine(command: Callable, clips: Path, tmp_path: Path) -> None:
    write_repository(*read_sidecar(default_engine()), tmp_path / "models")
    here = command("--source", clips / "face_leaves.mp4", "--offline")
    with serving(tmp_path / "models") as (_, port):
        there = command("--source", clips / "face_leaves.mp4", "--offline", "--device", f"triton://127.0.0.1:{port}")
    assert there.code == here.code == 0
    assert len(there.readings) == len(here.readings) > 10
    for one, other in zip(there.readings, here.readings, strict=True):
        assert one["emotion"] == other["emotion"]
        assert all(abs(p - other["probabilities"][name]) < 1e-3 for name, p in one["probabilities"].items())


def test_a_device_that_is_none(command: Callable, tmp_path: Path) -> None:
    for device in ("gpu", "triton://", "triton://a b", "triton://host:port", "http://host"):
        ended = command("--source", "demo", "--headless", "--device", device)
        assert ended.code == 2, device
        assert "triton://HOST[:PORT]" in ended.err
    (tmp_path / "s.toml").write_text('device = "gpu"\n')
    ended = command("--source", "demo", "--headless", "--config", tmp_path / "s.toml")
    assert ended.code == 2
    assert "device" in ended.err
