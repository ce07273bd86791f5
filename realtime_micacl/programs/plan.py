"""The settings of a live run, checked once before anything is opened."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path
from typing import Literal

from msgspec import structs

from realtime_micacl.config import SECRETS, Settings
from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar
from realtime_micacl.live.sources.address import PORTS
from realtime_micacl.live.sources.framing import framing
from realtime_micacl.live.sources.source import SourceSpec, check, parse_source
from realtime_micacl.live.streams import unique_names

log = logging.getLogger(__name__)

DOES_NOTHING = {
    "rotate_mb": "record",
    "rotate_s": "record",
    "mqtt_discovery": "mqtt",
    "mqtt_password_file": "mqtt",
    "osc_style": "osc",
    "web_token_file": "web",
}
"""Settings that have no effect unless another one is set."""

Program = Literal["headless", "offline", "window", "grid", "kiosk"]


@dataclass(frozen=True)
class Plan:
    """Settings that go together, checked sources, and the engine that reads them."""

    program: Program
    settings: Settings
    specs: tuple[SourceSpec, ...]
    folder: Path
    sidecar: Sidecar

    @property
    def spec(self) -> SourceSpec:
        """The first source, which for most programs is the only one."""
        return self.specs[0]

    @property
    def names(self) -> list[str]:
        """The names of the sources, no two alike."""
        return unique_names([spec.name for spec in self.specs])


def planned(settings: Settings) -> Plan:
    """Check settings and make a plan; raise ConfigError, SourceError or EngineError before anything is opened."""
    if settings.save_video:
        settings = structs.replace(settings, offline=True)
    elif settings.blur_faces:
        raise ConfigError("--blur-faces needs --save-video; add it, or leave out --blur-faces")
    _check_source_named(settings)
    specs = [parse_source(text) for text in settings.sources] or [SourceSpec("camera", str(settings.camera or 0))]
    if len(specs) > 1 and (settings.offline or settings.kiosk is not None or settings.output_window):
        raise ConfigError(f"{len(specs)} sources were given; --offline, --kiosk and --output-window take one")
    if twice := next((one.name for n, one in enumerate(specs) if _is_exclusive(one) and one in specs[:n]), ""):
        raise ConfigError(f"{twice} is given twice, but can only be read once; leave one of them out")
    if settings.offline and specs[0].kind != "file":
        raise ConfigError(f"--offline reads a file from end to end; {specs[0].name} is not one: --headless reads it")
    if settings.outlets and (settings.offline or settings.kiosk is not None):
        raise ConfigError(
            f"--{settings.outlets[0]} works neither with --offline nor with --kiosk; leave one of them out"
        )
    if settings.every_s and not settings.outlets:
        raise ConfigError("--every is for outlets; add one of --lsl, --web, --osc, --mqtt and --latest")
    program = _program(settings, len(specs))
    if program == "kiosk" and (settings.headless or settings.offline or settings.record or settings.baseline):
        raise ConfigError("a kiosk has a window and keeps nothing; leave out headless, offline, record and baseline")
    if settings.kiosk and not settings.sources and not settings.kiosk.lower().endswith(".toml"):
        raise ConfigError(f"--kiosk takes a .toml file of settings, not {settings.kiosk}; put a source before --kiosk")
    if (settings.size or settings.fps) and not any(spec.kind == "camera" for spec in specs):
        log.warning("only a camera can be asked for a size and fps; %s keeps its own", specs[0].name)
    _warn_of_unused(settings, program)
    framing(settings)
    for spec in () if settings.wait else specs:
        check(spec)
    folder, sidecar = read_sidecar(Path(settings.engine) if settings.engine else default_engine())
    return Plan(program, settings, tuple(specs), folder, sidecar)


def _check_source_named(settings: Settings) -> None:
    """Raise ConfigError if no source is named and an option has taken what looks like one."""
    if settings.sources or settings.camera is not None:
        return
    for name, value in structs.asdict(settings).items():
        if not isinstance(value, str) or any(secret in name for secret in SECRETS):
            continue
        scheme, mark, _ = value.partition("://")
        if (mark and scheme in PORTS) or (guess_type(value)[0] or "").startswith(("video/", "image/")):
            option = f"--{name.replace('_', '-')}"
            raise ConfigError(f"{option} takes {value}, and no source is named; put a source before {option}")


def _is_exclusive(spec: SourceSpec) -> bool:
    """Say whether only one reader can use a source: a camera or a pipe."""
    return spec.kind == "camera" or (spec.kind == "stream" and "://" not in spec.value)


def _warn_of_unused(settings: Settings, program: Program) -> None:
    """Warn of settings that have no effect."""
    for name, needed in DOES_NOTHING.items():
        unused = getattr(settings, needed) is None
        unused = unused and not (needed == "record" and program == "window")  # where the key R records
        if unused and getattr(settings, name) != getattr(Settings(), name):
            log.warning("--%s does nothing without --%s", name.replace("_", "-"), needed)
    if settings.metrics and program == "offline":
        log.warning("--metrics does nothing with --offline; it is for live sources")
    if settings.metrics and program == "kiosk":
        log.warning("--metrics does nothing with --kiosk")
    if settings.output_window and (settings.headless or settings.offline):
        log.warning("--output-window does nothing without a window")


def _program(settings: Settings, sources: int) -> Program:
    if settings.kiosk is not None:
        return "kiosk"
    if settings.offline:
        return "offline"
    if settings.headless:
        return "headless"
    return "grid" if sources > 1 else "window"
