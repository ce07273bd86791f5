"""Says in words which values a setting or a key of a recipe may have, for error messages."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from msgspec import inspect

BOUNDLESS = 1e9  # larger limits are not mentioned
_known = cache(inspect.type_info)


def words_at(kind: Any, place: str) -> str:
    """Return what is allowed at a path such as `$.look` or `$.source[...]` in a struct; empty if unknown."""
    found: inspect.Type | None = _known(kind)
    for step in re.findall(r"[^.\[\]$]+", place):
        found = _inside(found, step)
    return _words(found) if found else ""


def value_at(fields: Any, place: str) -> str:
    """Return the value at a path, as it would be written in TOML, shortened."""
    for step in re.findall(r"[^.\[\]$]+", place):
        if isinstance(fields, dict) and step in fields:
            fields = fields[step]
        elif isinstance(fields, list) and step.isdigit() and int(step) < len(fields):
            fields = fields[int(step)]
    try:
        text = json.dumps(fields, ensure_ascii=False)
    except (TypeError, ValueError):
        text = str(fields)
    return text if len(text) <= 60 else f"{text[:57]}.."


def _inside(of: inspect.Type | None, step: str) -> inspect.Type | None:
    """Return the type one step further in."""
    match of:
        case inspect.Metadata():
            return _inside(of.type, step)
        case inspect.UnionType():
            return next((found for part in of.types if (found := _inside(part, step))), None)
        case inspect.StructType():
            return next((field.type for field in of.fields if field.encode_name == step), None)
        case inspect.ListType() | inspect.VarTupleType():
            return of.item_type
        case inspect.TupleType():
            return of.item_types[min(int(step), len(of.item_types) - 1)] if step.isdigit() else of.item_types[0]
        case inspect.DictType():
            return of.value_type
    return None


def _words(of: inspect.Type) -> str:
    match of:
        case inspect.Metadata():
            described = (of.extra_json_schema or {}).get("description")
            return str(described) if described else _words(of.type)
        case inspect.UnionType():
            return " or ".join(words for part in of.types if (words := _words(part)))
        case inspect.LiteralType():
            return "one of " + ", ".join(str(value) for value in of.values) if len(of.values) > 1 else str(of.values[0])
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType() | inspect.FloatType():
            return ("a whole number" if isinstance(of, inspect.IntType) else "a number") + _range(of)
        case inspect.StrType():
            return "a text" + _length(of, "characters")
        case inspect.ListType() | inspect.VarTupleType():
            return f"a list{_length(of, 'entries')}, each {_words(of.item_type)}"
        case inspect.TupleType():
            return f"a list of {len(of.item_types)}"
        case inspect.DictType():
            return f"a table, each {_words(of.value_type) or 'of any kind'}"
        case inspect.StructType():
            return "a table"
    return ""


def _length(of: inspect.StrType | inspect.ListType | inspect.VarTupleType, what: str) -> str:
    if of.max_length is not None:
        return f" of {of.min_length or 0} to {of.max_length} {what}"
    return f" of {of.min_length} or more {what}" if of.min_length else ""


def _range(of: inspect.IntType | inspect.FloatType) -> str:
    least, most = (None if bound is None or abs(bound) >= BOUNDLESS else f"{bound:g}" for bound in (of.ge, of.le))
    if least and most:
        return f" from {least} to {most}"
    above = None if of.gt is None else f" above {of.gt:g}"
    return (f" of at least {least}" if least else above or "") + (f" up to {most}" if most else "")
