"""A page in any browser, and a WebSocket with the lines of standard output: one port, numbers only, never a picture.

Without a host it serves this machine only. The Host header is checked, against DNS rebinding by pages elsewhere whose
name was made to point here. The Origin of a WebSocket is checked, so that no page elsewhere can open one.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import socket
from contextlib import suppress
from ipaddress import ip_address
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlsplit

from realtime_micacl.errors import ConfigError
from realtime_micacl.installed import require
from realtime_micacl.live.records.record import SCHEMA
from realtime_micacl.outlets.about import About
from realtime_micacl.outlets.address import LOOPBACK, Peer
from realtime_micacl.outlets.page import csp, page
from realtime_micacl.outlets.thread import Ring
from realtime_micacl.types import EMOTIONS, EmotionDistribution, Event, Mark, State, StateChange
from realtime_micacl.wording import why

log = logging.getLogger(__name__)

CLIENTS = 16
CONNECTIONS = 64  # including those that have not sent a request yet
BEHIND_BYTES, BEHIND_S = 1 << 18, 10.0  # a client with more data waiting gets no events, and is closed after so long
ASKED_BYTES = 1 << 10  # the largest message from a client
OPEN_S, CLOSE_S = 5.0, 0.2
READ_S = 0.1  # between two messages of a client: they are ignored, and must not keep this thread busy
TRY_LATER = 1013  # close code of a WebSocket


class Web:
    """Serves the page and the lines."""

    name = "web"

    def __init__(self, peer: Peer, token: str | None, about: About) -> None:
        """Bind the port; raise ConfigError if that fails, or if the network could look without a token."""
        self.notice, self.lost = "", 0
        self._peer, self._token, self._about = peer, token, about
        if peer.host not in LOOPBACK and not token:
            raise ConfigError(f"--web {peer} lets the network look; set web_token or give --web-token-file")
        self._server = require("websockets.asyncio.server", "web")
        self._page = page()
        family = socket.AF_INET6 if ":" in peer.host else socket.AF_INET
        try:
            self._socket = socket.create_server((peer.host, peer.port), family=family)
        except OSError as cause:
            raise ConfigError(f"--web {peer}: {why(cause)}; name another port or host") from cause
        log.info("the page is at http://%s/", peer)
        self._clients: dict[Any, float | None] = {}
        """Each client, and since when it has been behind; None while it keeps up."""
        self._standing: dict[tuple[object, ...], str] = {}
        """What a new client gets first: the newest line of each source, and the state and reading of each face."""

    def run(self, ring: Ring) -> None:
        """Serve until the ring is over."""
        asyncio.run(self._serve(ring))

    async def _serve(self, ring: Ring) -> None:
        loop, due = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(due.set)

        ring.wake = wake
        quiet = logging.getLogger(f"{__name__}.connections")
        quiet.setLevel(logging.CRITICAL)  # strangers must not fill the log
        transports = set[asyncio.WriteTransport]()
        server = await self._server.serve(
            self._client,
            sock=self._socket,
            process_request=self._answer,
            create_connection=_counted(self._server.ServerConnection, transports),
            compression=None,
            max_size=ASKED_BYTES,
            max_queue=2,
            open_timeout=OPEN_S,
            close_timeout=CLOSE_S,
            server_header=None,
            logger=quiet,
        )
        wake()
        while not ring.over:
            await due.wait()
            due.clear()
            for event in ring.take(0.0):
                self._tell(event)
        server.close()
        await asyncio.wait([asyncio.ensure_future(server.wait_closed())], timeout=CLOSE_S)
        for transport in transports:  # clients that do not answer, or have not sent a request
            transport.abort()

    def _tell(self, event: Event) -> None:
        """Send an event to all clients that keep up."""
        line = json.dumps(self._about.record(event))
        self._note(event, line)
        ready = self._ready(monotonic())
        if isinstance(event, StateChange) and event.state is State.STARTING and not event.source:  # it starts again
            self._server.broadcast(ready, self._hello())
        self._server.broadcast(ready, line)

    def _ready(self, now_s: float) -> list[Any]:
        """Return the clients that keep up; one that has caught up gets the present state."""
        ready = []
        for client, behind_s in list(self._clients.items()):
            waiting = client.transport.get_write_buffer_size()
            if behind_s is None and waiting < BEHIND_BYTES:
                ready.append(client)
            elif behind_s is None:
                self._clients[client] = now_s
            elif waiting == 0:
                self._clients[client] = None
                self._greet(client)  # the new event is among what it gets
            elif now_s - behind_s > BEHIND_S:
                client.transport.abort()
                del self._clients[client]
        self.lost += len(self._clients) - len(ready)
        return ready

    def _note(self, event: Event, line: str) -> None:
        """Update what a new client gets first."""
        if isinstance(event, Mark):
            return
        who = (event.source, event.track_id)
        gone = isinstance(event, StateChange) and event.state in (State.NO_FACE, State.ENDED, State.FAILED)
        for key in [k for k in self._standing if gone and k[0] == event.source and event.track_id in (None, k[1])]:
            del self._standing[key]
        if event.track_id is None or not gone:
            self._standing[*who, isinstance(event, EmotionDistribution)] = line
        if isinstance(event, StateChange) and event.state is not State.LIVE:
            self._standing.pop((*who, True), None)

    def _greet(self, client: Any) -> None:
        for line in (self._hello(), *self._standing.values()):
            self._server.broadcast([client], line)

    def _hello(self) -> str:
        """Return the line that comes first, and again when another source is shown."""
        about, now = self._about, self._about.hello()
        several = len(about.sources) > 1
        hello = {
            "labels": EMOTIONS,
            "slots": about.slots,
            "sources": about.sources if several else now.sources,
            "program": now.program,
            "engine": now.engine,
            "engine_sha256": now.engine_sha256,
            "stale_s": about.stale_s,
        }
        return json.dumps({"schema": SCHEMA, "hello": hello})

    async def _client(self, client: Any) -> None:
        """Keep a client until it leaves."""
        if len(self._clients) >= CLIENTS:
            await client.close(TRY_LATER, f"{CLIENTS} are the most")
            return
        self._greet(client)
        self._clients[client] = None
        try:
            async for _ in client:
                await asyncio.sleep(READ_S)
        finally:
            self._clients.pop(client, None)

    def _answer(self, client: Any, request: Any) -> Any:
        """Return the answer to a request; None if it may open a WebSocket."""
        try:
            return self._judged(client, request)
        except (ValueError, LookupError):  # an invalid address, a header that occurs twice
            return client.respond(400, "This cannot be read.\n")

    def _judged(self, client: Any, request: Any) -> Any:
        parts = urlsplit(request.path)
        host = request.headers.get("Host", "")
        given = parse_qs(parts.query.replace("+", "%2B")).get("token", [""])[0]
        given = given or request.headers.get("Authorization", "").removeprefix("Bearer ")
        known = bool(self._token) and hmac.compare_digest(given.encode(), (self._token or "").encode())
        origin = request.headers.get("Origin")
        if not self._is_own(urlsplit(f"//{host}").hostname or ""):
            return client.respond(403, "This host name is not served here.\n")
        if self._token and not known:
            return client.respond(401, "A token is needed: open this address with ?token=..\n")
        if parts.path == "/events":
            own = origin is None or known or urlsplit(origin).netloc == host
            return None if own else client.respond(403, "A page from elsewhere needs the token.\n")
        if parts.path != "/":
            return client.respond(404, "There are / and /events.\n")
        answer = client.respond(200, self._page)
        del answer.headers["Content-Type"]
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Security-Policy", csp(self._page, host)),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
        ):
            answer.headers[name] = value
        return answer

    def _is_own(self, name: str) -> bool:
        """Say whether a host name is one of this server's own, and not one that somebody else made point here."""
        if name in LOOPBACK or name == self._peer.host.lower():
            return True
        if self._peer.host in LOOPBACK:
            return False
        own = socket.gethostname().lower()
        with suppress(ValueError):
            return bool(ip_address(name))
        return name in (own, f"{own}.local")


def _counted(kind: Any, transports: set[Any]) -> Any:
    """Return a subclass of the connection `kind` that keeps at most CONNECTIONS of them in `transports`."""

    class Counted(kind):  # type: ignore[misc]  # a class of websockets
        def connection_made(self, transport: Any) -> None:
            transports.add(transport)
            super().connection_made(transport)
            if len(transports) > CONNECTIONS:
                transport.abort()

        def connection_lost(self, exc: Exception | None) -> None:
            transports.discard(self.transport)
            super().connection_lost(exc)

    return Counted
