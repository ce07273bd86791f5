"""Several engines as one: the joined graphs say what the members say, put together; what cannot be joined is named."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from realtime_micacl.config import read_toml
from realtime_micacl.errors import ConfigError, EngineError
from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.engine import WEIGHTS
from realtime_micacl.inference.sidecar import NAME, read_sidecar
from realtime_micacl.live.reading.recognizer import Recognizer
from realtime_micacl.making import compare, compare_runs, fuse
from realtime_micacl.making.evaluation.candidates import Candidate, read_candidates
from realtime_micacl.making.export import export
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.making.train import read_training_part
from realtime_micacl.making.training.checkpoint import HELD_OUT, Provenance, write_checkpoint
from realtime_micacl.making.training.clips import people_digest, split
from realtime_micacl.making.training.fusion import averaged, fit, fused, learn
from realtime_micacl.model.zoo import build, configured
from realtime_micacl.types import F32, Bag
from tests.small import NETWORK, RECIPE, write_recipe

PLAIN = RECIPE | {"model": {"encoder": "light", **NETWORK}}
CLIPS = {"epochs": 2, "batch": 14, "workers": 0}
MODELS: dict[str, dict[str, Any]] = {
    "micacl": {"wian_hidden": 16},
    "m3dfel": {"lstm_hidden": 16},
    "ifdd": {"ifdd_width": 16, "ifdd_heads": 2},
}


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("recipe") / "recipe.toml"
    return write_recipe(file, PLAIN | {"clips": {**CLIPS, "frozen": True}})


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory, recipe: Path) -> list[Candidate]:
    """Three engines, the first two with one encoder."""
    root, read = tmp_path_factory.mktemp("members"), read_toml(recipe, Recipe)
    for name, table in MODELS.items():
        torch.manual_seed(0)
        model = build(configured(read.network | table | {"system": name})).eval()
        model.head[1].weight.data *= 8
        renamed = msgspec.structs.replace(read, name=name)
        (root / f"run-{name}").mkdir()
        how = Provenance(
            temperature=1.5 if name == "ifdd" else 0.7, abstain_below=0.3, counts=[1] * 7, trained_on=["stripes fold1"]
        )
        write_checkpoint(root / f"run-{name}", renamed, model, how)
        export(root / f"run-{name}", root / name, (), {})
    return read_candidates([root / name for name in MODELS])


@pytest.fixture(scope="module")
def data(prepared: Callable[..., Path]) -> str:
    return str(prepared())


def alone(members: list[Candidate], crops: np.ndarray[Any, Any]) -> F32:
    """Return the shares [M,n,K] that each member gives to bags [n,ticks,S,S,3]."""
    shares = []
    for member in members:
        with closing(OnnxEngine(member.folder, member.sidecar)) as engine:
            pieces = engine.encode(crops.reshape(-1, 1, 32, 32, 3)).reshape(len(crops), 8, -1)
            logits = engine.classify(pieces)[0] / np.float32(member.sidecar.calibration.temperature)
        shares.append(torch.softmax(torch.from_numpy(logits), dim=1).numpy())
    return np.stack(shares)


@pytest.mark.parametrize("weighted", [True, False])
def test_one_engine_says_what_its_members_say_together(
    members: list[Candidate], tmp_path: Path, weighted: bool
) -> None:
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 256, (3, 8, 32, 32, 3)).astype(np.uint8)
    weights = rng.dirichlet(np.ones(3), 7).T.astype(np.float32) if weighted else None
    sidecar = fuse.join(members, weights, (1.2, 0.4), tmp_path)
    assert sidecar.feature_size == 16 + 16 * 8 * 8, "what two members encode alike is kept once"
    assert [m["name"] for m in sidecar.model["members"]] == list(MODELS)
    shares = alone(members, crops)
    wanted = averaged(shares) if weights is None else fused(shares, weights)
    with closing(OnnxEngine(tmp_path, sidecar)) as engine:
        pieces = engine.encode(crops.reshape(-1, 1, 32, 32, 3)).reshape(3, 8, -1)
        logits, importance = engine.classify(pieces)
    np.testing.assert_allclose(torch.softmax(torch.from_numpy(logits), dim=1).numpy(), wanted, atol=1e-5)
    np.testing.assert_allclose(importance.mean(axis=1), 1, atol=1e-5)


def test_it_reads_live_tick_by_tick_what_it_reads_at_once(members: list[Candidate], tmp_path: Path) -> None:
    sidecar = fuse.join(members, None, (1.0, 0.0), tmp_path)
    course = np.random.default_rng(1).integers(0, 256, (12, 32, 32, 3)).astype(np.uint8)
    recognizer = Recognizer(OnnxEngine(tmp_path, sidecar), sidecar, smoothing_s=0.0)
    for tick in range(7, 12):
        window = course[tick - 7 : tick + 1]
        bag = Bag(1, tick, window.reshape(4, 2, 32, 32, 3), 0.1 * (tick - 7), 0.1 * tick, 1.0, 1.0, None)
        (read,) = recognizer.recognize([bag])
        wanted = averaged(alone(members, window[None]))[0]
        np.testing.assert_allclose(read.probabilities, wanted, atol=1e-5)
    recognizer.close()


def test_what_cannot_be_one_is_named(members: list[Candidate], tmp_path: Path) -> None:
    first, second = members[:2]
    with pytest.raises(ConfigError, match="two or more"):
        fuse.check([first])
    bag = msgspec.structs.replace(second.sidecar.bag, span_s=1.0)
    others: list[tuple[dict[str, Any], str]] = [
        ({"bag": bag}, "another bag than micacl"),
        ({"files": {}}, "has no graphs"),
        ({"feature_size": 8192, "files": second.sidecar.files | {"encode.onnx": "0" * 64}}, "at most 8192"),
    ]
    for change, words in others:
        with pytest.raises(EngineError, match=words):
            fuse.check([first, Candidate("other", tmp_path, msgspec.structs.replace(second.sidecar, **change))])


def test_the_command_fits_on_people_held_out_and_tries_on_others(
    members: list[Candidate],
    data: str,
    recipe: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folders = [str(member.folder) for member in members]
    fuse.main([*folders, "--recipe", str(recipe), "--data", data, "--out", str(tmp_path)])
    said = capsys.readouterr().out
    assert "learnt on 7 clips of held-out people" in said  # one of six people
    assert "whether ifdd learnt from the people that weights are fitted on is not known" in said
    assert said.count("plain mean without") == 3
    assert read_sidecar(tmp_path)[1].name == "micacl+m3dfel+ifdd"
    assert (tmp_path / NAME).is_file()


def test_weights_are_not_fitted_on_people_whom_a_member_learnt_from(
    members: list[Candidate], prepared: Callable[..., Path], recipe: Path, tmp_path: Path
) -> None:
    read, data = read_toml(recipe, Recipe), prepared()
    assert read.clips
    learnt = read_training_part(read, [data], None).clips
    first, *others = (split(learnt, read.clips, read.seed + more).held_out for more in range(9))
    second = next(other for other in others if people_digest(other) != people_digest(first))
    for held, refusal in ((first, ""), (second, "held out other people")):
        folder = tmp_path / (refusal[:4] or "same")
        folder.mkdir()
        save_file({"x": torch.zeros(1)}, folder / WEIGHTS, {HELD_OUT: people_digest(held)})
        member = Candidate("micacl", folder, members[0].sidecar)
        if refusal:
            with pytest.raises(ConfigError, match=refusal):
                fuse.check_held_out(member, first, recipe)
        else:
            assert fuse.check_held_out(member, first, recipe) == ""


def shown(seed: int = 0) -> tuple[F32, np.ndarray[Any, np.dtype[np.int64]]]:
    """Two engines of which each knows four emotions and guesses the others surely; a third that knows nothing."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 6, 300)  # fear never occurs
    shares = rng.dirichlet(np.ones(7), (3, 300)).astype(np.float32)
    for m, known in enumerate(([0, 1, 2], [3, 4, 5])):
        for n, label in enumerate(labels):
            peak = label if label in known else rng.choice(known)
            shares[m, n] = 0.1 / 7
            shares[m, n, peak] += 0.9 if label in known else 0.5
            shares[m, n] /= shares[m, n].sum()
    return shares, labels


def test_weights_find_who_knows_what_and_beat_the_plain_mean_on_others() -> None:
    shares, labels = shown()
    weights = learn(shares, labels)[-1]
    np.testing.assert_allclose(weights.sum(axis=0), 1, atol=1e-5)
    assert (weights[0, :3] > weights[1, :3]).all()
    assert (weights[1, 3:6] > weights[0, 3:6]).all()
    assert (weights[2, :6] < 0.2).all()
    found = fit(shares, labels, np.arange(300) // 10)
    assert found.loss[0] < found.loss[1]
    unseen, truth = shown(1)
    right = [(said.argmax(axis=1) == truth).mean() for said in (fused(unseen, weights), averaged(unseen))]
    assert right[0] > right[1] + 0.02
    np.testing.assert_allclose(fused(unseen, weights).sum(axis=1), 1, atol=1e-5)


def test_weights_stay_even_where_that_reads_others_best() -> None:
    shares, labels = shown()
    one = fit(shares, labels, np.zeros(300, np.int64))
    assert np.abs(one.weights - 1 / 3).max() < 0.15, "one person says nothing of others"
    chance = fit(np.random.default_rng(2).dirichlet(np.ones(7), (3, 12)).astype(np.float32), labels[:12], np.arange(12))
    assert np.abs(chance.weights - 1 / 3).max() < 0.4, "a dozen clips at random do not drive them to 0 and 1"


def test_compare_trains_each_system_once_and_tells_one_table(
    members: list[Candidate],
    data: str,
    recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = [s for s in compare.SYSTEMS if s.name in compare_runs.FUSED]
    small = [
        compare_runs.System(
            s.name,
            dict(s.model) | {"ifdd": {"ifdd_width": 16, "ifdd_heads": 2}}.get(s.model["system"], {"wian_hidden": 16}),
            s.clips,
        )
        for s in kept
    ]
    monkeypatch.setattr(compare, "SYSTEMS", small)
    source = str(members[0].folder)
    arguments = [
        str(recipe),
        "--data",
        data,
        "--encoder-from",
        source,
        "--seeds",
        "1",
        "--out",
        str(tmp_path),
    ]
    compare.main(arguments)
    first = capsys.readouterr().out
    assert "21 clips of 3 people never trained on. Budget of each system: one try, 2 epochs" in first
    for name in (*compare_runs.FUSED, "mean of the three", "Team RAS's weights of the three"):
        assert f"| {name} |" in first
    assert "Share of each expert" in first
    monkeypatch.setattr(compare_runs, "train", lambda *_, **__: pytest.fail("it trains again"))
    compare.main(arguments)
    assert capsys.readouterr().out == first
    thawed = write_recipe(tmp_path / "thawed.toml", PLAIN | {"clips": CLIPS})
    with pytest.raises(ConfigError, match="frozen = true and the light encoder"):
        compare.main([str(thawed), *arguments[1:]])
