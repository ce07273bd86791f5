"""The graphs and TOMLs that `tests.bench.foreign` tries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from onnx import TensorProto, helper

from tests.bench.foreign_graphs import (
    AFFECT,
    FERPLUS,
    GREY,
    IMAGENET,
    RAF,
    TOML,
    Case,
    Net,
    beside,
    beside_then,
    branched,
    brought_to,
    changed,
    cut,
    end,
    ends_in,
    grey,
    imagenet,
    local,
    node,
    rgb,
    takes,
    whole_pixels,
)

MASK = helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 1, 64, 64])
CLASS = helper.make_tensor_value_info("class", TensorProto.INT64, ["n"])
SEQUENCE = helper.make_tensor_sequence_value_info("all", TensorProto.FLOAT, None)
BEHIND = Case(net={"last": "behind"}, labels=(*AFFECT, "-", "-"))
SEVERAL = Case(net={"last": "several"})
NHWC = Case(net={"last": "nhwc"}, given='layout = "NHWC"', pixels=lambda x: x / 255)
ONE = Case(net={"channels": 1, "rows": 1}, batch=1, given=GREY, labels=FERPLUS, pixels=grey)
SHARES = Case(net={"end": "shares"}, gives="shares")
UNSHAPED = changed(lambda m: m.graph.output[0].type.tensor_type.ClearField("shape"))

CASES: dict[str, Case] = {
    **{
        f"224 px, ImageNet, opset {n}": Case(size=224, opset=n, given=IMAGENET, pixels=imagenet)
        for n in (11, 13, 17, 20)
    },
    **{f"brought to opset {n}": Case(opset=18, edit=brought_to(n)) for n in (19, 21, 24)},
    "weights in a file beside it": Case(spoil=beside),
    "that file missing": Case(spoil=beside_then(Path.unlink)),
    "that file cut": Case(spoil=beside_then(cut)),
    "half precision": Case(half=True, opset=17),
    "channels last": NHWC,
    "channels last unsaid": replace(NHWC, given=""),
    "one picture at a time": ONE,
    "one at a time, opset 9, weights as inputs": replace(ONE, opset=9, exported={"keep_initializers_as_inputs": True}),
    "one at a time, opset 8": replace(ONE, opset=9, edit=brought_to(8)),
    "a batch of four built in": Case(net={"rows": 4}, batch=4),
    "softmax inside": SHARES,
    "softmax inside unsaid": replace(SHARES, gives="logits"),
    "logits said to be shares": Case(gives="shares"),
    "sigmoid said to be shares": Case(net={"end": "sigmoid"}, gives="shares"),
    "log-softmax inside": Case(net={"end": "logs"}),
    "48 px grey, seven": Case(net={"channels": 1, "scores": 7}, size=48, given=GREY, labels=RAF, pixels=grey),
    "grey unsaid": Case(net={"channels": 1}),
    "blue first": Case(given='colour = "bgr"', pixels=lambda x: rgb(x[..., ::-1])),
    "RAF's order": Case(net={"scores": 7}, labels=RAF),
    "six without neutral": Case(net={"scores": 6}, labels=RAF[:6], pixels=None),
    "ten of FER+": Case(net={"scores": 10}, labels=(*FERPLUS, "unknown", "NF")),
    "ten of FER+, two of them -": Case(net={"scores": 10}, labels=(*FERPLUS, "-", "-")),
    "labels of two letters": Case(net={"scores": 7}, labels=["ne", "ha", "su", "sa", "an", "di", "fe"]),
    "seven labels for eight scores": Case(labels=AFFECT[:7]),
    "a label twice": Case(labels=["Anger", "Angry", *AFFECT[2:]]),
    "valence behind the scores": BEHIND,
    "valence behind the shares": replace(BEHIND, net={"last": "behind", "end": "shares"}, gives="shares"),
    "valence among the labels": replace(BEHIND, labels=(*AFFECT, "valence", "arousal")),
    "valence unsaid": replace(BEHIND, labels=AFFECT),
    "several outputs": replace(SEVERAL, more='name = "expression"'),
    "several outputs, none named": SEVERAL,
    "several outputs, a wrong name": replace(SEVERAL, more='name = "logits"'),
    "several outputs, valence taken": replace(SEVERAL, more='name = "valence"'),
    "the leading class alone": Case(edit=ends_in("ArgMax", CLASS, axis=1, keepdims=0)),
    "a sequence given": Case(edit=ends_in("SequenceConstruct", SEQUENCE)),
    "sizes of the output unsaid": Case(edit=UNSHAPED),
    "sizes unsaid, seven scores": Case(net={"scores": 7}, edit=UNSHAPED),
    "whole pixels taken": Case(edit=whole_pixels, given="divide_by = 1.0", pixels=lambda x: 255 * rgb(x)),
    "whole pixels divided": Case(edit=whole_pixels),
    "answers by chance": Case(
        edit=lambda m: end(m, node("RandomNormalLike", ["output"], "r"), node("Add", ["output", "r"], "z"))
    ),
    "pictures mixed in a batch": Case(
        edit=lambda m: end(
            m,
            node("ReduceMean", ["output"], "r", axes=[0]),
            node("Sub", ["output", "r"], "s"),
            node("Add", ["output", "s"], "z"),
        )
    ),
    "two inputs": Case(edit=changed(lambda m: m.graph.input.append(MASK))),
    "no axis for the batch": Case(edit=changed(lambda m: m.graph.input[0].type.tensor_type.shape.dim.pop(0))),
    "bfloat16 taken": Case(edit=takes(TensorProto.BFLOAT16)),
    "text taken": Case(edit=takes(TensorProto.STRING)),
    "numbers that are none": Case(edit=lambda m: end(m, node("Add", ["output", "b"], "z"), b=np.float32([np.nan]))),
    "an operator of nobody": Case(edit=lambda m: end(m, node("Strange", ["output"], "z"))),
    "its domain said as ai.onnx": Case(edit=changed(lambda m: setattr(m.opset_import[0], "domain", "ai.onnx"))),
    "If inside": Case(edit=branched),
    "a local function, one at a time": Case(opset=17, edit=local),
    "opset 99": Case(edit=changed(lambda m: setattr(m.opset_import[0], "version", 99))),
    "IR version 99": Case(edit=changed(lambda m: setattr(m, "ir_version", 99))),
    "no file": Case(spoil=Path.unlink),
    "an empty file": Case(spoil=lambda file: file.write_bytes(b"")),
    "half a file": Case(spoil=cut),
    "weights of torch": Case(spoil=lambda file: torch.save(Net().state_dict(), file)),
    "another size": Case(size=96, toml=("size_px = 96", "size_px = 64")),
    "TOML: empty": Case(toml=(TOML[:4], "# ")),
    "TOML: whole numbers": Case(given="divide_by = 255\nmean = [0]\nstd = [1]"),
    **{
        f"TOML: {name}": Case(toml=(old, new))
        for name, old, new in (
            ("no name", 'name = "theirs"', ""),
            ("no crop", "[crop]", "[corp]"),
            ("no size", "size_px = 64", ""),
            ("no gives", 'gives = "logits"', ""),
            ("gives softmax", '"logits"', '"softmax"'),
            ("size as text", "64", '"64"'),
            ("size 640", "64", "640"),
            ("three points", ", [0.5, 0.79]]", "]"),
            ("points in pixels", "[0.3, 0.37]", "[19, 24]"),
            ("a stray bracket", "[bag]", "[bag"),
            ("labels as text", "labels = [", 'labels = "happy, sad"  # ['),
            ("labels as numbers", "labels = [", "labels = [0, 1, 2]  # ["),
        )
    },
    **{
        f"TOML: {line}": Case(given=line)
        for line in (
            'colour = "RGB"',
            'colour = "gray"',
            'layout = "nchw"',
            "mean = 0.5",
            "mean = [nan]",
            "mean = [0.1, 0.2, 0.3, 0.4]",
            "std = [0.0]",
            "divide_by = 0",
            "normalise = true",
        )
    },
    "TOML: temperature 0": Case(more="temperature = 0"),
}
