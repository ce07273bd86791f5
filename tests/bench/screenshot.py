"""Save what the window shows, so many seconds after its first picture.

python tests/bench/screenshot.py SOURCE SECONDS FILE.png
"""

from __future__ import annotations

import os
import sys
from time import monotonic

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from realtime_micacl.config import Settings
from realtime_micacl.inference.engine import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.source import open_source, parse_source
from realtime_micacl_ui.window import LiveWindow, show


def main(source: str, seconds: float, file: str) -> None:
    spec = parse_source(source)
    session = LiveSession(open_source(spec), *openers(Settings(), *read_sidecar(default_engine())), holds=not spec.live)

    def tick(window: LiveWindow) -> None:
        if window.first_picture_s is None:
            window.resize(1280, 720)
        if window.first_picture_s and monotonic() - window.first_picture_s > seconds:
            window.grab().save(file)
            window.close()

    with session:
        show(session, source_name=spec.name, on_tick=tick)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3])
