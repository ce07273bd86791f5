"""Runs the engine on a real Triton server, without a GPU.

    pip download --no-deps --dest wheel nvidia-pytriton==0.7.0 && unzip -q wheel/*.whl -d wheel/unpacked
    python tests/bench/real_triton.py wheel/unpacked 2>/dev/null    # where the server logs

That wheel (Apache-2.0, Linux) has the server with its Python backend, but not its onnxruntime backend. A few lines of
Python replace that one, under its name, and the server reads `config.pbtxt` as `export --triton` wrote it. So the
server's reading of the repository, its protocol, its batching and its restarts are checked, but not the backend nor
speed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
from tritonclient.grpc import InferenceServerClient

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.engine import CLASSIFY, ENCODE
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.inference.triton.repository import model_name, write_repository
from realtime_micacl.live.supervision import Failures, SupervisedStage
from realtime_micacl.types import U8

CLIENTS, SECONDS = 8, 10.0
START_S = 60.0
BACKEND = """\
import sys
sys.path[:0] = {path!r}
import numpy as np
import onnxruntime as ort
import triton_python_backend_utils as pb

class TritonPythonModel:
    def initialize(self, args):
        file = args["model_repository"] + "/" + args["model_version"] + "/model.onnx"
        self.session = ort.InferenceSession(file, providers=["CPUExecutionProvider"])
        (self.takes,) = (each.name for each in self.session.get_inputs())
        self.gives = [each.name for each in self.session.get_outputs()]

    def execute(self, requests):
        rows = [pb.get_input_tensor_by_name(request, self.takes).as_numpy() for request in requests]
        made = self.session.run(self.gives, {{self.takes: np.concatenate(rows)}})
        ends = np.cumsum([len(each) for each in rows])[:-1]
        parts = zip(*(np.split(each, ends) for each in made))
        return [pb.InferenceResponse([pb.Tensor(n, p) for n, p in zip(self.gives, part)]) for part in parts]
"""


def prepared(unpacked: Path, work: Path) -> Path:
    """Return a folder of backends: the Python one of the wheel, and a replacement for onnxruntime in Python."""
    backends, version = work / "backends", f"{sys.version_info.major}.{sys.version_info.minor}"
    home = unpacked / "pytriton" / "tritonserver"
    shutil.copytree(home / "backends" / "python", backends / "python")
    stub = "triton_python_backend_stub"
    shutil.copyfile(home / "python_backend_stubs" / version / stub, backends / "python" / stub)
    for program in (home / "bin" / "tritonserver", backends / "python" / stub):
        program.chmod(0o755)
    (backends / "onnxruntime").mkdir()
    (backends / "onnxruntime" / "model.py").write_text(BACKEND.format(path=[each for each in sys.path if each]))
    return backends


@contextmanager
def serving(unpacked: Path, backends: Path, repository: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the server on `port` until the block ends."""
    command = [str(unpacked / "pytriton" / "tritonserver" / "bin" / "tritonserver"), "--allow-http=false"]
    command += [f"--model-repository={repository}", f"--backend-directory={backends}", "--allow-metrics=false"]
    command += ["--grpc-address=127.0.0.1", f"--grpc-port={port}"]
    libraries = {"LD_LIBRARY_PATH": str(unpacked / "nvidia_pytriton.libs")}
    server = subprocess.Popen(command, env=os.environ | libraries, stdout=sys.stderr)
    try:
        yield server
    finally:
        server.terminate()
        server.wait()


def wait_for(port: int) -> InferenceServerClient:
    """Return a client once the server is ready."""
    client, until = InferenceServerClient(f"127.0.0.1:{port}"), time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            if client.is_server_ready(client_timeout=1.0):
                return client
        except Exception:
            time.sleep(0.1)
    raise SystemExit("the server did not come up; its log stands above")


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("unpacked", type=Path, help="the wheel nvidia-pytriton, unpacked")
    p.add_argument("--engine", type=Path, default=default_engine())
    arguments = p.parse_args()
    folder, sidecar = read_sidecar(arguments.engine)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    device, say = f"triton://127.0.0.1:{port}", sys.stdout.write
    rng, shape = np.random.default_rng(0), (sidecar.piece, sidecar.bag.size_px, sidecar.bag.size_px, 3)

    def crops(n: int) -> U8:
        return rng.integers(0, 256, (n, *shape)).astype(np.uint8)

    with tempfile.TemporaryDirectory() as temporary:
        work, unpacked = Path(temporary), arguments.unpacked.resolve()
        backends = prepared(unpacked, work)
        write_repository(folder, sidecar, work / "models")
        with serving(unpacked, backends, work / "models", port) as server:
            client = wait_for(port)
            say(f"server: Triton {client.get_server_metadata().version}\n")
            here, there = open_engine(folder, sidecar, "cpu"), open_engine(folder, sidecar, device)
            pieces = crops(100)
            features, seen = here.encode(pieces), there.encode(pieces)
            say(f"features of 100 pieces: {np.abs(features - seen).max():.1e} apart at most\n")
            bags = np.stack([features[i : i + sidecar.pieces] for i in range(80)])
            both = zip(here.classify(bags), there.classify(bags), strict=True)
            logits, importance = (np.abs(one - other).max() for one, other in both)
            say(f"of 80 windows logits: {logits:.1e} apart at most, importance: {importance:.1e}\n")

            def ask(_: int) -> int:
                mine, until, asked = open_engine(folder, sidecar, device), time.monotonic() + SECONDS, 0
                while time.monotonic() < until:
                    mine.encode(pieces[:3])
                    asked += 1
                mine.close()
                return asked

            (before,) = client.get_inference_statistics(model_name(sidecar, ENCODE)).model_stats
            with ThreadPoolExecutor(CLIENTS) as pool:
                asked = sum(pool.map(ask, range(CLIENTS)))
            (after,) = client.get_inference_statistics(model_name(sidecar, ENCODE)).model_stats
            made = after.execution_count - before.execution_count
            say(f"{CLIENTS} clients asked {asked} times for 3 pieces each, which the server did in {made} batches\n")
            other = msgspec.structs.replace(sidecar, files=sidecar.files | {CLASSIFY: "0" * 64})
            try:
                open_engine(folder, other, device)
            except EngineError as cause:
                say(f"another engine: refused: {cause}\n")
            else:
                raise SystemExit("another engine was taken for this one")
            failures = Failures("recognition")
            half = SupervisedStage(lambda: open_engine(folder, sidecar, device), failures)  # type: ignore[type-var]
            half.attempt(lambda engine: engine.encode(pieces[:1]))  # type: ignore[attr-defined]
            server.send_signal(signal.SIGKILL)
            server.wait()
            for _ in range(20):
                half.attempt(lambda engine: engine.encode(pieces[:1]))  # type: ignore[attr-defined]
                time.sleep(0.1)
            say(f"killed: {failures.count} failures, given up: {failures.final is not None}\n")
        with serving(unpacked, backends, work / "models", port):
            wait_for(port).close()
            start_s, answer = time.monotonic(), None
            while answer is None and time.monotonic() - start_s < START_S:
                answer = half.attempt(lambda engine: engine.encode(pieces[:1]))  # type: ignore[attr-defined]
                time.sleep(0.02)
            say(f"started again: features after {time.monotonic() - start_s:.1f} s, ")
            say(f"the same as before: {answer is not None and np.allclose(answer, features[:1], atol=1e-5)}\n")
            half.close()
            clip = Path(__file__).parents[1] / "data" / "one_face_720p.mp4"
            command = [sys.executable, "-m", "realtime_micacl", "--source", str(clip), "--engine", str(folder)]
            command += ["--offline", "--device"]
            readings = []
            for where in ("cpu", device):
                ended = subprocess.run([*command, where], capture_output=True, text=True, check=True)
                rows = [msgspec.json.decode(line) for line in ended.stdout.splitlines()]
                readings.append([row for row in rows if "probabilities" in row])
            apart = max(
                abs(p - other["probabilities"][name])
                for one, other in zip(*readings, strict=True)
                for name, p in one["probabilities"].items()
            )
            say(f"{clip.name} read by the command: {len(readings[1])} readings, {apart:.1e} apart at most\n")


if __name__ == "__main__":
    main()
