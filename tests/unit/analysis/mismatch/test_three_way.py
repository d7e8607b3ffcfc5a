"""Face, voice and text at once: worked cases, symmetry, planted independence and dependence."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreport.analysis.mismatch.agreement import NO_OVERLAP, NO_SHARED_LABELS, TOO_SHORT, agreement
from emoreport.analysis.mismatch.three_way import _measured, _slopes, _terms, consensus, three_way
from emoreport.analysis.rows.sequences import MISSING, join
from tests.fixtures.sequences import hard_sequence, random_sequence, sequence

# Face: 0 for 60 s, 1 for 40 s. Voice: 0 for 50 s, 1 for 50 s. Text: 0 for 30 s, 1 for 70 s.
FACE = sequence((0, 60), (1, 40), labels=2)
VOICE = sequence((0, 50), (1, 50), labels=2)
TEXT = sequence((0, 30), (1, 70), labels=2)


def wandering(rng, duration_s=600.0, mean_s=6.0, labels=3):
    """Labels that stay for a while and follow nothing."""
    count = int(3 * duration_s / mean_s)
    edges_s = np.concatenate(([0.0], np.cumsum(rng.exponential(mean_s, count))))
    last = int(np.searchsorted(edges_s, duration_s))
    edges_s = np.append(edges_s[:last], duration_s)
    return hard_sequence(edges_s, rng.integers(0, labels, last), labels)


def test_a_case_worked_by_hand():
    found = three_way((FACE, VOICE, TEXT))
    assert found.complete_s == found.paired_s == 100
    # All the same in 0–30 s and 60–100 s; by chance 0.6 · 0.5 · 0.3 + 0.4 · 0.5 · 0.7.
    assert found.agreement.value == pytest.approx(0.7)
    assert found.agreement.expected == pytest.approx(0.23)
    # Pairs agree in 0.7 + 0.3 / 3; labels have the shares 140 and 160 of 300.
    by_chance = (140**2 + 160**2) / 300**2
    assert found.fleiss.value == pytest.approx((0.8 - by_chance) / (1 - by_chance))
    assert found.alpha.value == pytest.approx(found.fleiss.value, abs=1e-4)


def test_who_departs_is_asked_where_the_other_two_agree():
    # Voice and text agree in 0–30 s on 0 and in 50–100 s on 1; the face differs for 10 of these 80.
    found = agreement(join(FACE, consensus(VOICE, TEXT)))
    assert found.compared_s == 80
    assert found.disagreement == pytest.approx(10 / 80)


def test_alpha_takes_time_with_two_labels_and_agreement_only_that_with_three():
    gap = sequence((0, 30), (1, 30), (None, 40), labels=2)
    found = three_way((FACE, VOICE, gap))
    assert (found.complete_s, found.paired_s) == (60, 100)


@pytest.mark.parametrize(
    ("sequences", "reason"),
    [
        ([sequence((0, 90), labels=1)] * 3, NO_SHARED_LABELS),
        ([FACE, VOICE, sequence((None, 100), labels=2)], NO_OVERLAP),
        ([FACE, VOICE, sequence((0, 5), (None, 95), labels=2)], TOO_SHORT),
    ],
)
def test_too_little_gives_no_figure_and_says_why(sequences, reason):
    found = three_way(tuple(sequences))
    for figure in (found.agreement, found.fleiss, found.alpha):
        assert (figure.value, figure.interval, figure.test.p_value) == (None, None, None)
        assert figure.reason == reason


def test_sequences_of_other_labels_are_refused():
    with pytest.raises(ValueError, match="differ"):
        three_way((FACE, VOICE, sequence((0, 100), labels=3)))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_exchanging_the_modalities_changes_no_figure(seed):
    rng = np.random.default_rng(seed)
    sides = [random_sequence(rng, 55, 12) for _ in range(3)]
    wanted = three_way(tuple(sides), draws=20)
    for order in itertools.permutations(sides):
        found = three_way(order, draws=20)
        for name in ("agreement", "fleiss", "alpha"):
            mine, theirs = getattr(found, name), getattr(wanted, name)
            assert mine.value == pytest.approx(theirs.value)
            assert mine.expected == pytest.approx(theirs.expected)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_a_modality_agrees_with_itself_wholly_and_never_departs(seed):
    side = random_sequence(np.random.default_rng(seed), 100, 12)
    found = three_way((side, side, side), draws=20)
    assert [figure.value for figure in (found.agreement, found.fleiss, found.alpha)] == [
        pytest.approx(1)
    ] * 3
    same = consensus(side, side)
    assert same.label[same.label != MISSING].tolist() == side.label[side.label != MISSING].tolist()
    assert agreement(join(side, same)).disagreement == pytest.approx(0)


def test_p_values_of_independent_labels_are_uniform():
    rng = np.random.default_rng(5)
    p_values = []
    for _ in range(60):
        sides = tuple(wandering(rng, 120.0) for _ in range(3))
        found = three_way(sides, draws=199)
        p_values.append([figure.test.p_value for figure in (found.agreement, found.alpha)])
    for column in np.array(p_values).T:
        assert 0.35 < column.mean() < 0.65
        assert np.mean(column <= 0.05) <= 0.15  # 3 of 60 expected, 9 or fewer in 99.8 %
        assert np.mean(column <= 0.5) == pytest.approx(0.5, abs=0.2)


def test_labels_that_follow_each_other_are_told_from_chance_with_an_interval():
    rng = np.random.default_rng(1)
    face = wandering(rng, 900.0)
    voice, text = (
        hard_sequence(
            face.edges_s, np.where(rng.random(len(face.label)) < 0.6, face.label, drawn), 3
        )
        for drawn in rng.integers(0, 3, (2, len(face.label)))
    )
    found = three_way((face, voice, text), draws=199)
    for figure in (found.agreement, found.fleiss, found.alpha):
        assert figure.test.p_value == pytest.approx(2 / 200)
        low, high = figure.interval
        assert figure.expected < low < figure.value < high <= 1


def test_intervals_of_independent_labels_hold_zero():
    rng = np.random.default_rng(3)
    missed = 0
    for seed in range(10):
        sides = tuple(wandering(rng, 900.0) for _ in range(3))
        found = three_way(sides, draws=199, seed=seed)
        missed += not found.alpha.interval[0] < 0 < found.alpha.interval[1]
    assert missed <= 2


def test_slopes_are_those_of_the_figures():
    rng = np.random.default_rng(2)
    sums = rng.uniform(1, 2, 40) @ _terms(rng.integers(-1, 3, (3, 40)), 3)
    steps = 1e-6 * np.eye(len(sums))
    apart = (_measured(sums + steps, 3) - _measured(sums - steps, 3)) / 2e-6
    assert _slopes(sums, 3) == pytest.approx(apart.T, abs=1e-6)


def test_clips_that_all_three_share_are_no_link():
    found = []
    for seed in range(60):
        rng = np.random.default_rng([9, seed])
        edges_s = np.append(0.0, np.cumsum(rng.uniform(8.0, 20.0, 40)))
        sides = tuple(hard_sequence(edges_s, rng.integers(0, 4, 40), 4) for _ in range(3))
        joint = three_way(sides, draws=99, seed=seed)
        found.append([joint.agreement.test.p_value, joint.alpha.test.p_value])
    assert (np.mean(np.array(found) <= 0.05, axis=0) <= 0.1).all()
