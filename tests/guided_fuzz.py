"""Fuzzing that is guided by what the readers run: it grows inputs that reach new lines. Linux, `pip install atheris`.

    python -m tests.guided_fuzz settings -runs=100000

with settings or recordings; what begins with a dash is for libFuzzer. An error that is not meant for a
person ends it with a traceback and the input in a file. Sidecars are read by C code alone, which gives no guidance.
tests/fault/test_fuzz.py knows what a right file looks like
and needs no package; this one starts from right files too.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["realtime_micacl", "tomllib", "json"]):
    from realtime_micacl.config import Settings, read_toml
    from realtime_micacl.errors import MicaclError
    from realtime_micacl.live.records.reader import read_recording

SETTINGS = b'source = "rtsp://host/x"\nwait = true\nmax_faces = 8\nsmoothing_s = 0.3\n'
CHANGE = b'{"schema": 1, "time_s": 0.0, "track": null, "state": "stalled", "detail": "x"}\n'
READING = (
    b'{"schema": 1, "time_s": 3.4, "track": 1, "state": "live", "emotion": "happy", "probabilities": {"happy": 0.8, '
    b'"sad": 0.02, "neutral": 0.12, "angry": 0.01, "surprise": 0.02, "disgust": 0.02, "fear": 0.01}, '
    b'"importance": [0.9, 1.1], "quality": 0.9, "coverage": 1.0, "latency_ms": 48}\n'
)


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    targets: dict[str, tuple[str, bytes, Callable[[Path], object]]] = {
        "settings": ("s.toml", SETTINGS, lambda file: read_toml(file, Settings)),
        "recordings": ("r.jsonl", CHANGE + READING, lambda file: list(read_recording(file))),
    }
    name, right, read = targets[sys.argv.pop(1)]
    (folder / "corpus").mkdir()
    (folder / "corpus" / "right").write_bytes(right)
    file = folder / name

    def one(content: bytes) -> None:
        file.write_bytes(content)
        try:
            read(file)
        except MicaclError as error:
            assert str(folder) in str(error)

    atheris.Setup([*sys.argv, "-max_len=4096", str(folder / "corpus")], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
