"""Several cameras into one table: python examples/several_cameras.py 60 all.csv rtsp://host/1 rtsp://host/2."""

import sys
import time
from contextlib import ExitStack

import realtime_micacl as rm

if len(sys.argv) < 4:
    sys.exit(__doc__)
seconds, out, *sources = sys.argv[1:]
rows, until_s = {}, time.monotonic() + float(seconds)
with rm.load_engine() as engine, ExitStack() as stack:
    cameras = [
        stack.enter_context(rm.live(source, engine=engine, name=f"camera {number}", give_up_after_s=10))
        for number, source in enumerate(sources, start=1)
    ]
    while time.monotonic() < until_s and any(camera.running for camera in cameras):
        for camera in cameras:
            for reading in camera.latest().values():
                rows[reading.source, reading.track_id, reading.time_s] = reading
        time.sleep(0.02)
rm.table(rows.values()).to_csv(out)
print(len(rows), "readings in", out)
