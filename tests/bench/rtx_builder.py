"""Compiles an engine's graphs for TensorRT for RTX, without a GPU: `python tests/bench/rtx_builder.py`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from realtime_micacl.inference.choice import default_engine

SOURCE = Path(__file__).parents[1] / "integration" / "gpu" / "rtx_builder.c"
CARDS, BATCHES = "86,89,120", "1,8,64"


def main(engine: Path) -> int:
    package = find_spec("onnxruntime_ep_nv_tensorrt_rtx")
    if package is None or package.origin is None:
        sys.stderr.write("TensorRT for RTX is not installed: pip install 'realtime-micacl[tensorrt-rtx]'\n")
        return 4
    sys.stdout.write("| graph | layers | size | built in |\n|---|---|---|---|\n")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "rtx_builder"
        subprocess.run(["gcc", "-w", str(SOURCE), "-o", str(program), "-ldl"], check=True)
        for graph in sorted(engine.glob("*.onnx")):
            command = [program, Path(package.origin).parent, graph, Path(folder) / "plan", CARDS, BATCHES]
            done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
            if done.returncode:
                sys.stdout.write(f"| `{graph.name}` | refused | {' '.join(done.stderr.split())[:300]} | |\n")
                continue
            said = json.loads(done.stdout)
            row = f"{said['layers']} | {said['bytes'] / 1e6:.2f} MB | {said['seconds']} s"
            sys.stdout.write(f"| `{graph.name}` | {row} |\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else default_engine()))
