"""The weights of a CLIP and its vocabulary: what fits, what is missing, and that all that may learn does."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.training.checkpoint import start_encoder
from realtime_micacl.making.training.clip_tokenizer import VOCABULARY, Tokenizer
from realtime_micacl.model.clip import ClipText
from realtime_micacl.model.fineclip import FineCLIPER, FineCLIPERConfig
from realtime_micacl.model.half import halved
from tests.integration.test_fineclip import COUNT, network, text_tower, written
from tests.small import random_bags


@pytest.mark.parametrize(
    ("name", "tensor", "said"),
    [
        ("visual.proj", torch.empty(0), "missing: visual.proj"),
        ("token_embedding.weight", torch.empty(0), "missing: token_embedding.weight"),
        ("vision_model.embeddings.class_embedding", torch.zeros(2), "surplus: vision_model.embeddings"),
        ("visual.proj", torch.zeros(64, 16), r"of another shape: visual.proj \(64, 16\), \(64, 32\) needed"),
        ("ln_final.weight", torch.zeros(128), "of another shape: ln_final.bias"),
        ("logit_bias", torch.zeros(1), "surplus: logit_bias"),
        ("visual.ln_post.bias", torch.full((64,), torch.nan), "not finite: visual.ln_post.bias"),
        ("visual.transformer.resblocks.2.ln_1.bias", torch.zeros(64), "surplus: visual.transformer.resblocks.2"),
    ],
)
def test_what_does_not_fit_is_named_in_one_line(name: str, tensor: Tensor, said: str, tmp_path: Path) -> None:
    model = network()
    file = written(tmp_path, model.encoder, text_tower(), **{name: tensor})
    with pytest.raises(ConfigError, match=said) as found:
        start_encoder(model, str(file))
    assert "\n" not in str(found.value)


def test_without_vocabulary_or_weights_nothing_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = network()
    file = written(tmp_path, model.encoder, text_tower(), context_length=torch.tensor(77))
    start_encoder(model, str(file))
    for content, said in (
        (None, "is missing"),
        (b"no archive", "is not a vocabulary"),
        (gzip.compress(b"v\na b"), "tokens"),
    ):
        (tmp_path / VOCABULARY).unlink()
        if content is not None:
            (tmp_path / VOCABULARY).write_bytes(content)
        with pytest.raises(ConfigError, match=said):
            start_encoder(model, str(file))
        (tmp_path / VOCABULARY).touch()
    with pytest.raises(ConfigError, match="a file of CLIP's weights is needed"):
        start_encoder(model, str(tmp_path))
    torch.save({"state_dict": {}}, tmp_path / "clip.pt")
    with pytest.raises(ConfigError, match="no plain dictionary"):
        start_encoder(model, str(tmp_path / "clip.pt"))


def test_pairs_are_joined_in_the_order_in_which_they_were_learnt(tmp_path: Path) -> None:
    written(tmp_path, network().encoder, text_tower())
    words = Tokenizer(tmp_path / VOCABULARY, COUNT)
    name = {i: w for w, i in words._id.items()}
    found = words.ids("  Happiness,\n no ", 16)
    assert [name.get(i, "*") for i in found[1:7]] == ["hap", "pi", "ness</w>", ",</w>", "no</w>", "*"]
    assert (found[0], found[6], set(found[7:])) == (COUNT - 2, COUNT - 1, {0})
    assert len(words.ids("é 3_", 16)) == 16
    with pytest.raises(ConfigError, match="shorten it"):
        words.ids("far too long a sentence", 8)


def test_half_is_near_and_is_used() -> None:
    encoder = network().encoder.eval()
    crops = torch.randint(0, 256, (3, 1, 32, 32, 3), dtype=torch.uint8)
    with torch.inference_mode():
        apart = (halved(encoder)(crops) - encoder(crops)).norm() / encoder(crops).norm()
    assert 1e-6 < apart < 3e-3


def test_every_weight_that_may_learn_does() -> None:
    model = network()
    model.learn()
    for layer in (model.moments.query, model.moments.lead, model.encoder.transformer.resblocks[1].adapter.up):
        nn.init.normal_(layer.weight, std=0.1)
    logits = model(random_bags(model, 3))[0]
    (logits.square().sum() + model.beside(logits, torch.eye(3, 7))).backward()
    for name, weight in model.named_parameters():
        assert (weight.grad is not None) == weight.requires_grad, name
        assert not weight.requires_grad or weight.grad.abs().sum() > 0 or name == "moments.key.bias", name


@pytest.mark.parametrize(("patch", "numbers"), [(32, 151_277_313), (16, 149_620_737)])
def test_both_towers_have_as_many_numbers_as_those_of_openai(patch: int, numbers: int) -> None:
    config = FineCLIPERConfig(clip_patch=patch, clip_adapters=0)
    with torch.device("meta"):
        image = FineCLIPER(config).encoder
        text = ClipText(words=49408, length=77, width=512, layers=12, vector=512, activation="gelu")
    assert sum(p.numel() for tower in (image, text) for p in tower.parameters()) == numbers
