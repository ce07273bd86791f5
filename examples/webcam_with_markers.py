"""Record a webcam's readings and mark a moment with Enter: python examples/webcam_with_markers.py 0 today.jsonl."""

import sys
from threading import Thread

import realtime_micacl as rm

if len(sys.argv) != 3:
    sys.exit(__doc__)
source, recording = sys.argv[1:]


def marks(face: rm.Live) -> None:
    """Mark the moment of each Enter, for as long as there is a keyboard."""
    for _ in sys.stdin:
        print("marker", face.mark().number)


with rm.live(int(source) if source.isdecimal() else source) as face:
    face.record(recording)
    Thread(target=marks, args=(face,), daemon=True).start()
    for reading in face:
        print(f"{reading.time_s:.1f} s", reading.emotion or "unsure", f"{face.dropped} dropped")
