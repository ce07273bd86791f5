"""`evaluate` from end to end on tiny prepared sets of striped clips, with tiny networks that learnt stripes."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

from realtime_micacl.data.bags import segments
from realtime_micacl.data.clips import bag_frames
from realtime_micacl.data.prepared import CLIPS, INDEX, MANIFEST, Line, Manifest, read_prepared, write_crops
from realtime_micacl.errors import MicaclError
from realtime_micacl.evaluate import main
from realtime_micacl.export import export
from realtime_micacl.inference.engine import default_engine, open_engine
from realtime_micacl.inference.sidecar import Crop, read_sidecar
from realtime_micacl.live.detector import FaceDetector
from realtime_micacl.live.pipeline import Perceiver, Recognizer, offline
from realtime_micacl.live.video import read_file
from realtime_micacl.model.micacl import MICACL, MICACLConfig
from realtime_micacl.types import EMOTIONS, BagSpec, EmotionDistribution

SPEC = BagSpec(instances=4, frames=2, size_px=16, span_s=0.8)
POINTS = ((0.3, 0.37), (0.7, 0.37), (0.5, 0.6), (0.5, 0.79))
TEMPERATURE, THRESHOLD = 0.8, 0.5
CONFIG = MICACLConfig.from_dict(
    {"encoder": "light", "widths": [8, 16], "blocks": [1, 1], "instances": 4, "frames": 2, "size_px": 16}
)
FOLDS = [f"fold{k}" for k in range(1, 6)]


def crops_of(label: int, frames: int, rng: np.random.Generator) -> np.ndarray:
    """A clip of an emotion: its stripes, half drowned in noise."""
    wave = np.sin(np.pi * (label + 1) * np.linspace(0, 1, 16))
    pixels = 128 + 22 * wave[None, :, None] + rng.normal(0, 45, (frames, 16, 16))
    return pixels.clip(0, 255).astype(np.uint8)[..., None].repeat(3, axis=3)


def prepared(folder: Path, name: str, clips: list[tuple[int, str, dict[str, Any]]], seed: int = 0) -> Path:
    """Write a set of clips (label, subject, parts) of 6 to 40 frames at 25 Hz."""
    rng = np.random.default_rng(seed)
    (folder / CLIPS).mkdir(parents=True)
    lines = []
    for n, (label, subject, parts) in enumerate(clips):
        frames = int(rng.integers(6, 40))
        file = f"{CLIPS}/{n:016x}.npz"
        targets = np.tile(np.eye(7, dtype=np.float32)[label], (frames, 1))
        write_crops(folder / file, crops_of(label, frames, rng), np.arange(frames, dtype=np.float32) / 25, targets)
        lines.append(
            Line(clip=f"clip{n:03d}", label=EMOTIONS[label], subject=subject, parts=parts, frames=frames, file=file)
        )
    manifest = Manifest(name=name, size_px=16, crop=Crop(points=POINTS), version="1", clips=len(clips), skipped=3)
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    (folder / INDEX).write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return folder


def learnt(seed: int, steps: int = 30) -> MICACL:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = MICACL(CONFIG)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    labels = torch.arange(28) % 7
    for _ in range(steps):
        crops = np.stack([crops_of(int(label), SPEC.ticks, rng) for label in labels]).reshape(-1, 2, 16, 16, 3)
        features = model.encode(torch.from_numpy(crops)).unflatten(0, (28, 4))
        loss = F.cross_entropy(model.classify(features)[0], labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model.eval()


def checkpoint(folder: Path, model: MICACL, trained_on: list[str]) -> Path:
    folder.mkdir(parents=True)
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / "model.safetensors")
    about = {
        "name": "striped",
        "labels": EMOTIONS,
        "bag": {"instances": 4, "frames": 2, "size_px": 16, "span_s": 0.8},
        "crop": {"points": POINTS},
        "model": CONFIG.to_dict(),
        "calibration": {"temperature": TEMPERATURE, "abstain_below": THRESHOLD},
        "trained_on": trained_on,
        "counts": [4] * 7,
        "history": [],
    }
    (folder / "checkpoint.json").write_text(json.dumps(about))
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a five-fold set, a single-split set of unknown people, and a checkpoint for each fold."""
    root = tmp_path_factory.mktemp("evaluation")
    people = [(label, f"p{p}", p) for p in range(10) for label in range(7)]
    folds = [
        (label, who, {f: "test" if p % 5 == k else "train" for k, f in enumerate(FOLDS)}) for label, who, p in people
    ]
    prepared(root / "five", "five", folds)
    prepared(root / "one", "one", [(n % 6, "", {"official": "test" if n % 3 else "train"}) for n in range(36)], seed=1)
    for k, fold in enumerate(FOLDS):
        checkpoint(root / f"run-{fold}", learnt(k), [f"five {fold}"])
    return root


def naive(place: Path, run: str, data: str, split: str, bags: str = "segments") -> dict[str, tuple[int, np.ndarray]]:
    """Label and probabilities of each clip that can be read, worked out one bag at a time."""
    model = MICACL(CONFIG)
    model.load_state_dict(load_file(place / run / "model.safetensors"))
    model.eval()
    found = {}
    for clip in read_prepared(place / data).clips:
        if clip.parts[split] != "test":
            continue
        loaded, rows = clip.load(), []
        numbers = [segments(clip.frames, SPEC)] if bags == "segments" else bag_frames(loaded.times_s, SPEC)
        for frames in numbers:
            crops = torch.from_numpy(loaded.crops[frames].reshape(4, 2, 16, 16, 3))
            with torch.inference_mode():
                logits = model.classify(model.encode(crops)[None])[0][0]
            rows.append(torch.softmax(logits / TEMPERATURE, dim=0).numpy())
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


def test_a_checkpoint_on_its_own_fold_scores_what_a_loop_finds(place: Path, tmp_path: Path) -> None:
    run(place / "run-fold2", "--data", place / "five", "--json", tmp_path / "f.json")
    (title, scores), *rest = json.loads((tmp_path / "f.json").read_text()).items()
    assert title == "five fold2, test part"
    assert not rest
    war, uar = scores_of(naive(place, "run-fold2", "five", "fold2"))
    assert 0.3 < war < 1, "else the check shows little"
    assert scores["war"] == pytest.approx(war, abs=1e-4)
    assert scores["uar"] == pytest.approx(uar, abs=1e-4)
    assert scores["n"] == 14
    assert scores["people"] == 2
    assert scores["people_in_both_parts"] == 0
    assert scores["left_out_by_prepare"] == 3
    assert scores["training"] == "trained on the training part of this split"
    assert scores["risk"]["threshold"] == THRESHOLD


def test_five_folds(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [place / f"run-{fold}" for fold in reversed(FOLDS)]
    run(*runs, "--data", place / "five", "--split", "all", "--report", tmp_path / "r")
    (scores,) = json.loads((tmp_path / "r" / "report.json").read_text()).values()
    each = [naive(place, f"run-{fold}", "five", fold) for fold in FOLDS]
    wars, uars = zip(*map(scores_of, each), strict=True)
    folds = scores["folds"]
    assert [fold["split"] for fold in folds["each"]] == FOLDS
    assert [fold["engine"] for fold in folds["each"]] == [f"run-{fold}" for fold in FOLDS], "by name, not by order"
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
    assert (scores["n"], scores["people"]) == (70, 10)
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
    text = (tmp_path / "r" / "report.md").read_text()
    assert f"{folds['war_mean']:.3f} (sd {folds['war_sd']:.3f})" in text
    assert "| fold3 | run-fold3 | 14 |" in text
    assert "plots-five-5-folds.png" in text
    assert "over 5 folds" in capsys.readouterr().out


def test_two_reports_are_the_same_to_the_byte(place: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run(place / "run-fold1", "--data", place / "five", place / "one", "--report", tmp_path / name)
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


def test_live_bags_of_short_clips_count_as_not_read(place: Path, tmp_path: Path) -> None:
    run(place / "run-fold1", "--data", place / "one", "--bags", "live", "--json", tmp_path / "f.json")
    (scores,) = json.loads((tmp_path / "f.json").read_text()).values()
    found = naive(place, "run-fold1", "one", "official", bags="live")
    war, uar = scores_of(found)
    assert 0 < len(found) < 24, "some clips are shorter than the window"
    assert (scores["n"], scores["unread"]) == (len(found), 24 - len(found))
    assert (scores["war"], scores["uar"]) == pytest.approx((war, uar), abs=1e-4)
    assert scores["coverage"] == pytest.approx(len(found) / 24, abs=1e-4)
    assert scores["war_all"] == pytest.approx(war * len(found) / 24, abs=1e-4)
    assert scores["people"] is None
    assert scores["people_in_both_parts"] is None
    assert scores["training"] == "not trained on this data set, as it says: five fold1"


def test_two_engines_are_compared_on_the_same_clips(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = (place / "run-fold1", place / "run-fold2")
    run(*runs, "--data", place / "one", "--json", tmp_path / "f.json", "--report", tmp_path / "r")
    figures = json.loads((tmp_path / "f.json").read_text())
    where = "one official, test part"
    assert list(figures) == [
        f"run-fold1 on {where}",
        f"run-fold2 on {where}",
        f"run-fold2 against run-fold1 on {where}",
    ]
    first, second, difference = figures.values()
    a, b = (naive(place, f"run-fold{k}", "one", "official") for k in (1, 2))
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


def test_one_engine_over_all_folds_of_a_foreign_set(place: Path, tmp_path: Path) -> None:
    foreign = checkpoint(tmp_path / "foreign", learnt(9, steps=5), ["one official"])
    run(foreign, "--data", place / "five", place / "one", "--split", "all", "--json", tmp_path / "f.json")
    five, one = json.loads((tmp_path / "f.json").read_text()).items()
    assert (five[0], five[1]["n"]) == ("five, 5 folds", 70)
    assert five[1]["risk"]["threshold"] == THRESHOLD
    assert (one[0], one[1]["n"]) == ("one official, test part", 24)


def test_an_engine_with_graphs_scores_as_its_checkpoint_does(place: Path, tmp_path: Path) -> None:
    export(place / "run-fold1", tmp_path / "engine", ("five fold1",), {})
    for name, path in (("graphs", tmp_path / "engine"), ("weights", place / "run-fold1")):
        run(path, "--data", place / "five", "--json", tmp_path / f"{name}.json")
    graphs, weights = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("graphs", "weights"))
    (one,), (other,) = graphs.values(), weights.values()
    assert one["confusion"] == other["confusion"]
    assert one["ece"] == pytest.approx(other["ece"], abs=1e-3)
    assert (one["engine"], other["engine"]) == ("engine", "run-fold1")


def refused(*arguments: object) -> str:
    with pytest.raises(MicaclError) as caught:
        run(*arguments)
    return str(caught.value)


def test_clips_that_were_trained_on_are_refused(place: Path, tmp_path: Path) -> None:
    said = refused(place / "run-fold1", "--data", place / "five", "--split", "fold2")
    assert "run-fold1 was trained on five fold1, which holds 14 of the 14 clips of five fold2, test part" in said
    assert "--split fold1" in said
    assert "does not say on which split" in refused(
        checkpoint(tmp_path / "whole", learnt(0, steps=0), ["five"]), "--data", place / "five", "--split", "fold1"
    )
    said = refused(*(place / f"run-{f}" for f in ("fold1", "fold2")), "--data", place / "five", "--split", "fold1")
    assert said.startswith("run-fold2 was trained on")


def test_a_checkpoint_that_is_silent_about_its_training_is_measured_and_said_to_be(place: Path, tmp_path: Path) -> None:
    silent = checkpoint(tmp_path / "silent", learnt(0, steps=0), [])
    run(silent, "--data", place / "five", "--split", "fold1", "--json", tmp_path / "f.json")
    (scores,) = json.loads((tmp_path / "f.json").read_text()).values()
    assert scores["training"].startswith("unknown")


def test_a_split_that_is_not_there_lists_those_that_are(place: Path) -> None:
    said = refused(place / "run-fold1", "--data", place / "five", "--split", "fold9")
    assert "has no split fold9" in said
    assert "fold1, fold2, fold3, fold4, fold5, or all" in said
    assert "it has official" in refused(place / "run-fold1", "--data", place / "one", "--split", "fold1")


def test_folds_need_as_many_engines_as_there_are(place: Path) -> None:
    runs = [place / f"run-{fold}" for fold in FOLDS[:3]]
    said = refused(*runs, "--data", place / "five", "--split", "all")
    assert "5 splits" in said
    assert "3 engines" in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size_px": 32}, ["crops of 16 px", "takes 32 px", "realtime-micacl prepare"]),
        (
            {"points": [[0.2, 0.3], [0.8, 0.3], [0.5, 0.6], [0.5, 0.8]]},
            ["0.37", "(0.2, 0.3)", "realtime-micacl prepare"],
        ),
    ],
)
def test_crops_that_do_not_fit_the_engine(
    place: Path, tmp_path: Path, change: dict[str, Any], words: list[str]
) -> None:
    folder = checkpoint(tmp_path / "other", learnt(0, steps=0), [])
    about = json.loads((folder / "checkpoint.json").read_text())
    about["bag"]["size_px"] = about["model"]["size_px"] = change.get("size_px", 16)
    about["crop"]["points"] = change.get("points", about["crop"]["points"])
    (folder / "checkpoint.json").write_text(json.dumps(about))
    said = refused(folder, "--data", place / "five", "--split", "fold1")
    for word in ["other", str(place / "five"), *words]:
        assert word in said


def test_what_is_not_there_is_named(place: Path, tmp_path: Path) -> None:
    fold1 = place / "run-fold1"
    assert "is no prepared data set" in refused(fold1, "--data", tmp_path / "nowhere")
    assert "no engine at" in refused(tmp_path / "nowhere", "--data", place / "five")
    assert "neither an engine" in refused(tmp_path, "--data", place / "five")
    assert "nothing to measure on" in refused(fold1)
    assert "named twice" in refused(fold1, fold1, "--data", place / "five")
    assert "called 'five'" in refused(fold1, "--data", place / "five", place / "five")
    (tmp_path / "file").touch()
    assert "cannot be made" in refused(fold1, "--data", place / "five", "--report", tmp_path / "file" / "r")
    broken = checkpoint(tmp_path / "broken", learnt(0, steps=0), [])
    (broken / "checkpoint.json").write_text("{}")
    assert "damaged or incomplete" in refused(broken, "--data", place / "five")


def test_people_who_are_in_both_parts_are_counted(place: Path, tmp_path: Path) -> None:
    clips = [(n % 7, f"p{n % 4}", {"official": "test" if n < 6 else "train"}) for n in range(20)]
    prepared(tmp_path / "mixed", "mixed", [*clips, (0, "alone", {"official": "test"})])
    run(place / "run-fold1", "--data", tmp_path / "mixed", "--json", tmp_path / "f.json")
    (scores,) = json.loads((tmp_path / "f.json").read_text()).values()
    assert (scores["people"], scores["people_in_both_parts"]) == (5, 4)


def test_a_set_without_splits_is_measured_whole(place: Path, tmp_path: Path) -> None:
    prepared(tmp_path / "loose", "loose", [(n % 7, "", {}) for n in range(9)])
    run(place / "run-fold1", "--data", tmp_path / "loose", "--json", tmp_path / "f.json")
    ((title, scores),) = json.loads((tmp_path / "f.json").read_text()).items()
    assert (title, scores["n"], scores["part"]) == ("loose, all clips", 9, "all")


@pytest.fixture
def videos(tmp_path: Path, clips: Path) -> Path:
    for emotion, name in (("happy", "one_face_720p.mp4"), ("sad", "face_leaves.mp4"), ("neutral", "no_face.mp4")):
        (tmp_path / "videos" / emotion).mkdir(parents=True)
        shutil.copy(clips / name, tmp_path / "videos" / emotion)
    (tmp_path / "videos" / "sad" / "broken.mp4").write_text("no video")
    return tmp_path / "videos"


def test_videos_go_through_the_live_stages(videos: Path, tmp_path: Path) -> None:
    run("--through-tracker", videos, "--report", tmp_path / "r")
    ((title, scores),) = json.loads((tmp_path / "r" / "report.json").read_text()).items()
    assert title == "videos, through the tracker"
    assert (scores["n"], scores["unread"], scores["coverage"]) == (2, 2, 0.5)
    with (tmp_path / "r" / "clips-videos-through-the-tracker.csv").open() as stream:
        rows = {row["clip"]: row for row in csv.DictReader(stream)}
    assert rows["neutral/no_face.mp4"]["said"] == rows["sad/broken.mp4"]["said"] == ""
    folder, sidecar = read_sidecar(default_engine())
    right = 0
    for name, label in (("happy/one_face_720p.mp4", "happy"), ("sad/face_leaves.mp4", "sad")):
        perceiver = Perceiver(FaceDetector(), sidecar)
        recognizer = Recognizer(open_engine(folder, sidecar), sidecar, smoothing_s=0.3)
        events = offline(read_file(videos / name), perceiver, recognizer)
        mean = np.mean([e.probabilities for e in events if isinstance(e, EmotionDistribution)], axis=0)
        perceiver.close()
        assert [float(rows[name][e]) for e in EMOTIONS] == pytest.approx(mean, abs=1e-4), "nothing is carried over"
        right += EMOTIONS[mean.argmax()] == label
    assert scores["war"] == right / 2
    assert scores["war_all"] == right / 4


def test_folders_of_videos_that_are_no_emotion_are_named(tmp_path: Path) -> None:
    assert "is not there" in refused("--through-tracker", tmp_path / "nowhere")
    (tmp_path / "videos" / "hapy").mkdir(parents=True)
    assert "holds hapy; its folders must be named happy, sad," in refused("--through-tracker", tmp_path / "videos")
    (tmp_path / "videos" / "hapy").rename(tmp_path / "videos" / "happy")
    assert "holds no file" in refused("--through-tracker", tmp_path / "videos")
    (tmp_path / "videos" / "happy" / "a.mp4").write_text("no video")
    assert "nothing could be read" in refused("--through-tracker", tmp_path / "videos")
