"""Makes all kinds of files that people have, reads each with a command, and writes docs/tables/sources.md.

    python -m tests.bench.sources FOLDER [--more FOLDER]

makes them in FOLDER by ffmpeg, GStreamer, OpenCV and Pillow, which only this needs, from a clip of tests/data/sources.
`--more` is a folder of further files that show a happy face. The exit code is not 0 if one is not read as it should be.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.bench.source_files import KEPT, Case, made, rare

PAGE = Path(__file__).parents[2] / "docs" / "tables" / "sources.md"
RARE_PAGE = PAGE.with_name("sources_rare.md")
NOW = f"{sys.executable} -m realtime_micacl"
NO_FACE = {"testsrc854x480.mp4", "testsrc_1fps_10s.mp4", "small_face_96.mp4"}
WHAT = {
    "animated.webp": "animated WebP",
    "cover_first.mkv": "the first video is a cover",
    "dithered.gif": "dithered GIF",
    "fps1.mp4": "one picture a second",
    "http_faststart.mp4": "MP4, 480 x 480: what the others are made of",
    "http_good.ts": "MPEG-TS",
    "photo.heic": "a photograph, HEIC",
    "portrait360x640.mp4": "width no multiple of 16",
    "pts_reset.ts": "time stamps start anew",
    "sar2_240x480.mp4": "pixels twice as wide as high",
    "sar_half_480x240.mp4": "pixels twice as high as wide",
    "small_face_96.mp4": "a face of 60 px in 720p, which is not found",
    "testsrc854x480.mp4": "no face; width no multiple of 16",
    "testsrc_1fps_10s.mp4": "no face; one picture a second",
    "tiled.heic": "a photograph, HEIC in tiles",
    "two_video_default2.mkv": "the second video is the default one",
    "wide854x480.mp4": "width no multiple of 16",
    "gap2s.mp4": "a hole of two seconds",
    "hflip_matrix.mp4": "mirrored by its matrix",
    "mask.mp4": "mouth covered: should be unsure",
    "raw_30fps.h264": "a bare H.264 stream of 30 pictures a second",
    "still480.png": "a photograph, PNG",
    "vfr.mp4": "an uneven rate",
}


def kept(folders: list[Path]) -> Iterator[Case]:
    """Return the existing files, each once."""
    met = set()
    for file in (file for folder in folders for file in sorted(folder.iterdir())):
        if file.suffix not in (".md", ".txt") and file.name not in met:
            met.add(file.name)
            wanted = "no face" if file.name in NO_FACE else "happy"
            yield Case(file, "", WHAT.get(file.name, ""), "anything" if file.name == "mask.mp4" else wanted)


def outcome(command: str, case: Case) -> tuple[str, str]:
    """Return the outcome of a command on a file: as one word, and as a sentence."""
    arguments = [*shlex.split(command), "--offline", "--source", str(case.path), *shlex.split(case.options)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1].removeprefix("realtime-micacl: ")
        if "Traceback" in done.stderr:
            return "failed", f"traceback, exit {done.returncode}"
        words = re.sub(re.escape(str(case.path)), "it", last).split(": img")[0]
        return "refused", f"exit {done.returncode}: {words}"
    records = [json.loads(line) for line in done.stdout.splitlines()]
    readings = [record for record in records if "emotion" in record]
    if not readings:
        return "no face", records[-1].get("detail") or "no reading, no word"
    counts = Counter(record["emotion"] for record in readings).most_common()
    words = ", ".join(f"{emotion} {n}" for emotion, n in counts)
    stills = sum(record.get("still", False) for record in readings)
    return counts[0][0], words + (f" ({'a still' if stills == 1 else f'{stills} stills'})" if stills else "")


def name_of(case: Case) -> str:
    """Return how the table names an input."""
    name = case.path.name.replace("\n", "\\n")
    name = name if len(name) < 100 else f"{name[:8]}.. ({len(name)} letters)"
    return name if case.path.parent.name != "row" else f"row/{name}"


def table(read: list[tuple[str, str, str]]) -> str:
    """Return the table of inputs by kind, with name, description and outcome."""
    kinds: dict[str, list[str]] = {}
    for name, what, words in read:
        if words.startswith("happy"):
            kinds.setdefault("happy, read as stills" if "still" in words else "happy", []).append(f"`{name}`")
        elif words.startswith("exit"):
            kinds.setdefault(f"{words[:6]}, in a line that says why", []).append(f"`{name}`")
        else:
            kinds.setdefault(words, []).append(f"`{name}` ({what})")
    rows = [f"| {len(names)}: {', '.join(names)} | {kind} |" for kind, names in kinds.items()]
    return "\n".join(["| inputs | what they gave |", "|---|---|", *rows, ""])


def main() -> None:
    """Make the files, read them and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--more", type=Path, action="append", default=[])
    parser.add_argument("--rare", action="store_true", help="only what rarer encoders make, odd names and EXIF's turns")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    read, wrong = [], []
    usual = () if arguments.rare else (*kept([KEPT, *arguments.more]), *made(arguments.folder))
    for case in usual or rare(arguments.folder):
        word, words = outcome(NOW, case)
        if case.wanted not in (word, "anything"):
            wrong.append(f"{case.path}: {words}, should be {case.wanted}")
        read.append((name_of(case), ": ".join(filter(None, (case.maker, case.what))), words))
        sys.stderr.write(f"{' | '.join(read[-1])}\n")
    page = RARE_PAGE if arguments.rare else PAGE
    head, mark, _ = page.read_text("utf-8").partition("<!-- table -->\n")
    page.write_text(head + mark + table(read), "utf-8")
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
