"""The HTML that every report is made of: a head, sections and one style; it loads nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from typing import Any

from realtime_micacl import __version__
from realtime_micacl.outlets.page import palette

SIGN = "<!doctype html>\n<!-- realtime-micacl report -->\n"
"""How a report begins; no other file is overwritten."""
HEAD = """<html lang="en" data-look="auto">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{title}</h1><p>{below}</p></header>
"""
FOOT = """<footer>Expressions, not feelings: each word says what a face looked like.
Made by realtime-micacl {version}; this page is self-contained and loads nothing.</footer>
</body>
</html>
"""
HIDDEN = ("schema", "settings", "form", "video", "blur_faces")


def sheet(title: str, below: str, sections: Iterable[str]) -> str:
    """Return the page; `title` and `below` are text, sections HTML."""
    style = palette() + (files("realtime_micacl.report") / "report.css").read_text("utf-8")
    head = HEAD.format(title=escape(title), below=escape(below), style=style)
    return SIGN + head + "\n".join(sections) + FOOT.format(version=__version__)


def section(title: str, *parts: str, note: str = "") -> str:
    """Return a section; `title` and `note` are text, parts HTML."""
    small = f"<small>{escape(note)}</small>" if note else ""
    return f"<section><h2>{escape(title)}{small}</h2>{''.join(parts)}</section>\n"


def figures(rows: Iterable[tuple[str, str, str]]) -> str:
    """Return large figures, each given as its name, value and unit."""
    cells = (
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}{f' <small>{escape(unit)}</small>' if unit else ''}</dd></div>"
        for name, value, unit in rows
    )
    return f'<section><dl class="figures">{"".join(cells)}</dl></section>\n'


def origin(recorded: Mapping[str, Any]) -> str:
    """Return the section that says where the numbers come from."""
    if not recorded:
        return section("Where it came from", '<p class="note">The recording does not say.</p>')
    rows = [(key.replace("_", " "), value) for key, value in recorded.items() if key not in HIDDEN]
    parts = [_list(rows)]
    if settings := recorded.get("settings"):
        parts.append(f"<details><summary>all settings</summary>{_list(settings.items())}</details>")
    return section("Where it came from", *parts)


def clock(seconds: float) -> str:
    """Return a duration as people write it."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d} min"


def _list(rows: Iterable[tuple[str, Any]]) -> str:
    cells = (f"<dt>{escape(str(key))}</dt><dd>{escape(_said(value))}</dd>" for key, value in rows)
    return f'<dl class="origin">{"".join(cells)}</dl>'


def _said(value: Any) -> str:
    match value:
        case None:
            return "not set"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(str, value))
    return str(value)
