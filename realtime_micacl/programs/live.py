"""The live job: a program for each way to run it, which takes a plan and returns the exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING

from realtime_micacl.config import Settings
from realtime_micacl.errors import MicaclError, StageFailed
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.recorder import Recorder
from realtime_micacl.live.records.sinks import Sink
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.sources.framing import Framer, framing, to_be_painted
from realtime_micacl.live.supervision import Openers
from realtime_micacl.live.threads import share_python
from realtime_micacl.programs.journal import configure_log
from realtime_micacl.programs.plan import Plan, Program, planned
from realtime_micacl.programs.running import Running, output_sinks, rotation, source, started
from realtime_micacl.programs.screen import open_screen, stopped_by_signals
from realtime_micacl.programs.systemd import Notifier
from realtime_micacl.wording import why_unwritten

if TYPE_CHECKING:
    from realtime_micacl_ui.options import Options
    from realtime_micacl_ui.window import LiveWindow

INTERRUPTED = 130


def live(settings: Settings) -> int:
    """Run the live job until it ends; return the exit code."""
    configure_log(settings.log_level)
    plan = planned(settings)
    share_python()
    return PROGRAMS[plan.program](plan)


def headless(plan: Plan) -> int:
    """Write the readings of every source until all have ended."""
    with started(plan) as job, output_sinks(plan, job.clock, job.origin) as sinks, job.streams(sinks) as streams:
        while not streams.wait(0.2):
            job.notifier.tick(*streams.running)
    return 0


def offline(plan: Plan) -> int:
    """Write the readings of a file, from end to end."""
    from realtime_micacl.live.clip import read_clip

    interrupted, path = Flag(), Path(plan.spec.value)
    stopping = stopped_by_signals(interrupted.set)
    with (
        Notifier(),
        output_sinks(plan, Clock(), all_until=interrupted.is_set) as sinks,
        _drawn(plan, sinks) as opens,
        stopping,
    ):
        for event in read_clip(path, plan.settings, opens, interrupted=interrupted.is_set):
            for sink in sinks:
                try:
                    sink(event)
                except BrokenPipeError:
                    return 0
                except OSError as cause:
                    raise StageFailed(f"the readings cannot be written: {why_unwritten(cause)}") from cause
    return INTERRUPTED if interrupted.is_set() else 0


def window(plan: Plan) -> int:
    """Show a source, and any other that the person asks for, until the window is closed."""
    open_screen()
    with started(plan) as job, _recorder(job) as recorder:
        _shown_in_turn(job, _options(job, recorder))
    return 0


def grid(plan: Plan) -> int:
    """Show several sources in one window until it is closed or all have ended."""
    open_screen()
    from realtime_micacl_ui.grid import show

    webcams = [name for name, spec in zip(plan.names, plan.specs, strict=True) if spec.kind == "camera"]
    with started(plan) as job, _recorder(job) as recorder, job.streams([recorder], shown=True) as streams:

        def tick(_: object) -> None:
            streams.wait(0.0)
            job.notifier.tick(*(streams.running or streams.sessions))

        show(streams, webcams=webcams, options=_options(job, recorder), on_tick=tick)
    return 0


def kiosk(plan: Plan) -> int:
    """Run the kiosk: one session watches for somebody near, and each visit is a session of its own."""
    open_screen()
    from realtime_micacl.live.visit import by_consent
    from realtime_micacl_ui.kiosk.settings import read_kiosk_settings
    from realtime_micacl_ui.kiosk.window import show

    chosen, opens = read_kiosk_settings(plan.settings.kiosk or ""), openers(plan.settings, plan.folder, plan.sidecar)
    frames, detector = source(plan.spec, plan.settings), plan.settings.detector
    watch, open_visit = by_consent(frames, opens, detector, near=chosen.near, mirror=chosen.mirror)
    with stopped_by_signals(watch.stop), watch, Notifier() as notifier:
        show(watch, open_visit, chosen, on_tick=lambda shown: notifier.tick(*shown.sessions))
    return 0


PROGRAMS: dict[Program, Callable[[Plan], int]] = {
    "headless": headless,
    "offline": offline,
    "window": window,
    "grid": grid,
    "kiosk": kiosk,
}


@contextmanager
def _drawn(plan: Plan, sinks: list[Sink]) -> Iterator[Openers]:
    """Yield what opens the stages; if a video was asked for, they draw into it, and a sink is added to `sinks`."""
    settings = plan.settings
    opens = openers(settings, plan.folder, plan.sidecar)
    if settings.save_video is None:
        yield opens
        return
    from realtime_micacl_ui.annotated import saved

    path, blur, language = Path(settings.save_video), settings.blur_faces, settings.language
    with saved(path, opens, blur=blur, language=language) as (drawn, drawing):
        sinks.append(drawing)
        yield drawn


@contextmanager
def _recorder(job: Running) -> Iterator[Recorder]:
    """Yield the recorder of a window, recording already with --record; stop it at the end."""
    settings = job.plan.settings
    recorder = Recorder(job.clock, job.plan.sidecar.bag.instances, job.origin, **rotation(settings))
    try:
        if settings.record:
            recorder.start(Path(settings.record))
        yield recorder
    finally:
        recorder.stop()


def _options(job: Running, recorder: Recorder) -> Options:
    from realtime_micacl_ui.options import Options

    settings = job.plan.settings
    return Options(
        look=settings.look,
        reduced_motion=settings.reduced_motion,
        language=settings.language,
        recorder=recorder,
        feed=job.feed,
        tuned=job.tuned,
        framer=Framer(framing(settings)),
        mixtures=settings.mixtures,
        clean=settings.output_window == "clean",
        mirror=settings.mirror,
        stays=settings.give_up_after_s is None,
    )


def _shown_in_turn(job: Running, options: Options) -> None:
    """Show source after source; raise the error that ended the last one once the window is closed."""
    from realtime_micacl_ui.window import show

    settings, opens = job.plan.settings, job.openers()
    spec, wait, error = job.plan.spec, settings.wait, None
    shown: LiveWindow | None = None
    while True:
        job.origin.sources = [spec.name]
        frames = to_be_painted(source(spec, settings, options.framer, wait=wait, stays=options.stays))
        session = LiveSession(frames, *opens, options.sinks, holds=not spec.live, slots=job.feed.slots)
        try:
            with job.watched(session, [session]):
                shown = show(
                    session,
                    source_name=spec.name,
                    webcam=spec.kind == "camera",
                    options=options,
                    window=shown,
                    on_tick=lambda _, session=session: job.notifier.tick(session),  # type: ignore[misc]
                )
        except MicaclError as cause:
            error = cause
        if shown is None or not shown.goes_on:
            break
        spec, wait, error = shown.asked or spec, True, None  # a source chosen in the window is waited for
    if error:
        raise error
