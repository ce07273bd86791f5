"""What only the quick tests share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from realtime_micacl.inference import sidecar
from realtime_micacl.inference.choice import default_engine
from tests.unit.stream_double import Peer


@pytest.fixture(autouse=True, scope="package")
def the_shipped_engine_is_hashed_once() -> Iterator[None]:
    """Each plan and each recording asks whether its files are whole: forty times 10 ms."""
    hashed, kept, shipped = sidecar.sha256, cache(sidecar.sha256), default_engine()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sidecar, "sha256", lambda file: (kept if file.parent == shipped else hashed)(file))
        yield


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Peer:
    return Peer(monkeypatch)
