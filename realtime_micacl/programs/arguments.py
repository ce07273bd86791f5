"""The command line of the live job, and the settings that it makes, together with a TOML file."""

from __future__ import annotations

import argparse
import re
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from realtime_micacl import __version__
from realtime_micacl.config import Settings, converted, read_toml
from realtime_micacl.devices import DEVICE, DEVICES
from realtime_micacl.errors import ConfigError
from realtime_micacl.live.sources.framing import TURNS
from realtime_micacl.live.sources.source import parse_source
from realtime_micacl.programs.parser import EPILOG, Last, Parser, checked_source

UNLIKE = {"give_up_after_s": "--give-up-after", "rate_hz": "--rate", "every_s": "--every"}
"""Settings whose option has another name."""


def parser() -> Parser:
    """Return the parser of the live job."""
    p = Parser(
        prog="realtime-micacl",
        usage="realtime-micacl [SOURCE] [OPTIONS]\n       realtime-micacl VERB [OPTIONS]",
        description="Follow each face in a camera, stream or file and show what its expression looks like.",
        epilog=EPILOG,
        formatter_class=partial(argparse.RawDescriptionHelpFormatter, max_help_position=32),
        allow_abbrev=False,
    )
    p.register("action", None, Last)
    p.add_argument("--version", action="version", version=f"realtime-micacl {__version__}")
    _add_source(p)
    _add_use(p)
    add_reading(p.add_argument_group("how faces are read"))
    _add_outlets(p)
    return p


def _add_source(p: argparse.ArgumentParser) -> None:
    """Add the options that choose the source."""
    source = p.add_argument_group("source").add_mutually_exclusive_group()
    what = "what to look at: as --source"
    source.add_argument("what", nargs="?", metavar="SOURCE", help=what)
    source.add_argument("--camera", type=_camera, metavar="N", help="webcam N (default 0), or its /dev/videoN")
    what = "video file, picture, folder, address of a stream, webcam's number, - for standard input, demo or synthetic;"
    what += " may be repeated"
    source.add_argument("--source", action="append", metavar="WHAT", help=what)
    source.add_argument("--list-cameras", action="store_true", help="list the webcams and exit")


def _add_use(p: argparse.ArgumentParser) -> None:
    """Add the options for how the program runs, and what it records."""
    use = p.add_argument_group("use")
    flag: dict[str, Any] = {"action": "store_true", "default": None}
    use.add_argument("--headless", **flag, help="no window: lines of JSON on standard output")
    use.add_argument("--offline", **flag, help="a file as fast as possible, without a window")
    use.add_argument("--record", metavar="FILE", help="also write the numbers to FILE.jsonl or .csv")
    use.add_argument("--rotate-mb", type=_number, metavar="MB", help="start a new file after this many MB")
    use.add_argument("--rotate-s", type=_number, metavar="SECONDS", help="start a new file after this many seconds")
    what = "offline, write an .mp4 with readings drawn in"
    use.add_argument("--save-video", metavar="FILE", help=what)
    use.add_argument("--blur-faces", **flag, help="blur the faces in that video")
    use.add_argument("--kiosk", nargs="?", const="", metavar="FILE", help="full screen, by consent; see docs/kiosk.md")
    use.add_argument("--wait", **flag, help="wait for a camera or stream that is not there yet")
    give_up = use.add_argument(
        "--give-up-after", type=_number, metavar="SECONDS", help="stop looking for a lost source after this long"
    )
    give_up.dest = "give_up_after_s"
    use.add_argument("--size", metavar="WxH", help="picture size asked of a camera (1280x720)")
    use.add_argument("--fps", type=_number, metavar="HZ", help="frame rate asked of a camera (30)")
    use.add_argument(
        "--metrics", metavar="[HOST:]PORT", help="serve metrics for Prometheus; without HOST only to this machine"
    )
    use.add_argument("--output-window", choices=("clean",), help="a second window to project or to capture")
    use.add_argument("--language", choices=("auto", "en", "de"), help="language of the window (auto: the system's)")
    use.add_argument("--log-level", choices=("debug", "info", "warning", "error"), help="default warning")


def add_reading(p: argparse._ActionsContainer) -> None:
    """Add the options that readings depend on, for live and `process`."""
    flag: dict[str, Any] = {"action": "store_true", "default": None}
    p.add_argument("--engine", metavar="PATH", help="folder of another engine")
    runs_on = f"{', '.join(DEVICES)} or triton://HOST[:PORT]: what the engine runs on (default auto)"
    p.add_argument("--device", type=_device, help=runs_on)
    p.add_argument("--detector", choices=("auto", "full", "short"), help="full: small faces, short: near ones")
    p.add_argument("--max-faces", type=int, metavar="N", help="read the N largest faces, 1 to 64 (default 8)")
    p.add_argument("--far", **flag, help="look for small faces, too; see docs/faces.md")
    p.add_argument("--baseline", **flag, help="take a face's first five seconds as neutral")
    p.add_argument("--head", **flag, help="add the head's yaw, pitch and roll")
    rate = p.add_argument("--rate", type=_number, metavar="HZ", help="frame rate of a file without time stamps")
    rate.dest = "rate_hz"
    p.add_argument("--rotate", type=int, choices=TURNS, help="rotate the picture clockwise, in degrees")
    region = "look only at this part, in shares of the (rotated) picture, such as 0.25,0,0.5,1"
    p.add_argument("--region", type=_region, metavar="LEFT,TOP,WIDTH,HEIGHT", help=region)
    p.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML; the command line wins")


def _add_outlets(p: argparse.ArgumentParser) -> None:
    """Add the options of outlets."""
    out = p.add_argument_group("live data out (docs/outlets.md)")
    out.add_argument("--lsl", nargs="?", const="realtime-micacl", metavar="NAME", help="to the Lab Streaming Layer")
    out.add_argument(
        "--web", metavar="[HOST:]PORT", help="serve a page and a WebSocket; without HOST only to this machine"
    )
    out.add_argument("--web-token-file", metavar="FILE", help="file whose first line is the token; required with HOST")
    out.add_argument("--osc", metavar="HOST[:PORT]", help="OSC over UDP (port 9000, or Wekinator's 6448)")
    out.add_argument(
        "--osc-style", choices=("plain", "wekinator", "vrchat"), help="which addresses OSC has (default plain)"
    )
    out.add_argument("--mqtt", metavar="[USER@]HOST[:PORT][/NAME]", help="to an MQTT broker; mqtts://.. for TLS")
    out.add_argument("--mqtt-password-file", metavar="FILE", help="file whose first line is the password")
    where = "let Home Assistant find it (default prefix homeassistant); off: forget it"
    out.add_argument("--mqtt-discovery", nargs="?", const="homeassistant", metavar="PREFIX", help=where)
    out.add_argument("--latest", metavar="FILE", help="keep the newest numbers in a .json or .csv")
    every = out.add_argument("--every", type=_number, metavar="SECONDS", help="send means over this many seconds")
    every.dest = "every_s"
    out.add_argument("--slots", type=int, metavar="N", help="number of slots for faces (default 4)")


def _number(text: str) -> float:
    """Parse a number, which may be a fraction such as 30000/1001."""
    try:
        return float(Fraction(text)) if "/" in text else float(text)
    except (ValueError, ZeroDivisionError):
        mend = f"; write {text.replace(',', '.')}" if re.fullmatch(r"\d*,\d+", text) else ""
        raise argparse.ArgumentTypeError(f"{text!r} is not a number{mend}") from None


def _device(text: str) -> str:
    if not re.fullmatch(DEVICE, text):
        raise argparse.ArgumentTypeError(f"{text!r} is neither triton://HOST[:PORT] nor one of {', '.join(DEVICES)}")
    return text


def _camera(text: str) -> int:
    try:
        spec = parse_source(text)
    except ConfigError as cause:
        raise argparse.ArgumentTypeError(str(cause)) from None
    if spec.kind != "camera":
        raise argparse.ArgumentTypeError(f"{text!r} is neither a webcam's number nor a /dev/videoN; see --source")
    return int(spec.value)


def _region(text: str) -> tuple[float, ...]:
    try:
        shares = tuple(float(share) for share in text.split(","))
    except ValueError:
        shares = ()
    if len(shares) != 4:
        raise argparse.ArgumentTypeError(f"{text!r} is not LEFT,TOP,WIDTH,HEIGHT in shares, such as 0.25,0,0.5,1")
    return shares


def _option(setting: str) -> str:
    """Return the option of a setting, such as --rate for rate_hz or --source for source[0]."""
    name = setting.partition("[")[0]
    return UNLIKE.get(name, f"--{name.replace('_', '-')}")


def settings_from(arguments: argparse.Namespace) -> Settings:
    """Return the settings: defaults, then the TOML file, then the command line."""
    base = read_toml(arguments.config, Settings) if arguments.config else Settings()
    given = {k: v for k, v in vars(arguments).items() if v is not None and k not in ("config", "list_cameras")}
    if "what" in given:
        given["source"] = [checked_source(given.pop("what"))]
    if len(given.get("source", ())) == 1:
        (given["source"],) = given["source"]
    fields = msgspec.to_builtins(base)
    if "camera" in given or "source" in given:
        fields["camera"] = fields["source"] = None
    settings = converted(fields | given, Settings, "command line", _option)
    if settings.camera is not None and settings.source is not None:
        raise ConfigError("both camera and source are set; keep one of them")
    return settings
