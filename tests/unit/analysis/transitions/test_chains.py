"""Chains of emotions: counts, rate, shares and entropy, worked by hand."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.transitions.chains import (
    TOO_FEW_TRANSITIONS,
    entropy_rate,
    poisson_rate,
    stationary_shares,
    transition_counts,
    transition_probabilities,
    unbroken_chains,
)
from emoreport.analysis.transitions.counting import count_transitions
from emoreport.records import Span
from emoreport.vocabulary import ALL_LABELS
from tests.fixtures.readings import video_rows

row_lists = st.lists(
    st.tuples(st.sampled_from([*ALL_LABELS[:8], "no_face", "uncertain"]), st.integers(1, 40)),
    max_size=30,
)


def chains_of(*stretches):
    return unbroken_chains(video_rows(*stretches))


def halved(rows, place):
    """The same rows with one of them cut in two."""
    row = rows[place]
    middle_s = row.span.start_s + 0.25 * row.span.duration_s
    first = dataclasses.replace(row, span=Span(row.span.start_s, middle_s))
    second = dataclasses.replace(row, span=Span(middle_s, row.span.end_s))
    return (*rows[:place], first, second, *rows[place + 1 :])


def test_gaps_and_uncertain_rows_break_the_chain():
    found = chains_of(
        ("fear", 1), ("anger", 2), ("no_face", 1), ("anger", 3), ("uncertain", 1), ("fear", 1)
    )
    assert found.labels == ("anger", "fear")
    assert found.label.tolist() == [1, 0, 0, 1]
    assert found.chain.tolist() == [0, 0, 1, 2]
    assert found.length_s.tolist() == [1, 2, 3, 1]
    assert found.linked.tolist() == [True, False, False]


def test_a_hole_between_rows_breaks_the_chain():
    rows = video_rows(("fear", 1), ("anger", 2), ("fear", 1))
    found = unbroken_chains((rows[0], rows[2]))
    assert found.chain.tolist() == [0, 1]


def test_neighbours_of_one_label_are_one_interval():
    found = chains_of(("fear", 1), ("fear", 2), ("anger", 1))
    assert found.label.tolist() == [1, 0]
    assert found.length_s.tolist() == [3, 1]


def test_nothing_gives_empty_chains():
    found = chains_of(("no_face", 3))
    assert (found.labels, len(found), found.linked.tolist()) == ((), 0, [])
    assert transition_counts(found).shape == (0, 0)


def test_counts_and_probabilities_by_hand():
    found = chains_of(*[(name, 1) for name in ("anger", "fear", "anger", "sadness", "anger")])
    counts = transition_counts(found)
    assert counts.tolist() == [[0, 1, 1], [1, 0, 0], [1, 0, 0]]
    np.testing.assert_allclose(
        transition_probabilities(counts), [[0, 0.5, 0.5], [1, 0, 0], [1, 0, 0]]
    )


def test_an_emotion_that_was_never_left_has_no_probabilities():
    table = transition_probabilities(transition_counts(chains_of(("anger", 1), ("fear", 1))))
    assert table[0].tolist() == [0, 1]
    assert np.isnan(table[1]).all()


@given(row_lists)
def test_counts_agree_with_the_table_of_transitions(stretches):
    rows = video_rows(
        *[
            (name, ticks / 8)
            for place, (name, ticks) in enumerate(stretches)
            if place == 0 or stretches[place - 1][0] != name
        ]
    )
    merged = [
        row for place, row in enumerate(rows) if not place or rows[place - 1].emotion != row.emotion
    ]
    if len(merged) < len(rows):
        return
    found = unbroken_chains(rows)
    counts = transition_counts(found)
    expected = {(row.origin, row.target): row.count for row in count_transitions(rows)}
    for i, origin in enumerate(found.labels):
        for j, target in enumerate(found.labels):
            assert counts[i, j] == expected.get((origin, target), 0)


@given(row_lists.filter(bool), st.data())
def test_cutting_a_row_in_two_changes_nothing(stretches, data):
    rows = video_rows(*[(name, ticks / 8) for name, ticks in stretches])
    cut = halved(rows, data.draw(st.integers(0, len(rows) - 1)))
    one, other = unbroken_chains(rows), unbroken_chains(cut)
    assert transition_counts(one).tolist() == transition_counts(other).tolist()
    assert one.length_s.tolist() == other.length_s.tolist()


# The interval of 10 events is a textbook one: 4.795 to 18.390.
@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (10, 4.7954, 18.3904)]
)
def test_the_exact_poisson_interval(count, low, high):
    rate = poisson_rate(count, 60.0)
    assert rate.per_minute == count
    assert (rate.low, rate.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_a_rate_is_per_minute_of_what_was_watched():
    rate = poisson_rate(10, 30.0)
    assert (rate.per_minute, rate.high) == (20.0, pytest.approx(2 * 18.3904, abs=1e-4))


def test_nothing_watched_has_no_rate():
    rate = poisson_rate(0, 0.0)
    assert (rate.per_minute, rate.low, rate.high) == (None, None, None)


def test_the_stationary_share_of_a_chain_worked_by_hand():
    # From a always to b; from b half to a, half to c; from c always to b: (1/4, 1/2, 1/4).
    counts = np.array([[0, 4, 0], [3, 0, 3], [0, 5, 0]])
    np.testing.assert_allclose(stationary_shares(counts), [0.25, 0.5, 0.25])


@pytest.mark.parametrize("table", [[[0, 1], [0, 0]], [[0]], [[0, 1, 0], [1, 0, 1], [0, 0, 0]]])
def test_no_long_run_where_an_emotion_is_never_left(table):
    assert stationary_shares(np.array(table)) is None


def test_entropy_by_hand():
    # Row a: 9 to b, 9 to c (1 bit); rows b and c: always to a (0 bits). 18 of 36 departures from a.
    counts = np.array([[0, 9, 9], [9, 0, 0], [9, 0, 0]])
    found = entropy_rate(counts)
    assert found.corrected_bits == pytest.approx(0.5 + 1 / (2 * 36 * np.log(2)))
    assert found.maximum_bits == 1.0
    assert found.reason is None


def test_entropy_is_never_above_its_maximum():
    counts = np.full((3, 3), 10) - 10 * np.eye(3, dtype=int)
    assert entropy_rate(counts).corrected_bits == 1.0


def test_two_emotions_leave_no_doubt():
    found = entropy_rate(np.array([[0, 5], [5, 0]]))
    assert (found.corrected_bits, found.maximum_bits) == (0.0, 0.0)


@pytest.mark.parametrize("table", [[[0, 6, 5], [3, 0, 0], [3, 0, 0]], [[0]], np.zeros((0, 0))])
def test_too_few_transitions_give_no_entropy(table):
    found = entropy_rate(np.array(table, dtype=int))
    assert (found.corrected_bits, found.reason) == (None, TOO_FEW_TRANSITIONS)
