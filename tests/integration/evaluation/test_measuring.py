"""`evaluate` on prepared sets: every score against a loop, the folds, the report, two engines, people and splits."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from realtime_micacl.making.data.bags import segments
from realtime_micacl.making.data.clips import bag_frames
from realtime_micacl.making.data.prepared import read_prepared
from realtime_micacl.making.evaluate import main
from realtime_micacl.making.export import export
from realtime_micacl.making.scores import compare
from realtime_micacl.model.micacl import MICACL
from realtime_micacl.types import EMOTIONS


def naive(
    striped: Any, run: Path, data: Path, split: str, bags: str = "segments", span_s: float = 0.8
) -> dict[str, tuple[int, np.ndarray]]:
    """Label and probabilities of each clip that can be read, worked out one bag at a time."""
    model = MICACL(striped.config)
    model.load_state_dict(load_file(run / "model.safetensors"))
    model.eval()
    spec = msgspec.structs.replace(striped.spec, span_s=span_s)
    found = {}
    for clip in read_prepared(data).clips:
        if clip.parts[split] != "test":
            continue
        loaded, rows = clip.load(), []
        numbers = [segments(clip.frames, spec)] if bags == "segments" else bag_frames(loaded.times_s, spec)
        for frames in numbers:
            crops = torch.from_numpy(loaded.crops[frames].reshape(4, 2, 16, 16, 3))
            with torch.inference_mode():
                logits = model(crops[None])[0][0]
            rows.append(torch.softmax(logits / striped.temperature, dim=0).numpy())
        if rows:
            found[clip.clip] = (clip.label, np.mean(rows, axis=0))
    return found


def scores_of(found: dict[str, tuple[int, np.ndarray]]) -> tuple[float, float]:
    right: dict[int, list[bool]] = {}
    for label, p in found.values():
        right.setdefault(label, []).append(int(p.argmax()) == label)
    every = [ok for each in right.values() for ok in each]
    return sum(every) / len(every), float(np.mean([np.mean(each) for each in right.values()]))


def run(*arguments: object) -> None:
    main([str(a) for a in arguments])


def test_a_checkpoint_on_its_own_fold_scores_what_a_loop_finds(
    striped: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(striped.runs[1], "--data", striped.five, "--json", tmp_path / "f.json")
    (title, scores), *rest = json.loads((tmp_path / "f.json").read_text()).items()
    assert title == "five fold2, test part"
    assert not rest
    war, uar = scores_of(naive(striped, striped.runs[1], striped.five, "fold2"))
    assert 0.3 < war < 1, "else the check shows little"
    assert scores["war"] == pytest.approx(war, abs=1e-4)
    assert scores["uar"] == pytest.approx(uar, abs=1e-4)
    assert scores["n"] == 14
    assert scores["people"] == 2
    assert scores["people_in_both_parts"] == 0
    assert scores["lost"] == 6
    assert scores["war_with_lost"] == pytest.approx(war * 14 / 20, abs=1e-4)
    assert scores["training"] == "trained on five fold2, without these clips"
    assert scores["risk"]["threshold"] == striped.threshold
    assert "few people (2)" in capsys.readouterr().out


def test_five_folds(striped: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = list(reversed(striped.runs))
    run(*runs, "--data", striped.five, "--split", "all", "--report", tmp_path / "r")
    (scores,) = json.loads((tmp_path / "r" / "report.json").read_text()).values()
    each = [naive(striped, striped.runs[k], striped.five, fold) for k, fold in enumerate(striped.folds)]
    wars, uars = zip(*map(scores_of, each), strict=True)
    folds = scores["folds"]
    assert [fold["split"] for fold in folds["each"]] == striped.folds
    assert [fold["engine"] for fold in folds["each"]] == [f"run-{fold}" for fold in striped.folds], (
        "by name, not by order"
    )
    assert [fold["war"] for fold in folds["each"]] == pytest.approx(wars, abs=1e-4)
    assert folds["war_mean"] == pytest.approx(np.mean(wars), abs=1e-4)
    assert folds["war_sd"] == pytest.approx(np.std(wars, ddof=1), abs=1e-4)
    assert folds["uar_mean"] == pytest.approx(np.mean(uars), abs=1e-4)
    assert folds["uar_sd"] == pytest.approx(np.std(uars, ddof=1), abs=1e-4)
    together = {f"{k} {clip}": one for k, found in enumerate(each) for clip, one in found.items()}
    assert (scores["war"], scores["uar"]) == pytest.approx(scores_of(together), abs=1e-4)
    matrix = np.zeros((7, 7), int)
    for label, p in together.values():
        matrix[label, p.argmax()] += 1
    assert scores["confusion"] == matrix.tolist()
    assert (scores["n"], scores["people"], scores["lost"]) == (70, 10, 7)
    assert scores["war_with_lost"] == pytest.approx(scores["war"] * 70 / 77, abs=1e-4)
    with (tmp_path / "r" / "confusion-five-5-folds.csv").open() as stream:
        head, *rows = csv.reader(stream)
    assert head[1:] == list(EMOTIONS)
    assert [[int(cell) for cell in row[1:]] for row in rows] == matrix.tolist()
    with (tmp_path / "r" / "clips-five-5-folds.csv").open() as stream:
        clips = {row["clip"]: row for row in csv.DictReader(stream)}
    for name, (label, p) in {clip: one for found in each for clip, one in found.items()}.items():
        assert (clips[name]["labelled"], clips[name]["said"]) == (EMOTIONS[label], EMOTIONS[p.argmax()])
        assert [float(clips[name][e]) for e in EMOTIONS] == pytest.approx(p, abs=1e-3)
    assert len(clips) == 70
    text = (tmp_path / "r/report.md").read_text()
    assert f"{folds['war_mean']:.3f} (sd {folds['war_sd']:.3f})" in text
    assert "| fold3 | run-fold3 | 14 |" in text
    assert "plots-five-5-folds.png" in text
    assert "few people" not in text, "ten people are enough to be drawn from"
    assert "over 5 folds" in capsys.readouterr().out


def test_two_reports_are_the_same_to_the_byte(striped: Any, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run(striped.runs[0], "--data", striped.five, striped.one, "--report", tmp_path / name)
    files = sorted(file.name for file in (tmp_path / "a").iterdir())
    assert files == [
        "clips-five-fold1-test-part.csv",
        "clips-one-official-test-part.csv",
        "confusion-five-fold1-test-part.csv",
        "confusion-one-official-test-part.csv",
        "plots-five-fold1-test-part.png",
        "plots-one-official-test-part.png",
        "report.json",
        "report.md",
    ]
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_live_bags_of_short_clips_count_as_not_read(striped: Any, tmp_path: Path) -> None:
    run(striped.runs[0], "--data", striped.one, "--bags", "live", "--report", tmp_path)
    (scores,) = json.loads((tmp_path / "report.json").read_text()).values()
    found = naive(striped, striped.runs[0], striped.one, "official", bags="live")
    war, uar = scores_of(found)
    assert 0 < len(found) < 24
    assert (scores["n"], scores["unread"]) == (len(found), 24 - len(found))
    assert (scores["war"], scores["uar"]) == pytest.approx((war, uar), abs=1e-4)
    assert scores["coverage"] == pytest.approx(len(found) / 24, abs=1e-4)
    assert scores["war_all"] == pytest.approx(war * len(found) / 24, abs=1e-4)
    with (tmp_path / "clips-one-official-test-part.csv").open() as stream:
        rows = {row["clip"]: row for row in csv.DictReader(stream)}
    for name, (_, p) in found.items():
        assert [float(rows[name][e]) for e in EMOTIONS] == pytest.approx(p, abs=1e-3), "the mean over bags"
    assert {name for name, row in rows.items() if not row["said"]} == rows.keys() - found.keys()
    assert scores["people"] is None
    assert scores["people_in_both_parts"] is None
    assert scores["training"] == "this set is not among what it says it was trained on: five fold1"


def test_two_engines_are_compared_on_the_same_clips(
    striped: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = (striped.runs[0], striped.runs[1])
    run(*runs, "--data", striped.one, "--json", tmp_path / "f.json", "--report", tmp_path / "r")
    figures = json.loads((tmp_path / "f.json").read_text())
    where = "one official, test part"
    assert list(figures) == [
        f"run-fold1 on {where}",
        f"run-fold2 on {where}",
        f"run-fold2 against run-fold1 on {where}",
    ]
    first, second, difference = figures.values()
    a, b = (naive(striped, striped.runs[k], striped.one, "official") for k in (0, 1))
    only_b = sum(b[c][1].argmax() == b[c][0] and a[c][1].argmax() != a[c][0] for c in a)
    assert difference["only_second_right"] == only_b
    assert difference["war"] == pytest.approx(second["war"] - first["war"], abs=2e-4)
    assert difference["uar"] == pytest.approx(second["uar"] - first["uar"], abs=2e-4)
    assert figures == json.loads((tmp_path / "r" / "report.json").read_text())
    assert f"McNemar p {difference['mcnemar_p']:.4f}" in (tmp_path / "r" / "report.md").read_text()
    table = capsys.readouterr().out.split("\n\n")[-1].splitlines()
    assert table[0].split("  ")[0] == "WAR / UAR"
    assert table[1].startswith("run-fold1 ")
    assert f"{first['war']:.1%} / {first['uar']:.1%}" in table[1]


def test_engines_are_compared_on_what_both_read(striped: Any, tmp_path: Path) -> None:
    quick = striped.checkpoint(tmp_path / "quick", [], seed=7, span_s=0.4)
    bags = ("--bags", "live", "--split", "fold1")
    run(striped.runs[0], quick, "--data", striped.five, *bags, "--json", tmp_path / "f.json")
    *_, difference = json.loads((tmp_path / "f.json").read_text()).values()
    a = naive(striped, striped.runs[0], striped.five, "fold1", "live")
    b = naive(striped, quick, striped.five, "fold1", "live", span_s=0.4)
    assert len(a) < len(b), "some clips are too short for one of them"
    subjects = {clip.clip: int(clip.subject[1:]) for clip in read_prepared(striped.five).clips}
    rows = [(a[c][0], a[c][1].argmax(), b[c][1].argmax(), subjects[c]) for c in sorted(a)]
    assert difference == compare(*np.array(rows).T)


def test_one_engine_over_all_folds_of_a_foreign_set(
    striped: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = striped.checkpoint(tmp_path / "foreign", ["one official"], seed=9)
    run(foreign, "--data", striped.five, striped.one, "--split", "all", "--json", tmp_path / "f.json")
    five, one = json.loads((tmp_path / "f.json").read_text()).items()
    assert (five[0], five[1]["n"]) == ("five, 5 folds", 70)
    assert five[1]["risk"]["threshold"] == striped.threshold
    assert (one[0], one[1]["n"]) == ("one official, test part", 24)
    head, row = capsys.readouterr().out.split("\n\n")[-1].splitlines()
    assert "five, 5 folds" in head
    assert "one official, test part" in head
    assert f"± {five[1]['folds']['uar_sd']:.1%}" in row
    assert f"{one[1]['war']:.1%} / {one[1]['uar']:.1%}" in row


def test_an_engine_with_graphs_scores_as_its_checkpoint_does(striped: Any, tmp_path: Path) -> None:
    export(striped.runs[0], tmp_path / "engine", ("five fold1",), {})
    for name, path in (("graphs", tmp_path / "engine"), ("weights", striped.runs[0])):
        run(path, "--data", striped.five, "--json", tmp_path / f"{name}.json")
    graphs, weights = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("graphs", "weights"))
    (one,), (other,) = graphs.values(), weights.values()
    assert one["confusion"] == other["confusion"]
    assert one["ece"] == pytest.approx(other["ece"], abs=1e-3)
    assert (one["engine"], other["engine"]) == ("engine", "run-fold1")


def test_a_checkpoint_that_is_silent_about_its_training_is_measured_and_said_to_be(
    striped: Any, tmp_path: Path
) -> None:
    silent = striped.checkpoint(tmp_path / "silent", [])
    run(silent, "--data", striped.five, "--split", "fold1", "--json", tmp_path / "f.json")
    (scores,) = json.loads((tmp_path / "f.json").read_text()).values()
    assert scores["training"].startswith("unknown")
