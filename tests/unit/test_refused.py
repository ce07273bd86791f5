"""What the system refuses is not all said to be the output."""

from __future__ import annotations

import errno
import os

import pytest

from realtime_micacl.programs import cli


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "the output cannot be written: No space"), (errno.EINVAL, "the system refused a call: Invalid")],
)
def test_a_call_that_was_refused_is_told_from_the_output(
    number: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def live(_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(cli, "live", live)
    assert cli.run(["demo"]) == 5
    assert said in capsys.readouterr().err
