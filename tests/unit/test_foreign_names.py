"""Names in somebody else's graph: a condition or a loop goes on using what is outside of it."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession

from realtime_micacl.making.foreign_names import THEIRS, set_apart


def conditional() -> ModelProto:
    """A graph with two branches: one uses an input and a weight of the graph around it, the other a node's output."""
    out = [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)]
    weight = numpy_helper.from_array(np.float32(3), "weight")
    branches = {
        "then_branch": helper.make_graph([helper.make_node("Mul", ["in", "weight"], ["out"])], "then", [], out),
        "else_branch": helper.make_graph([helper.make_node("Neg", ["twice"], ["out"])], "else", [], out),
    }
    nodes = [
        helper.make_node("Add", ["in", "in"], ["twice"]),
        helper.make_node("If", ["whether"], ["last"], **branches),
        helper.make_node("Clip", ["last", "", "weight"], ["clipped"]),
    ]
    kinds = {"in": TensorProto.FLOAT, "whether": TensorProto.BOOL, "clipped": TensorProto.FLOAT}
    taken, whether, given = (helper.make_tensor_value_info(name, kind, []) for name, kind in kinds.items())
    graph = helper.make_graph(nodes, "conditional", [taken, whether], [given], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    return model


def test_branches_use_what_is_outside_of_them() -> None:
    model = conditional()
    set_apart(model.graph)
    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_inputs()] == [f"{THEIRS}in", f"{THEIRS}whether"]
    for whether, given in ((True, 1.5), (False, -1.0)):
        given_in = {f"{THEIRS}in": np.float32(0.5), f"{THEIRS}whether": np.bool_(whether)}
        assert session.run(None, {name: np.asarray(value) for name, value in given_in.items()})[0] == given
