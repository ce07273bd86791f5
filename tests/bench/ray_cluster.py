"""Runs `process --ray` on a real cluster of two nodes, one of which is killed, and compares with a run without Ray.

`python -m tests.bench.ray_cluster [CLIPS]` (needs the extra `ray`). It fails if a clip is lost or its bytes differ.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # else a token is written to the home folder
os.environ.setdefault("RAY_worker_niceness", "0")  # else its workers get the lowest priority

import ray
from ray.cluster_utils import Cluster

from realtime_micacl.corpus.process import process
from realtime_micacl.corpus.results import read_done

DATA = Path(__file__).parents[1] / "data"


def main() -> None:
    """Run both and print the result."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "in").mkdir()
        for number in range(count):
            shutil.copy(DATA / ("cut.mp4" if number % 2 else "no_face.mp4"), folder / "in" / f"{number}.mp4")
        process(folder / "in", folder / "alone", progress=False)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        second = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        alive: list[int] = []

        def kill() -> None:
            while not list(read_done(folder / "out")):
                time.sleep(0.1)
            alive.append(len([node for node in ray.nodes() if node["Alive"]]))
            cluster.remove_node(second, allow_graceful=False)

        killer = threading.Thread(target=kill)
        killer.start()
        started_s = time.monotonic()
        report = process(folder / "in", folder / "out", ray=cluster.address, progress=False)
        killer.join()
        took_s = time.monotonic() - started_s
        cluster.shutdown()
        sys.stdout.write(f"{report.done} of {count} clips, {len(report.failed)} failed, {took_s:.0f} s, ")
        sys.stdout.write(f"{alive[0]} nodes of which one was killed\n")
        files = {p.relative_to(folder / "alone") for p in (folder / "alone").rglob("*") if p.is_file()}
        differ = [str(f) for f in files if (folder / "out" / f).read_bytes() != (folder / "alone" / f).read_bytes()]
        sys.stdout.write(f"{len(files)} files, {len(differ)} differ from the run without Ray: {differ}\n")
        sys.exit(bool(report.failed or differ or alive != [2]))


if __name__ == "__main__":
    main()
