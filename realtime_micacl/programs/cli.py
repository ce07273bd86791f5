"""The command `realtime-micacl`: with no verb the live job, otherwise the verb's module."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from msgspec.structs import replace

from realtime_micacl.config import Settings
from realtime_micacl.errors import ConfigError, MicaclError, StageFailed
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.shared import SharedEngine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.installed import install_command
from realtime_micacl.live.clip import read_clip
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.reading.smoother import Tuned, Tuning
from realtime_micacl.live.records.origin import Origin
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.recorder import Recorder
from realtime_micacl.live.records.recording import recording
from realtime_micacl.live.records.sinks import Sink, json_lines, one_at_a_time
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.sources.framing import Framer, framing
from realtime_micacl.live.sources.source import SourceSpec, check, open_source, parse_source, redacted
from realtime_micacl.live.streams import Streams, behind, distinct
from realtime_micacl.outlets.feed import Feed, feeding
from realtime_micacl.programs.arguments import MODULES, VERBS, parser, settings_from
from realtime_micacl.programs.journal import configure_log
from realtime_micacl.programs.live import in_tiles, in_window, kiosk, watched
from realtime_micacl.programs.screen import open_screen, stopped_by_signals
from realtime_micacl.programs.systemd import Notifier
from realtime_micacl.standard import flushed, why

log = logging.getLogger(__name__)

BROKEN_OFF = 130


def main() -> None:
    """Run the command and leave with its exit code."""
    try:
        code = run(sys.argv[1:])
    except SystemExit as end:  # of the parser
        code = end.code if isinstance(end.code, int) else 1
    if (cause := flushed()) and not code:
        sys.stderr.write(f"realtime-micacl: the output cannot be written: {why(cause)}\n")
        code = StageFailed.exit_code
    if threading.active_count() > 1:  # a device holds a thread: leave without waiting for it
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(argv: Sequence[str]) -> int:
    """Run the command line `argv` and return the exit code."""
    configure_log("warning")
    try:
        if argv and argv[0] in VERBS:
            _verb(argv[0]).main(argv[1:])
            return 0
        arguments = parser().parse_args(argv)
        if arguments.list_cameras:
            _list_cameras(sys.stdout)
            return 0
        return live(settings_from(arguments))
    except MicaclError as error:
        log.debug("the error came from here", exc_info=True)
        sys.stderr.write(f"realtime-micacl: {redacted(str(error))}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return BROKEN_OFF
    except BrokenPipeError:  # the reader of our output left first, which is no error
        return 0
    except OSError as cause:
        log.debug("the error came from here", exc_info=True)
        sys.stderr.write(f"realtime-micacl: {cause.filename or 'the output cannot be written'}: {why(cause)}\n")
        return StageFailed.exit_code


def _verb(name: str) -> ModuleType:
    """Return the module of a verb; raise ConfigError where what it is built on is not installed."""
    try:
        return import_module(f"realtime_micacl.{MODULES[name]}")
    except ModuleNotFoundError as cause:
        raise ConfigError(
            f"`realtime-micacl {name}` needs {cause.name}, which is not installed: {install_command('train')}"
        ) from cause


def live(settings: Settings) -> int:
    """Run the live job until it ends; return the exit code."""
    configure_log(settings.log_level)
    if settings.save_video:
        settings = replace(settings, offline=True)
    elif settings.blur_faces:
        raise ConfigError("--blur-faces is of the video that --save-video writes; add it, or leave the other out")
    specs = [parse_source(text) for text in settings.sources] or [SourceSpec("camera", str(settings.camera or 0))]
    spec, several = specs[0], len(specs) > 1
    if several and (settings.offline or settings.kiosk is not None or settings.output_window):
        raise ConfigError(f"{len(specs)} sources were given; --offline, --kiosk and --output-window take one")
    if settings.offline and spec.kind != "file":
        raise ConfigError(f"--offline reads a file from end to end; {spec.name} is not one")
    if settings.outlets and (settings.offline or settings.kiosk is not None):
        raise ConfigError(f"--{settings.outlets[0]} is for live work that is no kiosk's; leave it out, or the other")
    if (settings.size or settings.fps) and not any(one.kind == "camera" for one in specs):
        log.warning("size and fps are asked of a camera; %s sends what it sends", spec.name)
    framer = Framer(framing(settings))
    for one in () if settings.wait else specs:
        check(one)
    folder, sidecar = read_sidecar(Path(settings.engine) if settings.engine else default_engine())
    if settings.kiosk is not None:
        return kiosk(settings, spec, folder, sidecar)
    windowed = not (settings.headless or settings.offline)
    window = open_screen("grid" if several else "window") if windowed else None
    clock = Clock() if settings.offline else Clock.started()
    tuned = Tuned(Tuning(settings.smoothing_s, sidecar.calibration.abstain_below))
    origin = None if settings.offline else Origin(settings, folder, sidecar, tuned, clock)
    if origin:
        origin.sources = [one.name for one in specs]
    halves: tuple[Any, Any] = openers(settings, folder, sidecar, tuned)
    if several:
        shared = SharedEngine(lambda: open_engine(folder, sidecar, settings.device))
        open_perceiver, open_recognizer = openers(settings, folder, sidecar, tuned, shared.share)
        halves = behind(open_perceiver), open_recognizer
    with ExitStack() as stack, Notifier() as notifier:
        sinks: list[Sink] = []
        n, names = sidecar.bag.instances, distinct([one.name for one in specs])
        feed = stack.enter_context(feeding(settings, origin, clock, names, n))
        limits = {"rotate_mb": settings.rotate_mb, "rotate_s": settings.rotate_s}
        if window:
            recorder = Recorder(clock, n, origin, **limits)
            stack.callback(recorder.stop)
            if settings.record:
                recorder.start(Path(settings.record))
            options = window.Options(
                look=settings.look,
                reduced_motion=settings.reduced_motion,
                language=settings.language,
                recorder=recorder,
                feed=feed,
                tuned=tuned,
                framer=framer,
                mixtures=settings.mixtures,
                clean=settings.output_window == "clean",
                mirror=settings.mirror,
                stays=settings.give_up_after_s is None,
            )
            if several:
                streams = Streams(_sessions(specs, settings, halves, [recorder], feed), shown=True)
                webcams = [name for name, one in zip(names, specs, strict=True) if one.kind == "camera"]
                in_tiles(window, streams, settings, options, notifier, webcams)
            else:
                in_window(window, spec, settings, halves, options, notifier, origin)
            return 0
        sinks.append(json_lines(sys.stdout, clock))
        if settings.record:
            sinks.append(stack.enter_context(recording(Path(settings.record), clock, n, origin, **limits)))
        if settings.offline:
            if settings.save_video:
                from realtime_micacl_ui.annotated import saved

                video = saved(Path(settings.save_video), halves, blur=settings.blur_faces, language=settings.language)
                halves, drawing = stack.enter_context(video)
                sinks.append(drawing)
            return _offline(Path(spec.value), settings, halves, sinks)
        streams = Streams(_sessions(specs, settings, halves, sinks, feed))
        with watched(streams, streams.sessions, settings, feed):
            while not streams.wait(0.2):
                notifier.tick(*streams.running)
    return 0


def _sessions(
    specs: Sequence[SourceSpec], settings: Settings, halves: tuple[Any, Any], sinks: Iterable[Sink], feed: Feed
) -> list[LiveSession]:
    """Return a session for each source; where there are several, each has a name."""
    names = distinct([spec.name for spec in specs]) if len(specs) > 1 else [""]
    outlets: list[Sink] = [*map(one_at_a_time, sinks), *([feed] if feed.outlets else [])]
    return [
        LiveSession(
            open_source(
                spec,
                wait=settings.wait,
                give_up_after_s=settings.give_up_after_s,
                rate_hz=settings.rate_hz,
                framer=Framer(framing(settings)),
            ),
            *halves,
            outlets,
            holds=not spec.live,
            name=name,
            slots=feed.slots,
        )
        for spec, name in zip(specs, names, strict=True)
    ]


def _offline(path: Path, settings: Settings, halves: tuple[Any, Any], sinks: Sequence[Sink]) -> int:
    """Write the events of a file; return the exit code."""
    told = threading.Event()
    with stopped_by_signals(told.set):
        for event in read_clip(path, settings, *halves, broken_off=told.is_set):
            for sink in sinks:
                try:
                    sink(event)
                except BrokenPipeError:
                    return 0
                except OSError as cause:
                    raise StageFailed(f"the readings cannot be written: {why(cause)}") from cause
    return BROKEN_OFF if told.is_set() else 0


def _list_cameras(out: TextIO) -> None:
    from realtime_micacl.live.sources.camera import list_cameras

    cameras = list_cameras()
    for index, name in cameras.items():
        out.write(f"{index}  {name}\n")
    if not cameras:
        out.write("no camera was found\n")
