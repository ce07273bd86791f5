"""What is wrong is said in one line, with the documented exit code, in under five seconds, without a traceback."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from realtime_micacl.inference.choice import default_engine

LIMIT_S = 30.0  # five, and what a loaded machine takes to start Python


def refused(ended, code: int, *words: str) -> None:
    assert ended.code == code, (ended.out, ended.err)
    assert ended.took_s < LIMIT_S
    assert "Traceback" not in ended.err
    message = [line for line in ended.err.splitlines() if line.startswith("realtime-micacl: ")]
    assert len(message) == 1, ended.err
    for word in words:
        assert word in message[0], message
    assert not [r for r in ended.out.splitlines() if "probabilities" in r]


@pytest.fixture
def sources(tmp_path: Path, clips: Path) -> Path:
    (tmp_path / "text.mp4").write_text("I am no video\n" * 99)
    (tmp_path / "empty.mp4").touch()
    whole = (clips / "one_face_720p.mp4").read_bytes()
    (tmp_path / "no-index.mp4").write_bytes(whole[: len(whole) // 2].replace(b"moov", b"free"))
    with av.open(str(tmp_path / "sound.m4a"), "w") as out:
        stream = out.add_stream("aac", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 8000
        out.mux(stream.encode(sound))
        out.mux(stream.encode())
    return tmp_path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.mp4", ["no file at"]),
        (".", ["is a folder"]),
        ("text.mp4", ["cannot be opened"]),
        ("empty.mp4", ["is empty"]),
        ("no-index.mp4", ["cannot be opened"]),
        ("sound.m4a", ["no video", "audio"]),
    ],
)
@pytest.mark.parametrize("how", [["--headless"], ["--offline"], []])
def test_a_source_that_is_no_video(
    command: Callable, sources: Path, name: str, words: list[str], how: list[str]
) -> None:
    refused(command("--source", sources / name, *how), 3, *words)


def test_a_camera_that_is_not_there(command: Callable) -> None:
    refused(command("--camera", 98), 3, "no camera 98")
    refused(command("--camera", 98, "--headless"), 3, "no camera 98")


@pytest.mark.parametrize("how", [["--headless"], []])
def test_an_address_that_refuses(command: Callable, how: list[str]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ended = command("--source", f"rtsp://admin:hunter2@127.0.0.1:{port}/x", *how)
    refused(ended, 3, "127.0.0.1", "nothing listens at port")
    assert "hunter2" not in ended.err + ended.out


@pytest.fixture
def silent_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_an_address_that_is_silent(command: Callable, silent_port: int, scheme: str) -> None:
    address = f"{scheme}://u:hunter2@127.0.0.1:{silent_port}/x"
    refused(command("--source", address, "--headless", "--give-up-after", 2), 3, "no answer within 4 s")


@pytest.mark.fault("R24")
def test_a_signal_ends_the_wait_for_an_answer(start: Callable, silent_port: int) -> None:
    running = start("--source", f"rtsp://127.0.0.1:{silent_port}/x", "--headless")
    running.until(lambda now: "starting" in now.states)
    ended, took_s = running.stop()
    assert ended.code == 0, ended.err
    assert took_s < 2.5


@pytest.mark.fault("R18")
def test_no_password_in_the_fullest_log(command: Callable, silent_port: int) -> None:
    """At this level the log has tracebacks, and FFmpeg's messages hold the address."""
    address = f"rtsp://u:hunter2@127.0.0.1:{silent_port}/x"
    ended = command("--source", address, "--headless", "--give-up-after", 2, "--log-level", "debug")
    assert "Traceback" in ended.err
    assert "hunter2" not in ended.err + ended.out


@pytest.mark.fault("R18")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--source", "ftp://host/x"], ["ftp://"]),
        (["--source", "rtsp://u:hunter2@ho st/x"], ["not a valid rtsp:// address"]),
        (["--source", "synthetic", "--offline"], ["--offline"]),
        (["--source", "demo", "--record", "x.txt", "--headless"], ["--record x.txt"]),
        (["--source", "demo", "--record", "/none/x.csv", "--headless"], ["--record", "folder"]),
        (["--config", "/none.toml"], ["no file at /none.toml"]),
    ],
)
def test_an_argument_that_is_wrong(command: Callable, arguments: list[str], words: list[str]) -> None:
    ended = command(*arguments)
    refused(ended, 2, *words)
    assert "hunter2" not in ended.err


def test_an_unknown_option_is_one_line_that_knows_what_was_meant(command: Callable) -> None:
    refused(command("--cammera", "0"), 2, "there is no option --cammera; did you mean --camera?")


@pytest.mark.fault("R18")
def test_an_unknown_key_in_the_settings(command: Callable, tmp_path: Path, measured: Callable[[str], None]) -> None:
    (tmp_path / "s.toml").write_text("smothing_s = 1.0\n")
    ended = command("--config", tmp_path / "s.toml")
    measured(f"exit code 2 and one line after {ended.took_s:.1f} s")
    refused(ended, 2, "s.toml", "'smothing_s'", "'smoothing_s'")


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    return Path(shutil.copytree(default_engine(), tmp_path / "engine"))


def altered(engine: Path, **change: object) -> Path:
    file = engine / "engine.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    return engine


@pytest.mark.fault("R13", "R14", "R15")
def test_an_engine_that_is_missing_damaged_or_of_other_labels(
    command: Callable, engine: Path, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    refused(command("--source", "demo", "--engine", tmp_path / "none", "--headless"), 4, "no engine at")
    refused(command("--source", "demo", "--engine", altered(engine, labels=["a"]), "--headless"), 4, "label order")
    shutil.rmtree(engine)
    shutil.copytree(default_engine(), engine)
    with (engine / "encode.onnx").open("r+b") as graph:
        graph.seek(1000)
        graph.write(b"\x00\x01\x02\x03")
    refused(command("--source", "demo", "--engine", engine, "--headless"), 4, "encode.onnx", "SHA-256")
    (engine / "encode.onnx").unlink()
    refused(command("--source", "demo", "--engine", engine), 4, "encode.onnx is missing")
    measured("missing, damaged, of another label order: refused with exit code 4, no reading")


def test_a_device_that_is_not_there(command: Callable) -> None:
    refused(command("--source", "demo", "--headless", "--device", "tensorrt"), 4, "tensorrt")
    refused(command("--source", "demo", "--headless", "--device", "cuda"), 4, "NVIDIA GPU")


def test_a_screen_that_is_not_there(command: Callable) -> None:
    ended = command("--source", "demo", DISPLAY="", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="")
    refused(ended, 2, "no display", "--headless")
