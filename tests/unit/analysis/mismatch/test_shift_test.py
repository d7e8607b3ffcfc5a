"""Circular shifts: arithmetic against brute force, then validity on simulated talks."""

import dataclasses
import tracemalloc
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from emoreport.analysis.mismatch.agreement import (
    NO_OVERLAP,
    NO_SHARED_LABELS,
    ONE_LABEL,
    TOO_SHORT,
    agreement,
)
from emoreport.analysis.mismatch.bootstrap import block_bootstrap
from emoreport.analysis.mismatch.shift_pieces import sureness
from emoreport.analysis.mismatch.shift_test import (
    ShiftTest,
    distance_excess,
    label_excess,
    mismatch_statistics,
    severity_shift_test,
    shift_test,
    verdict,
)
from emoreport.analysis.rows.sequences import MISSING, join
from tests.fixtures.sequences import halved, random_sequence, renamed, sequence
from tests.fixtures.talks import Design, clip_talk
from tests.fixtures.validity import hard_joint, joints, read_joint

TESTS = (shift_test, severity_shift_test)


def excess_of(face, voice, labels):
    both = (face != MISSING) & (voice != MISSING)
    seen, heard = face[both], voice[both]
    shares = [np.bincount(side, minlength=labels) / len(side) for side in (seen, heard)]
    return np.mean(seen != heard) - (1 - shares[0] @ shares[1])


def test_the_excess_at_every_shift_is_that_of_the_shifted_voice():
    rng = np.random.default_rng(1)
    face, voice = rng.integers(-1, 3, 41), rng.integers(-1, 3, 41)
    excess, overlap = label_excess(face, voice, 3)
    for shift in range(41):
        moved = np.roll(voice, shift)
        assert overlap[shift] == np.count_nonzero((face != MISSING) & (moved != MISSING))
        assert excess[shift] == pytest.approx(excess_of(face, moved, 3))


@pytest.mark.parametrize("steps_alike", [1, 5])
def test_the_distance_at_every_shift_is_that_of_the_shifted_voice(steps_alike):
    rng = np.random.default_rng(2)
    face, voice = rng.dirichlet(np.ones(3), 23), rng.dirichlet(np.ones(3), 23)
    face = np.repeat(face, steps_alike, axis=0)[:23]
    face[[3, 4, 20]] = np.nan
    voice[[0, 9]] = np.nan
    seen, heard = ~np.isnan(face[:, 0]), ~np.isnan(voice[:, 0])
    pairs = 0.5 * np.abs(face[:, None] - voice[None]).sum(axis=2)
    by_face = pairs[:, heard].mean(axis=1)
    by_voice = pairs[seen].mean(axis=0)
    overall = pairs[np.ix_(seen, heard)].mean()
    excess, overlap = distance_excess(face, voice)
    for shift in range(23):
        here = [t for t in range(23) if seen[t] and heard[(t - shift) % 23]]
        apart = [pairs[t, (t - shift) % 23] - by_face[t] - by_voice[(t - shift) % 23] for t in here]
        assert overlap[shift] == len(here)
        assert excess[shift] == pytest.approx(np.mean(apart) + overall, abs=1e-6)


def runs_of(label):
    return np.cumsum(np.append(0, label[1:] != label[:-1]))


@pytest.mark.parametrize("steps", [7, 40, 211])
def test_sureness_counts_the_pieces_at_every_shift(steps):
    rng = np.random.default_rng(steps)
    face, voice = (
        np.repeat(rng.integers(-1, 3, steps), rng.integers(1, longest, steps))[:steps]
        for longest in (8, 15)
    )
    _, overlap = label_excess(face, voice, 3)
    sure = sureness(face, voice, overlap)
    for shift in range(steps):
        both = (face != MISSING) & (np.roll(voice, shift) != MISSING)
        # The ends of the circle are no neighbours.
        begins = np.roll(np.arange(steps), shift) == 0
        runs = np.stack((runs_of(face), np.roll(runs_of(voice), shift), np.cumsum(begins)))
        _, lengths = np.unique(runs[:, both], axis=1, return_counts=True)
        expected = both.sum() / np.sqrt(max(1, (lengths**2).sum()))
        assert sure[shift] == pytest.approx(expected)


def test_pieces_of_a_talk_of_hours_are_counted_in_little_memory():
    rng = np.random.default_rng(9)
    face, voice = (np.repeat(rng.integers(-1, 4, 9000), rng.integers(1, 30, 9000)) for _ in "12")
    steps = min(len(face), len(voice))
    overlap = np.full(steps, 1.0)
    tracemalloc.start()
    try:
        sure = sureness(face[:steps], voice[:steps], overlap)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert np.isfinite(sure).all()
    assert peak < 500 * steps  # the pairs of runs would take 600 MB and more for one of their sums


def test_a_shift_without_anything_in_common_has_no_excess():
    face, voice = np.array([0, MISSING, MISSING, 1]), np.array([0, MISSING, MISSING, MISSING])
    excess, overlap = label_excess(face, voice, 2)
    assert overlap.tolist() == [1, 0, 0, 1]
    assert np.isnan(excess).tolist() == [False, True, True, False]


def test_the_excess_is_observed_less_expected_disagreement():
    face = sequence((0, 40), (1, 30), (0, 50))
    voice = sequence((0, 50), (1, 30), (2, 40))
    figures = agreement(join(face, voice))
    found = shift_test(join(face, voice))
    wanted = figures.disagreement - figures.expected_disagreement
    assert found.excess == pytest.approx(wanted, abs=1e-3)
    soft = severity_shift_test(join(face, voice))
    assert soft.excess == pytest.approx(wanted, abs=1e-3)


def test_at_least_999_shifts_are_tried_however_short_the_talk():
    found = shift_test(join(sequence((0, 40), (1, 30)), sequence((1, 40), (0, 30))))
    assert found.shifts == 1999


def lively(rng, duration_s=400.0):
    pieces = [(int(code), 4.0) for code in rng.integers(0, 3, int(duration_s / 4))]
    return sequence(*pieces)


@pytest.mark.parametrize("test", TESTS)
def test_a_voice_that_says_what_the_face_shows_differs_less_than_by_chance(test):
    face = lively(np.random.default_rng(3))
    found = test(join(face, face))
    assert found.p_value == pytest.approx(2 / (found.shifts + 1))
    assert found.excess < 0
    assert verdict(found, None) == "less"


@pytest.mark.parametrize("test", TESTS)
def test_a_voice_that_always_says_something_else_differs_more_than_by_chance(test):
    face = lively(np.random.default_rng(4))
    found = test(join(face, renamed(face, [1, 2, 0])))
    assert found.p_value < 0.02
    assert found.excess > 0
    assert verdict(found, None) == "more"


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize(
    ("face", "voice", "reason"),
    [
        (sequence((0, 90), labels=1), sequence((0, 90), labels=1), NO_SHARED_LABELS),
        (sequence((0, 90), (None, 90)), sequence((None, 90), (1, 90)), NO_OVERLAP),
        (sequence((0, 30), (1, 29)), sequence((0, 20), (1, 39)), TOO_SHORT),
        (sequence((0, 90)), sequence((0, 20), (1, 70)), ONE_LABEL),
        (sequence((0, 20), (1, 70)), sequence((2, 90)), ONE_LABEL),
    ],
)
def test_where_there_is_nothing_to_test_there_is_no_p_value(test, face, voice, reason):
    found = test(join(face, voice))
    assert found == ShiftTest(reason=reason)
    assert verdict(found, (-0.05, 0.05)) == "not_enough_data"


def test_distributions_that_are_missing_or_never_change_are_not_tested():
    face, voice = sequence((0, 40), (1, 50)), sequence((0, 50), (1, 40))
    flat = dataclasses.replace(voice, distribution=np.full((2, 3), 1 / 3))
    assert severity_shift_test(join(face, flat)).reason == ONE_LABEL
    none = dataclasses.replace(voice, distribution=np.full((2, 3), np.nan))
    assert severity_shift_test(join(face, none)).reason == TOO_SHORT


def test_an_abstention_has_a_distribution_but_no_say():
    rng = np.random.default_rng(5)
    face, voice = lively(rng), lively(rng)
    silenced = voice.label.copy()
    silenced[::2] = MISSING
    kept = voice.distribution.copy()
    kept[::2] = np.nan
    with_rows = dataclasses.replace(voice, label=silenced)
    without = dataclasses.replace(voice, label=silenced, distribution=kept)
    assert severity_shift_test(join(face, with_rows)) == severity_shift_test(join(face, without))


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.permutations(range(4)))
def test_names_order_and_cuts_change_no_p_value(seed, order):
    rng = np.random.default_rng(seed)
    face, voice = random_sequence(rng, 100, 30, 4), random_sequence(rng, 100, 30, 4)
    for test in TESTS:
        found = test(join(face, voice))
        numbers = pytest.approx(astuple(found)[:-1], abs=1e-5)
        assert astuple(test(join(halved(face), voice)))[:-1] == numbers
        assert astuple(test(join(renamed(face, order), renamed(voice, order))))[:-1] == numbers
        assert astuple(test(join(voice, face)))[:-1] == numbers


def test_no_difference_is_only_claimed_where_the_interval_is_narrow():
    unclear = ShiftTest(shifts=1999, excess=0.01, p_value=0.4)
    assert verdict(unclear, (-0.05, 0.08)) == "as_much"
    assert verdict(unclear, (-0.15, 0.08)) == "not_enough_data"
    assert verdict(unclear, (-0.05, 0.12)) == "not_enough_data"
    assert verdict(unclear, None) == "not_enough_data"


def test_everything_is_found_in_one_go():
    talk = next(iter(joints(Design(coupling=0.6), 600, 1, read_joint, seed=11)))
    found = mismatch_statistics(talk, draws=199, seed=3)
    assert found.agreement == agreement(talk)
    assert found.label_test == shift_test(talk)
    assert found.severity_test == severity_shift_test(talk)
    assert found.intervals == block_bootstrap(talk, draws=199, seed=3)
    assert found.verdict == "less"
    assert found.severity_verdict == "less"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["usual", "no errors"])
def test_p_values_of_independent_faces_and_voices_are_uniform(name):
    design = {"usual": Design(), "no errors": Design(errors=False)}[name]
    talks = joints(design, 200.0, 500, hard_joint, seed=21)
    values = [shift_test(joint).p_value for joint in talks]
    assert len([value for value in values if value is not None]) == 500
    assert kstest(values, "uniform").pvalue > 0.01


@pytest.mark.slow
def test_p_values_of_independent_readings_are_uniform():
    talks = joints(Design(), 180.0, 300, read_joint, seed=22)
    for test in TESTS:
        values = [test(joint).p_value for joint in talks]
        assert kstest([one for one in values if one is not None], "uniform").pvalue > 0.01


@pytest.mark.slow
def test_planted_agreement_and_disagreement_are_found():
    contrast = Design(coupling=0.6, mapping=(4, 4, 4, 0, 5, 4, 2), errors=False)
    for design, word in ((Design(coupling=0.6), "less"), (contrast, "more")):
        talks = joints(design, 1800.0, 20, hard_joint, seed=23)
        words = [verdict(shift_test(joint), None) for joint in talks]
        assert words.count(word) >= 16


@pytest.mark.parametrize("in_common", [True, False])
def test_clips_that_face_and_voice_share_are_no_link(in_common):
    found = []
    for number in range(150):
        rng = np.random.default_rng([6, number])
        talk = clip_talk(rng, 40, in_common=in_common)
        found.append(shift_test(hard_joint(talk)).p_value)
    assert np.mean(np.array(found) <= 0.05) <= 0.1
