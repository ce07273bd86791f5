"""The real builder of TensorRT for RTX compiles every graph, on a processor; a graph that it refuses it names.

It says that a graph can be read, typed and compiled, not what a GPU makes of it.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from onnx import TensorProto, helper

from realtime_micacl.config import read_toml
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.engine import ENCODE_INT8
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.model.graph import Classify, write_graph
from realtime_micacl.model.half import halved
from realtime_micacl.model.zoo import build, configured

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[3]
PACKAGE = find_spec("onnxruntime_ep_nv_tensorrt_rtx")
CARDS = "86,89,120"  # RTX 30, 40 and 50
SHIPPED = sorted(file for file in read_sidecar(default_engine())[1].files if file.endswith(".onnx"))

pytestmark = pytest.mark.skipif(PACKAGE is None, reason="there is no TensorRT for RTX for this system")


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("builder") / "rtx_builder"
    source = str(HERE / "rtx_builder.c")
    subprocess.run(["gcc", "-w", source, "-o", str(program), "-ldl"], check=True, timeout=60)
    return program


def built(builder: Path, graph: Path, cards: str = CARDS) -> subprocess.CompletedProcess[str]:
    assert PACKAGE
    assert PACKAGE.origin
    command = [str(builder), str(Path(PACKAGE.origin).parent), str(graph), str(graph) + ".rtx", cards, "1,8,64"]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def compiled(builder: Path, graph: Path) -> dict[str, Any]:
    done = built(builder, graph)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    assert said["bytes"] == Path(f"{graph}.rtx").stat().st_size
    return said


@pytest.mark.parametrize("file", [file for file in SHIPPED if file != ENCODE_INT8])
def test_the_shipped_engine_is_compiled_for_three_kinds_of_cards(builder: Path, tmp_path: Path, file: str) -> None:
    graph = tmp_path / file
    graph.write_bytes((default_engine() / file).read_bytes())
    said = compiled(builder, graph)
    assert said["layers"] > 50
    assert said["bytes"] > 1e6, "its weights are in it"


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore:Exporting a model to ONNX")
@pytest.mark.parametrize("name", ["light", "m3dfel", "micacl", "released", "ifdd", "s4d", "fineclip"])
def test_the_head_of_every_recipe_is_compiled(builder: Path, tmp_path: Path, name: str) -> None:
    model = build(configured(read_toml(ROOT / "engines" / f"{name}.toml", Recipe).network))
    pieces = model.config.instances * model.config.frames // model.encoder.piece
    example = torch.zeros(1, pieces, model.encoder.features)
    write_graph(Classify(model), example, tmp_path / "head.onnx", "features", ["logits", "importance"])
    assert compiled(builder, tmp_path / "head.onnx")["layers"] > 10


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore:Exporting a model to ONNX")
@pytest.mark.parametrize(
    ("name", "instead", "least_bytes"),
    [
        ("ifdd", {}, 2e6),  # maps of single frames
        ("micacl", {}, 2e7),  # the paper's r3d_18
        ("fineclip", {"size_px": 64, "clip_patch": 16, "clip_width": 128, "clip_layers": 2, "clip_adapters": 1}, 5e5),
    ],
)
def test_the_encoder_of_every_kind_is_compiled(
    builder: Path, tmp_path: Path, name: str, instead: dict[str, Any], least_bytes: float
) -> None:
    network = replace(configured(read_toml(ROOT / "engines" / f"{name}.toml", Recipe).network), **instead)
    encoder = build(network).encoder
    example = torch.zeros(1, encoder.piece, network.size_px, network.size_px, 3, dtype=torch.uint8)
    write_graph(halved(encoder), example, tmp_path / "encode.onnx", "crops", ["features"])
    assert compiled(builder, tmp_path / "encode.onnx")["bytes"] > least_bytes


@pytest.mark.parametrize(("operator", "domain"), [("Det", ""), ("Bernoulli", ""), ("FancyAttention", "com.example")])
def test_an_operator_that_it_does_not_have_is_named(builder: Path, tmp_path: Path, operator: str, domain: str) -> None:
    takes = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4, 4])
    gives = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    nodes = [helper.make_node("Relu", ["x"], ["r"]), helper.make_node(operator, ["r"], ["y"], domain=domain)]
    sets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", [takes], [gives]), opset_imports=sets), tmp_path / "g")
    done = built(builder, tmp_path / "g")
    assert done.returncode == 4
    assert operator in done.stderr


@pytest.mark.parametrize(("cards", "code"), [("90", 5), ("100", 5), ("86,90", 5)])
def test_a_card_that_it_does_not_know_is_refused(builder: Path, tmp_path: Path, cards: str, code: int) -> None:
    """H100, H200 and B200 are no RTX cards."""
    graph = tmp_path / SHIPPED[0]
    graph.write_bytes((default_engine() / SHIPPED[0]).read_bytes())
    done = built(builder, graph, cards)
    assert done.returncode == code
    assert "Compute capability is invalid" in done.stderr


def test_a_torn_graph_is_refused(builder: Path, tmp_path: Path) -> None:
    graph = tmp_path / "torn.onnx"
    graph.write_bytes((default_engine() / SHIPPED[0]).read_bytes()[:9999])
    assert built(builder, graph).returncode == 4
