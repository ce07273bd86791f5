"""The two graphs leave PyTorch as plain ONNX: any batch, no control flow, the same numbers."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from realtime_micacl.model.graph import Encode, write_graph
from realtime_micacl.model.micacl import MICACL, MICACLConfig
from realtime_micacl.model.system import System
from realtime_micacl.model.zoo import build, configured
from tests.small import NETWORK

FORMS: dict[str, dict[str, Any]] = {
    "default": {},
    "channels": {"geiim_nodes": "channels", "wian_over": "channels"},
    "own hidden size": {"wian_hidden": 8, "geiim": False},
    "places weighed": {"pooling": "gdc"},
    "m3dfel": {"system": "m3dfel"},
    "ifdd": {"system": "ifdd", "ifdd_width": 16, "ifdd_heads": 2},
    "s4d": {"system": "s4d", "expert_width": 4},
}


class Verb(nn.Module):
    """One method of a model as a module of its own."""

    def __init__(self, model: System, verb: str) -> None:
        super().__init__()
        self.model, self.verb = model, verb
        self.eval()

    def forward(self, x: Tensor) -> Any:
        return getattr(self.model, self.verb)(x)


def exported(verb: Verb, x: Tensor, outputs: list[str], path: Path) -> onnxruntime.InferenceSession:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the other exporter needs onnxscript; all else is an error
        if any(
            isinstance(part, nn.LSTM) for part in verb.modules()
        ):  # it warns of other batches, which are tried below
            warnings.simplefilter("ignore", torch.jit.TracerWarning)
            warnings.simplefilter("ignore", UserWarning)
        torch.onnx.export(
            verb,
            (x,),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["x"],
            output_names=outputs,
            dynamic_axes={name: {0: "batch"} for name in ("x", *outputs)},
        )
    onnx.checker.check_model(onnx.load(path), full_check=True)
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("form", FORMS)
def test_onnx_runtime_agrees(form: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = build(configured(NETWORK | {"size_px": 16} | FORMS[form])).eval()
    for learnt in model.parameters():
        if not learnt.any():
            nn.init.normal_(learnt)  # zeros would hide what they multiply
    crops = torch.randint(0, 256, (3, 1, 16, 16, 3), dtype=torch.uint8)
    features = torch.randn(3, 16, model.encoder.features)
    features[0] = features[0, :1]  # a still
    for verb, x, outputs in (("encode", crops, ["features"]), ("classify", features, ["logits", "importance"])):
        path = tmp_path / f"{verb}.onnx"
        session = exported(Verb(model, verb), x[:1], outputs, path)
        nodes = onnx.load(path).graph.node
        assert not {node.op_type for node in nodes} & {
            "If",
            "Loop",
            "Scan",
            "SplitToSequence",
            "SequenceAt",
            "GridSample",
        }
        if verb == "encode":  # TensorRT takes uint8 into a cast (and its shape) and nowhere else
            assert {node.op_type for node in nodes if "x" in node.input} <= {"Cast", "Shape"}
        for batch in (x, x[:1]):
            with torch.no_grad():
                expected = getattr(model, verb)(batch)
            for got, want in zip(
                session.run(None, {"x": batch.numpy()}),
                (expected,) if isinstance(expected, Tensor) else expected,
                strict=True,
            ):
                assert got.dtype == np.float32
                np.testing.assert_allclose(got, want.numpy(), atol=1e-4)


def test_r3d_18_leaves_folded_into_2d_and_gives_the_same_numbers(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = MICACL(MICACLConfig(encoder="r3d_18", size_px=32)).eval()
    crops = torch.randint(0, 256, (2, 4, 32, 32, 3), dtype=torch.uint8)
    write_graph(Encode(model), crops[:1], tmp_path / "encode.onnx", "crops", ["features"])
    graph = onnx.load(tmp_path / "encode.onnx").graph
    kernels = {tensor.name: len(tensor.dims) for tensor in graph.initializer}
    assert {kernels[node.input[1]] for node in graph.node if node.op_type == "Conv"} == {4}
    session = onnxruntime.InferenceSession(str(tmp_path / "encode.onnx"), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = model.encode(crops).numpy()
    (got,) = session.run(None, {"crops": crops.numpy()})
    assert np.linalg.norm(got - expected) / np.linalg.norm(expected) < 1e-5


def test_weights_are_kept_in_half_where_that_loses_nothing(tmp_path: Path) -> None:
    torch.manual_seed(0)
    verb = nn.Sequential(nn.Linear(64, 32, bias=False), nn.Linear(32, 16))
    verb[0].weight.data = verb[0].weight.data.half().float()
    write_graph(verb, torch.zeros(1, 64), tmp_path / "two.onnx", "x", ["y"])
    kept = {tuple(w.dims): w.data_type for w in onnx.load(tmp_path / "two.onnx").graph.initializer if len(w.dims) > 1}
    assert sorted(kept.values()) == [onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16]
    x = torch.randn(3, 64)
    (found,) = onnxruntime.InferenceSession(tmp_path / "two.onnx").run(None, {"x": x.numpy()})
    np.testing.assert_allclose(found, verb(x).detach().numpy(), atol=1e-6)
