"""The folder of results, which one run at a time may write to and a later run may continue.

`process.json` says what the results were made with, `done.jsonl` which clips are done, with their rows of the summary.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime_micacl.corpus.clips import Clip
from realtime_micacl.corpus.job import Outcome
from realtime_micacl.corpus.summary import COLUMNS
from realtime_micacl.errors import ConfigError
from realtime_micacl.files import LOCK, held, write_whole
from realtime_micacl.wording import why

MADE_WITH, DONE, SUMMARY, FAILED = "process.json", "done.jsonl", "summary.csv", "failed.csv"
PART = ".part"


@dataclass(frozen=True)
class Entry:
    """A clip that is done."""

    clip: str
    size: int
    changed_ns: int
    rows: tuple[dict[str, Any], ...]


class Results:
    """The results in a folder that one run holds at a time."""

    def __init__(self, out: Path, form: str, *, video: bool) -> None:
        self.out = out
        self._form, self._video = form, video
        self.entries: dict[str, Entry] = {}

    def files(self, clip: str) -> list[Path]:
        """Return the files of a finished clip."""
        names = [f"{clip}.{self._form}", *([f"{clip}.annotated.mp4"] if self._video else [])]
        return [self.out / name for name in names]

    def part(self, clip: str) -> Path:
        """Return the file that a worker writes for a clip; make its folder."""
        path = self._part(clip)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _part(self, clip: str) -> Path:
        return self.out / f"{clip}.{self._form}{PART}"

    def is_done(self, clip: Clip) -> bool:
        """Say whether a clip is done and has not changed since."""
        entry = self.entries.get(clip.name)
        same = entry is not None and (entry.size, entry.changed_ns) == (clip.size, clip.changed_ns)
        return same and all(file.exists() for file in self.files(clip.name))

    def keep(self, clip: Clip, outcome: Outcome) -> None:
        """Move the files that a worker wrote to their places, then note that the clip is done."""
        part = self._part(clip.name)
        for written, result in zip((part, Path(f"{part}.mp4")), self.files(clip.name), strict=False):
            written.replace(result)
        self.entries[clip.name] = Entry(clip.name, clip.size, clip.changed_ns, outcome.rows)
        with (self.out / DONE).open("a", encoding="utf-8") as stream:
            stream.write(_line(self.entries[clip.name]))

    def drop(self, clip: str) -> None:
        """Remove the unfinished files of a clip."""
        part = self._part(clip)
        for file in (part, Path(f"{part}.mp4")):
            with suppress(OSError):  # such as for a name that is too long
                file.unlink(missing_ok=True)

    def close(self, clips: Iterable[Clip], failed: Iterable[Outcome]) -> None:
        """Write the tables, in the order of the clips: the same results give the same bytes."""
        write_whole(self.out / DONE, "".join(_line(self.entries[name]) for name in sorted(self.entries)))
        rows = [row for clip in clips if clip.name in self.entries for row in self.entries[clip.name].rows]
        write_whole(self.out / SUMMARY, _table(COLUMNS, rows))
        faults = [{"clip": o.clip, "exit_code": o.code, "error": o.error} for o in sorted(failed, key=lambda o: o.clip)]
        if faults:
            write_whole(self.out / FAILED, _table(("clip", "exit_code", "error"), faults))
        else:
            (self.out / FAILED).unlink(missing_ok=True)


@contextmanager
def opened(out: Path, made_with: dict[str, Any], *, form: str, video: bool, again: bool) -> Iterator[Results]:
    """Open a folder for results, new or of an earlier run with the same settings; raise ConfigError.

    `again` forgets what is done there.
    """
    with held(out):
        results = Results(out, form, video=video)
        _begin(results, made_with, again=again)
        yield results


def _begin(results: Results, made_with: dict[str, Any], *, again: bool) -> None:
    out, current = results.out, json.loads(json.dumps(made_with))
    file = out / MADE_WITH
    if file.exists() and not again:
        try:
            before = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as cause:
            raise ConfigError(f"{file} cannot be read: {why(cause)}; name another folder") from cause
        if before != current:
            raise ConfigError(
                f"{out} holds results made with other settings ({', '.join(_differences(before, current))}); "
                "name another folder, or add --again to read all clips again"
            )
        try:
            results.entries = {entry.clip: entry for entry in read_done(out)}
        except OSError as cause:
            raise ConfigError(f"{out / DONE} cannot be read: {why(cause)}; name another folder") from cause
    elif not file.exists() and any(path.name != LOCK and not path.name.startswith(".") for path in out.iterdir()):
        raise ConfigError(f"{out} holds other files and no {MADE_WITH}; name a new or an empty folder")
    try:
        write_whole(out / DONE, "".join(map(_line, results.entries.values())))  # without a line that was cut off
        write_whole(file, json.dumps(current, indent=1, ensure_ascii=False) + "\n")
    except OSError as cause:
        raise ConfigError(f"{out} cannot be written: {why(cause)}; name another folder") from cause


def read_done(out: Path) -> Iterator[Entry]:
    """Yield the clips that are done in a folder; a last line that was cut off is left out."""
    with suppress(FileNotFoundError), (out / DONE).open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            with suppress(ValueError, KeyError, TypeError):
                fields = json.loads(line)
                yield Entry(fields["clip"], fields["size"], fields["changed_ns"], tuple(fields["rows"]))


def _line(entry: Entry) -> str:
    fields = {"clip": entry.clip, "size": entry.size, "changed_ns": entry.changed_ns, "rows": entry.rows}
    return json.dumps(fields) + "\n"


def _table(columns: Iterable[str], rows: Iterable[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _differences(before: Any, now: Any, name: str = "") -> list[str]:
    """Return the names of the values that differ."""
    if not (isinstance(before, dict) and isinstance(now, dict)):
        return [] if before == now else [name or "all"]
    keys = [key for key in now | before if before.get(key) != now.get(key)]
    return [found for key in keys for found in _differences(before.get(key), now.get(key), key)]
