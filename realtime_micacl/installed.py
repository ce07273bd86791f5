"""How this program was installed, for hints that work: it need not be on any registry."""

from __future__ import annotations

import json
import shlex
import sys
from importlib.metadata import PackageNotFoundError, distribution
from urllib.parse import urlsplit
from urllib.request import url2pathname

NAME = "realtime-micacl"


def install_command(extra: str = "") -> str:
    """Return the command that installs this program with an extra, from where it came and into where it runs."""
    return f"{shlex.quote(sys.executable or 'python3')} -m pip install {' '.join(map(shlex.quote, _wish(extra)))}"


def _wish(extra: str) -> list[str]:
    """Return what pip is told to install."""
    part = f"[{extra}]" if extra else ""
    came = _came_from()
    url = came.get("url", "")
    if not isinstance(url, str) or not url:
        return [f"{NAME}{part}"]
    if "dir_info" in came and urlsplit(url).scheme == "file":
        folder = f"{url2pathname(urlsplit(url).path)}{part}"
        return ["-e", folder] if came["dir_info"].get("editable") else [folder]
    vcs = came.get("vcs_info", {})
    address = f"{vcs['vcs']}+{url}@{vcs['commit_id']}" if vcs else url
    return [f"{NAME}{part} @ {address}"]


def _came_from() -> dict[str, dict[str, str]]:
    """Return what pip noted about the origin (PEP 610); empty where it came from a registry or was not installed."""
    try:
        noted = distribution(NAME).read_text("direct_url.json")
        return dict(json.loads(noted)) if noted else {}
    except (PackageNotFoundError, ValueError, OSError):
        return {}
