"""How this program was installed, so that hints about missing packages work: it may not be on any registry.

Modules that are needed only for that are imported in the functions: they would take a sixth of the program's start.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from realtime_micacl.errors import ConfigError
from realtime_micacl.wording import short

NAME = "realtime-micacl"


def install_command(extra: str = "") -> str:
    """Return the command that installs this program with an extra, from where it came and for the Python it runs on."""
    return adding(" ".join(map(shlex.quote, _requirements(extra))))


def adding(words: str) -> str:
    """Return the command that installs what pip's `words` name, for the Python that this program runs on."""
    from importlib.util import find_spec

    if getattr(sys, "frozen", False):
        return f"freeze the program again, with {words}"
    python = shlex.quote(sys.executable or "python3")
    return f"{python} -m pip install {words}" if find_spec("pip") else f"uv pip install --python {python} {words}"


def own_python() -> str:
    """Return the Python that runs this program, to start another with; raise ConfigError where there is none."""
    if getattr(sys, "frozen", False) or not sys.executable:
        raise ConfigError("no further Python can be started from a program that was frozen or has Python inside")
    return sys.executable


def require(module: str, extra: str, asked: str = "") -> Any:
    """Import a module; raise ConfigError if the extra that brings it is not installed.

    `asked` is what needs it, such as an option; --EXTRA if it is not given.
    """
    try:
        return import_module(module)
    except ImportError as cause:
        what = asked or f"--{extra}"
        raise ConfigError(f"{what} needs {module}, which {lacking(module, cause)}: {install_command(extra)}") from cause


def lacking(module: str, cause: Exception) -> str:
    """Say why a module is not there: it is not installed, or it is, and does not load."""
    absent = isinstance(cause, ModuleNotFoundError) and f"{module}.".startswith(f"{cause.name}.")
    return "is not installed" if absent else f"cannot be loaded: {short(cause)}"


def not_loaded(cause: BaseException, extra: str = "") -> str:
    """Return a message for an ImportError, with the command that mends it; empty for any other error."""
    name = (getattr(cause, "name", None) or "").partition(".")[0]
    if not isinstance(cause, ImportError) or name.startswith("realtime_micacl"):
        return ""
    mend = install_command(extra)
    if isinstance(cause, ModuleNotFoundError):
        return f"{name} is not installed: {mend}"
    said = f"{name or 'a package'} cannot be loaded: {cause}".removesuffix(": ")
    if others := other_versions():
        return f"{said}; {', '.join(others)}: {mend}"
    return f"{said}; install what is named there, or everything again: {mend}"


def other_versions() -> list[str]:
    """Return the packages that are installed in another version than this program asks for, with what it asks for."""
    from importlib.metadata import PackageNotFoundError, version

    found = []
    with suppress(PackageNotFoundError):  # of this program itself, where it was not installed
        for line in _dependencies(""):
            wanted = line.partition(";")[0].strip()
            name = re.match(r"[\w.-]+", wanted)
            with suppress(PackageNotFoundError):
                here = version(name[0]) if name else ""
                if not all(_holds(here, *bound) for bound in re.findall(r"(==|>=|<)([\d.]+)", wanted)):
                    found.append(f"{name and name[0]} is {here}, needed is {wanted}")
    return found


def _holds(version: str, how: str, bound: str) -> bool:
    """Say whether a version lies where a bound says, such as `>=` 1.20."""
    here, there = ([int(part) for part in re.findall(r"\d+", text)] for text in (version, bound))
    return {"==": here == there, ">=": here >= there, "<": here < there}[how]


def _requirements(extra: str) -> list[str]:
    """Return the arguments of pip install."""
    from urllib.request import url2pathname

    part = f"[{extra}]" if extra else ""
    origin = {} if getattr(sys, "frozen", False) else _origin()
    url = origin.get("url", "")
    if not isinstance(url, str) or not url:
        return [f"{NAME}{part}"]
    place = Path(url2pathname(urlsplit(url).path)) if urlsplit(url).scheme == "file" else None
    if place and not place.exists():  # as in a container that was built from a folder outside it
        return _dependencies(extra)
    if place and "dir_info" in origin:
        return ["-e", f"{place}{part}"] if origin["dir_info"].get("editable") else [f"{place}{part}"]
    vcs = origin.get("vcs_info", {})
    address = f"{vcs['vcs']}+{url}@{vcs['commit_id']}" if vcs else url
    return [f"{NAME}{part} @ {address}"]


def _dependencies(extra: str) -> list[str]:
    """Return the dependencies of an extra, or of this program itself for ""."""
    from importlib.metadata import requires

    found = []
    for line in requires(NAME) or []:
        of = re.search(r"(?:;|\band) extra == ['\"]([\w-]+)['\"]$", line)
        if (of[1] if of else "") == extra:
            found.append(line[: of.start()].strip() if of else line)
    return found


def _origin() -> dict[str, dict[str, str]]:
    """Return what pip noted about the origin (PEP 610); empty where it came from a registry or was not installed."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        noted = distribution(NAME).read_text("direct_url.json")
        return dict(json.loads(noted)) if noted else {}
    except (PackageNotFoundError, ValueError, OSError):
        return {}
