"""The record of all statistics of the transitions."""

import numpy as np
import pytest

from emoreport.analysis.transitions.transition_statistics import (
    FIXED_ORDER,
    NOT_CONNECTED,
    transition_statistics,
)
from tests.fixtures.readings import video_rows


def test_a_talk_worked_by_hand():
    found = transition_statistics(
        video_rows(
            ("neutral", 10),
            ("happiness", 5),
            ("neutral", 5),
            ("no_face", 7),
            ("fear", 5),
            ("neutral", 5),
        )
    )
    assert found.labels == ("fear", "happiness", "neutral")
    assert {(pair.origin, pair.target) for pair in found.pairs if pair.count} == {
        ("fear", "neutral"),
        ("happiness", "neutral"),
        ("neutral", "happiness"),
    }
    assert (found.rate.count, found.rate.per_minute) == (3, 6.0)
    assert (found.stationary, found.stationary_reason) == ((None,) * 3, NOT_CONNECTED)
    assert found.entropy.reason is not None
    assert len(found.pairs) == 6


def test_the_long_run_of_two_emotions_that_take_turns_is_one_half_each():
    found = transition_statistics(video_rows(("anger", 6), ("fear", 1), ("anger", 2), ("fear", 1)))
    assert (found.labels, found.stationary_reason) == (("anger", "fear"), None)
    assert found.stationary == pytest.approx((0.5, 0.5))


def test_a_talk_without_any_emotion():
    found = transition_statistics(video_rows(("no_face", 4)))
    assert (found.labels, found.pairs, found.stationary) == ((), (), ())
    assert (found.rate.per_minute, found.order_p_value) == (None, None)
    assert found.order_reason == FIXED_ORDER


def test_the_seed_decides():
    rng = np.random.default_rng(0)
    names = [("anger", "fear", "sadness", "neutral")[code] for code in rng.integers(0, 4, 80)]
    rows = video_rows(*[(name, 1.0) for name in names])
    first, again, other = (transition_statistics(rows, seed=seed) for seed in (1, 1, 2))
    assert first.pairs == again.pairs
    assert first.pairs != other.pairs
