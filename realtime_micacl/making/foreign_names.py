"""The names in somebody else's ONNX graph, which must not be ours."""

from __future__ import annotations

from onnx import GraphProto

THEIRS = "theirs/"


def set_apart(graph: GraphProto) -> None:
    """Put THEIRS before every name, also in the graphs of conditions and loops, which may use what is outside them."""
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [name and THEIRS + name for name in names]
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else ()), *attribute.graphs):
                set_apart(inner)
    sparse = (weights.values for weights in graph.sparse_initializer)
    for named in (*graph.input, *graph.output, *graph.initializer, *sparse):
        named.name = THEIRS + named.name
    del graph.value_info[:]
