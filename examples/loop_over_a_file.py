"""Print the readings of a file: python examples/loop_over_a_file.py clip.mp4."""

import sys

import realtime_micacl as rm

if len(sys.argv) != 2:
    sys.exit(__doc__)
for reading in rm.read(sys.argv[1]):
    word = reading.emotion or "unsure"
    print(f"{reading.time_s:6.2f} s  face {reading.track_id}  {word:8}  {reading['happy']:.0%} happy")
