"""The engine on a server that speaks Triton's protocol, and the repository that such a server reads."""

from __future__ import annotations

import re
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import onnxruntime as ort
import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from realtime_micacl.errors import ConfigError, EngineError, EngineLost
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.engine import CLASSIFY, ENCODE
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar
from realtime_micacl.inference.triton import triton_engine
from realtime_micacl.inference.triton.repository import MOST, model_name, write_repository
from realtime_micacl.inference.triton.triton_engine import TritonEngine
from realtime_micacl.live.supervision import LIMIT, Failures, SupervisedStage
from realtime_micacl.making.export import main as export_main
from tests.fault.proxy import free_port
from tests.integration.triton_server import Server, serving


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Sidecar]:
    """The shipped engine, exported with a repository beside it."""
    folder = tmp_path_factory.mktemp("triton") / "engine"
    export_main([str(default_engine()), str(folder), "--triton"])
    return read_sidecar(folder)


@pytest.fixture
def server(exported: tuple[Path, Sidecar]) -> Iterator[tuple[Server, str]]:
    with serving(exported[0] / "triton") as (running, port):
        yield running, f"triton://127.0.0.1:{port}"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a loaded machine its time."""
    monkeypatch.setattr(triton_engine, "ANSWER_S", 30.0)


def crops(sidecar: Sidecar, n: int) -> np.ndarray:
    size_px = sidecar.bag.size_px
    return np.random.default_rng(0).integers(0, 256, (n, sidecar.piece, size_px, size_px, 3)).astype(np.uint8)


def test_the_repository_is_what_triton_reads(exported: tuple[Path, Sidecar]) -> None:
    """Each config.pbtxt has the fields of Triton's schema, and says of the graph what the graph says of itself."""
    folder, sidecar = exported
    assert sorted(path.name for path in (folder / "triton").iterdir()) == ["default-classify", "default-encode"]
    for file in (ENCODE, CLASSIFY):
        model = folder / "triton" / model_name(sidecar, file)
        assert (model / "1" / "model.onnx").read_bytes() == (folder / file).read_bytes()
        config = text_format.Parse((model / "config.pbtxt").read_text(), model_config_pb2.ModelConfig())
        assert (config.name, config.backend, config.max_batch_size) == (model.name, "onnxruntime", MOST)
        assert config.HasField("dynamic_batching")
        assert config.parameters["sha256"].string_value == sidecar.files[file]
        graph = ort.InferenceSession(str(folder / file), providers=["CPUExecutionProvider"])
        kinds = {"tensor(uint8)": model_config_pb2.TYPE_UINT8, "tensor(float)": model_config_pb2.TYPE_FP32}
        for said, true in ((config.input, graph.get_inputs()), (config.output, graph.get_outputs())):
            assert [(t.name, list(t.dims), t.data_type) for t in said] == [
                (t.name, t.shape[1:], kinds[t.type]) for t in true
            ]


def test_an_engine_is_copied_as_it_is_or_stays_where_it_is(
    exported: tuple[Path, Sidecar], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, sidecar = exported
    assert sidecar == read_sidecar(default_engine())[1]
    shutil.rmtree(folder / "triton")
    export_main([str(folder), str(folder), "--triton"])
    assert "copied as it is" in capsys.readouterr().out
    assert len(list((folder / "triton").iterdir())) == 2
    with pytest.raises(ConfigError, match="is an engine and only copied"):
        export_main([str(folder), str(tmp_path), "--trained-on", "other faces"])
    assert list(tmp_path.iterdir()) == []


def test_a_graph_whose_batch_is_fixed_is_refused(exported: tuple[Path, Sidecar], tmp_path: Path) -> None:
    import onnx

    folder, sidecar = exported
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    graph = onnx.load(tmp_path / CLASSIFY)
    graph.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(graph, tmp_path / CLASSIFY)
    with pytest.raises(EngineError, match="needs the batch, and only that, to be free"):
        write_repository(tmp_path, sidecar, tmp_path / "r")
    (tmp_path / CLASSIFY).write_text("no graph")
    with pytest.raises(EngineError, match="not a graph"):
        write_repository(tmp_path, sidecar, tmp_path / "r")
    with pytest.raises(EngineError, match=r"Triton needs encode\.onnx"):
        write_repository(tmp_path, msgspec.structs.replace(sidecar, files={}), tmp_path / "r")


def test_it_gives_the_numbers_of_onnx_runtime_here(exported: tuple[Path, Sidecar], server: tuple[Server, str]) -> None:
    folder, sidecar = exported
    remote, local = open_engine(folder, sidecar, server[1]), OnnxEngine(folder, sidecar)
    assert isinstance(remote, TritonEngine)
    assert remote.device.endswith("(Triton)")
    pieces = crops(sidecar, 3 * MOST // 2)
    server[0].batches.clear()
    features = remote.encode(pieces)
    assert server[0].batches == [MOST, MOST // 2], "no more at once than the server takes"
    assert np.abs(features - local.encode(pieces)).max() < 1e-5
    bags = np.stack([features[i : i + sidecar.pieces] for i in range(3)])
    for there, here in zip(remote.classify(bags), local.classify(bags), strict=True):
        assert np.abs(there - here).max() < 1e-5
    remote.close()
    remote.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_no_server(exported: tuple[Path, Sidecar], host: str) -> None:
    where = f"{host}:{free_port()}"
    said = f"no answer from a Triton server at {re.escape(where)}: .*another --device"
    with pytest.raises(EngineError, match=said):
        open_engine(*exported, f"triton://{where}")


def test_a_server_that_says_nothing(exported: tuple[Path, Sidecar], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triton_engine, "OPEN_S", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started_s = time.monotonic()
        with pytest.raises(EngineLost, match="no answer"):
            open_engine(*exported, f"triton://127.0.0.1:{silent.getsockname()[1]}")
    assert time.monotonic() - started_s < 5.0


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("missing", "default-classify is not ready .* export RUN OUT --triton"),
        ("loading", "default-classify is not ready"),
        ("other", "another graph than classify.onnx .* SHA-256 is 000000000000, here it is"),
        ("unsaid", "SHA-256 is not said"),
        ("shapes", r"gives shapes \(\(1, 255\), .*its sidecar says \(\(1, 256\)"),
        ("dims", "unexpected shape or datatype for input 'crops'"),
    ],
)
def test_a_server_with_something_else(
    exported: tuple[Path, Sidecar], server: tuple[Server, str], what: str, said: str
) -> None:
    running, device = server
    match what:
        case "missing":
            del running.models["default-classify"]
        case "loading":
            running.loading.add("default-classify")
        case "other":
            running.models["default-classify"].config.parameters["sha256"].string_value = "0" * 64
        case "unsaid":
            running.models["default-classify"].config.parameters.clear()
        case "shapes":
            running.damaged_output = "features"
        case "dims":
            running.models["default-encode"].config.input[0].dims[1] = 32
    with pytest.raises(EngineError, match=said):
        open_engine(*exported, device)


def test_an_engine_without_graphs_has_nothing_to_ask_for(exported: tuple[Path, Sidecar]) -> None:
    folder, sidecar = exported
    files = {name: digest for name, digest in sidecar.files.items() if not name.endswith(".onnx")}
    with pytest.raises(EngineError, match=r"needs encode\.onnx and classify\.onnx"):
        open_engine(folder, msgspec.structs.replace(sidecar, files=files), "triton://127.0.0.1")


def test_a_server_that_is_slow_is_not_waited_for(
    exported: tuple[Path, Sidecar], server: tuple[Server, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triton_engine, "ANSWER_S", 0.2)
    engine = open_engine(*exported, server[1])
    server[0].delay_s = 1.0
    started_s = time.monotonic()
    with pytest.raises(EngineLost, match="no answer"):
        engine.encode(crops(exported[1], 1))
    assert time.monotonic() - started_s < 0.9
    engine.close()


def test_a_server_that_goes_away_is_found_again(exported: tuple[Path, Sidecar]) -> None:
    """However long it takes: more failures than a half may have otherwise."""
    folder, sidecar = exported
    port, failures = free_port(), Failures("recognize")
    pieces = crops(sidecar, 2)

    def ask() -> np.ndarray | None:
        half._due_s = 0.0
        return half.attempt(lambda engine: engine.encode(pieces))

    with serving(folder / "triton", port):
        half = SupervisedStage(lambda: open_engine(folder, sidecar, f"triton://127.0.0.1:{port}"), failures)  # type: ignore[type-var]
        assert ask() is not None
    for _ in range(LIMIT + 2):
        assert ask() is None
    assert failures.final is None
    assert failures.count == LIMIT + 2
    with serving(folder / "triton", port):
        assert ask() is not None
        half.close()
