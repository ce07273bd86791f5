"""The two graphs that TensorRT compiles: what it can parse, typed by themselves, the same numbers as torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, numpy_helper

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.cpu.torch_engine import TorchEngine
from realtime_micacl.inference.engine import CLASSIFY, ENCODE_HALF
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.making.export import HALF_TOLERANCE, compare
from realtime_micacl.model.backbone import R3D18
from realtime_micacl.model.graph import OPSET, write_graph
from realtime_micacl.model.half import halved

# From the operator table of TensorRT's ONNX parser: what these graphs may be made of, in the types they use.
SUPPORTED = {
    *("Add", "AveragePool", "Cast", "Concat", "Constant", "ConstantOfShape", "Conv", "Div", "Erf", "Expand", "Flatten"),
    *("Gather", "Gemm", "GlobalAveragePool", "Identity", "LayerNormalization", "MatMul", "Mul", "Pow", "ReduceMean"),
    *("ReduceSum", "Relu", "Reshape", "Shape", "Sigmoid", "Slice", "Softmax", "Split", "Sqrt", "Squeeze", "Sub"),
    *("Tanh", "Transpose", "Unsqueeze"),
}
TYPES = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL}


@pytest.fixture(scope="module")
def r3d(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The paper's encoder, which no engine here carries, with random weights."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("r3d") / ENCODE_HALF
    crops = torch.zeros(1, 4, 32, 32, 3, dtype=torch.uint8)
    encoder = R3D18(frames=4)
    for module in encoder.modules():
        if isinstance(module, torch.nn.BatchNorm3d):  # equal biases would share one initializer
            module.running_mean.normal_()
    write_graph(halved(encoder), crops, file, "crops", ["features"])
    return file


@pytest.fixture(params=["light", "r3d_18", "head"])
def graph(request: pytest.FixtureRequest, shipped: tuple[Path, Sidecar], r3d: Path) -> onnx.ModelProto:
    file = {"light": shipped[0] / ENCODE_HALF, "r3d_18": r3d, "head": shipped[0] / CLASSIFY}[request.param]
    return onnx.load(file)


def test_operators_opset_and_types_are_among_the_supported(graph: onnx.ModelProto) -> None:
    onnx.checker.check_model(graph, full_check=True)
    assert [(o.domain, o.version) for o in graph.opset_import] == [("", OPSET)]
    assert OPSET <= 20
    assert {node.op_type for node in graph.graph.node} <= SUPPORTED
    constants = [a.t.data_type for n in graph.graph.node for a in n.attribute if a.name == "value"]
    casts = [a.i for n in graph.graph.node if n.op_type == "Cast" for a in n.attribute]
    assert {t.data_type for t in graph.graph.initializer} | set(constants) | set(casts) <= TYPES
    first = graph.graph.input[0].name
    if graph.graph.input[0].type.tensor_type.elem_type == TensorProto.UINT8:  # taken into a cast and nowhere else
        assert {n.op_type for n in graph.graph.node if first in n.input} <= {"Cast", "Shape"}
    for node in graph.graph.node:
        if node.op_type == "Conv":
            weight = next((t for t in graph.graph.initializer if t.name == node.input[1]), None)
            assert weight is not None, "TensorRT takes the weights of a convolution from an initializer"


def test_only_the_batch_is_free(graph: onnx.ModelProto) -> None:
    for value in graph.graph.input:
        batch, *others = value.type.tensor_type.shape.dim
        assert batch.dim_param == "batch"
        assert all(d.dim_value > 0 for d in others)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    dtype = np.uint8 if "uint8" in given.type else np.float32
    for batch in (1, 2, 5):
        outputs = session.run(None, {given.name: np.ones((batch, *given.shape[1:]), dtype)})
        assert all(len(out) == batch and out.dtype == np.float32 for out in outputs)


@pytest.mark.parametrize("which", ["light", "r3d_18"])
def test_convolutions_and_nothing_else_are_half(which: str, shipped: tuple[Path, Sidecar], r3d: Path) -> None:
    model = onnx.load(shipped[0] / ENCODE_HALF if which == "light" else r3d)
    weights = {t.name: t.data_type for t in model.graph.initializer}
    used = [weights[name] for n in model.graph.node if n.op_type == "Conv" for name in n.input[1:]]
    assert set(used) == {TensorProto.FLOAT16}
    assert not [n for n in model.graph.node if n.op_type == "BatchNormalization"], "folded before they were halved"
    for tensor in model.graph.initializer:
        assert np.isfinite(numpy_helper.to_array(tensor).astype(np.float64)).all()
    out = model.graph.output[0].type.tensor_type.elem_type
    assert out == TensorProto.FLOAT


def test_onnx_runtime_and_torch_agree_on_the_half_encoder(shipped: tuple[Path, Sidecar]) -> None:
    folder, sidecar = shipped
    crops = np.random.default_rng(0).integers(0, 256, (6, sidecar.piece, 64, 64, 3)).astype(np.uint8)
    session = onnxruntime.InferenceSession(folder / ENCODE_HALF, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"crops": crops})
    own = TorchEngine(folder, sidecar)
    expected = own.encode(crops)
    assert 1e-6 < np.linalg.norm(found - expected) / np.linalg.norm(expected) < HALF_TOLERANCE
    bags = np.repeat(found[:, None], sidecar.pieces, axis=1), np.repeat(expected[:, None], sidecar.pieces, axis=1)
    assert np.abs(own.classify(bags[0])[0] - own.classify(bags[1])[0]).max() < 1e-2


def test_export_refuses_a_half_encoder_of_other_weights(tmp_path: Path, shipped: tuple[Path, Sidecar]) -> None:
    folder, sidecar = shipped
    for name in sidecar.files:
        (tmp_path / name).symlink_to(folder / name)
    compare(tmp_path, sidecar)
    graph = onnx.load(folder / ENCODE_HALF)
    weight = next(t for t in graph.graph.initializer if t.data_type == TensorProto.FLOAT16)
    weight.raw_data = (numpy_helper.to_array(weight) * np.float16(1.5)).tobytes()
    (tmp_path / ENCODE_HALF).unlink()
    (tmp_path / ENCODE_HALF).write_bytes(graph.SerializeToString())
    with pytest.raises(EngineError, match=r"encode\.half\.onnx differs from float32 by"):
        compare(tmp_path, sidecar)
