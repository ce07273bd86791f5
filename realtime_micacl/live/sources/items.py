"""What a source gives: frames, and word of why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from realtime_micacl.types import Frame, Retry


@dataclass(frozen=True)
class Pending:
    """No frame is due yet; it stands in the stream of frames so that whoever reads can stop."""


Item = Frame | Retry | Pending
