"""How an engine is opened, and what is said of one that cannot be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from realtime_micacl.errors import EngineError, StageFailed
from realtime_micacl.inference.choice import open_engine
from realtime_micacl.inference.cpu import onnx_engine
from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.cpu.openvino_engine import OpenVinoEngine
from realtime_micacl.inference.engine import CLASSIFY, ENCODE
from realtime_micacl.inference.sidecar import Sidecar
from tests.unit.test_sidecar import engine_with


def test_auto_and_cpu_are_onnx_runtime(shipped: tuple[Path, Sidecar]) -> None:
    for device in ("auto", "cpu"):
        assert isinstance(open_engine(*shipped, device), OnnxEngine)  # type: ignore[arg-type]
    assert isinstance(open_engine(*shipped, "openvino"), OpenVinoEngine)


def test_openvino_reports_its_use_to_nobody_and_is_loaded_only_when_asked_for(shipped: tuple[Path, Sidecar]) -> None:
    code = (
        "import sys; from realtime_micacl.inference.choice import default_engine, open_engine; "
        "from realtime_micacl.inference.sidecar import read_sidecar; engine = read_sidecar(default_engine()); "
        "open_engine(*engine); assert 'openvino' not in sys.modules; "
        "open_engine(*engine, 'openvino'); assert 'openvino' in sys.modules; "
        "sys.exit([m for m, found in sys.modules.items() if m.startswith('openvino_telemetry') and found] or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_openvino_asks_for_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime_micacl.inference.gpu.choice.best_on_gpu", lambda *_: pytest.fail("it is asked for"))
    with pytest.raises(EngineError, match="not a graph"):
        open_engine(*engine_with(tmp_path, "encode.onnx", "classify.onnx"), "openvino")


def test_without_openvino_it_is_said_what_to_install(
    shipped: tuple[Path, Sidecar], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "realtime_micacl.inference.cpu.openvino_engine")
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(EngineError, match=r"\[openvino\]"):
        open_engine(*shipped, "openvino")


@pytest.mark.parametrize("kind", [OnnxEngine, OpenVinoEngine])
@pytest.mark.parametrize("damage", ["other graph", "not a graph"])
def test_graphs_that_do_not_fit_are_refused(
    kind: type[OnnxEngine | OpenVinoEngine], damage: str, shipped: tuple[Path, Sidecar], tmp_path: Path
) -> None:
    folder, sidecar = shipped
    copies = {"other graph": (folder / CLASSIFY).read_bytes(), "not a graph": b"junk"}
    (tmp_path / ENCODE).write_bytes(copies[damage])
    (tmp_path / CLASSIFY).write_bytes((folder / CLASSIFY).read_bytes())
    with pytest.raises(EngineError, match=r"does not fit|is not a graph"):
        kind(tmp_path, sidecar)


def test_too_little_memory_for_a_graph_is_no_fault_of_the_engine(
    shipped: tuple[Path, Sidecar], monkeypatch: pytest.MonkeyPatch
) -> None:
    def starve(*_: object, **__: object) -> None:
        raise RuntimeError("std::bad_alloc")

    monkeypatch.setattr(onnx_engine.ort, "InferenceSession", starve)
    with pytest.raises(StageFailed, match=r"encode.onnx cannot be loaded: it got too little memory"):
        OnnxEngine(*shipped)


def test_the_sidecar_says_what_it_was_measured_on(shipped: tuple[Path, Sidecar]) -> None:
    _, sidecar = shipped
    assert sidecar.trained_on
    for scores in sidecar.measured.values():
        assert scores["n"] > 20
        assert scores["war_95"][0] <= scores["war"] <= scores["war_95"][1]
        assert scores["uar_95"][0] <= scores["uar"] <= scores["uar_95"][1]
    assert len(sidecar.measured) >= 2
