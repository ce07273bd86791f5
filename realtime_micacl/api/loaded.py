"""An engine that is loaded once and lent to whatever reads."""

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
    """An engine that stays open; several readers may use it, from several threads. `close` or `with` frees it."""

    def __init__(self, folder: Path, sidecar: Sidecar, open_it: Callable[[], Engine]) -> None:
        """Open it; `load_engine` does all of this."""
        self.folder, self.sidecar = folder, sidecar
        self._shared = SharedEngine(open_it)
        self._held: Engine | None = self._shared.share()
        self.device = self._held.device

    @property
    def name(self) -> str:
        """What the engine is called."""
        return self.sidecar.name

    def share(self) -> Engine:
        """Return the engine for one reader, who closes what is returned."""
        if self._held is None:
            raise EngineError(f"the engine {self.name} was closed; load it again")
        return self._shared.share()

    def close(self) -> None:
        """Free the engine, once those that read with it have ended, too."""
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
    """Load the engine in `folder`, or the one that ships, to be given as `engine=` to whatever reads.

    `encoder` is a network of your own in the place of the engine's: it makes features [M,D] of uint8 crops
    [M,P,S,S,3]. Raise ConfigError for a `device` that does not exist, EngineError where the engine is missing, damaged
    or does not run on it.

    >>> with load_engine() as engine:
    ...     len(list(read("clip.mp4", engine=engine))) > 0
    True
    """
    device = settings_of({"device": device}, "load_engine").device
    if encoder is not None and not callable(encoder):
        raise ConfigError(f"the encoder is of type {type(encoder).__name__}; give a function of crops")
    place, sidecar = found(folder)

    def opened() -> Engine:
        engine = open_engine(place, sidecar, device)
        return Replaced(engine, encoder, sidecar) if encoder else engine

    return LoadedEngine(place, sidecar, opened)


class Replaced:
    """An engine with somebody's own encoder."""

    def __init__(self, engine: Engine, encoder: Encoder, sidecar: Sidecar) -> None:
        self._encoder, self._size = encoder, sidecar.feature_size
        self.device, self.classify, self.close = engine.device, engine.classify, engine.close

    def encode(self, crops: U8) -> F32:
        """Return what the encoder makes of crops, [M,D]; raise EngineError where it is something else."""
        features = np.asarray(self._encoder(crops), np.float32)
        if features.shape != (len(crops), self._size) or not np.isfinite(features).all():
            wanted = f"finite numbers [{len(crops)}, {self._size}]"
            raise EngineError(f"the encoder gave {list(features.shape)}; {wanted} are needed")
        return features


def found(folder: str | os.PathLike[str] | None) -> tuple[Path, Sidecar]:
    """Return where an engine lies and what it says of itself; raise EngineError."""
    if folder is not None and not isinstance(folder, str | os.PathLike):
        raise ConfigError(f"the engine is of type {type(folder).__name__}; give a folder, or what load_engine returned")
    return read_sidecar(path_of(folder, "an engine's folder") if folder else default_engine())


Given = LoadedEngine | str | os.PathLike[str] | None
"""An engine as functions take it: loaded, a folder, or None for the one that ships."""


def lent(engine: Given, settings: Settings) -> tuple[Path, Sidecar, Callable[[], Engine] | None]:
    """Return an engine's folder and sidecar, and what opens a share of it where it is loaded; None: it is opened."""
    if isinstance(engine, LoadedEngine):
        if settings.device != "auto":
            raise ConfigError("the engine is loaded; say `device` to load_engine")
        return engine.folder, engine.sidecar, engine.share
    return *found(engine), None
