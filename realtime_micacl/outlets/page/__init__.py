"""The page that `--web` serves, joined from the files here into one answer that loads nothing else."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from realtime_micacl.palette import COLOURS


def page() -> str:
    """Return the whole page."""
    here = files(__name__)
    whole = (here / "page.html").read_text("utf-8")
    script = f"const COLOURS = {json.dumps(COLOURS)};\n"
    script += "\n".join((here / name).read_text("utf-8") for name in ("words.js", "past.js", "page.js"))
    style = palette() + (here / "page.css").read_text("utf-8")
    return whole.replace("/* style */", style).replace("/* script */", script)


def palette() -> str:
    """Return the style sheet with the colours of all pages of the program, dark and light."""
    return (files(__name__) / "palette.css").read_text("utf-8")


def csp(whole: str, host: str) -> str:
    """Return the Content-Security-Policy of the page: it may run its own script and connect to `host`.

    Styles may be added, as that is how OBS makes a page transparent.
    """
    script = re.search(r"<script>(.*?)</script>", whole, re.DOTALL)
    digest = b64encode(sha256((script[1] if script else "").encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        f"connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'"
    )
