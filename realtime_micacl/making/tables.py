"""Writes the tables of `ablate` and `compare`."""

from __future__ import annotations

import json
from pathlib import Path

from realtime_micacl.files import write_whole


def write_tables(out: Path, content: object, text: str) -> None:
    """Write table.json and table.md into the folder `out`, each whole or not at all: they grow with each run."""
    write_whole(out / "table.json", json.dumps(content, indent=1) + "\n")
    write_whole(out / "table.md", text)
