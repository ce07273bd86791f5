"""Addresses of outlets, right and wrong, and where secrets come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_micacl.config import Settings
from realtime_micacl.errors import ConfigError
from realtime_micacl.outlets.address import Peer, broker, listening, receiver
from realtime_micacl.outlets.feed import feeding
from realtime_micacl.programs.arguments import parser, settings_from
from tests.unit.test_slots import about


def given(*argv: str) -> Settings:
    return settings_from(parser().parse_args(argv))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("8080", Peer("127.0.0.1", 8080)),
        ("0.0.0.0:8080", Peer("0.0.0.0", 8080)),
        ("lab-pc.local:1", Peer("lab-pc.local", 1)),
        ("[::]:8080", Peer("::", 8080)),
    ],
)
def test_where_to_listen(text: str, found: Peer) -> None:
    assert listening(text, "--web") == found


def test_whom_to_send_to() -> None:
    assert receiver("192.168.0.7", "--osc", 9000) == Peer("192.168.0.7", 9000)
    assert receiver("td.local:7000", "--osc", 9000) == Peer("td.local", 7000)
    assert str(receiver("[fe80::1]", "--osc", 9000)) == "[fe80::1]:9000"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("broker", Peer("broker", 1883, name="here")),
        ("me@broker:1884/door", Peer("broker", 1884, "me", "door")),
        ("mqtts://broker.example.org", Peer("broker.example.org", 8883, name="here", secure=True)),
        ("mqtt://a@b@[::1]/x_1", Peer("::1", 1883, "a@b", "x_1")),
    ],
)
def test_which_broker(text: str, found: Peer) -> None:
    assert broker(text, "--mqtt", "here") == found


@pytest.mark.parametrize("text", ["", ":", "x", "0", "65536", "localhost:", "::1:5", "a b:80", "http://x:80", "..:80"])
def test_a_wrong_place_to_listen(text: str) -> None:
    with pytest.raises(ConfigError, match="--web"):
        listening(text, "--web")


@pytest.mark.parametrize("text", ["", ":9000", "h:0", "h:70000", "h:x", "a b", "osc.udp://h", "a..b", "x" * 64 + ".de"])
def test_a_wrong_receiver(text: str) -> None:
    with pytest.raises(ConfigError, match="--osc"):
        receiver(text, "--osc", 9000)


@pytest.mark.parametrize("text", ["", "ws://h", "h:0", "@h", "h/a/b", "h/#", "h/+", "a b", "mqtts://"])
def test_a_wrong_broker(text: str) -> None:
    with pytest.raises(ConfigError, match="--mqtt"):
        broker(text, "--mqtt", "here")


@pytest.mark.fault("R18")
@pytest.mark.parametrize("text", ["me:hunter2@h", "mqtts://me:hunter2@h/door", "me:hun@ter2@h"])
def test_a_password_on_the_command_line_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError, match="--mqtt-password-file") as error:
        broker(text, "--mqtt", "here")
    assert "hun" not in str(error.value)


def test_the_command_line_knows_all_of_them() -> None:
    found = given("--lsl", "--web", "8080", "--osc", "h", "--mqtt", "h", "--latest", "x.csv", "--every", "2")
    assert found.outlets == ("lsl", "web", "osc", "mqtt", "latest")
    assert (found.lsl, found.every_s, found.slots, found.osc_style) == ("realtime-micacl", 2.0, 4, "plain")
    assert given("--mqtt", "h", "--mqtt-discovery").mqtt_discovery == "homeassistant"
    assert given().outlets == ()


@pytest.mark.parametrize(
    "argv",
    [
        ("--slots", "0"),
        ("--slots", "17"),
        ("--every", "0"),
        ("--every", "-1"),
        ("--mqtt-discovery", "#"),
        ("--lsl", ""),
        ("--lsl", "clip.mp4"),
        ("--lsl", "0"),
    ],
)
def test_a_value_out_of_range_is_named(argv: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=f"{argv[0]}.* is .*; it must be"):
        given(*argv)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"web": "0.0.0.0:8080"}, "lets the network look"),
        (
            {"web": "8080", "web_token_file": "/no/such/file"},
            "--web-token-file /no/such/file cannot be read: No such file",
        ),
        ({"web": "8080", "web_token": "a" * 16, "web_token_file": "f"}, "both web_token and web_token_file"),
        ({"web": "8080", "web_token_file": "short.txt"}, "16 characters"),
        ({"mqtt": "broker", "mqtt_password": "hunter2"}, "a password and no user"),
        ({"latest": "x.txt"}, "must be .json or .csv"),
    ],
)
def test_what_can_be_known_at_once_is_told_at_once(
    fields: dict[str, object], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.txt").write_text("short\n")
    its = about()
    with pytest.raises(ConfigError, match=said), feeding(Settings(**fields), its.hello, its.clock, its.sources, 4):  # type: ignore[arg-type]
        pass
