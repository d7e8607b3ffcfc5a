"""Two groups of talks: the talk is the unit."""

import numpy as np
import pytest
from scipy import stats

from emoreport.analysis.talks.groups import NO_VARIATION, TOO_FEW_TALKS, UNKNOWN, compare_groups
from emoreport.analysis.transitions.talk_figures import (
    EMOTION_SHARE,
    MISMATCH_SHARE,
    TRANSITION_RATE,
    Talk,
)
from tests.fixtures.readings import video_rows


def talk(share, *, seconds=10.0):
    """A talk that is fearful for a share of its time."""
    return Talk("", video_rows(("fear", share * seconds), ("anger", (1.0 - share) * seconds)))


def group(*shares):
    return [talk(share) for share in shares]


def fear(first, second, **options):
    rows = {(one.measure, one.emotion): one for one in compare_groups(first, second, **options)}
    return rows[EMOTION_SHARE, "fear"]


FIRST, SECOND = (0.1, 0.2, 0.3, 0.15, 0.25), (0.5, 0.65, 0.6, 0.7, 0.4)


def test_means_interval_and_p_value():
    found = fear(group(*FIRST), group(*SECOND))
    assert (found.first_talks, found.second_talks) == (5, 5)
    assert (found.first, found.second) == (pytest.approx(0.2), pytest.approx(0.57))
    welch = stats.ttest_ind(SECOND, FIRST, equal_var=False).confidence_interval()
    assert (found.low, found.high) == (pytest.approx(welch.low), pytest.approx(welch.high))
    # All five talks of a group lie above all of the other: one of 252 ways, and its mirror image.
    assert found.p_value == found.least_p == pytest.approx(2 / 252)
    assert found.reason is None


def test_every_talk_counts_once_however_long_it_is():
    longer = [talk(FIRST[0], seconds=500.0), *group(*FIRST[1:])]
    assert fear(longer, group(*SECOND)).first == pytest.approx(0.2)


def test_p_values_are_corrected_over_all_figures():
    rows = compare_groups(group(*FIRST), group(*SECOND))
    tested = [one for one in rows if one.p_value is not None]
    assert [one.emotion for one in tested] == ["anger", "fear"]
    assert [one.p_holm for one in tested] == pytest.approx([4 / 252, 4 / 252])


def test_no_difference_is_no_finding():
    found = fear(group(*FIRST), group(*reversed(FIRST)))
    assert found.difference == pytest.approx(0.0)
    assert found.low < 0 < found.high
    assert found.p_value == 1.0


def test_three_talks_a_group_give_an_interval_but_no_significance():
    found = fear(group(*FIRST[:3]), group(*SECOND[:3]))
    assert found.low > 0
    assert found.p_value == found.least_p == pytest.approx(0.1)
    assert found.reason == TOO_FEW_TALKS


def test_two_talks_a_group_give_the_difference_only():
    found = fear(group(*FIRST[:2]), group(*SECOND))
    assert found.difference == pytest.approx(0.57 - 0.15)
    assert (found.low, found.p_value, found.p_holm, found.reason) == (
        None,
        None,
        None,
        TOO_FEW_TALKS,
    )


def test_talks_that_are_all_alike():
    rows = {one.measure: one for one in compare_groups(group(*FIRST), group(*SECOND))}
    rate = rows[TRANSITION_RATE]
    assert (rate.difference, rate.low, rate.reason) == (pytest.approx(0.0), None, NO_VARIATION)


def test_a_figure_that_one_group_lacks():
    rows = {one.measure: one for one in compare_groups(group(*FIRST), group(*SECOND))}
    missing = rows[MISMATCH_SHARE]
    assert (missing.first_talks, missing.difference, missing.reason) == (0, None, UNKNOWN)
    none = fear([], group(*SECOND))
    assert (none.first_talks, none.second_talks, none.difference) == (0, 5, None)


def test_a_talk_without_a_face_is_left_out():
    empty = Talk("", video_rows(("no_face", 9)))
    assert fear([*group(*FIRST), empty], group(*SECOND)).first_talks == 5


def test_many_talks_are_exchanged_at_random_with_the_seed():
    rng = np.random.default_rng(0)
    first, second = group(*rng.uniform(0.1, 0.6, 12)), group(*rng.uniform(0.2, 0.7, 12))
    options = {"resamples": 999}
    one, again, other = (fear(first, second, seed=seed, **options) for seed in (1, 1, 2))
    assert one == again
    assert one.p_value != other.p_value
    assert one.least_p == pytest.approx(0.002)
    lengths = [[row.video[0].span.duration_s for row in talks] for talks in (second, first)]
    peer = stats.permutation_test(
        lengths,
        lambda a, b, axis: stats.ttest_ind(a, b, equal_var=False, axis=axis).statistic,
        vectorized=True,
        n_resamples=4999,
        rng=3,
    )
    assert one.p_value == pytest.approx(peer.pvalue, abs=0.03)
