"""Serves the metrics of a running session, for Prometheus (`--metrics`).

The page is made from what sessions count anyway, at each request, by a server on a thread of its own.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from socket import AF_INET, AF_INET6
from threading import Thread
from urllib.request import urlopen

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from realtime_micacl.errors import ConfigError, SourceError
from realtime_micacl.live.session import LiveSession
from realtime_micacl.meter import BOUNDS_S
from realtime_micacl.outlets.address import LOOPBACK, Peer, listening
from realtime_micacl.outlets.thread import OutletThread
from realtime_micacl.types import Retry, State
from realtime_micacl.wording import why

log = logging.getLogger(__name__)

TIMEOUT_S = 5.0
PREFIX = "realtime_micacl_"


class Counts(Collector):
    """Collects what sessions count, for Prometheus; if there are several, they have the label `source`."""

    def __init__(self, sessions: Sequence[LiveSession], outlets: Sequence[OutletThread] = ()) -> None:
        self._sessions, self._outlets = sessions, outlets
        self._by = ["source"] if len(sessions) > 1 else []

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics as they are now."""
        page = Page(self._by)
        for session in self._sessions:
            page.add(session, [session.name][: len(self._by)])
        yield from page.families
        if self._outlets:
            yield from _of_outlets(self._outlets)


def _of_outlets(outlets: Sequence[OutletThread]) -> Iterator[Metric]:
    """Yield the metrics of outlets."""
    dropped = CounterMetricFamily(PREFIX + "outlet_dropped", "What did not leave by an outlet.", labels=["outlet"])
    away = GaugeMetricFamily(PREFIX + "outlet_away", "1 while an outlet reaches nobody.", labels=["outlet"])
    for outlet in outlets:
        dropped.add_metric([outlet.name], outlet.dropped)
        away.add_metric([outlet.name], float(bool(outlet.notice)))
    yield from (dropped, away)


class Page:
    """All metric families, each with the samples of all sessions."""

    def __init__(self, by: Sequence[str]) -> None:
        def counter(name: str, text: str, *labels: str) -> CounterMetricFamily:
            return CounterMetricFamily(PREFIX + name, text, labels=[*by, *labels])

        self._captured = counter("frames_captured", "Pictures that the source gave.")
        self._analysed = counter("frames_analysed", "Pictures in which faces were looked for.")
        self._dropped = counter("frames_dropped", "Pictures that were not analysed.")
        self._damaged = counter("frames_damaged", "Pictures and packets that were damaged and left out.")
        self._readings = counter("readings", "Readings of faces.")
        self._changes = counter("changes", "How often each state was entered.", "state")
        self._failures = counter("failures", "How often a stage was started again.", "stage")
        self._state = GaugeMetricFamily(PREFIX + "state", "1 for the state of now.", labels=[*by, "state"])
        text = "Tries to open the source since it was lost, 0 while it is there."
        self._attempt = GaugeMetricFamily(PREFIX + "attempt", text, labels=by)
        self._faces = GaugeMetricFamily(PREFIX + "faces", "Faces that are followed.", labels=by)
        self._seconds = HistogramMetricFamily(
            PREFIX + "seconds", "How long a stage takes; reading: since capture.", labels=[*by, "stage"]
        )
        self.families: tuple[Metric, ...] = (
            *(self._captured, self._analysed, self._dropped, self._damaged, self._readings),
            *(self._changes, self._state, self._failures, self._attempt, self._faces, self._seconds),
        )

    def add(self, session: LiveSession, who: list[str]) -> None:
        """Add the samples of a session; `who` are its label values."""
        now, meters = session.look(), session.meters
        self._captured.add_metric(who, meters["capture"].count)
        self._analysed.add_metric(who, meters["perceive"].count)
        self._dropped.add_metric(who, now.dropped)
        self._damaged.add_metric(who, now.damaged)
        self._readings.add_metric(who, meters["reading"].count)
        for one in State:
            self._changes.add_metric([*who, str(one)], now.changes.get(one, 0))
            self._state.add_metric([*who, str(one)], float(one is now.state))
        for stage, count in now.failures.items():
            self._failures.add_metric([*who, stage], count)
        self._attempt.add_metric(who, now.newest.attempt if isinstance(now.newest, Retry) else 0)
        self._faces.add_metric(who, len(now.scene.faces) if now.scene else 0)
        for stage in ("perceive", "recognize", "reading"):
            meter = meters[stage]
            up_to = list(accumulate(meter.between))
            buckets = [(str(bound), count) for bound, count in zip((*BOUNDS_S, "+Inf"), up_to, strict=True)]
            self._seconds.add_metric([*who, stage], buckets, meter.total_s)


def address(text: str, token: str | None) -> Peer:
    """Parse `[HOST:]PORT`; raise ConfigError, also if the network could look without a token."""
    peer = listening(text, "--metrics", 9464)
    if peer.host not in LOOPBACK and not token:
        raise ConfigError(f"--metrics {text} opens the page to the network; set metrics_token in a --config file")
    return peer


def _answer(registry: CollectorRegistry, token: str | None) -> type[BaseHTTPRequestHandler]:
    """Return a request handler that serves the page of a registry."""

    class Answer(BaseHTTPRequestHandler):
        timeout = TIMEOUT_S

        def do_GET(self) -> None:
            """Answer with the page, or refuse."""
            given = self.headers.get("Authorization", "")
            if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
                self.send_error(401)
            elif self.path.partition("?")[0] != "/metrics":
                self.send_error(404)
            else:
                page = generate_latest(registry)
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    return Answer


class _Server(ThreadingHTTPServer):
    """Answers each client on a thread of its own; those that leave early or send nonsense are logged for debugging."""

    daemon_threads = True

    def __init__(self, peer: Peer, answer: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = AF_INET6 if ":" in peer.host else AF_INET
        super().__init__((peer.host, peer.port), answer)

    def handle_error(self, request: object, client_address: object) -> None:
        """Write no traceback to standard error."""
        log.debug("--metrics: %s", client_address, exc_info=True)


@contextmanager
def served(
    sessions: Sequence[LiveSession], text: str, token: str | None, outlets: Sequence[OutletThread] = ()
) -> Iterator[None]:
    """Serve the page of sessions at `[HOST:]PORT` within the block."""
    registry = CollectorRegistry()
    registry.register(Counts(sessions, outlets))
    ProcessCollector(registry=registry)
    peer = address(text, token)
    try:
        server = _Server(peer, _answer(registry, token))
    except OSError as cause:
        raise ConfigError(f"--metrics {text}: {why(cause)}; name another port") from cause
    with server:
        thread = Thread(target=server.serve_forever, args=(0.1,), name="metrics", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def read_metrics(text: str) -> dict[str, dict[str, float]]:
    """Return what is served at `[HOST:]PORT`: for each source ("" if there is only one) the values by name and label.

    Those of outlets are under "", too. Raise ConfigError for a wrong address, SourceError if nobody answers.
    """
    peer = address(text, "not needed to ask")
    try:
        with urlopen(f"http://{peer}/metrics", timeout=TIMEOUT_S) as page:
            families = text_string_to_metric_families(page.read(1 << 20).decode())
            samples = [sample for family in families for sample in family.samples]
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "reason", cause)  # of a URLError
        reason = why(reason) if isinstance(reason, OSError) else reason
        raise SourceError(f"no session answers at {peer}: {reason}; start one with --metrics {peer.port}") from cause
    found: dict[str, dict[str, float]] = {}
    for sample in (s for s in samples if s.name.startswith(PREFIX)):
        source = sample.labels.pop("source", "")
        name = " ".join([sample.name.removeprefix(PREFIX), *sample.labels.values()])
        found.setdefault(source, {})[name] = sample.value
    return found
