"""Somebody else's frame encoder: odd graphs run as the engine that their TOML describes, wrong ones are named."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from realtime_micacl.errors import ConfigError, EngineError, MicaclError
from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.making.export import main
from realtime_micacl.types import EMOTIONS, F32, U8

SIDE = 16
FERPLUS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
BAG = f"""
[bag]
instances = 2
frames = 2
size_px = {SIDE}
span_s = 0.4
[crop]
points = [[0.3, 0.37], [0.7, 0.37], [0.5, 0.6], [0.5, 0.79]]
"""
RNG = np.random.default_rng(0)
WEIGHT = RNG.normal(0, 0.1, (3, 8)).astype(np.float32)


def theirs(
    file: Path,
    *,
    nhwc: bool = False,
    grey: bool = False,
    shares: bool = False,
    batch: Any = "n",
    opset: int = 13,
    kind: int = TensorProto.FLOAT,
    side: Any = SIDE,
    outputs: tuple[str, ...] = ("out",),
    weights_as_inputs: bool = False,
    one: tuple[int, ...] = (),
    noise: bool = False,
) -> Path:
    """Write a graph: the mean of each channel, then a linear layer to eight scores, of the shape `one`."""
    channels = 1 if grey else 3
    shape = [batch, side, side, channels] if nhwc else [batch, channels, side, side]
    weight = numpy_helper.from_array(WEIGHT[:channels], "W")
    last = "linear" if shares or one or noise else outputs[0]
    nodes = [
        helper.make_node("Cast", ["in"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1, 2] if nhwc else [2, 3], keepdims=0),
        helper.make_node("MatMul", ["mean", "W"], [last]),
    ]
    if shares:
        nodes.append(helper.make_node("Softmax", ["linear"], [outputs[0]], axis=1))
    if one:
        nodes.append(helper.make_node("Reshape", ["linear", "one_row"], [outputs[0]]))
    if noise:
        nodes.append(helper.make_node("RandomNormalLike", ["linear"], [outputs[0]]))
    nodes += [helper.make_node("Identity", [outputs[0]], [name]) for name in outputs[1:]]
    inputs = [helper.make_tensor_value_info("in", kind, shape)]
    if weights_as_inputs:
        inputs.append(helper.make_tensor_value_info("W", TensorProto.FLOAT, [channels, 8]))
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, one or [batch, 8]) for name in outputs]
    graph = helper.make_graph(
        nodes, "theirs", inputs, given, [weight, numpy_helper.from_array(np.array(one or (1, 8)), "one_row")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 3 if weights_as_inputs else 7
    onnx.save(model, file)
    return file


def written(folder: Path, *, output: str = "", more: str = "", bag: str = BAG) -> Path:
    file = folder / "theirs.toml"
    output_table = output or f'gives = "logits"\nlabels = {list(FERPLUS)}'
    file.write_text(f'name = "theirs"\n{bag}\n[output]\n{output_table}\n{more}')
    return file


def wanted(crops: U8, colour: str, divide_by: float, mean: F32, std: F32) -> F32:
    """Return the shares [n,7] of crops [n,S,S,3] by hand."""
    x = crops.astype(np.float64)
    if colour == "bgr":
        x = x[..., ::-1]
    if colour == "grey":
        x = (x @ np.array([0.299, 0.587, 0.114]))[..., None]
    means = ((x / divide_by - mean) / std).mean(axis=(1, 2))
    scores = np.exp(means @ WEIGHT[: means.shape[1]])
    names = ("happiness", "sadness", "neutral", "anger", "surprise", "disgust", "fear")
    seven = scores[:, [FERPLUS.index(name) for name in names]]
    return np.asarray(seven / seven.sum(axis=1, keepdims=True), np.float32)


FORMS: dict[str, tuple[dict[str, Any], str, str]] = {
    "logits, colour, planes": ({}, "rgb", ""),
    "channels last": ({"nhwc": True}, "rgb", 'layout = "NHWC"\n'),
    "blue first": ({}, "bgr", ""),
    "grey": ({"grey": True}, "grey", ""),
    "shares": ({"shares": True}, "rgb", ""),
    "one opset of long ago": ({"opset": 6}, "rgb", ""),
    "shares of long ago": ({"opset": 7, "shares": True}, "rgb", ""),
    "one picture at a time": ({"one": (1, 8), "batch": 1}, "rgb", ""),
    "one picture at a time, long ago, grey": (
        {"opset": 8, "one": (1, 8), "batch": 1, "grey": True, "weights_as_inputs": True},
        "grey",
        "",
    ),
    "one picture at a time, its answer squeezed": ({"one": (8,)}, "rgb", ""),
    "whole pixels taken": ({"kind": TensorProto.UINT8}, "rgb", ""),
    "weights as inputs": ({"opset": 8, "weights_as_inputs": True}, "rgb", ""),
    "half precision": ({"kind": TensorProto.FLOAT16}, "rgb", ""),
    "a batch of one that holds for more": ({"batch": 1}, "rgb", ""),
    "sizes left open": ({"side": None}, "rgb", ""),
    "several outputs": ({"outputs": ("out", "again")}, "rgb", ""),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_odd_graph_reads_as_its_own_arithmetic_says(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph, colour, more = FORMS[form]
    file = theirs(tmp_path / "theirs.onnx", **graph)
    output = f'gives = "{"shares" if graph.get("shares") else "logits"}"\nlabels = {list(FERPLUS)}\nname = "out"'
    plain = graph.get("kind") == TensorProto.UINT8
    divide_by, mean, std = (1.0, 0.0, 1.0) if plain else (2.0, 3.0, 10.0)
    more = f'[input]\ncolour = "{colour}"\n{more}divide_by = {divide_by}\nmean = [{mean}]\nstd = [{std}]\n'
    recipe = written(tmp_path, output=output, more=more)
    main([str(tmp_path / "engine"), "--encoder", str(file), "--recipe", str(recipe)])
    assert "7 features per frame" in capsys.readouterr().out
    folder, sidecar = read_sidecar(tmp_path / "engine")
    crops = np.random.default_rng(1).integers(0, 256, (8, SIDE, SIDE, 3)).astype(np.uint8)
    with closing(OnnxEngine(folder, sidecar)) as engine:
        features = engine.encode(crops[:, None])
        logits, importance = engine.classify(features.reshape(2, 4, 7))
    near = 5e-3 if graph.get("kind") == TensorProto.FLOAT16 else 1e-5
    each = wanted(crops, colour, divide_by, np.float32(mean), np.float32(std))
    np.testing.assert_allclose(np.exp(features), each, atol=near)
    np.testing.assert_allclose(logits, np.log(each).reshape(2, 4, 7).mean(axis=1), atol=20 * near)
    np.testing.assert_array_equal(importance, np.ones((2, 2), np.float32))


def test_an_emotion_without_a_score_is_never_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = ["neutral", "joy", "Surprised", "sadness", "anger", "disgust", "contempt", "-"]
    recipe = written(tmp_path, output=f'gives = "logits"\nlabels = {labels}')
    file = theirs(tmp_path / "theirs.onnx")
    main([str(tmp_path / "engine"), "--encoder", str(file), "--recipe", str(recipe), "--triton"])
    assert (tmp_path / "engine" / "triton").is_dir()
    assert "fear is not among its labels and is never named" in capsys.readouterr().out
    folder, sidecar = read_sidecar(tmp_path / "engine")
    with closing(OnnxEngine(folder, sidecar)) as engine:
        features = engine.encode(np.full((1, 1, SIDE, SIDE, 3), 99, np.uint8))
    assert np.exp(features[0, EMOTIONS.index("fear")]) < 1e-6
    assert np.exp(features).sum() == pytest.approx(1, abs=1e-5)


def test_a_vector_gets_a_linear_layer_of_a_prepared_set(
    prepared: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stripes = numpy_helper.from_array(np.random.default_rng(2).normal(size=(32 * 32 * 3, 12)).astype(np.float32), "W")
    nodes = [helper.make_node("Flatten", ["in"], ["flat"], axis=1), helper.make_node("MatMul", ["flat", "W"], ["out"])]
    taken = helper.make_tensor_value_info("in", TensorProto.FLOAT, ["n", 3, 32, 32])
    given = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 12])
    model = helper.make_model(
        helper.make_graph(nodes, "x", [taken], [given], [stripes]), opset_imports=[helper.make_opsetid("", 13)]
    )
    model.ir_version = 8
    onnx.save(model, tmp_path / "theirs.onnx")
    bag = BAG.replace(f"size_px = {SIDE}", "size_px = 32")
    recipe = written(tmp_path, output='gives = "vector"', bag=bag)
    arguments = [str(tmp_path / "engine"), "--encoder", str(tmp_path / "theirs.onnx"), "--recipe", str(recipe)]
    with pytest.raises(ConfigError, match="gives a vector needs --data"):
        main(arguments)
    main([*arguments, "--data", str(prepared())])
    said = capsys.readouterr().out
    assert "12 features per frame" in said
    assert "accuracy of 1.000 on 7 of other people" in said
    assert read_sidecar(tmp_path / "engine")[1].trained_on == ("stripes fold1",)


WRONG: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "no graph": ({}, "", "", "is not an ONNX graph"),
    "channels last unsaid": ({"nhwc": True}, "", "", "change input.layout, input.colour or bag.size_px"),
    "another size": ({"side": 20}, "", "", r"takes \['any', 3, 20, 20\]"),
    "grey unsaid": ({"grey": True}, "", "", r"takes \['any', 1, 16, 16\]"),
    "which output": ({"outputs": ("a", "b")}, "", "", r"gives \['a', 'b'\]; name one of them"),
    "text taken": ({"kind": TensorProto.STRING}, "", "", "takes STRING"),
    "too few labels": (
        {},
        f'gives = "logits"\nlabels = {list(FERPLUS[:7])}',
        "",
        "gives 8 scores, output.labels has 7",
    ),
    "unknown label": ({}, 'gives = "logits"\nlabels = ["happy", "hungry"]', "", "'hungry', which is not a known emot"),
    "a label twice": ({}, 'gives = "logits"\nlabels = ["happy", "joy"]', "", "has happy twice"),
    "hardly a label": ({}, 'gives = "logits"\nlabels = ["happy", "contempt"]', "", "fewer than two"),
    "no labels": ({}, 'gives = "logits"', "", "labels are needed for logits and shares"),
    "labels of a vector": ({}, 'gives = "vector"\nlabels = ["happy"]', "", "must be left out for a vector"),
    "means of two": ({}, "", "[input]\nmean = [1.0, 2.0]", "input.mean has 2 numbers, 1 or 3"),
    "no spread": ({}, "", "[input]\nstd = [0.0]", "std and input.divide_by must be above 0"),
    "a word unknown": ({}, "", '[input]\nlayuot = "NHWC"', "layuot"),
    "an endless spread": ({}, "", "[input]\nstd = [inf]", "above 0 and finite"),
    "a spread below 0": ({}, "", "[input]\nstd = [-1.0]", "theirs.toml: input.std and input.divide_by"),
    "an endless divisor": ({}, "", "[input]\ndivide_by = inf", "above 0 and finite"),
    "an endless mean": ({}, "", "[input]\nmean = [inf]", "input.mean must be finite"),
    "shares said to be logits": ({"shares": True}, "", "", 'output.gives is "logits", "shares" is needed'),
    "logits said to be shares": ({}, f'gives = "shares"\nlabels = {list(FERPLUS)}', "", '"logits" is needed'),
    "another picture each time": ({"noise": True}, "", "", "export it in evaluation mode"),
    "whole pixels, divided": ({"kind": TensorProto.UINT8}, "", "", "takes pixels as they are"),
    "no word of scores": ({}, f"labels = {list(FERPLUS)}", "", "output.gives is missing; it must be one of logits"),
    "eyes exchanged": ({}, "", "", "the right eye lies left of the left one"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_said_in_one_line(case: str, tmp_path: Path) -> None:
    graph, output, more, message = WRONG[case]
    file = theirs(tmp_path / "theirs.onnx", **graph)
    if case == "no graph":
        file.write_bytes(b"no graph at all")
    bag = BAG.replace("[0.3, 0.37], [0.7", "[0.7, 0.37], [0.3") if case == "eyes exchanged" else BAG
    recipe = written(tmp_path, output=output, more=more, bag=bag)
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "encode.onnx").write_text("an engine from before")
    with pytest.raises(MicaclError, match=message) as caught:
        main([str(tmp_path / "engine"), "--encoder", str(file), "--recipe", str(recipe)])
    assert caught.value.exit_code == (4 if isinstance(caught.value, EngineError) else 2)
    assert "\n" not in str(caught.value)
    assert [file.read_text() for file in (tmp_path / "engine").iterdir()] == ["an engine from before"]


@pytest.mark.parametrize(
    "arguments",
    [["engine"], ["run", "engine", "--encoder", "x.onnx", "--recipe", "x.toml"], ["engine", "--encoder", "x"]],
)
def test_half_of_what_is_needed_is_refused(arguments: list[str]) -> None:
    with pytest.raises(ConfigError, match="or --encoder, --recipe and that folder"):
        main(arguments)
