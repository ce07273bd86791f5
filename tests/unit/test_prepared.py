"""Prepared folders: what was written comes back, what is damaged or foreign is refused."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from pathlib import Path

import msgspec
import numpy as np
import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.data.prepared import (
    CLIPS,
    INDEX,
    MANIFEST,
    Line,
    Manifest,
    frames_in,
    read_prepared,
    write_crops,
)
from realtime_micacl.types import EMOTIONS

SIZE_PX = 16


def arrays(frames: int, label: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(frames)
    crops = rng.integers(0, 256, (frames, SIZE_PX, SIZE_PX, 3)).astype(np.uint8)
    times_s = np.arange(frames, dtype=np.float32) / 25
    return crops, times_s, np.tile(np.eye(7, dtype=np.float32)[label], (frames, 1))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / CLIPS).mkdir()
    lines = []
    for n, parts in enumerate(({"official": "train", "fold1": "test"}, {"official": "test", "fold1": "train"}, {})):
        file = f"{CLIPS}/{n:016x}.npz"
        write_crops(tmp_path / file, *arrays(n + 5, n))
        lines.append(Line(clip=f"c{n}", label=EMOTIONS[n], subject="s", parts=parts, frames=n + 5, file=file))
    manifest = Manifest(name="set", size_px=SIZE_PX, crop=None, version="1", clips=3)
    (tmp_path / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    (tmp_path / INDEX).write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return tmp_path


def alter(folder: Path, name: str, **changes: object) -> None:
    """Change fields of the first record of a file."""
    first, *rest = (folder / name).read_text().splitlines()
    (folder / name).write_text("\n".join([json.dumps(json.loads(first) | changes), *rest]))


def test_what_was_written_comes_back(folder: Path) -> None:
    found = read_prepared(folder)
    assert (found.name, found.size_px, found.crop, found.splits) == ("set", SIZE_PX, None, ("fold1", "official"))
    assert [(c.clip, c.label, c.frames) for c in found.clips] == [("c0", 0, 5), ("c1", 1, 6), ("c2", 2, 7)]
    assert found.clips[0].parts == {"official": "train", "fold1": "test"}
    clip = found.clips[1].load()
    for got, expected in zip((clip.crops, clip.times_s, clip.targets), arrays(6, 1), strict=True):
        assert got.dtype == expected.dtype and (got == expected).all()
    assert clip.subject == "s"
    assert [c.load().held_out for c in found.clips] == [False, True, False]
    assert [frames_in(c.file, SIZE_PX) for c in found.clips] == [5, 6, 7]
    assert not [f for f in folder.rglob(".*")], "no partial file is left"


def test_a_split_is_named_unless_there_is_but_one_and_each_of_its_parts_has_its_own_clips(folder: Path) -> None:
    found = read_prepared(folder)
    assert found.split("fold1") == "fold1"
    assert [clip.clip for clip in found.part("official", "test")] == ["c1"]
    assert [clip.clip for clip in found.part("fold1", "test")] == ["c0"]
    rows = [json.loads(row) for row in (folder / INDEX).read_text().splitlines()]
    for row in rows:
        row["parts"].pop("fold1", None)
    (folder / INDEX).write_text("\n".join(map(json.dumps, rows)))
    assert read_prepared(folder).split(None) == "official"


def test_a_set_that_cannot_be_parted_says_why_it_has_no_split(folder: Path) -> None:
    rows = [json.loads(row) | {"parts": {}} for row in (folder / INDEX).read_text().splitlines()]
    (folder / INDEX).write_text("\n".join(map(json.dumps, rows)))
    for name in (None, "fold1"):
        with pytest.raises(ConfigError, match="has no split, since it has only one clip or person"):
            read_prepared(folder).split(name)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        (MANIFEST, {"clips": None}, "not prepared to the end"),
        (MANIFEST, {"clips": 4}, "has 3 lines"),
        (MANIFEST, {"schema": 2}, "damaged or not ours"),
        (MANIFEST, {"size_px": 100_000}, "damaged or not ours"),
        (MANIFEST, {"owner": "x"}, "damaged or not ours"),
        (MANIFEST, {"labels": sorted(EMOTIONS)}, "label order"),
        (INDEX, {"label": "contempt"}, "contempt"),
        (INDEX, {"clip": "c1"}, "different clips"),
        (INDEX, {"file": "../secret.npz"}, "line 1"),
        (INDEX, {"file": f"{CLIPS}/ff.npz"}, "ff.npz, which is missing"),
        (INDEX, {"frames": 0}, "line 1"),
        (INDEX, {"parts": {"fold1": "validation"}}, "line 1"),
    ],
)
def test_a_folder_that_does_not_fit_is_refused(folder: Path, name: str, changes: dict[str, object], said: str) -> None:
    alter(folder, name, **changes)
    with pytest.raises(ConfigError, match=said):
        read_prepared(folder)


def test_a_foreign_or_torn_folder_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="not a prepared data set"):
        read_prepared(folder / CLIPS)
    with pytest.raises(ConfigError, match="not a prepared data set"):
        read_prepared(folder / INDEX)
    index = (folder / INDEX).read_bytes()
    (folder / INDEX).write_bytes(index[:-9])
    with pytest.raises(ConfigError, match="line 3"):
        read_prepared(folder)
    (folder / INDEX).unlink()
    with pytest.raises(ConfigError, match="index"):
        read_prepared(folder)


def damaged(file: Path, how: str) -> None:
    content = bytearray(file.read_bytes())
    if how == "cut off":
        file.write_bytes(content[: len(content) // 2])
    elif how == "one bit":
        content[len(content) // 3] ^= 1
        file.write_bytes(content)
    elif how == "empty":
        file.write_bytes(b"")
    elif how == "other length":
        write_crops(file, *arrays(9, 0))
    elif how == "compressed":
        np.savez_compressed(file, **dict(zip(("crops", "times_s", "targets"), arrays(5, 0), strict=True)))
    elif how == "missing array":
        np.savez(file, crops=arrays(5, 0)[0])
    elif how == "objects":
        np.savez(file, crops=arrays(5, 0)[0], times_s=arrays(5, 0)[1], targets=np.array([print] * 5, object))


@pytest.mark.parametrize(
    "how", ["cut off", "one bit", "empty", "other length", "compressed", "missing array", "objects"]
)
def test_a_damaged_clip_is_refused(folder: Path, how: str) -> None:
    clip = read_prepared(folder).clips[0]
    damaged(clip.file, how)
    with pytest.raises(ConfigError, match="is damaged"):
        clip.load()


@pytest.mark.parametrize("how", ["cut off", "empty", "compressed", "missing array", "objects"])
def test_a_damaged_clip_counts_as_missing_when_preparing(folder: Path, how: str) -> None:
    file = read_prepared(folder).clips[0].file
    damaged(file, how)
    assert frames_in(file, SIZE_PX) is None


def test_a_file_that_claims_to_be_huge_is_refused_before_memory_is_taken(folder: Path) -> None:
    frames = 1_000_000
    members = {
        "crops": ((frames, SIZE_PX, SIZE_PX, 3), "|u1"),
        "times_s": ((frames,), "<f4"),
        "targets": ((frames, 7), "<f4"),
    }
    file = folder / CLIPS / f"{0:016x}.npz"
    with zipfile.ZipFile(file, "w") as archive:
        for name, (shape, kind) in members.items():
            header = io.BytesIO()
            np.lib.format.write_array_header_1_0(header, {"shape": shape, "fortran_order": False, "descr": kind})
            archive.writestr(f"{name}.npy", header.getvalue())
    alter(folder, INDEX, frames=frames)
    clip = read_prepared(folder).clips[0]
    tracemalloc.start()
    with pytest.raises(ConfigError, match="cut off"):
        clip.load()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6
