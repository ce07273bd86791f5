"""Training on prepared clips: it learns, goes on after a kill to the same weights, and is the same on two ranks."""

from __future__ import annotations

import csv
import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from realtime_micacl.config import converted
from realtime_micacl.errors import ConfigError, StageFailed
from realtime_micacl.making.data.bags import segments
from realtime_micacl.making.data.clips import bag_frames
from realtime_micacl.making.data.prepared import read_prepared
from realtime_micacl.making.data.sampler import long_tail
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.making.scores import confusion, war
from realtime_micacl.making.train import _reader_errors, read_training_part, settings, train
from realtime_micacl.making.training.checkpoint import read_checkpoint
from realtime_micacl.making.training.clips import ClipBags, clip_logits, split
from realtime_micacl.making.training.loop import Run
from tests.small import RECIPE, write_recipe

HERE = Path(__file__).parent
CLIPS = {
    "epochs": 6,
    "batch": 14,
    "learning_rate": 0.01,
    "warmup_epochs": 1,
    "held_out": 0.2,
    "workers": 0,
    "average": 0.8,
}


def recipe(**changes: object) -> Recipe:
    return converted(RECIPE | {"clips": {**CLIPS, **changes}}, Recipe, "stripes")


def started(folder: Path, data: Path, out: str, *command: str) -> subprocess.Popen[bytes]:
    """Start the training of `folder`/recipe.toml as a person does."""
    arguments = ["train", str(folder / "recipe.toml"), "--data", str(data), "--out", str(folder / out)]
    env = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, *command, "-m", "realtime_micacl", *arguments], env=env)


def epochs(log: Path) -> int:
    return len(log.read_text().splitlines()) - 1 if log.is_file() else 0


@pytest.mark.parametrize("frozen", [False, True])
def test_it_learns_and_the_checkpoint_says_what_it_is(
    prepared: Callable[..., Path], tmp_path: Path, frozen: bool
) -> None:
    data = prepared()
    made = recipe(frozen=frozen, epochs=12)
    part = read_training_part(made, [data], "fold1")
    model = train(made, None, part, tmp_path)
    test = [clip for clip in read_prepared(data).clips if clip.parts["fold1"] == "test"]
    assert made.clips
    logits, labels = clip_logits(model, test, made, made.clips, Run(tmp_path, "", 1))
    assert war(confusion(labels, logits.argmax(axis=1))) > (0.3 if frozen else 0.6), "chance is 0.14"
    about, again = read_checkpoint(tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), again.state_dict().values(), strict=True))
    assert sum(about["counts"]) + 7 == len(part.clips), "one of the six people was held out"
    assert about["trained_on"] == ["stripes fold1"]
    assert about["recipe"]["clips"]["held_out"] == 0.2
    assert not list(tmp_path.glob("unfinished*"))
    assert epochs(tmp_path / "log-clips.csv") == len(about["history"])


def test_a_killed_run_goes_on_to_the_same_weights(prepared: Callable[..., Path], tmp_path: Path) -> None:
    data = prepared()
    write_recipe(tmp_path / "recipe.toml", RECIPE | {"clips": {**CLIPS, **dict(queue=20, frozen=True, epochs=40)}})
    whole = started(tmp_path, data, "whole")
    broken = started(tmp_path, data, "broken")
    while epochs(tmp_path / "broken" / "log-clips.csv") < 3:
        assert broken.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    broken.send_signal(signal.SIGKILL)
    broken.wait(10)
    assert (tmp_path / "broken" / "unfinished-clips.safetensors").is_file()
    assert not (tmp_path / "broken" / "model.safetensors").exists()
    assert started(tmp_path, data, "broken").wait(120) == 0
    assert whole.wait(120) == 0
    a, b = (load_file(tmp_path / out / "model.safetensors") for out in ("whole", "broken"))
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)
    logs = [csv.DictReader((tmp_path / out / "log-clips.csv").read_text().splitlines()) for out in ("whole", "broken")]
    assert [row["loss"] for row in logs[0]] == [row["loss"] for row in logs[1]]


def test_an_unfinished_run_of_another_recipe_is_not_taken_up(prepared: Callable[..., Path], tmp_path: Path) -> None:
    part = read_training_part(recipe(), [prepared()], "fold1")
    train(recipe(epochs=1), None, part, tmp_path)
    save_file({"network/x": torch.zeros(1)}, tmp_path / "unfinished-clips.safetensors", {"recipe": "other"})
    with pytest.raises(ConfigError, match="unfinished run of another recipe"):
        train(recipe(epochs=1), None, part, tmp_path)


def test_an_engine_that_will_never_name_a_word_is_said(
    prepared: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("realtime_micacl.making.train.calibrated", lambda *_: (1.0, 1.0))
    part = read_training_part(recipe(), [prepared(people=3)], "fold1")
    train(recipe(epochs=0), None, type(part)(tuple(c for c in part.clips if c.label < 5), part.names), tmp_path)
    assert "says unsure of everybody" in caplog.text
    assert "nothing of disgust, fear was there to learn from" in caplog.text


def test_two_ranks_give_the_gradient_of_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    targets = np.eye(7)[[0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 6]]
    save_file(
        {"bags": torch.from_numpy(rng.normal(size=(12, 4, 2, 16))), "targets": torch.from_numpy(targets)},
        tmp_path / "batch.safetensors",
    )
    script, env = str(HERE / "two_ranks.py"), os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, script, str(tmp_path)], check=True, timeout=120, env=env)
    (tmp_path / "turn0").unlink()
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run([*torchrun, script, str(tmp_path)], check=True, timeout=120, env=env)
    assert [(tmp_path / f"turn{rank}").read_text() for rank in range(2)] == ["", "turn0"], "one after the other"
    one = load_file(tmp_path / "rank0-of-1.safetensors")
    assert sum(float(g.abs().sum()) for g in one.values()) > 0
    assert {name.split(".")[0] for name in one} == {"model", "mccl"}
    for rank in range(2):
        two = load_file(tmp_path / f"rank{rank}-of-2.safetensors")
        assert two.keys() == one.keys()
        for name, gradient in one.items():
            torch.testing.assert_close(two[name], gradient, rtol=1e-9, atol=1e-11)


def test_torchrun_trains_one_checkpoint(prepared: Callable[..., Path], tmp_path: Path) -> None:
    data = prepared()
    write_recipe(tmp_path / "recipe.toml", RECIPE | {"clips": {**CLIPS, **dict(frozen=True, epochs=2)}})
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    assert started(tmp_path, data, "two", *torchrun).wait(120) == 0
    assert started(tmp_path, data, "one").wait(120) == 0
    one, two = (json.loads((tmp_path / out / "checkpoint.json").read_text()) for out in ("one", "two"))
    assert two["counts"] == one["counts"]
    assert two["history"][0]["loss"] == pytest.approx(one["history"][0]["loss"], abs=0.2), "the same batches"


def test_a_batch_that_ranks_cannot_share_is_refused() -> None:
    from realtime_micacl.making.training.ranks import Ranks

    with pytest.raises(ConfigError, match="shared evenly by 4 processes"):
        Ranks(0, 4, torch.device("cpu")).part(14)


def test_nobody_is_learnt_from_and_held_out(prepared: Callable[..., Path]) -> None:
    made = recipe(held_out=0.34)
    part = read_training_part(made, [prepared()], "fold1")
    assert made.clips
    parts = split(part.clips, made.clips, made.seed)
    assert {c.subject for c in parts.train}.isdisjoint({c.subject for c in parts.held_out})
    assert len({c.subject for c in parts.held_out}) == 2
    assert sorted(c.clip for c in (*parts.train, *parts.held_out)) == sorted(c.clip for c in part.clips)
    assert split(part.clips, made.clips, 99) != parts


def test_a_long_tail_is_made_by_a_power_law(prepared: Callable[..., Path]) -> None:
    clips = read_prepared(prepared(people=20)).clips
    labels, names = np.array([clip.label for clip in clips]), [clip.clip for clip in clips]
    counts = np.bincount(labels[long_tail(labels, names, 0.1, seed=0)], minlength=7)
    assert counts.tolist() == [20, 6, 14, 9, 4, 2, 3], "happy, sad, neutral, angry, surprise, disgust, fear"
    assert [names[n] for n in long_tail(labels, names, 1.0, seed=0)] == sorted(names)


def test_what_does_not_fit_is_refused_in_words(prepared: Callable[..., Path], tmp_path: Path) -> None:
    data = prepared()
    with pytest.raises(ConfigError, match="needs --data"):
        read_training_part(recipe(), None, None)
    with pytest.raises(ConfigError, match="names a folder twice"):
        read_training_part(recipe(), [data, data], "fold1")
    with pytest.raises(ConfigError, match="has the splits fold1"):
        read_training_part(recipe(), [data], "fold9")
    with pytest.raises(ConfigError, match=r"crops of 32 px.*asks for 64"):
        read_training_part(
            converted(RECIPE | {"clips": CLIPS, "bag": {**RECIPE["bag"], "size_px": 64}}, Recipe, "x"),
            [data],
            None,
        )
    for key in ("instances", "frames", "size_px"):
        with pytest.raises(ConfigError, match=rf"has model.{key}, which \[bag\] sets already"):
            converted(RECIPE | {"model": {**RECIPE["model"], key: RECIPE["bag"][key]}, "clips": CLIPS}, Recipe, "x")
    with pytest.raises(ConfigError, match="trains nothing"):
        converted(RECIPE, Recipe, "x")


def test_live_bags_are_those_that_the_window_cuts(prepared: Callable[..., Path]) -> None:
    clips, spec = read_prepared(prepared(people=3, frames=40)).clips, recipe().bag
    bags = ClipBags(clips, spec, "live", 1)
    loaded = clips[3].load()
    rows = bag_frames(loaded.times_s, spec)
    assert len(rows) > 3
    shape = (4, 2, 32, 32, 3)
    cut = [loaded.crops[row].reshape(shape) for row in rows]
    fixed, target = bags[(-1, 3)]
    assert np.array_equal(fixed.numpy(), cut[len(rows) // 2])
    assert target.tolist() == loaded.targets[0].tolist()
    drawn = {next(i for i, c in enumerate(cut) if np.array_equal(c, bags[(step, 3)][0].numpy())) for step in range(20)}
    assert len(drawn) > 2
    assert torch.equal(bags[(5, 3)][0], bags[(5, 3)][0])


def test_a_clip_shorter_than_the_window_is_cut_by_segments(prepared: Callable[..., Path]) -> None:
    clips, spec = read_prepared(prepared(people=3, frames=10)).clips, recipe().bag
    crops, target = ClipBags(clips, spec, "live", 1)[(-1, 2)]
    assert np.array_equal(crops.numpy().reshape(8, 32, 32, 3), clips[2].load().crops[segments(10, spec)])
    assert target.argmax() == clips[2].label


def test_a_run_does_not_go_on_with_other_labels_or_weights(prepared: Callable[..., Path], tmp_path: Path) -> None:
    data, weights = prepared(people=3), tmp_path / "model.safetensors"
    weights.write_bytes(b"one")

    def told(source: object) -> dict[str, object]:
        return settings(recipe(), read_training_part(recipe(), [data], "fold1"), str(source))

    before = told(tmp_path)
    assert before == told(os.path.relpath(weights)), "it does not matter how they are called"
    weights.write_bytes(b"two")
    (data / "index.jsonl").write_text((data / "index.jsonl").read_text().replace('"label":"fear"', '"label":"sad"'))
    assert [name for name, said in told(tmp_path).items() if before[name] != said] == ["set of clips", "--encoder-from"]


def test_what_fails_in_a_process_that_reads_clips_is_said_as_elsewhere(
    prepared: Callable[..., Path], tmp_path: Path
) -> None:
    part = read_training_part(recipe(), [prepared(people=3)], "fold1")
    for clip in part.clips:
        clip.file.write_bytes(b"not a zip")
    with pytest.raises(ConfigError, match=r"^[^ ]*\.npz is damaged: File is not a zip file; delete it[^\n]* again$"):
        train(recipe(workers=1), None, part, tmp_path)
    gc.collect()  # the error held torch's loader and its thread
    with pytest.raises(StageFailed, match=r"^a process that reads clips failed: DataLoader"), _reader_errors():
        raise RuntimeError("DataLoader worker (pid 3) is killed by signal: Killed. ")
