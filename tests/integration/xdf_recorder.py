"""LabRecorder's own recorder, in a process of its own: a second liblsl is in its wheel.

    python xdf_recorder.py FILE.xdf NAME COUNT

records the streams whose name begins with NAME, COUNT of them, until a line comes.
"""

from __future__ import annotations

import sys
import time

import labrecorder
import pylsl


def main(file: str, name: str, count: int) -> None:
    deadline_s = time.monotonic() + 20
    while len(found := [s for s in pylsl.resolve_streams(1.0) if s.name().startswith(name)]) < count:
        assert time.monotonic() < deadline_s, [s.name() for s in found]
    recording = labrecorder.Recording(file, found, [], {}, True)
    sys.stdout.write("recording\n")
    sys.stdout.flush()
    sys.stdin.readline()
    recording.stop()
    del recording  # only now is the file closed


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
