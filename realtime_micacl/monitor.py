"""What an operator may ask of a running session: a page for Prometheus.

The page is made of what the session counts anyway, when it is asked for. Its server has a thread of its own, which
touches nothing else.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from threading import Thread
from urllib.request import urlopen

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from realtime_micacl.errors import ConfigError, SourceError
from realtime_micacl.live.session import LiveSession
from realtime_micacl.metrics import BOUNDS_S
from realtime_micacl.types import Retry, State

LOOPBACK = ("127.0.0.1", "localhost")
TIMEOUT_S = 5.0
PREFIX = "realtime_micacl_"


class Counts(Collector):
    """What a session counts, in the words of Prometheus."""

    def __init__(self, session: LiveSession) -> None:
        self._session = session

    def collect(self) -> Iterator[Metric]:
        """Yield everything as it is now."""
        session = self._session
        counts = {
            "frames_captured": (session.meters["capture"].count, "Pictures that the source gave."),
            "frames_analysed": (session.meters["perceive"].count, "Pictures in which faces were looked for."),
            "frames_dropped": (max(0, session.dropped), "Pictures that were not analysed."),
            "frames_damaged": (session.damaged, "Pictures and packets that were damaged and left out."),
            "readings": (session.meters["reading"].count, "Readings of faces."),
        }
        for name, (count, text) in counts.items():
            yield CounterMetricFamily(PREFIX + name, text, count)
        changes = CounterMetricFamily(PREFIX + "changes", "How often each state was entered.", labels=["state"])
        state = GaugeMetricFamily(PREFIX + "state", "1 for the state of now.", labels=["state"])
        scene = session.scenes.peek()
        for one in State:
            changes.add_metric([str(one)], session.outlets.changes[one])
            state.add_metric([str(one)], float(one is (scene.state if scene else State.STARTING)))
        failures = CounterMetricFamily(PREFIX + "failures", "How often a half was started again.", labels=["stage"])
        for stage, failed in session.failures.items():
            failures.add_metric([stage], failed.count)
        yield from (changes, state, failures)
        newest = session.frames.peek()
        attempt = newest.attempt if isinstance(newest, Retry) else 0
        yield GaugeMetricFamily(
            PREFIX + "attempt", "Tries to open the source since it was lost, 0 while it is there.", attempt
        )
        yield GaugeMetricFamily(PREFIX + "faces", "Faces that are followed.", len(scene.faces) if scene else 0)
        seconds = HistogramMetricFamily(
            PREFIX + "seconds", "How long a stage takes; reading: since capture.", labels=["stage"]
        )
        for stage in ("perceive", "recognize", "reading"):
            meter = session.meters[stage]
            up_to = list(accumulate(meter.between))
            buckets = [(str(bound), count) for bound, count in zip((*BOUNDS_S, "+Inf"), up_to, strict=True)]
            seconds.add_metric([stage], buckets, meter.total_s)
        yield seconds


def address(text: str, token: str | None) -> tuple[str, int]:
    """Return host and port of `[HOST:]PORT`; raise ConfigError, also where the network may listen without a token."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ConfigError(f"--metrics {text}: it is [HOST:]PORT, such as 9464")
    host = host or LOOPBACK[0]
    if host not in LOOPBACK and not token:
        raise ConfigError(f"--metrics {text} lets the network read; set metrics_token in the file of --config")
    return host, int(port)


@contextmanager
def served(session: LiveSession, text: str, token: str | None) -> Iterator[None]:
    """Serve the page of a session at `[HOST:]PORT` within the block."""
    registry = CollectorRegistry()
    registry.register(Counts(session))
    ProcessCollector(registry=registry)

    class Page(BaseHTTPRequestHandler):
        timeout = TIMEOUT_S

        def do_GET(self) -> None:
            """Answer with the page, or refuse."""
            given = self.headers.get("Authorization", "")
            if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
                self.send_error(401)
            elif self.path != "/metrics":
                self.send_error(404)
            else:
                page = generate_latest(registry)
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:
            """Write no line per request."""

    host, port = address(text, token)
    try:
        server = ThreadingHTTPServer((host, port), Page)
    except OSError as cause:
        raise ConfigError(f"--metrics {text}: {cause.strerror}; name another port") from cause
    server.daemon_threads = True
    with server:
        thread = Thread(target=server.serve_forever, args=(0.1,), name="metrics", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def asked(text: str) -> dict[str, float]:
    """Return the figures of the session that serves its page at `[HOST:]PORT`, by name and label."""
    host, port = address(text, "not needed to ask")
    try:
        with urlopen(f"http://{host}:{port}/metrics", timeout=TIMEOUT_S) as page:
            families = text_string_to_metric_families(page.read(1 << 20).decode())
            samples = [sample for family in families for sample in family.samples]
    except (OSError, ValueError) as cause:
        raise SourceError(f"no session answers at {host}:{port}: {cause}; start one with --metrics {port}") from cause
    return {" ".join([s.name.removeprefix(PREFIX), *s.labels.values()]): s.value for s in samples}
