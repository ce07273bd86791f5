"""What all live programs share: clock, outlets, sinks, sessions, metrics and signals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from realtime_micacl.config import Settings
from realtime_micacl.inference.choice import open_engine
from realtime_micacl.inference.shared import SharedEngine
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.reading.smoother import Tuned, Tuning
from realtime_micacl.live.records.origin import Hello, Origin
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.recording import Limits, recording
from realtime_micacl.live.records.sinks import Sink, one_at_a_time
from realtime_micacl.live.records.standard_output import StandardOutput
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.sources.framing import Framer, framing, to_be_painted
from realtime_micacl.live.sources.items import Item
from realtime_micacl.live.sources.source import SourceSpec, open_source
from realtime_micacl.live.streams import Streams, low_priority
from realtime_micacl.live.supervision import Openers
from realtime_micacl.outlets.feed import Feed, feeding
from realtime_micacl.programs.plan import Plan
from realtime_micacl.programs.screen import stopped_by_signals
from realtime_micacl.programs.systemd import Notifier


@dataclass(frozen=True)
class Running:
    """A plan that runs."""

    plan: Plan
    clock: Clock
    tuned: Tuned
    origin: Origin
    feed: Feed
    notifier: Notifier

    def openers(self) -> Openers:
        """Return what opens the two stages; several sources share an engine, and their detection has low priority."""
        plan = self.plan
        if len(plan.specs) == 1:
            return openers(plan.settings, plan.folder, plan.sidecar, self.tuned)
        shared = SharedEngine(lambda: open_engine(plan.folder, plan.sidecar, plan.settings.device))
        opens = openers(plan.settings, plan.folder, plan.sidecar, self.tuned, shared.share)
        return opens._replace(perceiver=low_priority(opens.perceiver))

    @contextmanager
    def streams(self, sinks: Iterable[Sink], *, shown: bool = False) -> Iterator[Streams]:
        """Run a session for each source, with names if there are several."""
        plan, opens = self.plan, self.openers()
        names = plan.names if len(plan.specs) > 1 else [""]
        outlets: list[Sink] = [*map(one_at_a_time, sinks), *([self.feed] if self.feed.outlets else [])]
        sessions = [
            LiveSession(
                to_be_painted(source(spec, plan.settings)) if shown else source(spec, plan.settings),
                *opens,
                outlets,
                holds=not spec.live,
                name=name,
                slots=self.feed.slots,
            )
            for spec, name in zip(plan.specs, names, strict=True)
        ]
        streams = Streams(sessions, shown=shown)
        with self.watched(streams, sessions):
            yield streams

    @contextmanager
    def watched(self, running: LiveSession | Streams, sessions: Sequence[LiveSession]) -> Iterator[None]:
        """Run a session, or several, until a signal or the end of the block, with --metrics if that was asked for."""
        settings = self.plan.settings
        with ExitStack() as stack:
            if settings.metrics:
                from realtime_micacl.programs.metrics import served

                stack.enter_context(served(sessions, settings.metrics, settings.metrics_token, self.feed.outlets))
            stack.enter_context(stopped_by_signals(running.stop))
            stack.enter_context(running)
            yield


@contextmanager
def started(plan: Plan) -> Iterator[Running]:
    """Start the clock of a plan and open its outlets; close them at the end."""
    clock = Clock.started()
    tuned = Tuned(Tuning(plan.settings.smoothing_s, plan.sidecar.calibration.abstain_below))
    origin = Origin(plan.settings, plan.folder, plan.sidecar, tuned, clock)
    origin.sources = [spec.name for spec in plan.specs]
    with feeding(plan.settings, origin, clock, plan.names, plan.sidecar.bag.instances) as feed, Notifier() as notifier:
        yield Running(plan, clock, tuned, origin, feed, notifier)


@contextmanager
def output_sinks(
    plan: Plan,
    clock: Clock,
    origin: Callable[[], Hello] | None = None,
    all_until: Callable[[], bool] | None = None,
) -> Iterator[list[Sink]]:
    """Yield the sinks of a program without a window: standard output, and a recording if one was asked for.

    With `all_until` no event is left out until that is True.
    """
    settings = plan.settings
    with ExitStack() as stack:
        out = stack.enter_context(closing(StandardOutput(clock, all_until)))
        sinks: list[Sink] = [out]
        if settings.record:
            path, instances, limits = Path(settings.record), plan.sidecar.bag.instances, rotation(settings)
            sinks.append(stack.enter_context(recording(path, clock, instances, origin, all_until, **limits)))
        yield sinks


def rotation(settings: Settings) -> Limits:
    """Return the limits at which a recording goes on in another file."""
    return {"rotate_mb": settings.rotate_mb, "rotate_s": settings.rotate_s}


def source(
    spec: SourceSpec, settings: Settings, framer: Framer | None = None, *, wait: bool | None = None, stays: bool = False
) -> Iterator[Item]:
    """Open a source as the settings say; `wait`, if given, replaces their `wait`."""
    return open_source(
        spec,
        wait=settings.wait if wait is None else wait,
        give_up_after_s=settings.give_up_after_s,
        rate_hz=settings.rate_hz,
        framer=framer or Framer(framing(settings)),
        stays=stays,
    )
