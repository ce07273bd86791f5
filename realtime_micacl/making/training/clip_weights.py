"""Loads CLIP's weights into FineCLIPER: checks all names and shapes, then encodes the sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.training.clip_tokenizer import VOCABULARY, Tokenizer
from realtime_micacl.model.clip import ClipText
from realtime_micacl.model.fineclip import FineCLIPER
from realtime_micacl.types import EMOTIONS

NOUNS = {"happy": "happiness", "sad": "sadness", "neutral": "neutrality", "angry": "anger"}
NOT_WEIGHTS = {"input_resolution", "context_length", "vocab_size"}  # also in OpenAI's files
SHOWN = 3


def start_clip(model: FineCLIPER, file: Path) -> None:
    """Load the image tower, and encode the sentences of the head; raise ConfigError if the weights do not fit."""
    if not file.is_file():
        raise ConfigError(f"--encoder-from {file}: a file of CLIP's weights is needed, of either tower")
    state = _read(file)
    tower = {f"visual.{name}": t for name, t in model.encoder.state_dict().items() if ".adapter." not in name}
    with torch.device("meta"):
        text = _text(model, state)
    _check(file, state, {name: tuple(t.shape) for name, t in (tower | text.state_dict()).items()})
    for name, tensor in tower.items():
        tensor.copy_(state[name])
    text = text.to_empty(device="cpu")
    text.load_state_dict({name: state[name].float() for name in text.state_dict()})
    tokenizer = Tokenizer(file.parent / VOCABULARY, len(text.token_embedding.weight))
    length = len(text.positional_embedding)
    nouns = [NOUNS.get(name, name) for name in EMOTIONS]
    with torch.inference_mode():
        positive, negative = (
            text(torch.tensor([tokenizer.ids(form.replace("{}", noun), length) for noun in nouns]))
            for form in (model.config.positive, model.config.negative)
        )
        model.say(positive, negative, text.logit_scale)


def _read(file: Path) -> dict[str, Tensor]:
    if file.suffix == ".safetensors":
        state = load_file(file)
    else:
        try:
            state = torch.load(file, weights_only=True, map_location="cpu")
        except RuntimeError as cause:
            if "TorchScript" in str(cause):
                raise ConfigError(
                    f"--encoder-from {file}: it holds a program; save its state_dict() as .safetensors"
                ) from None
            raise
    if not isinstance(state, dict) or not all(isinstance(t, Tensor) for t in state.values()):
        raise ConfigError(f"--encoder-from {file}: it holds no plain dictionary of weights by name")
    return {name: t for name, t in state.items() if name not in NOT_WEIGHTS}


def _text(model: FineCLIPER, state: Mapping[str, Tensor]) -> ClipText:
    """Return a text tower of the size in the file, or, for what is missing there, of CLIP's ViT-B."""

    def size(name: str, axis: int, otherwise: int) -> int:
        return state[name].shape[axis] if name in state and state[name].ndim > axis else otherwise

    layers = sum(f"transformer.resblocks.{i}.ln_1.weight" in state for i in range(len(state)))
    return ClipText(
        words=size("token_embedding.weight", 0, 49408),
        length=size("positional_embedding", 0, 77),
        width=size("ln_final.weight", 0, 512),
        layers=layers or 12,
        vector=model.config.clip_vector,
        activation=model.config.clip_activation,
    )


def _check(file: Path, state: Mapping[str, Tensor], needed: Mapping[str, Sequence[int]]) -> None:
    """Raise ConfigError if names or shapes differ, or values are not finite."""
    faults = [
        _some("missing", sorted(needed.keys() - state.keys())),
        _some("surplus", sorted(state.keys() - needed.keys())),
        _some(
            "of another shape",
            [
                f"{name} {tuple(state[name].shape)}, {tuple(shape)} needed"
                for name, shape in sorted(needed.items())
                if name in state and tuple(state[name].shape) != tuple(shape)
            ],
        ),
    ]
    if not any(faults):
        faults.append(_some("not finite", sorted(name for name, t in state.items() if not t.isfinite().all())))
    if any(faults):
        raise ConfigError(
            f"--encoder-from {file}: not the weights of the CLIP that model.clip_* says, by OpenAI's and OpenCLIP's "
            f"names: {'; '.join(fault for fault in faults if fault)}"
        )


def _some(what: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    return f"{what}: {', '.join(names[:SHOWN])}" + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
