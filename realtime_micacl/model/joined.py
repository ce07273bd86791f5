"""Joins the graphs of several engines: features are concatenated, predictions averaged or weighted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, compose, helper, numpy_helper, version_converter

from realtime_micacl.errors import EngineError
from realtime_micacl.types import F32

LEAST = 1e-6  # smaller probabilities are raised to this before the log


@dataclass(frozen=True)
class Head:
    """A classify graph, and the columns of a joined row that it reads."""

    file: Path
    columns: tuple[tuple[int, int], ...]
    """One or two ranges, first and last + 1: its features, and the changes of shape if it reads them."""
    temperature: float


def join_encoders(files: Sequence[Path], into: Path) -> None:
    """Write a graph that encodes each piece with all graphs in `files` and concatenates the features."""
    parts = _parts(files)
    nodes = [node for part in parts for node in part.graph.node]
    nodes.append(helper.make_node("Concat", [f"m{i}/features" for i in range(len(parts))], ["features"], axis=1))
    crops = parts[0].graph.input[0]
    sizes = [part.graph.output[0].type.tensor_type.shape.dim[1].dim_value for part in parts]
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", sum(sizes) or "size"])
    _save(parts, nodes, [], [crops], [features], into)


def join_heads(heads: Sequence[Head], size: int, weights: F32 | None, into: Path) -> None:
    """Write a graph that gives each head its columns of rows [B,pieces,size] and combines their predictions.

    With `weights` [M,K] the logits are the log of weighted probabilities, without the mean of log probabilities.
    """
    parts = _parts([head.file for head in heads])
    nodes: list[NodeProto] = []
    constants = {"axis": np.array([2]), "least": np.float32(LEAST), "count": np.float32(len(heads))}
    for i, (head, part) in enumerate(zip(heads, parts, strict=True)):
        cut = []
        for j, (start, stop) in enumerate(head.columns):
            constants |= {f"from{i}.{j}": np.array([start]), f"to{i}.{j}": np.array([stop])}
            nodes.append(helper.make_node("Slice", ["features", f"from{i}.{j}", f"to{i}.{j}", "axis"], [f"cut{i}.{j}"]))
            cut.append(f"cut{i}.{j}")
        nodes.append(helper.make_node("Concat", cut, [f"m{i}/features"], axis=2))
        nodes += part.graph.node
        constants[f"temperature{i}"] = np.float32(head.temperature)
        nodes.append(helper.make_node("Div", [f"m{i}/logits", f"temperature{i}"], [f"cool{i}"]))
        if weights is None:
            nodes.append(helper.make_node("LogSoftmax", [f"cool{i}"], [f"said{i}"], axis=1))
        else:
            constants[f"weight{i}"] = np.asarray(weights[i], np.float32)
            nodes.append(helper.make_node("Softmax", [f"cool{i}"], [f"share{i}"], axis=1))
            nodes.append(helper.make_node("Mul", [f"share{i}", f"weight{i}"], [f"said{i}"]))
    said = [f"said{i}" for i in range(len(heads))]
    if weights is None:
        nodes += [helper.make_node("Sum", said, ["sum"]), helper.make_node("Div", ["sum", "count"], ["logits"])]
    else:
        nodes += [
            helper.make_node("Sum", said, ["sum"]),
            helper.make_node("Max", ["sum", "least"], ["held"]),
            helper.make_node("Log", ["held"], ["logits"]),
        ]
    nodes.append(helper.make_node("Mean", [f"m{i}/importance" for i in range(len(heads))], ["importance"]))
    shape = parts[0].graph.input[0].type.tensor_type.shape
    rows = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", shape.dim[1].dim_value, size])
    kept = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    outputs = [_renamed(output) for output in parts[0].graph.output]
    _save(parts, nodes, kept, [rows], outputs, into)


def _parts(files: Sequence[Path]) -> list[ModelProto]:
    """Return the graphs in one opset; all names but that of the input `crops` get a prefix."""
    models = [onnx.load(file) for file in files]
    newest = max(_opset(model) for model in models)
    found = []
    for i, (file, model) in enumerate(zip(files, models, strict=True)):
        if _opset(model) != newest:
            try:
                model = version_converter.convert_version(model, newest)
            except Exception as cause:  # the converter raises types of its own
                raise EngineError(
                    f"{file} has opset {_opset(model)} and cannot be brought to {newest}: {cause}"
                ) from None
        shared = model.graph.input[0].name == "crops"
        found.append(compose.add_prefix(model, f"m{i}/", rename_inputs=not shared))
    return found


def _opset(model: ModelProto) -> int:
    return next(int(entry.version) for entry in model.opset_import if entry.domain in ("", "ai.onnx"))


def _renamed(value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    """Return an output of the first part without its prefix."""
    renamed = onnx.ValueInfoProto()
    renamed.CopyFrom(value)
    renamed.name = value.name.removeprefix("m0/")
    return renamed


def _save(
    parts: Sequence[ModelProto],
    nodes: Sequence[NodeProto],
    constants: Sequence[TensorProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    into: Path,
) -> None:
    weights = [weight for part in parts for weight in part.graph.initializer]
    graph: GraphProto = helper.make_graph(nodes, "joined", inputs, outputs, [*weights, *constants])
    domains = {entry.domain: entry for part in parts for entry in part.opset_import}
    model = helper.make_model(graph, opset_imports=list(domains.values()))
    model.ir_version = max(part.ir_version for part in parts)
    onnx.checker.check_model(model)
    onnx.save(model, into)
