"""The training loop's parts: rate, patience, average, saved state, weights from elsewhere, clips seen anew."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from realtime_micacl.config import read_toml
from realtime_micacl.errors import ConfigError, StageFailed
from realtime_micacl.making.data.augment import augmented
from realtime_micacl.making.recipe import Plan, Recipe
from realtime_micacl.making.training.checkpoint import Provenance, read_checkpoint, start_encoder, write_checkpoint
from realtime_micacl.making.training.loop import Run, Stage, fit, rate
from realtime_micacl.making.training.objectives import shift_logits
from realtime_micacl.making.training.saved import write_weights
from realtime_micacl.model.backbone import R3D18, FrameEncoder
from realtime_micacl.model.micacl import MICACL, MICACLConfig
from tests.small import NETWORK

ENGINES = Path(__file__).parents[2] / "engines"
SMALL = MICACLConfig.from_dict(NETWORK | {"frames": 2, "size_px": 32, "wian_hidden": 16})


class Distance(nn.Module):
    """The squared distance of one number from what the batch says."""

    def __init__(self) -> None:
        super().__init__()
        self.x = nn.Parameter(torch.zeros(1))

    def forward(self, aim: Tensor) -> Tensor:
        return (self.x - aim).square().sum()


def batches(steps: range) -> list[tuple[Tensor]]:
    return [(torch.ones(1),) for _ in steps]


def test_the_rate_warms_up_and_falls_as_a_cosine() -> None:
    plan = Plan(epochs=10, batch=2, learning_rate=0.1, least_rate=0.01, warmup_epochs=1)
    rates = [rate(plan, step, 100, 10) for step in range(1, 101)]
    assert rates[0] == pytest.approx(0.01 + 0.09 * 0.1, rel=0.01)
    assert rates[9] == pytest.approx(0.01 + 0.09 * (1 + np.cos(np.pi * 0.1)) / 2)
    assert np.argmax(rates) == 9
    assert rates[49] == pytest.approx(0.055)
    assert rates[-1] == pytest.approx(0.01)


def test_what_remains_is_the_average_of_the_weights(tmp_path: Path) -> None:
    objective, path = Distance(), []
    plan = Plan(epochs=1, batch=2, learning_rate=0.1, average=0.5, weight_decay=0.0)

    def watched(steps: range) -> list[tuple[Tensor]]:
        drawn = batches(steps)
        path.append(float(objective.x.detach()))
        return drawn

    fit(Stage("x", objective, watched, lambda: {"war": 0.0, "uar": 0.0}, plan, 1), Run(tmp_path, "", 0))
    own = Distance()
    optimiser = torch.optim.AdamW(own.parameters(), lr=rate(plan, 1, 1, 1), weight_decay=0.0)
    own(torch.ones(1)).backward()
    optimiser.step()
    keep = 1 / 51  # the average begins at the first weights and follows quickly at first
    assert float(objective.x.detach()) == pytest.approx(keep * 0 + (1 - keep) * float(own.x.detach()), rel=1e-5)


@pytest.mark.parametrize(("patience", "epochs", "best"), [(0, 9, 9), (2, 5, 3), (5, 8, 3)])
def test_it_stops_when_nothing_gets_better_and_takes_the_best(
    tmp_path: Path, patience: int, epochs: int, best: int
) -> None:
    seen = [0.1, 0.2, 0.9, 0.3, 0.2, 0.1, 0.8, 0.7, 0.6]
    weights: list[float] = []
    objective = Distance()
    plan = Plan(epochs=9, batch=2, learning_rate=0.05, patience=patience)

    def look() -> dict[str, float]:
        weights.append(float(objective.x))
        return {"war": seen[len(weights) - 1], "uar": 0.0}

    rows = fit(Stage("x", objective, batches, look, plan, 3), Run(tmp_path, "", 0))
    assert len(rows) == epochs
    assert float(objective.x.detach()) == weights[best - 1]


def test_a_run_that_is_done_is_not_trained_again(tmp_path: Path) -> None:
    plan, run = Plan(epochs=2, batch=2, learning_rate=0.05), Run(tmp_path, "r", 0)
    first, second = Distance(), Distance()
    rows = fit(Stage("x", first, batches, lambda: {"war": 0.0, "uar": 0.0}, plan, 3), run)
    again = fit(Stage("x", second, lambda steps: pytest.fail("it trains"), dict, plan, 3), run)
    assert again == rows
    assert torch.equal(first.x, second.x)


def test_a_run_whose_loss_is_no_number_ends_and_says_what_to_change(tmp_path: Path) -> None:
    plan, run = Plan(epochs=3, batch=2, learning_rate=0.05), Run(tmp_path, "r", 0)

    def lost(steps: range) -> list[tuple[Tensor]]:
        return [(torch.full((1,), float("nan") if step > 5 else 1.0),) for step in steps]

    with pytest.raises(ConfigError, match=r"\[x\], epoch 3: .*lower learning_rate .* and train into another folder"):
        fit(Stage("x", Distance(), lost, lambda: {"war": 0.0, "uar": 0.0}, plan, 3), run)


def test_weights_that_are_no_numbers_become_no_checkpoint(tmp_path: Path) -> None:
    recipe, model = read_toml(ENGINES / "light.toml", Recipe), MICACL(SMALL)
    with torch.no_grad():
        next(model.parameters()).fill_(float("inf"))
    with pytest.raises(ConfigError, match="lower learning_rate"):
        write_checkpoint(
            tmp_path, recipe, model, Provenance(temperature=1, abstain_below=0.5, counts=[1] * 7, trained_on=[])
        )
    assert not list(tmp_path.iterdir())


def test_an_unfinished_run_that_is_damaged_says_what_to_remove(tmp_path: Path) -> None:
    (tmp_path / "unfinished-x.safetensors").write_bytes(b"half")
    with pytest.raises(ConfigError, match=r"unfinished-x\.safetensors, an unfinished run, is damaged: .*; remove it"):
        fit(
            Stage("x", Distance(), batches, dict, Plan(epochs=1, batch=2, learning_rate=0.05), 3), Run(tmp_path, "r", 0)
        )


def test_a_disk_that_is_full_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, most))  # what may be written fails as on a full disk
    try:
        with pytest.raises(StageFailed, match=r"w\.safetensors cannot be written: .*run it again"):
            write_weights(tmp_path / "w.safetensors", {"x": torch.zeros(4096)}, None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert not list(tmp_path.iterdir())


def kinetics() -> dict[str, Tensor]:
    """A state dict as torchvision's, with its 400 classes."""
    torch.manual_seed(3)
    return R3D18().state_dict() | {"fc.weight": torch.zeros(400, 512), "fc.bias": torch.zeros(400)}


@pytest.mark.parametrize("name", ["r3d_18.pth", "r3d_18.safetensors"])
def test_r3d_18_takes_torchvision_s_weights_by_name(tmp_path: Path, name: str) -> None:
    state = kinetics()
    if name.endswith("pth"):
        torch.save(state, tmp_path / name)
    else:
        save_file(state, tmp_path / name)
    model = MICACL(MICACLConfig(encoder="r3d_18", size_px=32))
    start_encoder(model, str(tmp_path / name))
    for key, tensor in model.encoder.state_dict().items():
        assert torch.equal(tensor, state[key])


def test_an_encoder_starts_from_a_checkpoint(tmp_path: Path) -> None:
    one, two = MICACL(SMALL), MICACL(SMALL)
    save_file(one.state_dict(), tmp_path / "model.safetensors")
    start_encoder(two, str(tmp_path))
    assert torch.equal(one.encoder.stem[0].weight, two.encoder.stem[0].weight)
    assert not torch.equal(one.head[1].weight, two.head[1].weight)


@pytest.mark.parametrize("name", ["default", "light", "light-tail"])
def test_recipes_fit_the_encoder_of_the_engine_that_ships(name: str) -> None:
    recipe = read_toml(ENGINES / f"{name}.toml", Recipe)
    model = MICACL(MICACLConfig.from_dict(recipe.network))
    start_encoder(model, str(ENGINES / "realtime_micacl_engines" / "default"))
    assert isinstance(model.encoder, FrameEncoder)
    assert model.encoder.places is not None
    assert model.encoder.places.std() > 0.05, "places are weighed"


class Harmful:
    """What a pickle could hold."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("/tmp/harmful-pickle-was-run"),)


def test_weights_that_do_not_fit_or_could_run_code_are_refused(tmp_path: Path) -> None:
    model = MICACL(SMALL)
    torch.save({"w": Harmful()}, tmp_path / "harmful.pth")
    torch.save(kinetics(), tmp_path / "other.pth")
    (tmp_path / "torn.safetensors").write_bytes(b"123")
    for name in ("harmful.pth", "other.pth", "torn.safetensors", "missing.pth"):
        with pytest.raises(ConfigError, match="--encoder-from"):
            start_encoder(model, str(tmp_path / name))
    assert not Path("/tmp/harmful-pickle-was-run").exists()


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no checkpoint"):
        read_checkpoint(tmp_path)
    (tmp_path / "checkpoint.json").write_text("{}")
    with pytest.raises(ConfigError, match="damaged"):
        read_checkpoint(tmp_path)
    model = MICACL(SMALL)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    (tmp_path / "checkpoint.json").write_text(json.dumps({"model": model.config.to_dict()}))
    with pytest.raises(ConfigError, match=r"another version: checkpoint\.json does not say name; train it again"):
        read_checkpoint(tmp_path)


def test_weights_that_cannot_be_taken_are_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "empty.pth").write_bytes(b"")
    with pytest.raises(ConfigError, match="cannot be used: the file ends too soon"):
        start_encoder(MICACL(SMALL), str(tmp_path / "empty.pth"))
    save_file({"x": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(ConfigError, match=r"cannot be used: Error.* Missing key") as error:
        start_encoder(MICACL(SMALL), str(tmp_path))
    assert len(str(error.value)) < 400 and "\n" not in str(error.value)


def test_a_clip_is_seen_anew_as_a_whole() -> None:
    torch.manual_seed(0)
    pictures = torch.randint(0, 256, (6, 1, 16, 16, 3), dtype=torch.uint8)
    clips = pictures.expand(-1, 5, -1, -1, -1)
    anew = augmented(clips)
    assert anew.shape == clips.shape
    assert anew.dtype is torch.uint8
    assert torch.equal(anew, anew[:, :1].expand_as(anew)), "the frames of a still clip stay alike"
    assert not torch.equal(anew, clips)
    assert len({anew[i, 0].float().mean().item() for i in range(6)}) == 6, "each clip has draws of its own"


def test_half_of_the_clips_are_mirrored() -> None:
    torch.manual_seed(1)
    ramp = torch.arange(16, dtype=torch.uint8) * 15
    clips = ramp[None, None, None, :, None].expand(200, 1, 16, 16, 3)
    anew = augmented(clips)[:, 0].float().mean(dim=(1, 3))
    mirrored = (anew[:, 0] > anew[:, -1]).float().mean()
    assert 0.35 < mirrored < 0.65


def test_logits_are_shifted_by_what_is_asked_for() -> None:
    head = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3)).eval()
    seen, by = torch.randn(5, 4), np.array([0.5, -1.0, 0.0], np.float32)
    before = head(seen).detach()
    shift_logits([head], by)
    torch.testing.assert_close((head(seen) - before).detach(), torch.from_numpy(by).expand(5, 3))
