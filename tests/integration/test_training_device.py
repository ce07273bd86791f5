"""Training where the network is: on torch's meta device what meets a tensor of another device raises, and so does
whatever asks the device for a number. What is brought down is counted instead, and made zeros.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from msgspec import structs
from torch import Tensor, nn

from realtime_micacl.config import read_toml
from realtime_micacl.making.data import augment, precision
from realtime_micacl.making.data.augment import augmented, degraded, jitter, shake
from realtime_micacl.making.data.clips import Clip
from realtime_micacl.making.data.ferplus import Stills
from realtime_micacl.making.data.prepared import PreparedClip, write_crops
from realtime_micacl.making.recipe import Plan, Recipe
from realtime_micacl.making.training.clips import Split, train_clips
from realtime_micacl.making.training.loop import Run, Stage, fit
from realtime_micacl.making.training.objectives import BagsObjective, StillsObjective
from realtime_micacl.making.training.ranks import Ranks
from realtime_micacl.making.training.stages import Faces, train_bags, train_stills
from realtime_micacl.model.backbone import FrameEncoder
from realtime_micacl.model.mccl import MCCL
from realtime_micacl.model.micacl import MICACL, MICACLConfig
from realtime_micacl.model.system import System
from realtime_micacl.model.zoo import build, configured
from realtime_micacl.types import EMOTIONS

META = torch.device("meta")
ELSEWHERE = Ranks(1, 1, META)  # not the first, who would write down what there is not
ENGINES = Path(__file__).parents[2] / "engines"
RECIPES = sorted(file.stem for file in ENGINES.glob("*.toml") if file.stem != "s4d")  # it has the default's stage
K, FRAMES = len(EMOTIONS), 40
EPOCHS, STEPS, BATCH = 2, 3, 56


@pytest.fixture
def brought_down(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    shapes = []

    def cpu(tensor: Tensor) -> Tensor:
        if not tensor.is_meta:
            return tensor
        shapes.append(tuple(tensor.shape))
        return torch.zeros(tensor.shape, dtype=tensor.dtype)

    monkeypatch.setattr(Tensor, "cpu", cpu)
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # it knows no such device
    return shapes


def stills(n: int, size_px: int, classes: int = K) -> Stills:
    crops = np.random.default_rng(n).integers(0, 256, (n, size_px, size_px)).astype(np.uint8)
    return Stills(crops, np.eye(K, dtype=np.float32)[np.arange(n) % classes])


def clip(recipe: Recipe, label: int) -> Clip:
    size_px = recipe.bag.size_px
    crops = np.random.default_rng(label).integers(0, 256, (FRAMES, size_px, size_px, 3)).astype(np.uint8)
    targets = np.eye(K, dtype=np.float32)[np.full(FRAMES, label)]
    return Clip(f"x/{label}", crops, np.arange(FRAMES, dtype=np.float32) / 25, targets, held_out=False)


def prepared(recipe: Recipe, folder: Path, label: int) -> PreparedClip:
    made = clip(recipe, label)
    write_crops(folder / f"{label}.npz", made.crops, made.times_s, made.targets)
    return PreparedClip(str(label), label, "", {}, FRAMES, folder / f"{label}.npz", recipe.bag.size_px)


def learnt_from_pictures(recipe: Recipe, run: Run, model: System) -> int:
    """Run the stages of single pictures; return how often something has to be brought down."""
    assert recipe.bags
    size_px, n = recipe.bag.size_px, BATCH * STEPS
    faces = Faces(stills(n, size_px), stills(9, size_px, 1), [clip(recipe, k) for k in range(K)], stills(28, size_px))
    told = replace(faces, forms=tuple(np.zeros((m, 96), np.float32) for m in (n, FRAMES * K, 9)))
    encoder = model.encoder
    assert isinstance(encoder, FrameEncoder)
    if recipe.stills:
        train_stills(encoder, structs.replace(recipe.stills, epochs=EPOCHS, batch=BATCH), told, run)
    train_bags(model, encoder, structs.replace(recipe.bags, epochs=EPOCHS, batch=BATCH), recipe, faces, run)
    return (1 + bool(recipe.stills)) * EPOCHS * 2 + 3 * max(
        1, recipe.bags.views
    )  # a loss and what is looked at, and three banks


def learnt_from_clips(recipe: Recipe, run: Run, model: System) -> int:
    """Run the stage of clips; return how often something has to be brought down."""
    assert recipe.clips
    known = [prepared(recipe, run.out, label) for label in range(K)]
    parts = Split(tuple(known * 2 * STEPS), tuple(known))
    train_clips(model, structs.replace(recipe.clips, epochs=EPOCHS, batch=2 * K, workers=0), recipe, parts, run)
    return EPOCHS * 2 + K * recipe.clips.frozen


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_learns_where_its_network_is_and_waits_once_an_epoch(
    name: str, tmp_path: Path, brought_down: list[tuple[int, ...]]
) -> None:
    recipe = read_toml(ENGINES / f"{name}.toml", Recipe)
    model, run = build(configured(recipe.network)).to(META), Run(tmp_path, "", 1, ELSEWHERE)
    due = 0
    due += learnt_from_pictures(recipe, run, model) if recipe.bags else 0
    due += learnt_from_clips(recipe, run, model) if recipe.clips else 0
    assert due == len(brought_down)
    assert all(parameter.is_meta for parameter in model.parameters())


def test_earlier_bags_are_compared_with_where_the_network_is(
    tmp_path: Path, brought_down: list[tuple[int, ...]]
) -> None:
    recipe = read_toml(ENGINES / "micacl.toml", Recipe)
    assert recipe.clips
    queued = structs.replace(recipe, clips=structs.replace(recipe.clips, queue=64))
    model = MICACL(MICACLConfig.from_dict(recipe.network)).to(META)
    assert learnt_from_clips(queued, Run(tmp_path, "", 1, ELSEWHERE), model) == len(brought_down)


def test_every_device_sees_the_same_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    groups, drawn = torch.arange(48), {}

    def kept(tensor: Tensor, device: torch.device) -> Tensor:
        drawn.setdefault(device.type, []).append(tensor.clone())
        return tensor.to(device)

    monkeypatch.setattr(augment, "to_device", kept)
    for device in ("cpu", "meta"):
        torch.manual_seed(2)
        crops = torch.full((48, 1, 64, 64), 100.0, device=device)
        spoilt = jitter(degraded(shake(crops, groups), groups))
        anew = augmented(torch.full((3, 4, 64, 64, 3), 100, dtype=torch.uint8, device=device))
        assert (spoilt.device.type, anew.device.type) == (device, device)
    assert len(drawn["cpu"]) == len(drawn["meta"]) == 8, "softened and blurred ones among them"
    assert all(torch.equal(a, b) for a, b in zip(drawn["cpu"], drawn["meta"], strict=True))


def objective_of(kind: str) -> nn.Module:
    torch.manual_seed(2)
    model = MICACL(MICACLConfig(widths=(16, 32), blocks=(1, 1), frames=1, size_px=32, wian_hidden=16))
    if kind == "bags":
        mccl = MCCL(feature_size=model.bag_features, class_counts=[5] * K)
        return BagsObjective(model, mccl, weight=0.1, label_smoothing=0.1)
    assert isinstance(model.encoder, FrameEncoder)
    return StillsObjective(model.encoder, emotions=K, dropout=0.0, label_smoothing=0.05, components=2, weight=1.0)


def striped(kind: str, step: int) -> tuple[Tensor, ...]:
    """Return a batch whose stripes say the emotion."""
    labels = torch.arange(4 * K) % K
    waves = torch.sin(2 * torch.pi * (labels[:, None] + 1) * torch.linspace(0, 1, 32))
    noise = torch.randn((len(labels), 32, 32), generator=torch.Generator().manual_seed(step))
    crops = (128 + 80 * waves[:, None] + 8 * noise).clamp(0, 255).to(torch.uint8)
    targets = nn.functional.one_hot(labels, K).float()
    if kind == "stills":
        return crops[:, None], targets, torch.stack([labels / K, labels % 2], dim=1)
    return crops[:, None, None, :, :, None].expand(-1, 4, 1, -1, -1, 3), targets


@pytest.mark.parametrize("kind", ["stills", "bags"])
def test_half_precision_learns_as_single_precision_does(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(epochs=40, batch=4 * K, learning_rate=3e-3)
    run, whole, losses = Run(tmp_path, "", 1, Ranks(1, 1, torch.device("cpu"))), torch.autocast, []
    for half in (False, True):
        monkeypatch.setattr(torch, "autocast", lambda *_, half=half, **__: whole("cpu", torch.bfloat16, enabled=half))
        batches = lambda steps: [striped(kind, step) for step in steps]  # noqa: E731
        rows = fit(Stage(kind, objective_of(kind), batches, lambda: {"war": 0.0, "uar": 0.0}, plan, 1), run)
        losses.append(np.array([row["loss"] for row in rows]))
    single, half = losses
    assert single[-5:].mean() < 0.7 * single[0], "something is learnt"
    assert 0 < np.abs(half - single).max() < 0.1
    assert abs(float((half - single).mean())) < 0.005


@pytest.mark.parametrize("able", [True, False])
def test_a_processor_without_products_of_bfloat16_computes_in_single_precision(
    able: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda: able)
    with precision.half(torch.device("cpu")):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (torch.bfloat16 if able else torch.float32)
