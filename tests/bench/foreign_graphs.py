"""Makes the graphs that `tests.bench.foreign` tries: a network, and changes of its graph."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper, version_converter
from torch import Tensor, nn

Pixels = npt.NDArray[np.float64]
FERPLUS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"]
AFFECT = ["Anger", "Contempt", "Disgust", "Fear", "Happiness", "Neutral", "Sadness", "Surprise"]
RAF = ["Surprise", "Fear", "Disgust", "Happiness", "Sadness", "Anger", "Neutral"]
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
IMAGENET = f"mean = {list(MEAN)}\nstd = {list(STD)}"
GREY = 'colour = "grey"\n'
OUTPUTS = ["expression", "valence", "arousal", "embedding"]
TOML = """name = "theirs"
[bag]
instances = 2
frames = 2
size_px = {size}
span_s = 0.4
[crop]
points = [[0.3, 0.37], [0.7, 0.37], [0.5, 0.6], [0.5, 0.79]]
[input]
{given}
[output]
gives = "{gives}"
labels = {labels}
{more}
"""


class Net(nn.Module):
    """A small convolutional network with the outputs that expression networks have."""

    def __init__(self, channels: int = 3, scores: int = 8, end: str = "logits", last: str = "", rows: int = 0) -> None:
        super().__init__()
        self.end, self.last, self.rows = end, last, rows
        self.body = nn.Sequential(
            nn.Conv2d(channels, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.SiLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.Hardswish()
        )
        self.head, self.valence, self.arousal = nn.Linear(16, scores), nn.Linear(16, 1), nn.Linear(16, 1)
        nn.init.normal_(self.head.weight, std=5)

    def forward(self, x: Tensor) -> Any:
        """Return scores; with `last` "several" or "behind" valence and arousal as well."""
        if self.last == "nhwc":
            x = x.permute(0, 3, 1, 2)
        f = self.body(x).mean(dim=(2, 3))
        y = self.head(f.reshape(self.rows, 16) if self.rows else f)
        ends = {"shares": y.softmax(1), "sigmoid": y.sigmoid(), "logs": y.log_softmax(1), "logits": y}
        y, two = ends[self.end], (self.valence(f), self.arousal(f))
        if self.last == "several":
            return y, two[0][:, 0], two[1][:, 0], f
        return torch.cat([y, *(one.tanh() for one in two)], dim=1) if self.last == "behind" else y


def rgb(x: Pixels) -> Pixels:
    return x.transpose(0, 3, 1, 2) / 255


def imagenet(x: Pixels) -> Pixels:
    return ((x / 255 - MEAN) / STD).transpose(0, 3, 1, 2)


def grey(x: Pixels) -> Pixels:
    return (x @ np.array([0.299, 0.587, 0.114]))[:, None] / 255


@dataclass(frozen=True)
class Case:
    """A graph and its TOML."""

    net: dict[str, Any] = field(default_factory=dict)
    size: int = 64
    opset: int = 13
    batch: int = 0
    """Built in; 0: free."""
    exported: dict[str, Any] = field(default_factory=dict)
    edit: Callable[[ModelProto], ModelProto | None] | None = None
    spoil: Callable[[Path], object] | None = None
    """Done to the file at last."""
    half: bool = False
    given: str = ""
    gives: str = "logits"
    labels: Sequence[str] = tuple(AFFECT)
    more: str = ""
    toml: tuple[str, str] = ("", "")
    """What of the TOML is replaced."""
    pixels: Callable[[Pixels], Pixels] | None = rgb
    """Crops u8[n,S,S,3] as the network takes them; None: there is nothing to compare with."""

    def write(self, folder: Path) -> Net:
        """Write graph and TOML into a folder; return the network."""
        net, file = Net(**self.net).eval(), folder / "theirs.onnx"
        channels = self.net.get("channels", 3)
        shape = (self.size, self.size, channels) if self.net.get("last") == "nhwc" else (channels, self.size, self.size)
        example = torch.rand(self.batch or 1, *shape)
        if self.half:
            net, example = net.half(), example.half()
        names = OUTPUTS if self.net.get("last") == "several" else ["output"]
        free = {"input": {0: "n"}} | {name: {0: "n"} for name in names}
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            torch.onnx.export(
                net,
                (example,),
                file,
                dynamo=False,
                opset_version=self.opset,
                input_names=["input"],
                output_names=names,
                dynamic_axes=None if self.batch else free,
                **self.exported,
            )
        if self.edit:
            model = onnx.load(file)
            onnx.save(self.edit(model) or model, file)
        if self.spoil:
            self.spoil(file)
        labels = "[" + ", ".join(f'"{name}"' for name in self.labels) + "]"
        text = TOML.format(size=self.size, given=self.given, gives=self.gives, labels=labels, more=self.more)
        (folder / "theirs.toml").write_text(text.replace(*self.toml) if self.toml[0] else text, "utf-8")
        return net


def end(model: ModelProto, *nodes: onnx.NodeProto, **weights: npt.NDArray[np.generic]) -> None:
    """Append nodes to the output; the last node gives the new output."""
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in weights.items())
    model.graph.output[0].name = nodes[-1].output[0]


def node(kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs, [output], **attributes)


def _branch(kind: str) -> onnx.GraphProto:
    end = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 8])
    return helper.make_graph([node(kind, ["output"], "y")], kind, [], [end])


def branched(model: ModelProto) -> None:
    end(
        model,
        node("If", ["yes"], "z", then_branch=_branch("Identity"), else_branch=_branch("Neg")),
        yes=np.array(True),
    )


def local(model: ModelProto) -> None:
    same = helper.make_function(
        "own", "Same", ["x"], ["y"], [node("Identity", ["x"], "y")], [helper.make_opsetid("", 17)]
    )
    model.functions.append(same)
    model.opset_import.append(helper.make_opsetid("own", 1))
    end(model, node("Same", ["output"], "z", domain="own"), node("Reshape", ["z", "row"], "w"), row=np.array([1, 8]))


def whole_pixels(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    for each in model.graph.node:
        for i, name in enumerate(each.input):
            if name == "input":
                each.input[i] = "floats"
    model.graph.node.insert(0, node("Cast", ["input"], "floats", to=TensorProto.FLOAT))


def ends_in(kind: str, info: onnx.ValueInfoProto, **attributes: Any) -> Callable[[ModelProto], None]:
    def edit(model: ModelProto) -> None:
        end(model, node(kind, ["output"], info.name, **attributes))
        model.graph.output[0].CopyFrom(info)

    return edit


def changed(change: Callable[[ModelProto], object]) -> Callable[[ModelProto], None]:
    def edit(model: ModelProto) -> None:
        change(model)

    return edit


def beside(file: Path) -> None:
    onnx.save(onnx.load(file), file, save_as_external_data=True, location="weights.bin", size_threshold=0)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def beside_then(what: Callable[[Path], object]) -> Callable[[Path], None]:
    def spoil(file: Path) -> None:
        beside(file)
        what(file.parent / "weights.bin")

    return spoil


def takes(kind: int) -> Callable[[ModelProto], None]:
    return changed(lambda m: setattr(m.graph.input[0].type.tensor_type, "elem_type", kind))


def brought_to(version: int) -> Callable[[ModelProto], ModelProto]:
    return lambda model: version_converter.convert_version(model, version)
