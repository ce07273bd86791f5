"""How many scores somebody else's graph gives has to be how many labels its recipe has."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from realtime_micacl.errors import EngineError
from realtime_micacl.making.foreign_graph import check_count
from realtime_micacl.making.foreign_recipe import Theirs


@pytest.mark.parametrize(
    ("scores", "message"),
    [(1, "gives 1 number .if it is that of a class, export it without ArgMax., output"), (9, "gives 9 scores, output")],
)
def test_the_number_of_a_class_is_not_called_a_score(scores: int, message: str) -> None:
    recipe = Path(__file__).parents[2] / "docs/encoder.toml"
    with pytest.raises(EngineError, match=f"x.onnx {message}.labels has 8$"):
        check_count(scores, msgspec.toml.decode(recipe.read_bytes(), type=Theirs), Path("x.onnx"))
