"""Wraps somebody else's ONNX graph: before it our pixels become its input, after it its scores our seven emotions.

The operators that are added mean the same in every opset from 8 on, so the graph itself is not converted.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper, version_converter

from realtime_micacl.errors import EngineError
from realtime_micacl.making.foreign_names import set_apart
from realtime_micacl.making.foreign_recipe import Input, Theirs
from realtime_micacl.model.backbone import LUMA
from realtime_micacl.types import F32
from realtime_micacl.wording import short

LEAST = 1e-6  # smaller probabilities are raised to this before the log
NEVER = -20.0  # the logit of an emotion that is not among its labels
OLDEST = 8  # the first opset whose Add and Max broadcast
SCORES = "scores"
"""Name of the tensor with its scores, in the order of its labels."""
KINDS = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.UINT8}


def wrap(file: Path, about: Theirs, columns: Sequence[int | None], into: Path, *, one_by_one: bool = False) -> None:
    """Write a graph from pieces u8[M,1,S,S,3] to features: its vector, or the log probabilities of our seven.

    `columns` has for each of the seven the index of its score, None if there is none; it is empty for a vector. With
    `one_by_one` the graph gets single pictures, for a batch size of 1. Raise EngineError if it does not fit its recipe.
    """
    model = _read(file)
    taken, given = _input(model, file), _output(model, about.output.name, file)
    _check_size(taken, about, file)
    _check_pixels(taken, about.input, file)
    scores = [d.dim_value for d in given.type.tensor_type.shape.dim[1:] if d.dim_value]
    if columns and scores:
        check_count(int(np.prod(scores)), about, file)
    set_apart(model.graph)
    nodes, constants = _before(about.input, taken, about.bag.size_px)
    alone = len(given.type.tensor_type.shape.dim) == 1  # it squeezes the answer to one picture
    flat = helper.make_node("Flatten", [given.name], ["flat"], axis=1)
    if alone:
        flat = helper.make_node("Reshape", [given.name, "one_row"], ["flat"])
        constants["one_row"] = np.array([1, -1])
    own: list[NodeProto] = [
        helper.make_node("Cast", ["given"], [taken.name], to=taken.type.tensor_type.elem_type),
        *model.graph.node,
        flat,
        helper.make_node("Cast", ["flat"], ["each"], to=TensorProto.FLOAT),
    ]
    last = SCORES if columns else "features"
    if one_by_one or alone:
        own, further = _repeated(own)
        constants |= further
    nodes += [*own, helper.make_node("Flatten", ["each"], [last], axis=1)]
    if columns:
        more, further = _after(about.output.gives, columns, len(about.output.labels))
        nodes, constants = nodes + more, constants | further
    size = about.bag.size_px
    crops = helper.make_tensor_value_info("crops", TensorProto.UINT8, ["batch", 1, size, size, 3])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", None])
    kept = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "theirs", [crops], [features], [*model.graph.initializer, *kept])
    graph.sparse_initializer.extend(model.graph.sparse_initializer)
    whole = helper.make_model(graph, opset_imports=list(model.opset_import), functions=list(model.functions))
    whole.ir_version = max(4, model.ir_version)  # before, weights had to be inputs too
    onnx.save(whole, into)


def scores_only(file: Path) -> bytes:
    """Return a wrapped graph, serialized, that ends at its scores, in the order of its labels."""
    model = onnx.load(file)
    end = next(i for i, node in enumerate(model.graph.node) if SCORES in node.output)
    del model.graph.node[end + 1 :]
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info(SCORES, TensorProto.FLOAT, None))
    return bytes(model.SerializeToString())


def check_count(scores: int, about: Theirs, file: Path) -> None:
    """Raise EngineError if the number of scores is not that of the labels."""
    if scores != len(about.output.labels):
        given = "1 number (if it is that of a class, export it without ArgMax)" if scores == 1 else f"{scores} scores"
        raise EngineError(f"{file} gives {given}, output.labels has {len(about.output.labels)}")


def write_mean(instances: int, frames: int, size: int, layer: tuple[F32, F32] | None, into: Path) -> None:
    """Write a graph that gives the mean of a window's features [B,N*L,D] as logits, after a linear `layer` if given."""
    pieces = instances * frames
    shape = np.array([-1, instances, frames])
    constants = {"zero": np.float32(0), "one": np.float32(1), "shape": shape}
    nodes = [
        helper.make_node("ReduceMean", ["features"], ["mean" if layer else "logits"], axes=[1], keepdims=0),
        helper.make_node("ReduceMean", ["features"], ["each"], axes=[2], keepdims=0),
        helper.make_node("Mul", ["each", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "one"], ["alike"]),
        helper.make_node("Reshape", ["alike", "shape"], ["ticks"]),
        helper.make_node("ReduceMean", ["ticks"], ["importance"], axes=[2], keepdims=0),
    ]
    if layer:
        constants |= {"weight": layer[0], "bias": layer[1]}
        nodes.append(helper.make_node("Gemm", ["mean", "weight", "bias"], ["logits"]))
    kept = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    rows = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", pieces, size])
    outputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", None]) for n in ("logits", "importance")]
    model = helper.make_model(
        helper.make_graph(nodes, "mean", [rows], outputs, kept), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 8
    onnx.save(model, into)


def _read(file: Path) -> ModelProto:
    """Read a graph; one older than opset `OLDEST` is converted to that. Raise EngineError if that fails."""
    try:
        model = onnx.load(file)
        if not model.graph.node:
            raise ValueError("it holds no graph")
    except Exception as cause:  # protobuf raises types of its own
        raise EngineError(f"{file} is not an ONNX graph that can be read: {short(cause)}") from None
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), OLDEST)
    if opset < OLDEST:
        try:
            model = version_converter.convert_version(model, OLDEST)
        except Exception as cause:  # so does the converter
            raise EngineError(
                f"{file} has opset {opset}, at least {OLDEST} is needed, and it cannot be converted: {short(cause)}"
            ) from None
    return model


def _input(model: ModelProto, file: Path) -> ValueInfoProto:
    weights = {weight.name for weight in model.graph.initializer}
    inputs: list[ValueInfoProto] = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1:
        raise EngineError(
            f"{file} takes {[v.name for v in inputs]}; an encoder of frames takes one picture and no more"
        )
    if inputs[0].type.tensor_type.elem_type not in KINDS:
        kind = TensorProto.DataType.Name(inputs[0].type.tensor_type.elem_type)
        raise EngineError(f"{file} takes {kind}; FLOAT, FLOAT16, DOUBLE and UINT8 can be given")
    return inputs[0]


def _check_pixels(taken: ValueInfoProto, given: Input, file: Path) -> None:
    whole = taken.type.tensor_type.elem_type == TensorProto.UINT8
    if whole and (given.divide_by != 1 or any(given.mean) or set(given.std) != {1.0}):
        raise EngineError(f"{file} takes pixels as they are (UINT8): input.divide_by = 1, mean = [0], std = [1] needed")


def _output(model: ModelProto, name: str, file: Path) -> ValueInfoProto:
    outputs: list[ValueInfoProto] = list(model.graph.output)
    found = [value for value in outputs if value.name == name] if name else outputs
    if len(found) != 1:
        raise EngineError(f"{file} gives {[v.name for v in outputs]}; name one of them as output.name")
    return found[0]


def _check_size(taken: ValueInfoProto, about: Theirs, file: Path) -> None:
    dims = [d.dim_value or None for d in taken.type.tensor_type.shape.dim]
    side, channels = about.bag.size_px, about.input.channels
    wanted = [None, channels, side, side] if about.input.layout == "NCHW" else [None, side, side, channels]
    if dims and (len(dims) != 4 or any(d not in (None, w) for d, w in zip(dims[1:], wanted[1:], strict=True))):
        shown = [d or "any" for d in dims]
        raise EngineError(
            f"{file} takes {shown}, the recipe gives {['any', *wanted[1:]]} ({about.input.layout}, "
            f"{about.input.colour}, {side} px): change input.layout, input.colour or bag.size_px"
        )


def _before(given: Input, taken: ValueInfoProto, size: int) -> tuple[list[NodeProto], dict[str, np.ndarray]]:
    """Return the nodes and constants from crops to the graph's input."""
    mix = {"rgb": np.eye(3), "bgr": np.eye(3)[::-1], "grey": np.array(LUMA)[:, None]}[given.colour]
    constants = {
        "flat_crops": np.array([-1, size, size, 3]),
        "mix": np.asarray(mix / given.divide_by, np.float32),
        "mean": np.asarray(given.mean, np.float32),
        "std": np.asarray(given.std, np.float32),
    }
    planes = given.layout == "NCHW"
    nodes = [
        helper.make_node("Cast", ["crops"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["pixels", "flat_crops"], ["rows"]),
        helper.make_node("MatMul", ["rows", "mix"], ["mixed"]),
        helper.make_node("Sub", ["mixed", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "std"], ["normal" if planes else "given"]),
    ]
    if planes:
        nodes.append(helper.make_node("Transpose", ["normal"], ["given"], perm=[0, 3, 1, 2]))
    return nodes, constants


def _repeated(nodes: Sequence[NodeProto]) -> tuple[list[NodeProto], dict[str, np.ndarray]]:
    """Return a loop that runs `nodes`, from `given` to `each`, for one picture after the other, and its constants.

    Before opset 11 a loop must carry a value from turn to turn: here a 0.
    """
    one = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    one[0].input[0], one[-1].output[0] = "picture", "one"
    body = helper.make_graph(
        [
            helper.make_node("Reshape", ["turn", "first"], ["turns"]),
            helper.make_node("Gather", ["given", "turns"], ["picture"], axis=0),
            *one,
            helper.make_node("Identity", ["going"], ["on"]),
            helper.make_node("Identity", ["last"], ["next"]),
        ],
        "one",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("last", TensorProto.INT64, []),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.INT64, []),
            helper.make_tensor_value_info("one", TensorProto.FLOAT, None),
        ],
    )
    around = [
        helper.make_node("Shape", ["given"], ["sizes"]),
        helper.make_node("Gather", ["sizes", "zero"], ["pictures"], axis=0),
        helper.make_node("Loop", ["pictures", "", "zero"], ["nothing_kept", "each"], body=body),
    ]
    return around, {"first": np.array([1]), "zero": np.array(0)}


def _after(gives: str, columns: Sequence[int | None], scores: int) -> tuple[list[NodeProto], dict[str, np.ndarray]]:
    """Return the nodes and constants from its scores to the log probabilities of our seven."""
    constants = {"none": np.zeros((scores, 1), np.float32), "never": np.array(NEVER, np.float32)}
    constants["picked"] = np.array([scores if column is None else column for column in columns])
    nodes = []
    if gives == "shares":
        constants["least"] = np.array(LEAST, np.float32)
        nodes += [helper.make_node("Max", ["scores", "least"], ["held"]), helper.make_node("Log", ["held"], ["logs"])]
    else:
        nodes.append(helper.make_node("LogSoftmax", ["scores"], ["logs"], axis=1))
    nodes += [
        helper.make_node("MatMul", ["logs", "none"], ["nothing"]),
        helper.make_node("Add", ["nothing", "never"], ["absent"]),
        helper.make_node("Concat", ["logs", "absent"], ["all"], axis=1),
        helper.make_node("Gather", ["all", "picked"], ["seven"], axis=1),
        helper.make_node("LogSoftmax", ["seven"], ["features"], axis=1),
    ]
    return nodes, constants
