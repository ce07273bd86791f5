"""An engine that is loaded once and shared by everything that reads with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import numpy as np

from realtime_micacl.api.how import path_of, settings_of
from realtime_micacl.config import Settings
from realtime_micacl.errors import ConfigError, EngineError
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.shared import SharedEngine
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar
from realtime_micacl.types import F32, U8

Encoder = Callable[[U8], F32]


class LoadedEngine:
    """An engine that stays open. Several readers may use it, from several threads; `close` or `with` frees it."""

    def __init__(self, folder: Path, sidecar: Sidecar, open_it: Callable[[], Engine]) -> None:
        """Open the engine; use `load_engine` to make one."""
        self.folder, self.sidecar = folder, sidecar
        self._shared = SharedEngine(open_it)
        self._held: Engine | None = self._shared.share()
        self.device = self._held.device

    @property
    def name(self) -> str:
        """The engine's name."""
        return self.sidecar.name

    def share(self) -> Engine:
        """Return a share of the engine for one reader, to be closed by it; raise EngineError if it was closed."""
        if self._held is None:
            raise EngineError(f"the engine {self.name} was closed; load it again")
        return self._shared.share()

    def close(self) -> None:
        """Free the engine, as soon as nobody reads with it any more."""
        held, self._held = self._held, None
        if held:
            held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise ConfigError("an engine cannot be sent to another process; call load_engine in each one")

    def __repr__(self) -> str:
        return f"<engine {self.name} on {self.device}>"


def load_engine(
    folder: str | os.PathLike[str] | None = None, *, device: str = "auto", encoder: Encoder | None = None
) -> LoadedEngine:
    """Load the engine in `folder`, or the one that comes with the program, to be passed as `engine=`.

    `encoder`, a function of your own, replaces the engine's: it returns features [M,D] of uint8 crops [M,P,S,S,3].
    Raise ConfigError for an unknown `device`, EngineError if the engine is missing, damaged or does not run on it.

    >>> with load_engine() as engine:
    ...     len(list(read("clip.mp4", engine=engine))) > 0
    True
    """
    device = settings_of({"device": device}, "load_engine").device
    if encoder is not None and not callable(encoder):
        raise ConfigError(f"the encoder is of type {type(encoder).__name__}; give a function of crops")
    place, sidecar = find_engine(folder)

    def opened() -> Engine:
        engine = open_engine(place, sidecar, device)
        return WithEncoder(engine, encoder, sidecar) if encoder else engine

    return LoadedEngine(place, sidecar, opened)


class WithEncoder:
    """An engine whose encoder is replaced by the caller's."""

    def __init__(self, engine: Engine, encoder: Encoder, sidecar: Sidecar) -> None:
        self._encoder, self._size = encoder, sidecar.feature_size
        self.device, self.classify, self.close = engine.device, engine.classify, engine.close

    def encode(self, crops: U8) -> F32:
        """Return the encoder's features of crops, [M,D]; raise EngineError for another shape or infinite numbers."""
        features = np.asarray(self._encoder(crops), np.float32)
        if features.shape != (len(crops), self._size) or not np.isfinite(features).all():
            wanted = f"finite numbers [{len(crops)}, {self._size}]"
            raise EngineError(f"the encoder gave {list(features.shape)}; {wanted} are needed")
        return features


def find_engine(folder: str | os.PathLike[str] | None) -> tuple[Path, Sidecar]:
    """Return folder and sidecar of an engine; raise EngineError if there is none."""
    if folder is not None and not isinstance(folder, str | os.PathLike):
        raise ConfigError(f"the engine is of type {type(folder).__name__}; give a folder, or what load_engine returned")
    return read_sidecar(path_of(folder, "an engine's folder") if folder else default_engine())


EngineLike = LoadedEngine | str | os.PathLike[str] | None
"""An engine as functions take it: loaded, a folder, or None for the one that comes with the program."""


def engine_for(engine: EngineLike, settings: Settings) -> tuple[Path, Sidecar, Callable[[], Engine] | None]:
    """Return an engine's folder and sidecar, and, if it is loaded, what opens a share of it."""
    if isinstance(engine, LoadedEngine):
        if settings.device != "auto":
            raise ConfigError("the engine is loaded already; give `device` to load_engine")
        return engine.folder, engine.sidecar, engine.share
    return *find_engine(engine), None
