"""Write docs/schema.md from the definition of the record: `python tests/bench/schema.py > docs/schema.md`."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from realtime_micacl.live.records.origin import Hello
from realtime_micacl.live.records.record import Record
from realtime_micacl.live.records.rows import columns

HEAD = """# What a recording holds

*Written from the program's own definition by `python tests/bench/schema.py > docs/schema.md`; a test compares them.*

A reading, a change of state or a marker is a line of JSON on standard output (`--headless`) and in
`--record FILE.jsonl`, and a row in `--record FILE.csv`. `replay` shows both kinds of file. They hold numbers and words,
never a picture.

## Lines of JSON

Keys come in this order; keys that are not needed are left out.

"""
CSV = """
## Rows of CSV

The first line names the columns. A cell is empty where a line of JSON would not have the key. The columns are
{columns}.
There is one weight for each instance of the engine. Columns of a later form are added at the end.

## Where a recording comes from

The first line of a live recording in JSON Lines is `{{"schema": 2, "time_s": 0.0, "hello": {{..}}}}`, with the keys
below. For CSV it is in a file beside the recording, `FILE.csv.json`. When the source or a slider is changed in the
window, it is written again, with the `time_s` from which it applies: as a line of its own, or under `later` in the file
beside a CSV. Standard output has no such line. Offline there is neither this line nor the time of day: the same file
gives the same bytes.

"""
FOOT = """
`time_unix` is `time_s` plus the time of day at the start, so it runs as evenly as `time_s`. It follows the clock only
when that is set by more than a tenth of a second, or when the machine slept. To compare a recording with an EEG, let
both machines use the same time server. The delay of the camera itself is not included.

Form 2 added `time_unix`, `slot`, `known`, `mean`, `still`, `frame`, `box`, `head` and `hello`; it is closed: any
addition or change raises the number. Recordings of form 1 are still read.
"""


def document() -> str:
    """Return the page."""
    names = ", ".join(f"`{name}`" for name in columns(4))
    parts = [HEAD, _table(Record), CSV.format(columns=names), _table(Hello), FOOT]
    return "".join(parts)


def _table(kind: type[msgspec.Struct]) -> str:
    (schema,) = msgspec.json.schema(kind)["$defs"].values()
    rows = [f"| `{name}` | {_type(of)} | {of['description']} |" for name, of in schema["properties"].items()]
    return "| key | type | what |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _type(of: dict[str, Any]) -> str:
    """Return the type of a value as words."""
    options = of.get("anyOf", [of])
    kinds = [option.get("type", "string" if "enum" in option else "") for option in options]
    if any("enum" in option and isinstance(option["enum"][0], int) for option in options):
        return "1 or 2"
    null = " or null" if "null" in kinds and "default" not in of else ""
    names = {"array": "list of numbers", "object": "object", "integer": "whole number", "boolean": "true"}
    kind = next(k for k in kinds if k != "null")
    if kind == "array" and "string" in str(options):
        return "list of strings"
    if kind == "array" and "integer" in str(options):
        return "list of whole numbers"
    return names.get(kind, kind) + null


if __name__ == "__main__":
    sys.stdout.write(document())
