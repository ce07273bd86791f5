from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.choice import open_engine
from realtime_micacl.inference.sidecar import BagSpec, read_sidecar, sha256
from realtime_micacl.types import EMOTIONS


def fields(**change: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "name": "test",
        "labels": list(EMOTIONS),
        "bag": {"instances": 4, "frames": 4, "size_px": 64, "span_s": 1.28},
        "crop": {"points": [[0.3, 0.37], [0.7, 0.37], [0.5, 0.6], [0.5, 0.79]]},
        "piece": 1,
        "feature_size": 256,
        "calibration": {"temperature": 1.2, "abstain_below": 0.4},
        "files": {},
        "model": {},
        "trained_on": ["nothing"],
        "measured": {},
    } | change


def written(folder: Path, **change: Any) -> Path:
    (folder / "engine.json").write_text(json.dumps(fields(**change)))
    return folder


def test_it_is_read_from_the_folder_or_the_file(tmp_path: Path) -> None:
    folder, sidecar = read_sidecar(written(tmp_path))
    assert folder == tmp_path
    assert sidecar.bag == BagSpec(4, 4, 64, 1.28)
    assert read_sidecar(tmp_path / "engine.json") == (folder, sidecar)


@pytest.mark.fault("R15")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": sorted(EMOTIONS)}, "label order"),
        ({"piece": 3}, "pieces of 3 frames"),
        ({"schema": 2}, r"\$.schema"),
        ({"piece": 4, "bag": fields()["bag"] | {"mirrored": True}}, "mirrored frames in pieces of 4"),
        ({"bag": {"instances": 4, "frames": 4, "size_px": 10**9, "span_s": 1.0}}, r"\$.bag.size_px"),
        ({"bag": {"instances": 4, "frames": 4, "size_px": 64, "span_s": -1.0}}, r"\$.bag.span_s"),
        ({"calibration": {"temperature": 0, "abstain_below": 0.4}}, "temperature"),
        ({"files": {"../../x": "0" * 64}}, r"\$.files"),
        ({"files": {"encode.onnx": "abc"}}, r"\$.files"),
        ({"extra": 1}, "unknown field"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(EngineError, match=said):
        read_sidecar(written(tmp_path, **change))


def test_a_missing_engine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"no engine at .*engine\.json is missing"):
        read_sidecar(tmp_path)


@pytest.mark.fault("R13", "R14")
def test_a_missing_or_altered_file_is_refused(tmp_path: Path) -> None:
    graph = tmp_path / "encode.onnx"
    graph.write_bytes(b"abc")
    written(tmp_path, files={"encode.onnx": sha256(graph)})
    read_sidecar(tmp_path)
    graph.write_bytes(b"abd")
    with pytest.raises(EngineError, match="damaged or was replaced"):
        read_sidecar(tmp_path)
    graph.unlink()
    with pytest.raises(EngineError, match="incomplete"):
        read_sidecar(tmp_path)


@pytest.mark.fault("R14")
def test_an_engine_without_the_files_a_device_needs_is_refused(tmp_path: Path) -> None:
    folder, sidecar = read_sidecar(written(tmp_path))
    for device, needed in (("cpu", "encode.onnx"), ("cuda", "model.safetensors"), ("tensorrt", "encode.half.onnx")):
        with pytest.raises(EngineError, match=needed):
            open_engine(folder, sidecar, device)  # type: ignore[arg-type]


@pytest.mark.fault("R13")
def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    names = ("encode.onnx", "classify.onnx")
    for name in names:
        (tmp_path / name).write_bytes(b"not a graph")
    folder, sidecar = read_sidecar(written(tmp_path, files={name: sha256(tmp_path / name) for name in names}))
    with pytest.raises(EngineError, match="not a graph"):
        open_engine(folder, sidecar)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(lambda x: json.dumps(x).encode()))
def test_any_bytes_are_refused_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "engine.json").write_bytes(content)
    with pytest.raises(EngineError, match=r"engine\.json"):
        read_sidecar(tmp_path)
