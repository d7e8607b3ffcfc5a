"""The same people before and after: the person is the unit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from emoreport.analysis.talks.groups import compare_groups
from emoreport.analysis.talks.pairs import (
    CHANGED_ALIKE,
    NO_PAIRS,
    TOO_FEW_PAIRS,
    PairedDifference,
    compare_pairs,
)
from emoreport.analysis.transitions.talk_figures import (
    EMOTION_SHARE,
    MEAN_VALENCE,
    MISMATCH_SHARE,
    TRANSITION_RATE,
    Talk,
)
from tests.fixtures.readings import video_rows


def side(*valences):
    """A talk per person, all of it of one valence; None shows no face."""
    return [
        Talk("", video_rows(("no_face", 10.0)))
        if valence is None
        else Talk("", video_rows(("fear", 10.0)), valence=[valence])
        for valence in valences
    ]


def valence(before, after, **options):
    rows = compare_pairs(side(*before), side(*after), **options)
    return next(row for row in rows if row.measure == MEAN_VALENCE)


def shares(*values):
    """A talk per person who is fearful for a share of the time."""
    return [
        Talk("", video_rows(("fear", 10.0 * share), ("anger", 10.0 * (1.0 - share))))
        for share in values
    ]


def test_three_people_worked_by_hand():
    found = valence((0.1, 0.2, 0.3), (0.2, 0.4, 0.6))
    assert found.pairs == 3
    assert (found.first, found.second, found.difference) == pytest.approx((0.2, 0.4, 0.2))
    # Differences 0.1, 0.2, 0.3: standard deviation 0.1; t of 2 degrees of freedom is 4.302653.
    reach = 4.302653 * 0.1 / 3**0.5
    assert (found.low, found.high) == pytest.approx((0.2 - reach, 0.2 + reach), abs=1e-6)
    # Sums of the 8 flips: ±0.6, ±0.4, ±0.2, 0, 0. Two are as far from 0 as 0.6.
    assert found.p_value == found.least_p == 2 / 8
    assert (found.rose, found.fell, found.stayed) == (3, 0, 0)
    assert found.reason == TOO_FEW_PAIRS


def test_flips_counted_by_hand():
    # 0.1 − 0.2 + 0.4 = 0.3 among ±0.7, ±0.5, ±0.3, ±0.1.
    assert valence((0, 0, 0), (0.1, -0.2, 0.4)).p_value == 6 / 8
    # 0.1 + 0.1 + 0.1 − 0.1 = 0.2 among ±0.4, eight times ±0.2, six times 0.
    found = valence((0, 0, 0, 0), (0.1, 0.1, 0.1, -0.1))
    assert (found.p_value, found.least_p) == (10 / 16, 2 / 16)
    # 0 is as near as can be.
    assert valence((0, 0, 0), (0.1, 0.2, -0.3)).p_value == 1.0


def test_who_stayed_has_no_sign_to_flip():
    found = valence((0.1,) * 7, (0.2, 0.3, 0.4, 0.5, 0.1, 0.1, 0.1 + 1e-12))
    assert (found.rose, found.fell, found.stayed) == (4, 0, 3)
    assert found.p_value == found.least_p == 2 / 2**4
    assert found.reason == TOO_FEW_PAIRS


def test_six_people_who_changed_can_be_significant():
    found = valence((0,) * 6, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6))
    assert found.p_value == found.least_p == 2 / 64
    assert found.reason is None


def test_interval_and_p_value_are_those_of_scipy():
    rng = np.random.default_rng(4)
    before = rng.uniform(-0.5, 0.5, 12)
    after = before + rng.normal(0.1, 0.2, 12)
    found = valence(before, after)
    peer = stats.ttest_rel(after, before)
    assert (found.low, found.high) == pytest.approx(tuple(peer.confidence_interval()))
    exact = stats.permutation_test(
        (after - before,),
        lambda one, axis: stats.ttest_1samp(one, 0.0, axis=axis).statistic,
        permutation_type="samples",
        vectorized=True,
        n_resamples=2**12,
    )
    assert found.p_value == pytest.approx(exact.pvalue)


def test_sixteen_who_changed_are_all_flipped_and_seventeen_at_random():
    rng = np.random.default_rng(2)
    after = rng.normal(0.06, 0.2, 17)
    sixteen = valence((0.0,) * 17, (*after[:16], 0.0))
    assert sixteen.least_p == 2 / 2**16
    assert sixteen == valence((0.0,) * 17, (*after[:16], 0.0), seed=9)
    random = {"resamples": 999}
    one, again, *others = (
        valence((0.0,) * 17, after, seed=seed, **random) for seed in (1, 1, 2, 3, 4)
    )
    assert one == again
    assert len({row.p_value for row in others}) > 1
    assert one.least_p == 1 / 1000
    signs = 1 - 2 * (np.arange(2**16)[:, np.newaxis] >> np.arange(17) & 1)
    exact = float(np.mean(np.abs(signs @ after) >= abs(after.sum()) - 1e-9))
    assert one.p_value == pytest.approx(exact, abs=0.05)


def test_random_flips_never_give_a_p_value_of_zero():
    found = valence((0.0,) * 30, np.linspace(0.1, 0.9, 30))
    assert found.p_value == found.least_p == 1 / 10_000


def test_p_values_are_corrected_over_all_figures():
    rows = compare_pairs(shares(*(0.1,) * 6), shares(0.2, 0.3, 0.4, 0.5, 0.6, 0.7))
    tested = [row for row in rows if row.p_value is not None]
    assert [row.emotion for row in tested] == ["anger", "fear"]
    assert [row.difference for row in tested] == pytest.approx([-0.35, 0.35])
    assert [(row.rose, row.fell) for row in tested] == [(0, 6), (6, 0)]
    assert [row.p_holm for row in tested] == pytest.approx([4 / 64, 4 / 64])


def test_figures_are_those_of_the_groups():
    before, after = shares(0.1, 0.4, 0.3, 0.6), shares(0.2, 0.3, 0.8, 0.7)
    paired, groups = compare_pairs(before, after), compare_groups(before, after)
    for one, other in zip(paired, groups, strict=True):
        assert (one.measure, one.emotion) == (other.measure, other.emotion)
        assert (one.first, one.second) == (other.first, other.second)


def test_only_pairs_with_both_sides_count():
    found = valence((0.1, None, 0.2, 0.3, 0.9), (0.2, 0.9, 0.4, 0.6, None))
    assert found == valence((0.1, 0.2, 0.3), (0.2, 0.4, 0.6))


def test_two_people_give_the_difference_only():
    found = valence((0.1, 0.2), (0.2, 0.5))
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.p_value, found.p_holm, found.least_p) == (None,) * 4
    assert (found.rose, found.reason) == (2, TOO_FEW_PAIRS)


def test_a_figure_that_nobody_has_on_both_sides():
    rows = {row.measure: row for row in compare_pairs(side(0.1, None, 0.2), side(None, 0.1, None))}
    found = rows[MEAN_VALENCE]
    assert (found.pairs, found.first, found.difference, found.reason) == (0, None, None, NO_PAIRS)
    assert (found.rose, found.fell, found.stayed) == (0, 0, 0)
    assert rows[MISMATCH_SHARE].reason == NO_PAIRS
    assert {row.reason for row in compare_pairs([], [])} == {NO_PAIRS}


def test_people_who_all_changed_alike():
    rows = {row.measure: row for row in compare_pairs(shares(0.1, 0.2, 0.3), shares(0.2, 0.3, 0.4))}
    shown = rows[EMOTION_SHARE]
    assert (shown.difference, shown.low, shown.p_value) == (pytest.approx(0.1), None, None)
    assert shown.reason == rows[TRANSITION_RATE].reason == CHANGED_ALIKE
    assert (shown.rose, rows[TRANSITION_RATE].stayed) == (3, 3)
    nobody = valence((0, 0, 0), (8e-10, -8e-10, 0))
    assert (nobody.stayed, nobody.reason) == (3, CHANGED_ALIKE)


def test_talks_that_are_no_pairs_are_refused():
    with pytest.raises(ValueError, match="3 talks before and 2 after"):
        compare_pairs(side(0, 0, 0), side(0, 0))


cents = st.integers(-30, 30).map(lambda whole: whole / 100)
"""Values apart from each other by much more than the rounding of sums, or not at all."""
people = st.lists(st.tuples(cents, cents), min_size=2, max_size=20)


def same(one: PairedDifference, other: PairedDifference) -> bool:
    numbers = {"first", "second", "difference", "low", "high"}
    close = [
        (getattr(one, name) is None) == (getattr(other, name) is None)
        and getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-9)
        for name in numbers
    ]
    blank = dict.fromkeys(numbers)
    return all(close) and replace(one, **blank) == replace(other, **blank)


@given(people)
@settings(max_examples=50, deadline=None)
def test_exchanging_before_and_after_negates_all_but_the_p_values(pairs):
    before, after = zip(*pairs, strict=True)
    one, other = valence(before, after, resamples=99), valence(after, before, resamples=99)
    mirrored = replace(
        other,
        first=other.second,
        second=other.first,
        difference=-other.difference,
        rose=other.fell,
        fell=other.rose,
        low=None if other.high is None else -other.high,
        high=None if other.low is None else -other.low,
    )
    assert same(one, mirrored)


@given(people, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_people_changes_nothing(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    one, other = (valence(*zip(*order, strict=True), resamples=99) for order in (pairs, shuffled))
    assert same(one, other)


@given(people, st.lists(cents, min_size=20, max_size=20))
@settings(max_examples=50, deadline=None)
def test_what_is_added_to_both_sides_of_a_person_changes_no_difference(pairs, offsets):
    before, after = np.asarray(pairs).T
    added = np.asarray(offsets[: len(pairs)])
    one = valence(before, after, resamples=99)
    other = valence(before + added, after + added, resamples=99)
    assert same(replace(one, first=None, second=None), replace(other, first=None, second=None))
