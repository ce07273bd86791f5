"""Engines made by somebody who means harm: refused in words, nothing run, little memory taken."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import psutil
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.torch import load_file, save_file

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.sidecar import read_sidecar, sha256


class Bomb:
    """What a malicious checkpoint holds: unpickling it writes a file."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.canary,)


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    return Path(shutil.copytree(default_engine(), tmp_path / "engine"))


def signed(engine: Path, **change: object) -> Path:
    """Put the right hashes into the sidecar, as whoever made it would."""
    file = engine / "engine.json"
    fields = json.loads(file.read_text()) | change
    fields["files"] = {name: sha256(engine / name) for name in fields["files"]}
    file.write_text(json.dumps(fields))
    return engine


def refused(engine: Path, device: str, *words: str) -> float:
    """Check that it is refused; return how many MB that took."""
    before = psutil.Process().memory_info().rss
    with pytest.raises(EngineError) as error:
        open_engine(*read_sidecar(engine), device)  # type: ignore[arg-type]
    assert any(word in str(error.value) for word in words), error.value
    return (psutil.Process().memory_info().rss - before) / 1e6


@pytest.mark.fault("R13")
@pytest.mark.parametrize(("name", "device"), [("model.safetensors", "torch"), ("encode.onnx", "cpu")])
def test_a_pickle_is_never_opened(engine: Path, tmp_path: Path, name: str, device: str) -> None:
    canary = tmp_path / "canary"
    for content in (pickle.dumps(Bomb(canary)), b""):
        (engine / name).write_bytes(content)
        if not content:
            torch.save({"weights": Bomb(canary)}, engine / name)
        fields = json.loads((engine / "engine.json").read_text())
        files = [name] if device == "torch" else list(fields["files"])
        (engine / "engine.json").write_text(json.dumps(fields | {"files": dict.fromkeys(files, "0" * 64)}))
        refused(signed(engine), "cpu", "do not fit", "not a graph")
        assert not canary.exists()


@pytest.mark.fault("R13")
def test_weights_of_another_shape_are_refused_before_memory_is_taken(
    engine: Path, measured: Callable[[str], None]
) -> None:
    fields = json.loads((engine / "engine.json").read_text())
    (engine / "engine.json").write_text(json.dumps(fields | {"files": {"model.safetensors": "0" * 64}}))
    model = fields["model"] | {"widths": [4096] * 4, "geiim_width": 4096}
    taken_mb = refused(signed(engine, model=model), "cpu", "the network needs")
    assert taken_mb < 200, "the network that it names would take gigabytes"
    for model in (fields["model"] | {"blocks": [10**9] * 4}, fields["model"] | {"widths": [8] * 10**5}):
        refused(signed(engine, model=model), "cpu", "must be at most")
    for change in ({"instances": 8}, {"frames": 2}, {"size_px": 96}):
        bag = fields["bag"] | change
        refused(signed(engine, model=fields["model"], bag=bag), "cpu", "in the network")
    (engine / "engine.json").write_text(json.dumps(fields | {"files": {"model.safetensors": "0" * 64}}))
    weights = load_file(engine / "model.safetensors")
    save_file(dict(list(weights.items())[1:]), engine / "model.safetensors")
    refused(signed(engine, model=fields["model"]), "cpu", "has shape None")
    measured(f"weights of a wrong shape refused with {max(0, taken_mb):.0f} MB taken")


def greedy(bytes_asked: int) -> bytes:
    """Return a graph with the right inputs and outputs that asks for so much memory."""
    sizes = helper.make_tensor("sizes", TensorProto.INT64, [1], [bytes_asked // 4])
    one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
    nodes = [
        helper.make_node("ConstantOfShape", ["sizes"], ["big"], value=one),
        helper.make_node("ReduceSum", ["big"], ["sum"], keepdims=0),
        helper.make_node("Cast", ["crops"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[1, 2, 3, 4], keepdims=0),
        helper.make_node("Add", ["mean", "sum"], ["features"]),
    ]
    crops = helper.make_tensor_value_info("crops", TensorProto.UINT8, ["m", 4, 64, 64, 3])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["m"])
    graph = helper.make_graph(nodes, "greedy", [crops], [features], [sizes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return bytes(model.SerializeToString())


@pytest.mark.fault("R13")
@pytest.mark.parametrize("gigabytes", [4, 4000])
def test_a_graph_that_asks_for_much_memory_is_refused(engine: Path, gigabytes: int) -> None:
    (engine / "encode.onnx").write_bytes(greedy(gigabytes << 30))
    assert refused(signed(engine), "cpu", "does not fit") < 500


@pytest.mark.fault("R13")
def test_a_graph_may_not_read_other_files(engine: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(1 << 20))
    graph = onnx.load(engine / "encode.onnx")
    weight = graph.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../secret")
    (engine / "encode.onnx").write_bytes(graph.SerializeToString())
    refused(signed(engine), "cpu", "not a graph")
