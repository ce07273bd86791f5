"""From a recipe to an engine that runs, in the small: both stages, calibration, export, evaluation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from realtime_micacl.config import converted, read_toml
from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.choice import open_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.making.data.clips import Clip
from realtime_micacl.making.data.ferplus import Stills
from realtime_micacl.making.evaluate import clip_predictions, still_predictions
from realtime_micacl.making.export import export
from realtime_micacl.making.material import portraits
from realtime_micacl.making.recipe import Recipe, Teacher
from realtime_micacl.making.recipe import Stills as StillsPlan
from realtime_micacl.making.scores import report
from realtime_micacl.making.train import train
from realtime_micacl.making.training import loop, saved
from realtime_micacl.making.training.loop import Run
from realtime_micacl.making.training.stages import Faces, frames_of, train_stills, train_teacher
from realtime_micacl.model.backbone import FrameEncoder
from tests.small import RECIPE

ROOT = Path(__file__).parents[2]
SMALL = RECIPE | {
    "name": "small",
    "least_war": 0.4,
    "bag": {**RECIPE["bag"], "mirrored": True},
    "stills": {"epochs": 4, "batch": 70, "learning_rate": 0.01, "rendered_share": 0.2, "photo_share": 0.15},
    "bags": {"epochs": 3, "batch": 84, "views": 1},
}


def pictures(n: int, seed: int) -> Stills:
    """Seven kinds of stripes stand for seven emotions."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 7
    x = np.linspace(0, 1, 32)
    waves = np.stack([np.sin(2 * np.pi * (k + 1) * x) for k in range(7)])
    crops = 128 + 80 * waves[labels][:, :, None] + rng.normal(0, 8, (n, 32, 32))
    return Stills(crops.clip(0, 255).astype(np.uint8), np.eye(7, dtype=np.float32)[labels])


def clip(seed: int) -> Clip:
    stills = pictures(7, seed)
    crops = np.repeat(stills.crops[seed % 7][None, ..., None], 40, axis=0).repeat(3, axis=3)
    targets = np.repeat(stills.targets[seed % 7][None], 40, axis=0)
    return Clip(f"x/{seed}", crops, np.arange(40, dtype=np.float32) / 25, targets, held_out=False)


def faces() -> Faces:
    two = Stills(pictures(28, 1).crops, np.eye(7, dtype=np.float32)[np.arange(28) % 2 * 2])
    return Faces(pictures(560, 0), two, [clip(seed) for seed in range(14)], pictures(140, 2))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("checkpoint")
    train(converted(SMALL, Recipe, "small"), faces(), None, out)
    return out


def test_a_checkpoint_becomes_an_engine_that_has_learnt(checkpoint: Path, tmp_path: Path) -> None:
    export(checkpoint, tmp_path / "engine", ("stripes",), {})
    folder, sidecar = read_sidecar(tmp_path / "engine")
    engine = open_engine(folder, sidecar)
    test = pictures(140, 3)
    scores = report(*still_predictions(engine, sidecar, test), draws=50)
    assert scores["war"] > 0.6, "seven kinds of stripes, chance is 0.14"
    p, labels, people = clip_predictions(engine, sidecar, [clip(seed) for seed in range(7)])
    assert p.shape == (len(labels), 7)
    assert len(set(people)) == 7
    assert np.allclose(p.sum(axis=1), 1, atol=1e-4)
    engine.close()


def test_a_checkpoint_is_not_replaced_by_its_engine(checkpoint: Path) -> None:
    before = (checkpoint / "model.safetensors").read_bytes()
    with pytest.raises(ConfigError, match="would replace the checkpoint's weights; name another folder"):
        export(checkpoint, checkpoint, (), {})
    assert (checkpoint / "model.safetensors").read_bytes() == before


def test_the_checkpoint_says_what_it_is(checkpoint: Path) -> None:
    said = msgspec.json.decode((checkpoint / "checkpoint.json").read_bytes())
    assert [row["stage"] for row in said["history"]] == ["stills"] * 4 + ["bags"] * 3
    assert said["history"][3]["loss"] < said["history"][0]["loss"]
    assert said["counts"] == [80] * 7
    assert said["prior_removed"] == 1.0, "where all are equally frequent, the prior decides nothing"
    assert 0.3 <= said["calibration"]["temperature"] <= 5


def test_a_teacher_without_tuning_is_refused() -> None:
    teacher = {"epochs": 1, "widths": [8, 16], "blocks": [1, 1]}
    with pytest.raises(ConfigError, match=r"\[teacher\] and no \[tuning\]"):
        converted(SMALL | {"teacher": teacher}, Recipe, "small")


@pytest.mark.parametrize(
    ("widths", "blocks", "fault"),
    [
        ([], [], "blocks must be as many as widths"),
        ([16, 24], [1], r"blocks must be as many as widths \(2\)"),
        ([16, 0], [1, 1], "widths must hold positive whole numbers"),
        ([16, 24], [1, -1], "blocks must hold positive whole numbers"),
        ([12, 20], [1, 1], "widths must be multiples of 8"),
        ([16, 8192], [1, 1], "widths must be at most 4096"),
        ([8] * 7, [1] * 7, "size_px must be a multiple of 128, not 32"),
    ],
)
def test_a_teacher_that_cannot_be_built_is_refused_at_once(widths: list[int], blocks: list[int], fault: str) -> None:
    plan = {"epochs": 1, "batch": 8, "learning_rate": 1e-3}
    teacher = plan | {"widths": widths, "blocks": blocks}
    with pytest.raises(ConfigError, match=rf"\[teacher\] that cannot be built: {fault}"):
        converted(SMALL | {"teacher": teacher, "tuning": plan}, Recipe, "small")


def test_a_recipe_with_a_teacher_goes_all_the_way(tmp_path: Path) -> None:
    plan = {"epochs": 1, "batch": 70}
    recipe = SMALL | {"teacher": plan | {"widths": [16, 24], "blocks": [1, 1]}, "tuning": plan}
    train(converted(recipe, Recipe, "small"), faces(), None, tmp_path)
    said = msgspec.json.decode((tmp_path / "checkpoint.json").read_bytes())
    assert [row["stage"] for row in said["history"]] == ["stills"] * 4 + ["teacher", "tuning"] + ["bags"] * 3


def test_forms_are_learnt_beside_the_emotion(tmp_path: Path) -> None:
    known = faces()
    pools = (known.stills, frames_of(known.clips), known.photos)
    informed = replace(known, forms=tuple(3 * pool.targets - 1 for pool in pools))
    plan = StillsPlan(epochs=4, batch=70, learning_rate=0.01, rendered_share=0.2, photo_share=0.15, form=2.0)

    def losses(given: Faces, out: Path) -> list[float]:
        torch.manual_seed(1)
        out.mkdir()
        encoder = FrameEncoder(widths=(8, 16), blocks=(1, 1), frames=2)
        rows = train_stills(encoder, plan, given, Run(out, "a recipe", 1))[1]
        return [row["loss"] for row in rows]

    more = np.subtract(losses(informed, tmp_path / "informed"), losses(known, tmp_path / "uninformed"))
    assert more[0] > 0.1, "what the forms add to the loss"
    assert more[-1] < 0.8 * more[0], "and they are learnt"


def test_what_a_wider_encoder_says_becomes_part_of_what_is_aimed_at(tmp_path: Path) -> None:
    """Votes that were shuffled, and a teacher who learnt before: with it the encoder tells what the pictures show."""
    known = faces()
    plan = StillsPlan(epochs=4, batch=70, learning_rate=0.01, rendered_share=0.0, photo_share=0.15)
    wider = Teacher(**msgspec.structs.asdict(plan), widths=(12, 24), blocks=(1, 1))
    torch.manual_seed(1)
    encoder = FrameEncoder(widths=(8, 16), blocks=(1, 1), frames=2)
    teacher, _ = train_teacher(encoder, wider, known, Run(tmp_path, "a recipe", 1))
    shuffled = np.random.default_rng(0).permutation(known.stills.targets)
    mistaken = replace(known, stills=replace(known.stills, targets=shuffled))
    reached = []
    for share in (0.0, 1.0):
        out = tmp_path / f"{share}"
        out.mkdir()
        torch.manual_seed(1)
        encoder = FrameEncoder(widths=(8, 16), blocks=(1, 1), frames=2)
        objective, rows = train_stills(encoder, plan, mistaken, Run(out, "a recipe", 1), teacher=teacher, share=share)
        assert not any("teacher" in name for name in objective.state_dict()), "nothing of the teacher is kept"
        reached.append(rows[-1]["war"])
    assert reached[1] > reached[0] + 0.2


def test_an_encoder_that_learns_on_starts_from_what_it_knows(tmp_path: Path) -> None:
    torch.manual_seed(1)
    encoder, run = FrameEncoder(widths=(8, 16), blocks=(1, 1), frames=2), Run(tmp_path, "a recipe", 1)
    plan = StillsPlan(epochs=4, batch=70, learning_rate=0.01, rendered_share=0.2, photo_share=0.15)
    learnt = train_stills(encoder, plan, faces(), run)[1]
    (row,) = train_stills(
        encoder, msgspec.structs.replace(plan, epochs=1, learning_rate=1e-5), faces(), run, stage="tuning"
    )[1]
    assert row["stage"] == "tuning"
    assert row["war"] > learnt[-1]["war"] - 0.1, "with a head that starts anywhere it would be chance, .14"


def test_photographs_stand_among_the_pictures_as_often_as_the_recipe_says(tmp_path: Path) -> None:
    picture = next(read_file(ROOT / "tests" / "data" / "sources" / "http_faststart.mp4")).image
    face = cv2.imencode(".jpg", cv2.cvtColor(cv2.resize(picture, (112, 112)), cv2.COLOR_RGB2BGR))[1].ravel()
    empty = cv2.imencode(".jpg", np.full((112, 112, 3), 90, np.uint8))[1].ravel()
    file, sizes = tmp_path / "photographs.npz", [len(empty), len(face), len(face)]
    np.savez(file, jpeg=np.concatenate([empty, face, face]), sizes=sizes, label=[0, 5, 1], half=[0, 0, 1])
    recipe = converted(SMALL | {"photographs": 3}, Recipe, "small")
    aligner = Aligner(recipe.bag.size_px, recipe.crop.points)
    known = replace(faces(), portraits=portraits(recipe, [str(file), "0"], aligner))
    assert known.pictures.labels.tolist() == known.stills.labels.tolist() + [5] * 3
    assert known.pictures.crops.shape == (563, recipe.bag.size_px, recipe.bag.size_px)
    with pytest.raises(ConfigError, match="needs --photographs FILE HALF"):
        portraits(recipe, None, aligner)


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no checkpoint at"):
        export(tmp_path, tmp_path / "engine", (), {})


@pytest.mark.parametrize("file", sorted((ROOT / "engines").glob("*.toml")), ids=lambda file: file.name)
def test_the_shipped_recipes_are_understood(file: Path) -> None:
    recipe = read_toml(file, Recipe)
    assert recipe.network["size_px"] == recipe.bag.size_px


def test_clips_are_not_learnt_from_mirrored_frames() -> None:
    with pytest.raises(ConfigError, match="mirrors frames"):
        converted(SMALL | {"clips": {}}, Recipe, "r.toml")


def test_a_mistake_in_a_recipe_is_named() -> None:
    with pytest.raises(ConfigError, match="'epoch'; the nearest known one is 'epochs'"):
        converted(SMALL | {"stills": {"epoch": 3}}, Recipe, "r.toml")


@pytest.mark.parametrize(("stage", "epoch"), [("stills", 2), ("stills", 4), ("bags", 1)])
def test_a_broken_run_goes_on_to_the_same_weights(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, epoch: int
) -> None:
    def save_and_break(file: Path, about: str, rows: list, *rest: object) -> None:
        saved.save(file, about, rows, *rest)  # type: ignore[arg-type]
        if rows[-1]["stage"] == stage and len(rows) == epoch:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "save", save_and_break)
    with pytest.raises(KeyboardInterrupt):
        train(converted(SMALL, Recipe, "small"), faces(), None, tmp_path)
    torch.rand(5)  # another process has another past
    monkeypatch.setattr(loop, "save", saved.save)
    train(converted(SMALL, Recipe, "small"), faces(), None, tmp_path)
    whole, broken = (load_file(folder / "model.safetensors") for folder in (checkpoint, tmp_path))
    assert all(torch.equal(whole[name], broken[name]) for name in whole)
