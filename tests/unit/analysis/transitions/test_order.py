"""The permutation test of the order of emotions, and its corrections."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreport.analysis.transitions.chains import unbroken_chains
from emoreport.analysis.transitions.order import holm_correction, order_p_values, order_test
from tests.fixtures.readings import video_rows

NAMES = ("anger", "fear", "happiness", "sadness")


def rows_named(names):
    return video_rows(*[(name, 1.0) for name in names])


def outcome(names, **options):
    pairs, p_value = order_test(unbroken_chains(rows_named(names)), shuffles=999, **options)
    return {(one.origin, one.target): one for one in pairs}, p_value


def test_a_rule_is_found_and_chance_is_not():
    rng = np.random.default_rng(3)
    names = []
    for _ in range(40):
        names += ["happiness", "sadness"]
        names.append(str(rng.choice(["anger", "fear"])))
    pairs, p_value = outcome(names)
    assert p_value == 0.001
    rule = pairs["happiness", "sadness"]
    assert rule.count == 40
    assert rule.expected < 25
    assert rule.p_value == 0.001
    assert rule.p_holm == pytest.approx(0.012)
    avoided = pairs["sadness", "happiness"]
    assert (avoided.count, avoided.p_value) == (0, 0.001)
    assert avoided.expected > 10


def test_every_pair_of_emotions_is_listed_also_those_never_seen():
    pairs, _ = outcome(["anger", "fear", "anger", "sadness", "anger"])
    assert len(pairs) == 6
    assert pairs["fear", "sadness"].count == 0


def test_expected_counts_are_those_of_all_possible_orders():
    # a b c a in one chain: of the orders without equal neighbours, a→b occurs 1 + 1 … by hand:
    # abac abca acab acba baca caba: a→b in abac, abca, acab, caba.
    pairs, _ = outcome(["anger", "fear", "happiness", "anger"])
    assert pairs["anger", "fear"].expected == pytest.approx(4 / 6, abs=0.06)


@pytest.mark.parametrize("names", [[], ["anger"], ["anger", "fear"], ["anger", "fear", "anger"]])
def test_a_fixed_order_has_no_p_value(names):
    pairs, p_value = outcome(names)
    if names == ["anger", "fear"]:
        # Either may come first; each count is as likely as the other.
        assert p_value == 1.0
        return
    assert p_value is None
    assert all((one.p_value, one.p_holm) == (None, None) for one in pairs.values())


def test_p_values_by_hand():
    observed = np.array([[0, 5], [1, 0]])
    counts = [0] * 10 + [1] * 90 + [2] * 400 + [3] * 400 + [4] * 89 + [5] * 10
    shuffled = np.array([[[0, count], [1, 0]] for count in counts])
    # The mean over the thousand is 2.5: 5 and 0 lie as far from it, 1 and 4 do not.
    p_values, p_value = order_p_values(observed, shuffled)
    assert p_values[0, 1] == pytest.approx(0.021)
    assert p_value == pytest.approx(0.021)
    assert np.isnan(p_values[1, 0])


def test_holm_by_hand():
    np.testing.assert_allclose(
        holm_correction(np.array([0.04, 0.01, 0.03, 0.5])), [0.09, 0.04, 0.09, 0.5]
    )
    assert holm_correction(np.zeros(0)).shape == (0,)
    assert holm_correction(np.array([0.6, 0.7])).tolist() == [1.0, 1.0]


def test_too_few_shuffles_are_refused():
    with pytest.raises(ValueError, match="999"):
        order_test(unbroken_chains(()), shuffles=998)


@settings(max_examples=10, deadline=None)
@given(st.permutations(NAMES), st.lists(st.integers(0, 3), min_size=5, max_size=40))
def test_new_names_change_no_number(renamed, codes):
    codes = [code for place, code in enumerate(codes) if not place or codes[place - 1] != code]
    pairs, p_value = outcome([NAMES[code] for code in codes])
    again, p_again = outcome([renamed[code] for code in codes])
    new = dict(zip(NAMES, renamed, strict=True))
    assert p_value == pytest.approx(p_again)
    for (origin, target), one in pairs.items():
        other = again[new[origin], new[target]]
        assert (one.count, one.p_value, one.p_holm) == (other.count, other.p_value, other.p_holm)
        assert one.expected == pytest.approx(other.expected)
