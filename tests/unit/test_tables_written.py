"""The tables that `ablate` and `compare` write after every run."""

from __future__ import annotations

import json
import os
from pathlib import Path

from realtime_micacl.making.tables import write_tables


def test_who_reads_a_table_while_it_is_written_anew_has_the_whole_of_the_old_one(tmp_path: Path) -> None:
    write_tables(tmp_path, [{"variant": "recipe"}], "| recipe |\n")
    for name in ("table.json", "table.md"):
        os.link(tmp_path / name, tmp_path / f"opened-{name}")
    write_tables(tmp_path, [{"variant": "recipe"}, {"variant": "no MCCL"}], "| recipe |\n| no MCCL |\n")
    assert json.loads((tmp_path / "opened-table.json").read_text()) == [{"variant": "recipe"}]
    assert (tmp_path / "opened-table.md").read_text() == "| recipe |\n"
    assert len(json.loads((tmp_path / "table.json").read_text())) == 2
    assert (tmp_path / "table.md").read_text() == "| recipe |\n| no MCCL |\n"
