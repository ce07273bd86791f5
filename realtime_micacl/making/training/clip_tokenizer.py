"""CLIP's tokenizer: byte pairs by the vocabulary file that the user puts beside the weights."""

from __future__ import annotations

import gzip
import re
from itertools import pairwise
from pathlib import Path

from realtime_micacl.errors import ConfigError

VOCABULARY = "bpe_simple_vocab_16e6.txt.gz"
SPECIAL = 2  # start and end, the last two ids
BYTES = 256  # each has a token within a word and one at its end
PARTS = re.compile(r"'(?:s|t|re|ve|m|ll|d)|[^\W\d_]+|\d|(?:[^\s\w]|_)+")
LARGEST_BYTES = 1 << 24


class Tokenizer:
    """Turns sentences into token ids; `count` is the size of the text tower's vocabulary."""

    def __init__(self, file: Path, count: int) -> None:
        try:
            with gzip.open(file, "rb") as stream:
                lines = stream.read(LARGEST_BYTES).decode("utf-8").split("\n")[1:]  # the first is a title
        except FileNotFoundError:
            raise ConfigError(f"{file} is missing: CLIP's vocabulary has to be beside its weights") from None
        except (OSError, EOFError, UnicodeDecodeError) as cause:
            raise ConfigError(f"{file} is not a vocabulary of CLIP: {cause}") from None
        merges = [tuple(line.split()) for line in lines[: max(0, count - 2 * BYTES - SPECIAL)]]
        if 2 * BYTES + len(merges) + SPECIAL != count or any(len(merge) != 2 for merge in merges):
            raise ConfigError(f"{file} does not have the {count} tokens of the text tower")
        self._sign = _signs()
        single = [self._sign[byte] for byte in self._sign]
        known = [*single, *(sign + "</w>" for sign in single), *("".join(merge) for merge in merges)]
        self._id = {word: i for i, word in enumerate(known)}
        self._rank = {merge: i for i, merge in enumerate(merges)}
        self.start, self.end = count - 2, count - 1

    def ids(self, sentence: str, length: int) -> list[int]:
        """Return the token ids of a sentence, with start, end and padding; raise ConfigError if it is too long."""
        found = [self.start]
        for part in PARTS.findall(" ".join(sentence.lower().split())):
            found += [self._id[piece] for piece in self._pieces(part)]
        found.append(self.end)
        if len(found) > length:
            raise ConfigError(f"{sentence!r} has {len(found)} tokens, the text tower reads {length}: shorten it")
        return found + [0] * (length - len(found))

    def _pieces(self, part: str) -> list[str]:
        """Return the tokens of a word: join the pair of the earliest merge until no merge applies."""
        pieces = [self._sign[byte] for byte in part.encode()]
        pieces[-1] += "</w>"
        while known := [pair for pair in pairwise(pieces) if pair in self._rank]:
            best, joined, i = min(known, key=self._rank.__getitem__), [], 0
            while i < len(pieces):
                here = tuple(pieces[i : i + 2]) == best
                joined.append("".join(best) if here else pieces[i])
                i += 2 if here else 1
            pieces = joined
        return pieces


def _signs() -> dict[int, str]:
    """Return a printable character for each byte: its own, or one from 256 on, in CLIP's order."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(BYTES) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(BYTES + i) for i, byte in enumerate(others)}
