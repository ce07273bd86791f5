"""Files that are there whole or not at all, and folders that one run holds."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from realtime_micacl.errors import ConfigError, StageFailed
from realtime_micacl.files import SETTINGS, check_settings, clear_partials, filling, held, replacing, write_whole


@pytest.mark.parametrize("durable", [False, True])
@pytest.mark.parametrize("content", ["a\r\nb \udcff ü", b"\x00\xff", memoryview(b"seen")])
def test_what_is_written_takes_the_place_of_what_was_there(
    tmp_path: Path, content: str | bytes | memoryview, durable: bool
) -> None:
    file = tmp_path / "a.txt"
    for before in ("", "before"):
        file.write_text(before)
        write_whole(file, content, durable=durable)
        written = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else bytes(content)
        assert file.read_bytes() == written
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    link = tmp_path / "now.csv"
    link.symlink_to("memory/now.csv")
    for content in ("first", "second"):  # the first where it leads to nothing yet
        write_whole(link, content)
        assert (link.is_symlink(), (tmp_path / "memory" / "now.csv").read_text()) == (True, content)


def test_what_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "a.npy"
    file.write_text("before")

    def fail() -> None:
        with replacing(file) as part:
            part.write_text("half")
            assert part.suffix == ".npy", "libraries add an ending that is missing"
            assert file.read_text() == "before", "nobody sees the half"
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "no" / "a.txt", "text")


def test_what_the_dead_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    with replacing(tmp_path / "a") as part:
        part.write_text("half")
        (tmp_path / f".{2**22 + 1}-b").write_text("a process of a number that no process has")
        (tmp_path / ".hidden-c").write_text("somebody's")
        clear_partials(tmp_path)
        assert {file.name for file in tmp_path.iterdir()} == {part.name, ".hidden-c"}


def test_a_folder_is_held_by_one_run_at_a_time(tmp_path: Path) -> None:
    out = tmp_path / "runs" / "a"
    with held(out), pytest.raises(ConfigError, match="another run is writing to"), held(out):
        pass
    with held(out):
        assert out.is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="is a file"), held(tmp_path / "file"):
        pass


def test_a_folder_may_be_shared_by_a_group_where_the_umask_says_so(tmp_path: Path) -> None:
    before = os.umask(0o002)
    try:
        with held(tmp_path / "out"):
            assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "out").iterdir()} == {0o664}
    finally:
        os.umask(before)


def test_a_folder_that_a_full_disk_does_not_take_is_named_and_stays_as_it_was(tmp_path: Path) -> None:
    engine = tmp_path / "engine"
    engine.mkdir()
    (engine / "a").write_text("before")

    def fill(fault: OSError) -> None:
        with filling(engine) as made:
            (made / "a").write_text("after")
            raise fault

    with pytest.raises(StageFailed, match=f"{engine} cannot be written: No space left"):
        fill(OSError(errno.ENOSPC, "No space left on device", "the file that was copied from"))
    assert [file.read_text() for file in engine.iterdir()] == ["before"]
    assert list(tmp_path.iterdir()) == [engine]
    with pytest.raises(FileNotFoundError):
        fill(FileNotFoundError(errno.ENOENT, "No such file"))


def test_a_folder_is_filled_without_what_a_killed_run_left_beside_it(tmp_path: Path) -> None:
    left, others = (tmp_path / f".{2**22 + 1}-{name}-x7" for name in ("engine", "another"))
    for folder in (left, others):
        (folder / "models").mkdir(parents=True)
    with filling(tmp_path / "engine") as made:
        (made / "a").touch()
        assert [made.parent, made.name.partition("-")[2][:7]] == [tmp_path, "engine-"], "so that the next run finds it"
    assert {file.name for file in tmp_path.iterdir()} == {"engine", others.name}


def test_results_of_other_settings_are_not_mixed(tmp_path: Path) -> None:
    check_settings(tmp_path, {"recipe": "of a run that wrote nothing"})
    (tmp_path / "seed-1").mkdir()
    check_settings(tmp_path, {"recipe": "of another"})
    (tmp_path / SETTINGS).unlink()
    (tmp_path / "seed-1" / "log.csv").touch()
    check_settings(tmp_path, {"recipe": {"rate": 0.1}, "split": ("a",)})
    check_settings(tmp_path, {"recipe": {"rate": 0.1}, "split": ("a",), "of another": 1})
    with pytest.raises(ConfigError, match=r"holds results of another recipe and split; .* name another folder"):
        check_settings(tmp_path, {"recipe": {"rate": 0.2}, "split": ("b",)})
    check_settings(tmp_path, {"recipe": {"rate": 0.1}})
    for damaged in ("{", "[1]"):
        (tmp_path / SETTINGS).write_text(damaged)
        with pytest.raises(ConfigError, match="cannot be read"):
            check_settings(tmp_path, {"recipe": 1})


def test_a_folder_that_cannot_be_made_is_named_and_not_the_one_beside_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for engine in (tmp_path / "file" / "engine", Path("/proc/engine")):
        with pytest.raises(ConfigError, match=f"^{engine} cannot be made: .*; name another folder$"), filling(engine):
            pass
