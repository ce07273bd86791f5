"""What a source yields: frames, or why there is none at the moment."""

from __future__ import annotations

from dataclasses import dataclass

from realtime_micacl.types import Frame, Retry


@dataclass(frozen=True)
class Pending:
    """No frame is due yet; it is yielded so that the reader can stop."""


Item = Frame | Retry | Pending
