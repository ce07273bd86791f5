"""Nobody is followed where nobody is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.bench.nobody import followed


@pytest.mark.fault("R16")
def test_nobody_is_followed_where_nobody_is(measured: Callable[[str], None], long: bool) -> None:
    """What is printed on a shirt and is a face, a portrait or a skull, may be followed; nothing else may."""
    minutes = 10.0 if long else 0.2
    taken = Counter(followed(60 * minutes).values())
    kinds = "".join(f", {count} a {what}" for what, count in taken.items())
    measured(f"{minutes:g} min of nobody: {taken.total()} faces followed{kinds}")
    assert set(taken) <= {"portrait on a shirt", "skull on a shirt"}
