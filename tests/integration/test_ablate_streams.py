"""The ablation of both streams: rows are read as they would be live, the parts that are done stay done."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.reading.neutral import Neutral, strange
from realtime_micacl.live.reading.probabilities import softmax
from realtime_micacl.making import ablate, ablate_parts, ablate_streams
from realtime_micacl.making.data.clips import Clip
from realtime_micacl.making.data.ferplus import Stills
from realtime_micacl.making.evaluation.recorded import Array, Recorded, replay
from realtime_micacl.making.training.stages import Faces
from realtime_micacl.types import EMOTIONS, F32
from tests.small import POINTS, write_recipe

RNG = np.random.default_rng(3)
RECIPE = {
    "name": "streams",
    "bag": {"instances": 4, "frames": 1, "size_px": 64, "span_s": 0.32, "mirrored": True, "padded": True},
    "crop": {"points": POINTS},
    "model": {
        "widths": [32, 64, 128, 256],
        "blocks": [1, 1, 1, 1],
        "wian_hidden": 8,
        "pooling": "gdc",
        "shape": 384,
        "shape_components": 8,
    },
    "bags": {"epochs": 1, "batch": 28, "views": 0, "rendered_share": 0.0, "photo_share": 0.0},
    "shapes": {"epochs": 1, "steps": 1, "batch": 32, "still_share": 0.5},
}


def landmarks(count: int) -> F32:
    return np.asarray(RNG.normal(32, 9, (1, 468, 3)) + RNG.normal(0, 0.5, (count, 468, 3)), np.float32)


def stills(count: int) -> Stills:
    labels = np.arange(count) % 7
    crops = RNG.integers(0, 255, (count, 64, 64), np.uint8)
    return Stills(crops, np.eye(7, dtype=np.float32)[labels], landmarks=landmarks(count))


def clip(number: int) -> Clip:
    targets = np.zeros((12, len(EMOTIONS)), np.float32)
    targets[:6, EMOTIONS.index("neutral")] = 1
    targets[6:, number % 7] = 1
    crops, times_s = RNG.integers(0, 255, (12, 64, 64, 3), np.uint8), np.arange(12, dtype=np.float32) * 0.08
    return Clip(f"people/{number}", crops, times_s, targets, number % 5 == 4, landmarks(12))


def test_rows_are_trained_once_and_compared_with_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = Faces(stills(28), stills(7), [clip(n) for n in range(15)], stills(14))
    monkeypatch.setattr(ablate_parts, "read_faces", lambda *_: given)
    rows = {one.name: one for one in ablate_streams.VARIANTS}
    kept = [rows[name] for name in ("the recipe: both streams, own neutral, MCCL", "appearance alone", "no MCCL")]
    kept.append(rows["long tail: MCCL in both streams"])
    monkeypatch.setattr(ablate_streams, "VARIANTS", tuple(kept))
    recipe = write_recipe(tmp_path / "recipe.toml", RECIPE)
    arguments = [str(recipe), "--encoder-from", str(default_engine()), "--seeds", "1", "--out", str(tmp_path / "out")]
    ablate.main(arguments)
    first = capsys.readouterr().out
    table = json.loads((tmp_path / "out" / "table.json").read_text())["rendered people, held out"]
    assert [row["variant"] for row in table] == [one.name for one in kept]
    assert table[0]["people"] == 3
    assert "less" not in table[0]
    for row in table[1:]:
        assert row["less"]["war"][0] == pytest.approx(row["war"] - table[0]["war"], abs=2e-4)
    assert len(list((tmp_path / "out" / "crops").iterdir())) == 2, "with MCCL and without"
    assert len(list((tmp_path / "out" / "shape").iterdir())) == 2, "the recipe's and the long tail's"
    for stage in ("fit_bags", "train_shapes", "record_clips"):
        monkeypatch.setattr(ablate_parts, stage, lambda *_: pytest.fail("it trains again"))
    ablate.main(arguments)
    assert capsys.readouterr().out == first


def test_an_engine_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--encoder-from"):
        ablate.main([str(write_recipe(tmp_path / "recipe.toml", RECIPE)), "--out", str(tmp_path / "out")])


def test_photographs_that_are_measured_on_are_not_learnt_from(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "recipe.toml", RECIPE)
    recipe.write_text(f"photographs = 2\n{recipe.read_text()}")
    arguments = [str(recipe), "--out", str(tmp_path / "out"), "--encoder-from", str(default_engine())]
    with pytest.raises(ConfigError, match="leave `photographs` out of it"):
        ablate.main(arguments)


def test_tracks_side_by_side_are_read_as_each_would_be_alone() -> None:
    shape = read_sidecar(default_engine())[1].shape
    assert shape
    mean = np.asarray(shape.mean, np.float32)
    lengths, ways = (9, 4, 1), RNG.normal(0, 1, (len(mean) + 1, len(EMOTIONS))).astype(np.float32)
    tracks = np.repeat(np.arange(3), lengths)
    times_s = np.concatenate([np.arange(n) * 0.08 * (1 + k) for k, n in enumerate(lengths)]).astype(np.float32)
    shapes = (mean + RNG.normal(0, 0.1, (len(tracks), 4, len(mean)))).astype(np.float32)
    none = np.zeros(0, np.int64)
    recorded = Recorded(np.zeros((len(tracks), 4, 1), np.float32), shapes, times_s, tracks, none, none, none, none)

    def read(_: Array, changes: F32) -> F32:
        return np.asarray(changes.mean(axis=1) @ ways, np.float32)

    together = replay(recorded, shape, read, 2.0)
    for track in range(3):
        neutral, last_s = Neutral(mean, shape.prior, shape.half_s), None
        for row in np.flatnonzero(tracks == track):
            changes = np.concatenate([shapes[row] - neutral.shape, np.full((4, 1), neutral.trust)], axis=1)
            alone = softmax(read(none, changes[None].astype(np.float32)) / np.float32(2.0))[0]
            assert np.allclose(together[row], alone, atol=1e-5)
            elapsed_s = 0.0 if last_s is None else float(times_s[row] - last_s)
            second = softmax(read(none, strange(shapes[None, row], mean)) / np.float32(2.0))[0]
            neutral.read(shapes[row, -1], alone, second if neutral.second_due else None, elapsed_s)
            last_s = times_s[row]
    assert not np.allclose(together, replay(recorded, shape, read, 2.0, learns=False)), "it learns on the way"
