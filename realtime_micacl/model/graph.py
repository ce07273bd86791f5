"""Exports the two parts of a network, encode and classify, as ONNX graphs."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from realtime_micacl.model.backbone import R3D18
from realtime_micacl.model.fold import FoldedR3D18
from realtime_micacl.model.system import System

OPSET = 17


class Encode(nn.Module):
    """The first graph: pieces, u8[M,P,S,S,3], to features [M,D]."""

    def __init__(self, model: System) -> None:
        super().__init__()
        encoder = model.eval().encoder
        self.encoder = FoldedR3D18(encoder) if isinstance(encoder, R3D18) else encoder

    def forward(self, crops: Tensor) -> Tensor:
        """Return the features of pieces."""
        features: Tensor = self.encoder(crops)
        return features


class Classify(nn.Module):
    """The second graph: the rows of bags, see `System.classify`, to logits [B,K] and importance [B,N]."""

    def __init__(self, model: System) -> None:
        super().__init__()
        self.model = model.eval()

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and importance."""
        return self.model.classify(features)


def write_graph(verb: nn.Module, example: Tensor, file: Path, takes: str, gives: list[str]) -> None:
    """Write `Encode` or `Classify` as an ONNX graph in which only the batch size is free."""
    verb.eval()  # else the exporter leaves the network in training mode
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the other exporter needs onnxscript and gains nothing
        if any(
            isinstance(part, nn.LSTM) for part in verb.modules()
        ):  # the exporter warns of a batch size that it does keep free
            warnings.simplefilter("ignore")
        torch.onnx.export(
            verb,
            (example,),
            str(file),
            dynamo=False,
            opset_version=OPSET,
            input_names=[takes],
            output_names=gives,
            dynamic_axes={name: {0: "batch"} for name in (takes, *gives)},
        )
    model = onnx.load(file)
    _store_in_half(model.graph)
    onnx.save(model, file)


def _store_in_half(graph: onnx.GraphProto) -> None:
    """Store weights as float16 where that is exact, with a cast to float32 behind them: half the size.

    Not those of convolutions, which TensorRT accepts only as initializers.
    """
    casts, convolved = [], {name for node in graph.node if node.op_type == "Conv" for name in node.input}
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        half = values.astype(np.float16)
        name = weight.name
        is_matrix = weight.data_type == TensorProto.FLOAT and values.ndim > 1 and name not in convolved
        if is_matrix and (half == values).all():
            weight.CopyFrom(numpy_helper.from_array(half, f"{name}/half"))
            casts.append(helper.make_node("Cast", [weight.name], [name], to=TensorProto.FLOAT, name=f"{name}/cast"))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
