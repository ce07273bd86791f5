"""The live job as it runs: in a window, in tiles or as a kiosk, and what ends it from outside."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from realtime_micacl.config import Settings
from realtime_micacl.errors import ConfigError, MicaclError
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.records.origin import Origin
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.sources.framing import Framer, framing
from realtime_micacl.live.sources.source import SourceSpec, open_source
from realtime_micacl.live.streams import Streams
from realtime_micacl.live.visit import by_consent
from realtime_micacl.outlets.feed import Feed
from realtime_micacl.programs.screen import open_screen, stopped_by_signals
from realtime_micacl.programs.systemd import Notifier


def kiosk(settings: Settings, spec: SourceSpec, folder: Path, sidecar: Sidecar) -> int:
    """Run the kiosk: one session watches, each visit is a session of its own."""
    if settings.headless or settings.offline or settings.record or settings.baseline:
        raise ConfigError("a kiosk has a window and keeps nothing; leave out headless, offline, record and baseline")
    window, house = open_screen("kiosk.window"), open_screen("kiosk.settings").read_house(settings.kiosk)
    source, halves = (
        open_source(
            spec,
            wait=settings.wait,
            give_up_after_s=settings.give_up_after_s,
            rate_hz=settings.rate_hz,
            framer=Framer(framing(settings)),
        ),
        openers(settings, folder, sidecar),
    )
    watch, open_visit = by_consent(source, halves, settings.detector, near=house.near, mirror=house.mirror)
    with stopped_by_signals(watch.stop), watch, Notifier() as notifier:
        window.show(watch, open_visit, house, on_tick=lambda shown: notifier.tick(*shown.sessions))
    return 0


def in_window(
    window: ModuleType,
    spec: SourceSpec,
    settings: Settings,
    halves: tuple[Any, Any],
    options: Any,
    notifier: Notifier,
    origin: Origin | None,
) -> None:
    """Show one source after the other, as the person asks for them, in one window until it is closed.

    How the last one ended is how this ends: an error is raised once the window is closed.
    """
    shown, wait, error = None, settings.wait, None
    while True:
        if origin:
            origin.sources = [spec.name]
        source = open_source(
            spec,
            wait=wait,
            give_up_after_s=settings.give_up_after_s,
            rate_hz=settings.rate_hz,
            framer=options.framer,
            stays=settings.give_up_after_s is None,
        )
        slots = options.feed.slots
        session = LiveSession(source, *halves, options.sinks, holds=not spec.live, slots=slots)
        try:
            with watched(session, [session], settings, options.feed):
                shown = window.show(
                    session,
                    source_name=spec.name,
                    webcam=spec.kind == "camera",
                    options=options,
                    window=shown,
                    on_tick=lambda _, session=session: notifier.tick(session),
                )
        except MicaclError as cause:
            error = cause
        if shown is None or shown.failure or not (shown.asked or shown.again):
            break
        spec, wait, error = shown.asked or spec, True, None  # a camera that is asked for there is waited for
    if error:
        raise error


def in_tiles(
    window: ModuleType,
    streams: Streams,
    settings: Settings,
    options: Any,
    notifier: Notifier,
    webcams: Collection[str],
) -> None:
    """Show several sources in one window until it is closed or all have ended."""
    with watched(streams, streams.sessions, settings, options.feed):

        def tick(_: Any) -> None:
            streams.wait(0.0)
            notifier.tick(*(streams.running or streams.sessions))

        window.show(streams, webcams=webcams, options=options, on_tick=tick)


@contextmanager
def watched(
    running: LiveSession | Streams, sessions: Sequence[LiveSession], settings: Settings, feed: Feed
) -> Iterator[None]:
    """Run what signals end, with the figures of its sessions served where that was asked for."""
    with ExitStack() as stack:
        if settings.metrics:
            from realtime_micacl.programs.monitor import served

            stack.enter_context(served(sessions, settings.metrics, settings.metrics_token, feed.outlets))
        stack.enter_context(stopped_by_signals(running.stop))
        stack.enter_context(running)
        yield
