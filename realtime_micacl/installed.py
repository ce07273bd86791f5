"""How this program was installed, for hints that work: it need not be on any registry.

What reads that is imported where it is asked for: it takes a sixth of the program's start.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from urllib.parse import urlsplit

NAME = "realtime-micacl"


def install_command(extra: str = "") -> str:
    """Return the command that installs this program with an extra, from where it came and into where it runs."""
    return f"{shlex.quote(sys.executable or 'python3')} -m pip install {' '.join(map(shlex.quote, _wish(extra)))}"


def not_loaded(cause: BaseException, extra: str = "") -> str:
    """Return what to say of a package that is not there or does not work here; empty where it is no such error."""
    name = (getattr(cause, "name", None) or "").partition(".")[0]
    if not isinstance(cause, ImportError) or name.startswith("realtime_micacl"):
        return ""
    mend = install_command(extra)
    if isinstance(cause, ModuleNotFoundError):
        return f"{name} is not installed: {mend}"
    return f"{name or 'a package'} cannot be loaded: {cause}; install what that names, or all anew: {mend}"


def _wish(extra: str) -> list[str]:
    """Return what pip is asked to install."""
    from urllib.request import url2pathname

    part = f"[{extra}]" if extra else ""
    came = _came_from()
    url = came.get("url", "")
    if not isinstance(url, str) or not url:
        return [f"{NAME}{part}"]
    place = Path(url2pathname(urlsplit(url).path)) if urlsplit(url).scheme == "file" else None
    if place and not place.exists():  # as in a container, where it was built in a folder that the image has not
        return _parts(extra)
    if place and "dir_info" in came:
        return ["-e", f"{place}{part}"] if came["dir_info"].get("editable") else [f"{place}{part}"]
    vcs = came.get("vcs_info", {})
    address = f"{vcs['vcs']}+{url}@{vcs['commit_id']}" if vcs else url
    return [f"{NAME}{part} @ {address}"]


def _parts(extra: str) -> list[str]:
    """Return what this program itself, or one of its extras, is built on."""
    from importlib.metadata import requires

    found = []
    for line in requires(NAME) or []:
        of = re.search(r"(?:;|\band) extra == ['\"]([\w-]+)['\"]$", line)
        if (of[1] if of else "") == extra:
            found.append(line[: of.start()].strip() if of else line)
    return found


def _came_from() -> dict[str, dict[str, str]]:
    """Return what pip noted about the origin (PEP 610); empty where it came from a registry or was not installed."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        noted = distribution(NAME).read_text("direct_url.json")
        return dict(json.loads(noted)) if noted else {}
    except (PackageNotFoundError, ValueError, OSError):
        return {}
