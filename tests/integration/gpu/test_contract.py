"""What the engine asks of TensorRT exists in the real bindings of both majors, which import without TensorRT here.

The wheels hold the Python bindings alone (1.3 MB); a C file of nine functions stands for the libraries under them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.gpu.conftest import HERE, UNUSABLE, compiled

INFERENCE = Path(__file__).parents[3] / "realtime_micacl" / "inference" / "gpu"
VERSIONS = ("10.15.1.29", "11.4.0.106")
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module", params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def bindings(version: str, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `import tensorrt_bindings` and `import tensorrt` find the real bindings."""
    assert pytestconfig.cache is not None
    wheels = pytestconfig.cache.mkdir("tensorrt-bindings")
    pattern = f"tensorrt_cu13_bindings-{version}-cp{sys.version_info[0]}{sys.version_info[1]}-*.whl"
    if not list(wheels.glob(pattern)):
        pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        wanted = ["--only-binary=:all:", "-d", str(wheels), f"tensorrt-cu13-bindings=={version}"]
        done = subprocess.run([*pip, *wanted], capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            pytest.fail(f"not checked: pip cannot fetch TensorRT's bindings {version} (1.3 MB): {done.stderr[-400:]}")
    (wheel,) = wheels.glob(pattern)
    folder = tmp_path_factory.mktemp("bindings")
    zipfile.ZipFile(wheel).extractall(folder)
    (folder / "tensorrt.py").write_text("from tensorrt_bindings import *\nfrom tensorrt_bindings import __version__\n")
    for name in ("nvinfer", "nvinfer_plugin", "nvonnxparser"):
        compiled(HERE / "bindings.c", folder / "lib" / f"lib{name}.so.{version.split('.')[0]}")
    return folder


@pytest.fixture
def run(bindings: Path) -> Run:
    """Run Python with the bindings in a process of its own, and its own driver folder where one is given."""

    def start(*arguments: str, driver: str = "") -> subprocess.CompletedProcess[str]:
        paths = {"PYTHONPATH": str(bindings), "LD_LIBRARY_PATH": f"{bindings / 'lib'}:{driver}"}
        env = os.environ | {k: f"{v}:{os.environ.get(k, '')}" for k, v in paths.items()}
        command = [sys.executable, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=env)

    return start


def test_every_member_and_signature_that_is_used_exists(run: Run, version: str) -> None:
    files = [str(INFERENCE / name) for name in ("tensorrt_build.py", "tensorrt_engine.py")]
    done = run(str(HERE / "contract.py"), *files)
    assert done.returncode == 0, done.stderr
    checked = set(done.stdout.split())
    assert len(checked) > 60, "values were followed from the builder to the execution"
    for call in ("Builder.build_serialized_network/2", "IExecutionContext.execute_async_v3/1"):
        assert call in checked
    assert "IExecutionContext.set_device_memory/2" in checked


def test_the_double_promises_nothing_more(run: Run) -> None:
    done = run(str(HERE / "contract.py"), "--double", str(HERE / "paper_tensorrt.py"))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) > 35


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("execute_async_v3(", "execute_async_v2("),
        ("network, config)", "network)"),
        ("BuilderFlag.TF32", "BuilderFlag.FP17"),
        ("parent_phase", "parent"),
    ],
)
def test_a_wrong_use_is_found(run: Run, tmp_path: Path, before: str, after: str) -> None:
    for name in ("tensorrt_build.py", "tensorrt_engine.py"):
        text = (INFERENCE / name).read_text()
        if before in text:
            (tmp_path / name).write_text(text.replace(before, after))
    done = run(str(HERE / "contract.py"), *map(str, tmp_path.glob("*.py")))
    assert done.returncode == 1
    assert after.strip("(.)").split(".")[-1].split(",")[0] in done.stderr


def test_log_and_progress_are_taken_by_the_real_bindings(run: Run, version: str) -> None:
    code = """
import tensorrt as trt
from realtime_micacl.inference.gpu import tensorrt_engine as engine
from realtime_micacl.inference.gpu.tensorrt_build import Log, Progress
log, said = Log(), []
log.log(trt.ILogger.ERROR, "why")
log.log(trt.ILogger.Severity.WARNING, "not this")
progress = Progress("encoder", said.append)
progress._reported_s -= 60
progress.phase_start("Timing", None, 4)
progress.phase_start("Conv", "Timing", 2)
assert progress.step_complete("Conv", 0) and progress.step_complete("Timing", 1)
progress.phase_finish("Timing")
print(trt.__version__, log.last_error, *said, int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED) >= 0, sep="; ")
"""
    done = run("-c", code)
    assert done.stdout.strip() == f"{version}; why; building the encoder: Timing, step 2 of 4; True", done.stderr


def test_an_object_of_tensorrt_would_end_the_process(run: Run) -> None:
    """So that the tests below can fail."""
    done = run("-c", "import tensorrt as trt; trt.Runtime(trt.Logger())")
    assert done.returncode < 0


@pytest.mark.parametrize("device", ["tensorrt", "auto"])
@pytest.mark.parametrize("gpu", [False, True])
def test_without_a_usable_gpu_no_object_is_made(run: Run, driver_folder: Path, device: str, gpu: bool) -> None:
    """No driver at all, or one that shows a GPU which torch cannot use: exit code 4 in words, or the processor."""
    code = (
        "import sys; from realtime_micacl.inference.choice import default_engine, open_engine; "
        "from realtime_micacl.inference.sidecar import read_sidecar; "
        "print(open_engine(*read_sidecar(default_engine()), 'auto').device)"
    )
    live = ("-m", "realtime_micacl", "--source", "demo", "--offline", "--device", device)
    done = run(*(live if device == "tensorrt" else ("-c", code)), driver=str(driver_folder) if gpu else "")
    if device == "auto":
        assert (done.returncode, done.stdout.strip()) == (0, "cpu (ONNX Runtime)"), done.stderr
    else:
        assert done.returncode == 4, done.stderr
        said = UNUSABLE if gpu else "shows no NVIDIA GPU here"
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
