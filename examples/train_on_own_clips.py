"""Train on a folder of clips, <emotion>/<clip>, and measure it (needs the extra `train`).

python examples/train_on_own_clips.py clips engines/light.toml work
"""

import subprocess
import sys
from pathlib import Path

if len(sys.argv) != 4:
    sys.exit(__doc__)
clips, recipe, work = map(Path, sys.argv[1:])
prepared, run, engine = work / "prepared", work / "run", work / "engine"


def command(*arguments: object) -> None:
    """Run a verb of realtime-micacl; end where it fails."""
    subprocess.run([sys.executable, "-m", "realtime_micacl", *map(str, arguments)], check=True)


command("prepare", "folders", clips, prepared, "--recipe", recipe)
command("train", recipe, "--data", prepared, "--split", "fold1", "--out", run)
command("export", run, engine)
command("evaluate", engine, "--data", prepared, "--split", "fold1", "--report", work / "measured")
