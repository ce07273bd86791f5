"""The ablation: its rows are what they say, its figures are those of the predictions, what is done stays done."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from realtime_micacl.config import read_toml
from realtime_micacl.errors import ConfigError
from realtime_micacl.files import held
from realtime_micacl.making import ablate, compare, prepare, train
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.model.geiim import GEIIM
from realtime_micacl.model.micacl import MICACL, MICACLConfig
from realtime_micacl.model.wian import WIAN
from tests.small import RECIPE, write_recipe

CLIPS = {"epochs": 3, "batch": 14, "learning_rate": 0.01, "workers": 0, "frozen": True}


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return write_recipe(tmp_path / "recipe.toml", RECIPE | {"clips": CLIPS})


@pytest.mark.parametrize("variant", ablate.VARIANTS, ids=lambda v: v.name)
def test_every_row_is_a_network_that_runs(recipe: Path, variant: ablate.Variant) -> None:
    made = ablate.changed(read_toml(recipe, Recipe), variant, 5)
    model = MICACL(MICACLConfig.from_dict(made.network)).eval()
    assert model(torch.zeros(1, 4, 2, 32, 32, 3, dtype=torch.uint8))[0].shape == (1, 7)
    assert made.seed == 5
    assert made.clips
    assert isinstance(model.interact, GEIIM) is (variant.name not in ("baseline (M3DFEL)", "MICACL without GEIIM"))
    plain = ("baseline (M3DFEL)", "+ GEIIM", "MICACL without WIAN")
    assert isinstance(model.aggregate, WIAN) is (variant.name not in plain)
    uncontrasted = ("baseline (M3DFEL)", "+ GEIIM", "+ WIAN", "+ category sampler")
    assert (made.clips.mccl > 0) is (variant.name not in uncontrasted)


def test_no_two_rows_are_the_same(recipe: Path) -> None:
    base = read_toml(recipe, Recipe)
    rows = [ablate.changed(base, variant, 1) for variant in ablate.VARIANTS]
    assert len({repr(row) for row in rows}) == len(rows)
    assert len({ablate.slug(variant.name) for variant in ablate.VARIANTS}) == len(rows)


def test_a_table_is_made_and_what_is_done_stays_done(
    prepared: Callable[..., Path],
    recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(ablate, "VARIANTS", ablate.VARIANTS[:2])
    arguments = [str(recipe), "--data", str(prepared()), "--seeds", "2", "--out", str(tmp_path / "out")]
    ablate.main(arguments)
    first = capsys.readouterr().out
    assert "21 clips of 3 people never trained on, 2 seeds" in first
    rows = json.loads((tmp_path / "out" / "table.json").read_text())
    assert [row["variant"] for row in rows] == ["baseline (M3DFEL)", "+ GEIIM"]
    with np.load(tmp_path / "out" / "baseline-m3dfel" / "seed-2" / "test.npz") as stored:
        right = (stored["logits"].argmax(axis=1) == stored["labels"]).mean()
    with np.load(tmp_path / "out" / "baseline-m3dfel" / "seed-1" / "test.npz") as stored:
        other = (stored["logits"].argmax(axis=1) == stored["labels"]).mean()
    assert rows[0]["war"] == pytest.approx((right + other) / 2, abs=1e-4)
    assert rows[0]["war_sd"] == pytest.approx(abs(right - other) / 2**0.5, abs=1e-4)
    monkeypatch.setattr(ablate, "train", lambda *_, **__: pytest.fail("it trains again"))
    ablate.main(arguments)
    assert capsys.readouterr().out == first
    write_recipe(recipe, RECIPE | {"clips": CLIPS | {"epochs": 4}})
    for main in (ablate.main, train.main):
        with pytest.raises(ConfigError, match="holds results of another recipe"):
            main(arguments if main is ablate.main else arguments[:3] + arguments[5:])


def test_two_runs_do_not_write_to_one_folder(prepared: Callable[..., Path], recipe: Path, tmp_path: Path) -> None:
    data, out = prepared(), tmp_path / "out"
    arguments = [str(recipe), "--data", str(data), "--out", str(out), "--encoder-from", "none"]
    for main in (train.main, ablate.main, compare.main):
        with held(out), pytest.raises(ConfigError, match="another run is writing"):
            main(arguments)
    (tmp_path / "set" / "happy").mkdir(parents=True)
    (tmp_path / "set" / "happy" / "a.mp4").touch()
    with held(out), pytest.raises(ConfigError, match="another run is writing"):
        prepare.main(["folders", str(tmp_path / "set"), str(out), "--recipe", str(recipe)])


def test_a_recipe_without_clips_is_refused(recipe: Path, tmp_path: Path) -> None:
    write_recipe(recipe, RECIPE | {"bags": {"epochs": 3, "batch": 14, "learning_rate": 0.01}})
    with pytest.raises(ConfigError, match=r"a table \[clips\]"):
        ablate.main([str(recipe), "--data", str(tmp_path), "--out", str(tmp_path / "out")])
