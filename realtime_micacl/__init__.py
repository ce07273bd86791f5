"""Live facial expression recognition with MICACL (arXiv 2509.04344).

    import realtime_micacl as rm

    for reading in rm.read("clip.mp4"):
        print(f"{reading.time_s:.2f}", reading.track_id, reading.emotion, f"{reading['happy']:.0%}")

Everything named here is loaded when it is first used: the import itself takes no time. Nothing prints and no picture is
stored. Pictures are RGB, uint8, [H,W,3]; of OpenCV's BGR hand in `image[:, :, ::-1]`. Times are in seconds. `read`,
`live`, `read_image`, `Reader` and `process` also take the settings device, detector, far, max_faces, smoothing_s,
baseline, head, rotate, region, rate_hz and slots as keyword arguments.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType

TYPE_CHECKING = False  # as checkers of types know it: to import `typing` is most of the time before Ctrl-C is met
if TYPE_CHECKING:
    from inspect import Signature
    from typing import Any

    from realtime_micacl.api.corpus import process
    from realtime_micacl.api.figure import show
    from realtime_micacl.api.image import read_image
    from realtime_micacl.api.live import Live
    from realtime_micacl.api.live import Live as live
    from realtime_micacl.api.loaded import LoadedEngine, load_engine
    from realtime_micacl.api.read import read
    from realtime_micacl.api.reader import Reader
    from realtime_micacl.api.table import Table, table
    from realtime_micacl.corpus.process import Report
    from realtime_micacl.errors import (
        ConfigError,
        EngineError,
        EngineLost,
        MicaclError,
        SourceError,
        SourceLost,
        StageFailed,
    )
    from realtime_micacl.types import EMOTIONS, EmotionDistribution, Mark, State, StateChange

__version__ = "0.2.0"

__all__ = [
    "EMOTIONS",
    "ConfigError",
    "EmotionDistribution",
    "EngineError",
    "EngineLost",
    "Live",
    "LoadedEngine",
    "Mark",
    "MicaclError",
    "Reader",
    "Report",
    "SourceError",
    "SourceLost",
    "StageFailed",
    "State",
    "StateChange",
    "Table",
    "live",
    "load_engine",
    "process",
    "read",
    "read_image",
    "show",
    "table",
]

_PLACES = {
    "process": "api.corpus",
    "show": "api.figure",
    "read_image": "api.image",
    "Live": "api.live",
    "LoadedEngine": "api.loaded",
    "load_engine": "api.loaded",
    "read": "api.read",
    "Reader": "api.reader",
    "Table": "api.table",
    "table": "api.table",
    "Report": "corpus.process",
    **dict.fromkeys(("EMOTIONS", "EmotionDistribution", "Mark", "State", "StateChange"), "types"),
}

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # from 1.29 on ONNX Runtime sends reports of its use, and keeps a data base
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its idle thread spins on a core between numpy's tiny products


def __getattr__(name: str) -> object:
    """Load what is offered when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_PLACES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Name what is offered, loaded or not."""
    return sorted({*globals(), *__all__})


class _Called(ModuleType):
    """A package that can be called: a function of its name would be lost as soon as a part of it is imported."""

    def __call__(self, *given: Any, **how: Any) -> object:
        """Make what reads a source while it runs, `realtime_micacl.Live`."""
        return __getattr__("Live")(*given, **how)  # type: ignore[operator]

    @property
    def __signature__(self) -> Signature:
        from inspect import signature

        return signature(__getattr__("Live"))  # type: ignore[arg-type]


import_module(f"{__name__}.live").__class__ = _Called
