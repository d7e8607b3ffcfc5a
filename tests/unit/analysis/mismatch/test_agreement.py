"""Agreement of face and voice: hand-worked cases and what must not change it."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.mismatch.agreement import (
    NO_OVERLAP,
    NO_SHARED_LABELS,
    ONE_LABEL,
    TOO_SHORT,
    agreement,
    confusion_s,
    distances,
    mean_distance,
)
from emoreport.analysis.rows.sequences import join
from tests.fixtures.sequences import halved, random_sequence, renamed, sequence, soft_sequence


def same(one, other):
    """Equal figures and reasons, up to rounding."""
    numbers = [np.nan if value is None else value for value in astuple(one)[:-1]]
    others = [np.nan if value is None else value for value in astuple(other)[:-1]]
    assert numbers == pytest.approx(others, abs=1e-9, nan_ok=True)
    assert one.reason == other.reason


# Face: 0 for 60 s, 1 for 40 s. Voice: 0 for 50 s, 1 for 40 s, 2 for 10 s.
FACE = sequence((0, 60), (1, 40))
VOICE = sequence((0, 50), (1, 40), (2, 10))


def test_seconds_are_counted_by_both_labels():
    assert confusion_s(join(FACE, VOICE)).tolist() == [[50, 10, 0], [0, 30, 10], [0, 0, 0]]


def test_a_case_worked_by_hand():
    found = agreement(join(FACE, VOICE))
    assert found.compared_s == 100
    # 50 + 30 s of 100 agree; by chance 0.6 · 0.5 + 0.4 · 0.4 = 0.46.
    assert found.disagreement == pytest.approx(0.2)
    assert found.expected_disagreement == pytest.approx(0.54)
    assert found.kappa == pytest.approx((0.8 - 0.46) / (1 - 0.46))
    # Mean shares 0.55, 0.4, 0.05: chance (0.2475 + 0.24 + 0.0475) / 2.
    assert found.ac1 == pytest.approx((0.8 - 0.2675) / (1 - 0.2675))
    assert found.reason is None


def test_agreement_on_one_frequent_label_has_no_kappa_to_speak_of_but_a_high_ac1():
    # 118 of 125 s agree. Chance for kappa 123 · 120 + 2 · 5 of 125², for AC1 2 · 243 · 7 of 250².
    face = sequence((0, 118), (0, 5), (1, 2), labels=2)
    voice = sequence((0, 118), (1, 5), (0, 2), labels=2)
    found = agreement(join(face, voice))
    assert found.kappa == pytest.approx(-0.0234, abs=5e-5)
    assert found.ac1 == pytest.approx(0.9408, abs=5e-5)


def test_severity_worked_by_hand():
    face = soft_sequence([0, 10, 20], [[0.8, 0.2], [0.4, 0.6]])
    voice = soft_sequence([0, 10, 20], [[0.5, 0.5], [0.1, 0.9]])
    found = agreement(join(face, voice))
    # Observed 0.3 and 0.3; all pairs: 0.3, 0.7, 0.1, 0.3.
    assert found.severity == pytest.approx(0.3)
    assert found.expected_severity == pytest.approx(0.35)
    assert found.severity_kappa == pytest.approx(1 - 0.3 / 0.35)


def test_time_that_is_missing_in_one_counts_for_nothing():
    face = sequence((0, 60), (1, 40), (2, 30), (None, 50))
    voice = sequence((0, 50), (1, 40), (2, 10), (None, 30), (0, 50))
    same(agreement(join(face, voice)), agreement(join(FACE, VOICE)))


def test_perfect_agreement_is_one_and_constant_contradiction_below_zero():
    assert agreement(join(FACE, FACE)).kappa == pytest.approx(1)
    assert agreement(join(FACE, FACE)).ac1 == pytest.approx(1)
    assert agreement(join(FACE, FACE)).severity_kappa == pytest.approx(1)
    swapped = renamed(FACE, [1, 0, 2])
    assert agreement(join(FACE, swapped)).disagreement == pytest.approx(1)
    assert agreement(join(FACE, swapped)).kappa < 0


@pytest.mark.parametrize(
    ("face", "voice", "reason"),
    [
        (sequence((0, 60), labels=1), sequence((0, 60), labels=1), NO_SHARED_LABELS),
        (sequence((0, 30), (None, 30)), sequence((None, 30), (1, 30)), NO_OVERLAP),
        (sequence((None, 60)), sequence((1, 60)), NO_OVERLAP),
        (sequence((0, 5), (1, 4)), sequence((0, 5), (1, 4)), TOO_SHORT),
    ],
)
def test_too_little_to_say_anything_gives_no_figure(face, voice, reason):
    found = agreement(join(face, voice))
    assert found.reason == reason
    figures = (found.disagreement, found.expected_disagreement, found.kappa, found.ac1)
    assert (*figures, found.severity, found.severity_kappa) == (None,) * 6


def test_one_side_with_one_label_has_no_kappa_instead_of_zero():
    found = agreement(join(sequence((0, 100)), VOICE))
    assert found.disagreement == pytest.approx(0.5)
    assert found.kappa is None
    assert found.severity_kappa is None
    assert found.ac1 is not None
    assert found.reason == ONE_LABEL


def test_both_sides_with_one_label_have_no_ac1_instead_of_one():
    found = agreement(join(sequence((0, 100)), sequence((0, 100))))
    assert found.disagreement == 0
    assert (found.kappa, found.ac1, found.severity_kappa) == (None, None, None)


def test_a_label_without_distribution_has_agreement_but_no_severity():
    face = soft_sequence([0, 50, 100], [[0.9, 0.1, 0], [0.1, 0.9, 0]])
    bare = sequence((0, 60), (1, 40))
    bare.distribution[:] = np.nan
    found = agreement(join(face, bare))
    assert found.disagreement == pytest.approx(0.1)
    assert (found.severity, found.expected_severity, found.severity_kappa) == (None, None, None)


def test_no_time_at_all():
    empty = soft_sequence([0.0], np.zeros((0, 3)))
    assert agreement(join(empty, empty)).reason == NO_OVERLAP


@given(st.integers(0, 2**32 - 1))
def test_exchanging_face_and_voice_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    face, voice = random_sequence(rng, 60, 12), random_sequence(rng, 60, 9)
    same(agreement(join(face, voice)), agreement(join(voice, face)))


@given(st.integers(0, 2**32 - 1), st.permutations(range(4)))
def test_renaming_labels_changes_nothing(seed, order):
    rng = np.random.default_rng(seed)
    face, voice = random_sequence(rng, 60, 12), random_sequence(rng, 60, 9)
    again = agreement(join(renamed(face, order), renamed(voice, order)))
    same(agreement(join(face, voice)), again)


@given(st.integers(0, 2**32 - 1))
def test_cutting_pieces_in_two_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    face, voice = random_sequence(rng, 60, 12), random_sequence(rng, 60, 9)
    same(agreement(join(face, voice)), agreement(join(halved(face), halved(halved(voice)))))


@given(st.integers(0, 2**32 - 1))
def test_with_all_probability_on_the_label_distance_is_disagreement(seed):
    rng = np.random.default_rng(seed)
    label = [(int(code), 10.0) for code in rng.integers(0, 3, 12)]
    other = [(int(code), 8.0) for code in rng.integers(0, 3, 15)]
    found = agreement(join(sequence(*label), sequence(*other)))
    assert found.severity == pytest.approx(found.disagreement)
    assert found.expected_severity == pytest.approx(found.expected_disagreement)


@given(st.integers(0, 2**32 - 1))
def test_the_mean_distance_is_that_of_all_pairs(seed):
    rng = np.random.default_rng(seed)
    points, others = rng.dirichlet(np.ones(3), 5), rng.dirichlet(np.ones(3), 7)
    others[3] = points[2]
    weight = rng.uniform(0, 1, 7)
    pairs = 0.5 * np.abs(points[:, None] - others[None]).sum(axis=2)
    expected = pairs @ weight / weight.sum()
    assert mean_distance(points, others, weight) == pytest.approx(expected, abs=1e-12)


def test_distances_know_their_cells():
    face = soft_sequence([0, 1, 2, 3], [[1, 0], [np.nan, np.nan], [0.5, 0.5]])
    voice = soft_sequence([0, 3], [[0, 1]])
    parts = distances(join(face, voice))
    assert parts.cell.tolist() == [0, 2]
    assert parts.distance.tolist() == [1, 0.5]
    assert parts.face_mean.tolist() == [1, 0.5]
    assert parts.voice_mean.tolist() == [0.75, 0.75]
