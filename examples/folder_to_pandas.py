"""Read a folder of clips, then count and plot; needs pandas and matplotlib.

python examples/folder_to_pandas.py clips out
"""

import sys
from pathlib import Path

import pandas

import realtime_micacl as rm

if len(sys.argv) != 3:
    sys.exit(__doc__)
folder, out = sys.argv[1:]
report = rm.process(folder, out, progress=False)
for clip, reason in report.failed:
    print(clip, reason)
summary = pandas.read_csv(Path(out) / "summary.csv")
print(summary.to_string())
for first in summary.loc[summary["readings"] > 0, "clip"][:1]:  # there is none where nobody was seen
    rm.show(rm.read(Path(folder) / first)).savefig(Path(out) / "first.png")
