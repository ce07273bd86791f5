"""Many clips in one command: as --offline reads them, whatever ends a run, and never two kinds of results in one."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

import pytest

import realtime_micacl as rm
from realtime_micacl.config import Settings
from realtime_micacl.corpus.clips import find_clips
from realtime_micacl.corpus.job import Job, Outcome, Wanted
from realtime_micacl.corpus.process import process
from realtime_micacl.corpus.results import opened, read_done
from realtime_micacl.corpus.workers import Workers
from realtime_micacl.errors import ConfigError, EngineError
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.sinks import json_lines
from realtime_micacl.live.sources.video import read_file
from realtime_micacl_render.video import write_video

COMMAND = [str(Path(sys.executable).with_name("realtime-micacl")), "process"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips in folders of their own, two with one stem, and what lies about in real folders."""
    folder, data = tmp_path_factory.mktemp("corpus") / "in", Path(__file__).parents[1] / "data"
    for place, clip, frames in (("a b/ü%d.mp4", "no_face", 25), ("one.mkv", "cut", 20), (".hidden/x.mp4", "cut", 2)):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        with closing(read_file(data / f"{clip}.mp4")) as read:
            pictures = [frame.image for frame in islice(read, frames)]
        write_video(folder / place, pictures, rate_hz=25, preset="ultrafast")
    shutil.copy(data / "cut.mp4", folder / "one.mp4")  # long enough to be killed in
    (folder / "empty.mp4").touch()
    (folder / "text.avi").write_text("no video")
    (folder / "notes.txt").write_text("no clip")
    (folder / "a b" / "round").symlink_to("..")
    (folder / "gone.mov").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.mp4")
    return folder


@pytest.fixture(scope="module")
def undisturbed(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    done = subprocess.run([*COMMAND, corpus, out, "--jobs", "2"], capture_output=True, text=True, check=False)
    assert done.returncode == 6, done.stderr
    assert "3 clips read, 3 failed" in done.stdout
    return out


def contents(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def test_each_clip_has_the_bytes_of_offline_and_each_failure_its_reason(corpus: Path, undisturbed: Path) -> None:
    written = io.StringIO()
    for event in rm.read(corpus / "one.mp4", states=True):
        json_lines(written, Clock())(event)
    offline = written.getvalue()  # test_api.py holds it to the command's
    assert (undisturbed / "one.mp4.jsonl").read_text() == offline
    with (undisturbed / "failed.csv").open(newline="") as stream:
        failed = {row["clip"]: row for row in csv.DictReader(stream)}
    assert sorted(failed) == ["empty.mp4", "gone.mov", "text.avi"]
    assert "0 bytes" in failed["empty.mp4"]["error"]
    with (undisturbed / "summary.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["clip"], row["track"]) for row in rows if row["clip"] != "one.mkv"] == [
        ("a b/ü%d.mp4", ""),
        ("one.mp4", ""),
        ("one.mp4", "1"),
        ("one.mp4", "2"),
    ]
    assert rows[0]["note"].startswith("no reading (no face")
    readings = [line for line in map(json.loads, offline.splitlines()) if "probabilities" in line]
    whole = next(row for row in rows if row["clip"] == "one.mp4")
    assert int(whole["readings"]) == len(readings) == sum(int(row["readings"]) for row in rows[-2:])
    happy = sum(reading["emotion"] == "happy" for reading in readings) / len(readings)
    assert float(whole["share_happy"]) == pytest.approx(happy, abs=1e-4)


def test_killed_in_the_middle_it_goes_on_to_the_same_bytes(corpus: Path, undisturbed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = subprocess.Popen([*COMMAND, corpus, out, "--jobs", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline_s = time.monotonic() + 60
    while not list(read_done(out)) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.communicate(timeout=60)  # its workers hold its pipes, and end when it is gone
    done = len(list(read_done(out)))
    assert 1 <= done < 3, "it was killed in the middle"
    with (out / "done.jsonl").open("a") as stream:
        stream.write('{"clip": "one.mkv", "si')  # as a power cut leaves it
    report = process(corpus, out, jobs=2, progress=False)
    assert (report.done, len(report.failed), report.left) == (3, 3, 0)
    assert contents(out) == contents(undisturbed)


def test_a_changed_clip_is_read_anew_and_other_settings_are_not_mixed(corpus: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("x.mp4", "y.mp4"):
        shutil.copy2(corpus / "a b" / "ü%d.mp4", folder / name)
    assert process(folder, out, jobs=1, progress=False).done == 2
    before = [(out / name).stat().st_mtime_ns for name in ("x.mp4.jsonl", "y.mp4.jsonl")]
    os.utime(folder / "x.mp4")
    assert process(folder, out, jobs=1, progress=False).done == 2
    after = [(out / name).stat().st_mtime_ns for name in ("x.mp4.jsonl", "y.mp4.jsonl")]
    assert (before[0] < after[0], before[1] == after[1]) == (True, True), "the other is left alone"
    with pytest.raises(ConfigError, match="smoothing_s"):
        process(folder, out, Wanted(Settings(smoothing_s=0.3)), progress=False)
    held = opened(tmp_path / "held", {}, form="csv", video=False, again=False)
    with held, pytest.raises(ConfigError, match="another"):
        process(folder, tmp_path / "held", progress=False)
    (folder / "x.mp4").unlink()
    assert process(folder, out, progress=False).gone == 1
    assert "x.mp4" not in (out / "summary.csv").read_text()


def test_what_can_be_known_at_once_is_said_at_once(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("precious")
    (tmp_path / "empty").mkdir()
    for folder, out, said in (
        (corpus, tmp_path / "other", "holds other files"),
        (corpus, tmp_path / "other" / "thesis.txt", "is a file"),
        (corpus, corpus, "the folder of the clips itself"),
        (tmp_path / "empty", tmp_path / "out", "holds no video"),
        (tmp_path / "none", tmp_path / "out", "is not a folder; check the path"),
        (corpus / "one.mp4", tmp_path / "out", "--offline"),
    ):
        with pytest.raises(ConfigError, match=said):
            process(folder, out, progress=False)
    assert (tmp_path / "other" / "thesis.txt").read_text() == "precious"
    assert len(find_clips(corpus, corpus / "a b")) == 5, "results among the clips are no clips"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda out: out.chmod(0o300), "out cannot be read and written: Permission denied"),
        (lambda out: out.chmod(0o500), "out cannot be (read and )?written: Permission denied"),
        (lambda out: (out / "process.json").write_text("{"), "process.json cannot be read"),
        (lambda out: ((out / "done.jsonl").unlink(), (out / "done.jsonl").mkdir()), "done.jsonl cannot be read"),
    ],
)
def test_a_folder_for_results_that_cannot_be_used_is_told(spoil: Callable[[Path], object], said: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out"
        with opened(out, {}, form="csv", video=False, again=False):
            (out / "done.jsonl").write_bytes(b"\xff\n")  # as a failing disk leaves it
        with opened(out, {}, form="csv", video=False, again=False) as results:
            assert results.entries == {}
        spoil(out)
        with nobody(place, out, *out.iterdir()), pytest.raises(ConfigError, match=said):
            opened(out, {}, form="csv", video=False, again=False).__enter__()
        out.chmod(0o700)


@contextmanager
def nobody(*theirs: str | Path) -> Iterator[None]:
    """Where the tests run as root, be somebody whom permissions hold."""
    if user := os.geteuid():
        yield
        return
    for path in theirs:
        os.chown(path, 65534, -1)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_worker_that_dies_or_hangs_costs_its_clip_alone(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker's own Python is made to die, and to stand still, at clips of these names."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, time\n"
        "import realtime_micacl.corpus.job as job\n"
        "read = job.ClipReader.read\n"
        "def poisoned(self, one, progress):\n"
        "    if 'dies' in one.clip: os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    if 'hangs' in one.clip: time.sleep(999)\n"
        "    if 'once' in one.clip and not os.path.exists(one.part + '.seen'):\n"
        "        open(one.part + '.seen', 'w').close(); os._exit(7)\n"
        "    return read(self, one, progress)\n"
        "job.ClipReader.read = poisoned\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    clips = ["dies", "good 1", "hangs", "once", "good 2"]
    path = str(corpus / "a b" / "ü%d.mp4")
    jobs = [Job(name, path, str(tmp_path / f"{name}.part")) for name in clips]
    pool = Workers(Wanted(Settings(), "jsonl"), 2, hang_s=4.0)
    found: dict[str, Outcome] = {o.clip: o for o in pool.run(jobs, lambda clip, share: None, lambda: False)}
    assert {name for name, outcome in found.items() if not outcome.error} == {"good 1", "good 2", "once"}
    assert "ended 2 times: " in found["dies"].error
    assert "no further picture came" in found["hangs"].error
    assert found["dies"].code == 5
    assert (tmp_path / "good 1.part").read_bytes() == (tmp_path / "once.part").read_bytes()


@pytest.mark.parametrize("name", ["a.mp4.jsonl", "sub/b.mp4.jsonl", "summary.csv", "done.jsonl"])
def test_a_folder_that_would_be_in_the_way_of_a_result_is_named(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "clips"
    for clip in ("a.mp4", "sub/b.mp4", f"{name}/c.mp4"):
        (folder / clip).parent.mkdir(parents=True, exist_ok=True)
        (folder / clip).touch()
    with pytest.raises(ConfigError, match=f"the folder {name} of clips .* rename it"):
        process(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_workers_understand_what_they_get_whatever_encoding_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "utf-16")
    pool = Workers(Wanted(Settings(engine=str(tmp_path))), 1)
    with pytest.raises(EngineError, match="no engine at"):
        next(pool.run([Job("a.mp4", "a.mp4", "part")], lambda clip, share: None, lambda: False))
