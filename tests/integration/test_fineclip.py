"""FineCLIPER on a small CLIP that is made here: names, words, sentences, training, export and the way back."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from realtime_micacl.config import converted
from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.live.seeing.shape import ShapeReader
from realtime_micacl.making.data.clips import Clip
from realtime_micacl.making.data.ferplus import Stills
from realtime_micacl.making.data.prepared import read_prepared
from realtime_micacl.making.export import export
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.making.scores import confusion, uar
from realtime_micacl.making.train import read_training_part, train
from realtime_micacl.making.training.checkpoint import start_encoder
from realtime_micacl.making.training.clip_tokenizer import VOCABULARY, Tokenizer
from realtime_micacl.making.training.clip_weights import NOUNS
from realtime_micacl.making.training.clips import clip_logits
from realtime_micacl.making.training.loop import Run
from realtime_micacl.making.training.stages import Faces
from realtime_micacl.model.clip import ClipImage, ClipText, unit
from realtime_micacl.model.fineclip import FineCLIPER, FineCLIPERConfig
from realtime_micacl.types import EMOTIONS, F32
from tests.integration.conftest import stripes
from tests.small import RECIPE, random_bags

MERGES = ["h a", "ha p", "p i", "n e", "s s</w>", "ne ss</w>", "n o</w>"]
COUNT = 2 * 256 + len(MERGES) + 2
TOWER: dict[str, Any] = {"clip_patch": 8, "clip_width": 64, "clip_layers": 2, "clip_vector": 32, "clip_adapters": 1}
MODEL = {"system": "fineclip", "encoder": "clip", **TOWER}
SENTENCES = ("A person with an expression of {}", "A person with an expression of no {}")


def network() -> FineCLIPER:
    torch.manual_seed(0)
    return FineCLIPER(FineCLIPERConfig(**TOWER, size_px=32, frames=2))


def text_tower() -> ClipText:
    torch.manual_seed(1)
    return ClipText(words=COUNT, length=48, width=64, layers=1, vector=32, activation="quick_gelu")


def written(folder: Path, image: ClipImage, text: ClipText, **other: Tensor) -> Path:
    """Write the weights as OpenAI names them, and the vocabulary beside them; a tensor without numbers is left out."""
    tower = {f"visual.{n}": t for n, t in image.state_dict().items() if ".adapter." not in n}
    state = {n: t.clone() for n, t in (tower | text.state_dict() | other).items() if t.numel()}
    save_file(state, folder / "clip.safetensors")
    with gzip.open(folder / VOCABULARY, "wt", encoding="utf-8") as file:
        file.write("\n".join(["version", *MERGES, ""]))
    return folder / "clip.safetensors"


def ids(words: Tokenizer, form: str) -> Tensor:
    return torch.tensor([words.ids(form.format(NOUNS.get(name, name)), 48) for name in EMOTIONS])


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP that has learnt for seconds which sentence belongs to which pictures of made people."""
    folder = tmp_path_factory.mktemp("clip")
    image, text = network().encoder, text_tower()
    words = Tokenizer(Path(written(folder, image, text)).parent / VOCABULARY, COUNT)
    named, denied = (ids(words, form) for form in SENTENCES)
    optimiser = torch.optim.AdamW([*image.parameters(), *text.parameters()], lr=1e-3)
    for step in range(45):
        labels = torch.arange(28) % 7
        crops = np.concatenate([stripes(int(k), 1, 10_000 + 28 * step + i) for i, k in enumerate(labels)])
        likes = text.logit_scale.exp() * image.frames(torch.from_numpy(crops)) @ text(torch.cat([named, denied])).T
        wanted = F.one_hot(labels, 7).float()
        loss = F.cross_entropy(likes[:, :7], labels)
        loss = loss + F.binary_cross_entropy_with_logits(likes[:, :7] - likes[:, 7:], wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return written(folder, image, text)


def recipe(**clips: object) -> Recipe:
    plan = {"epochs": 0, "batch": 14, "learning_rate": 1e-3, "warmup_epochs": 0, "held_out": 0.2, "workers": 0}
    return converted(RECIPE | {"model": MODEL, "clips": plan | {"mccl": 0.0} | clips}, Recipe, "clip")


def read(model: FineCLIPER, data: Path, what: Recipe, out: Path) -> float:
    assert what.clips
    held = read_prepared(data).part("fold1", "test")
    logits, labels = clip_logits(model, held, what, what.clips, Run(out, "", 1))
    return uar(confusion(labels, logits.argmax(axis=1)))


def test_what_it_was_never_shown_is_read_by_sentences_alone_and_the_engine_reads_it_too(
    taught: Path, prepared: Callable[..., Path], tmp_path: Path
) -> None:
    data, what = prepared(), recipe(frozen=True)
    (tmp_path / "run").mkdir()
    model = train(what, None, read_training_part(what, [data], "fold1"), tmp_path / "run", encoder_from=str(taught))
    assert isinstance(model, FineCLIPER)
    assert read(model, data, what, tmp_path / "run") > 3 / 7
    sidecar = export(tmp_path / "run", tmp_path / "engine", (), {})
    engine = OnnxEngine(tmp_path / "engine", sidecar)
    crops = read_prepared(data).part("fold1", "test")[0].load().crops[:8, None]
    once = engine.encode(crops)
    each = np.concatenate([engine.encode(crop[None]) for crop in crops])  # as the live program comes by them
    np.testing.assert_allclose(once, each, atol=1e-5)
    logits, importance = engine.classify(once[None])
    np.testing.assert_allclose(engine.classify(each[None])[0], logits, atol=1e-4)
    np.testing.assert_allclose(importance, 1, atol=1e-5)
    whole = model.float()(torch.tensor(crops[:, 0]).view(1, 4, 2, 32, 32, 3))[0]
    np.testing.assert_allclose(logits, whole.detach().numpy(), atol=0.05)


def test_training_moves_adapters_and_moments_and_leaves_tower_and_sentences(
    prepared: Callable[..., Path], tmp_path: Path
) -> None:
    file = written(tmp_path, network().encoder, text_tower())
    data, what = prepared(), recipe(epochs=8, learning_rate=0.01, average=0.5)
    before = network()
    start_encoder(before, str(file))
    model = train(what, None, read_training_part(what, [data], "fold1"), tmp_path, encoder_from=str(file))
    assert isinstance(model, FineCLIPER)
    old = before.state_dict()
    changed = {name for name, t in model.state_dict().items() if not torch.equal(t, old[name])}
    assert all(".adapter." in name or name.startswith("moments.") for name in changed - {"head.1.bias"}), changed
    assert {"moments.lead.weight", "encoder.transformer.resblocks.1.adapter.up.weight"} <= changed
    assert read(model, data, what, tmp_path) > max(2 / 7, read(before.eval(), data, what, tmp_path))


def test_landmarks_learn_beside_clip_to_the_end_and_are_read_with_it(taught: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    face, moves = rng.normal(16, 5, (468, 3)), rng.normal(0, 0.6, (7, 468, 3))
    moves[EMOTIONS.index("neutral")] = 0

    def landmarks(shares: F32, person: int) -> F32:
        own = face + np.random.default_rng(person).normal(0, 0.2, face.shape)
        return np.asarray(own + np.einsum("tk,kpc->tpc", shares, moves) + rng.normal(0, 0.02, (len(shares), 468, 3)))

    def stills(count: int) -> Stills:
        shares = np.eye(7, dtype=np.float32)[np.arange(count) % 7]
        crops = np.concatenate([stripes(n % 7, 1, n)[..., 0] for n in range(count)])
        return Stills(
            crops, shares, landmarks=np.concatenate([landmarks(one[None], n) for n, one in enumerate(shares)])
        )

    def clip(n: int) -> Clip:
        shares = np.zeros((24, 7), np.float32)
        shares[:12, EMOTIONS.index("neutral")] = shares[12:, n % 7] = 1
        crops = np.concatenate([stripes(EMOTIONS.index("neutral"), 12, n), stripes(n % 7, 12, n)])
        return Clip(
            f"people/{n // 7}", crops, np.arange(24) * np.float32(0.1), shares, n >= 35, landmarks(shares, n // 7)
        )

    faces = Faces(stills(56), stills(7), [clip(n) for n in range(49)], stills(28))
    stages: dict[str, Any] = {
        "model": MODEL | {"shape": 384, "shape_components": 16},
        "bags": {"epochs": 1, "batch": 28, "views": 0, "rendered_share": 0.0, "photo_share": 0.0, "mccl": 0.0},
        "shapes": {"epochs": 2, "steps": 30, "batch": 64},
    }
    what = converted(RECIPE | stages, Recipe, "clip")
    model = train(what, faces, None, tmp_path, encoder_from=str(taught))
    given = load_file(taught)
    for name, tensor in model.encoder.state_dict().items():
        if ".adapter.up." in name:
            assert not tensor.any(), "grey pictures leave the adapters as they were"
        elif ".adapter." not in name:
            assert torch.equal(tensor, given[f"visual.{name}"]), name
    sidecar = export(tmp_path, tmp_path / "engine", (), {})
    assert sidecar.shape
    engine, reader = OnnxEngine(tmp_path / "engine", sidecar), ShapeReader(sidecar.shape)
    labels, added = [], []
    for one in (clip(n) for n in range(35, 49) if n % 7 != EMOTIONS.index("neutral")):  # nobody learnt from them
        assert one.landmarks is not None
        shapes, trust = reader.read(one.landmarks), np.full((8, 1), 3.0)
        changes = shapes[-8:] - shapes[:12].mean(axis=0)
        pieces = engine.encode(one.crops[-8:, None])[None]
        moved, unmoved = (
            engine.classify(pieces, np.float32(np.concatenate([share * changes, trust], axis=1))[None])[0]
            for share in (1, 0)
        )
        labels.append(int(one.targets[-1].argmax()))
        added.append(int((moved - unmoved)[0].argmax()))
    assert uar(confusion(np.array(labels), np.array(added))) > 0.8, "what the landmarks add names what they show"


def test_a_sentence_that_denies_changes_the_word_and_untrained_parts_change_nothing(tmp_path: Path) -> None:
    model, text = network().eval(), text_tower().eval()
    start_encoder(model, str(written(tmp_path, model.encoder, text)))
    words = Tokenizer(tmp_path / VOCABULARY, COUNT)
    named, denied = (text(ids(words, form)) for form in SENTENCES)
    batch = random_bags(model, 2)
    frames = model.encode(batch.flatten(1, 2).flatten(0, 1)[:, None]).view(2, 8, 32)
    wanted = text.logit_scale.exp() * unit(frames.mean(dim=1)) @ (named - denied).T
    torch.testing.assert_close(model(batch)[0], wanted)
    positive, negative = torch.eye(7, 32), torch.zeros(7, 32)
    negative[0, 0] = 1.0
    window = torch.zeros(1, 32)
    window[0, :2] = torch.tensor([0.8, 0.6])
    for against, leads in ((torch.zeros(7, 32), 0), (negative, 1)):
        model.say(positive, against, torch.tensor(1.0))
        assert int(model.head(window).argmax()) == leads
