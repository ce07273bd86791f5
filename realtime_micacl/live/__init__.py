"""The live path: source -> tracker -> window -> engine -> smoother -> sinks.

The package can be called: `realtime_micacl.live("rtsp://..")` makes a `realtime_micacl.Live`, whoever imported what
before. A function of that name would be replaced by the package as soon as one of its parts is imported.
"""

from __future__ import annotations

import sys
from inspect import Signature, signature
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from realtime_micacl.api.live import Live


class Called(ModuleType):
    """A package that can be called."""

    def __call__(self, *given: Any, **how: Any) -> Live:
        """Return what reads a source while it runs; `realtime_micacl.Live` says how."""
        from realtime_micacl.api.live import Live

        return Live(*given, **how)

    @property
    def __signature__(self) -> Signature:
        from realtime_micacl.api.live import Live

        return signature(Live)


sys.modules[__name__].__class__ = Called
