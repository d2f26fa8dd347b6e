"""The toolkit accepts every fitted reasoning, whatever was given."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from arcworld.play.agent import Decision
from arcworld.play.reasoning import LIMIT, fit_reasoning, size
from arcworld.recordings.episode import Action

texts = st.text() | st.text(min_size=1).map(lambda text: text * 9_000)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary()
values: st.SearchStrategy[Any] = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=8
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(max_size=20), values, max_size=5))
def test_it_always_fits(reasoning: dict[str, Any]) -> None:
    fitted = fit_reasoning(reasoning)
    assert fitted is not None and size(fitted) <= LIMIT
    json.dumps(fitted, allow_nan=False).encode()
    assert fit_reasoning(fitted) == fitted


@given(st.dictionaries(st.text(), st.integers(-(2**63) + 1, 2**63 - 1), max_size=5))
def test_what_fits_is_left_alone(reasoning: dict[str, Any]) -> None:
    clean = {key.encode("utf-8", "replace").decode(): value for key, value in reasoning.items()}
    assert fit_reasoning(clean) == clean


def test_numpy_and_other_objects() -> None:
    found = fit_reasoning(
        {"a": np.float32(0.5), "b": np.arange(3), "c": {1: {2}}, "d": Action(1), "e": np.inf}
    )
    assert found == {"a": 0.5, "b": [0, 1, 2], "c": {"1": [2]}, "d": str(Action(1)), "e": None}


def test_a_structure_that_holds_itself() -> None:
    circle: dict[str, Any] = {"p": 0.5}
    circle["self"] = circle
    fitted = fit_reasoning(circle)
    assert fitted is not None and fitted["p"] == 0.5 and size(fitted) <= LIMIT


def test_many_entries_keep_their_order_and_as_many_as_fit() -> None:
    fitted = fit_reasoning({f"p{number:05}": number for number in range(5_000)})
    assert fitted is not None and fitted.pop("trimmed") is True
    assert list(fitted) == sorted(fitted) and len(fitted) > 500


def test_a_decision_explains_itself_within_the_limit() -> None:
    decision = Decision(Action(1), "why " * 9_000, {"p_level": 0.25})
    reasoning = decision.reasoning()
    assert reasoning["expected"] == {"p_level": 0.25} and reasoning["reason"].startswith("why why")
    assert Decision(Action(1)).reasoning() == {}
