from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.choice import open_engine
from realtime_micacl.inference.sidecar import BagSpec, Sidecar, read_sidecar, sha256
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


JSON = st.recursive(st.none() | st.text(), st.lists, max_leaves=9)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_refused_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "engine.json").write_bytes(content)
    with pytest.raises(EngineError, match=r"engine\.json"):
        read_sidecar(tmp_path)


SHAPE: dict[str, Any] = {
    "bone": [1, 2, 3, 4],
    "frame": [[0.0, 0.0, 0.0]] * 4,
    "points": [5, 6],
    "mean": [0.0] * 6,
    "prior": 4.0,
    "half_s": 20.0,
}


@pytest.mark.parametrize(
    ("change", "piece", "said"),
    [
        ({"bone": [1, 2, 3, 4, 5]}, 1, "as many places as landmarks"),
        ({"mean": [0.0] * 5}, 1, "as many places as landmarks"),
        ({"bone": [1, 2, 3], "frame": [[0.0, 0.0, 0.0]] * 3}, 1, "at least four on bone"),
        ({}, 4, "has a shape and pieces of 4 frames"),
    ],
)
def test_a_shape_that_does_not_fit_itself_is_refused(
    tmp_path: Path, change: dict[str, Any], piece: int, said: str
) -> None:
    with pytest.raises(EngineError, match=said):
        read_sidecar(written(tmp_path, shape=SHAPE | change, piece=piece))


def test_single_frames_may_be_mirrored_and_have_a_shape(tmp_path: Path) -> None:
    _, sidecar = read_sidecar(written(tmp_path, shape=SHAPE, bag=fields()["bag"] | {"mirrored": True}))
    features, changes = np.ones((2, 16, 256), np.float32), np.full((2, 16, 7), 3, np.float32)
    assert sidecar.rows(features, changes).shape == (2, 16, sidecar.row_size)
    assert sidecar.rows(features, changes)[..., -7:].min() == 3
    assert not sidecar.rows(features, None)[..., -7:].any(), "a face of which nothing is known is at rest"
    _, without = read_sidecar(written(tmp_path))
    assert without.rows(features, None) is features


def test_a_file_that_no_engine_needs_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "encode.onnx").open("wb") as graph:
        graph.truncate(3 << 30)  # takes no place on the disk
    with pytest.raises(EngineError, match="more than any engine needs"):
        read_sidecar(written(tmp_path, files={"encode.onnx": "0" * 64}))


def engine_with(tmp_path: Path, *names: str) -> tuple[Path, Sidecar]:
    for name in names:
        (tmp_path / name).write_bytes(b"not a graph")
    return read_sidecar(written(tmp_path, files={name: sha256(tmp_path / name) for name in names}))


def test_auto_asks_for_a_gpu_and_cpu_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = object()
    monkeypatch.setattr("realtime_micacl.inference.gpu.choice.best_on_gpu", lambda *_: found)
    folder, sidecar = engine_with(tmp_path, "encode.onnx", "classify.onnx")
    assert open_engine(folder, sidecar, "auto") is found
    with pytest.raises(EngineError, match="not a graph"):
        open_engine(folder, sidecar, "cpu")


@pytest.mark.parametrize("device", ["auto", "cpu", "openvino"])
def test_half_an_engine_is_refused_by_what_it_lacks(
    tmp_path: Path, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime_micacl.inference.gpu.choice.best_on_gpu", lambda *_: None)
    folder, sidecar = engine_with(tmp_path, "encode.onnx")
    with pytest.raises(EngineError, match=f"--device {device} needs encode.onnx and classify.onnx") as refused:
        open_engine(folder, sidecar, device)
    assert ("or model.safetensors" in str(refused.value)) is (device != "openvino")


def test_what_is_no_engine_says_what_it_is(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "encode.onnx").touch()
    with pytest.raises(EngineError, match=r"encode\.onnx is a single file; an engine is a folder with engine\.json"):
        read_sidecar(tmp_path / "encode.onnx")
    (tmp_path / "engine.json").rename(tmp_path / "checkpoint.json")
    with pytest.raises(EngineError, match=f"it is a checkpoint, of which `realtime-micacl export {tmp_path} FOLDER`"):
        read_sidecar(tmp_path)
