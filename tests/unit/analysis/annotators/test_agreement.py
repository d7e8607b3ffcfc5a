from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.annotators.agreement import NOT_CODED, compare_codings, krippendorff_alpha
from emoreport.analysis.annotators.matching import match_moments
from emoreport.errors import SettingsError
from emoreport.records import LabelledSpan, Span
from emoreport.results import milliseconds

LABELS = ("anger", "happiness", "neutral", "no_face", "uncertain", None)


def coding(*entries):
    """(start, end, label) → spans."""
    return tuple(LabelledSpan(Span(start, end), label) for start, end, label in entries)


def of_units(labels, unit_s=0.001):
    """One label per unit of time, '.' or None for a unit that was not coded."""
    return tuple(
        LabelledSpan(Span(place * unit_s, (place + 1) * unit_s), label)
        for place, label in enumerate(labels)
        if label not in {None, "."}
    )


@st.composite
def codings(draw, end_ms=3000):
    bounds = sorted(draw(st.sets(st.integers(1, end_ms - 1), max_size=12)) | {0, end_ms})
    spans = []
    for start, end in itertools.pairwise(bounds):
        label = draw(st.sampled_from(LABELS))
        if label is not None:
            spans.append(LabelledSpan(Span(start / 1000, end / 1000), label))
    return tuple(spans)


def test_kappa_of_cohens_textbook_table():
    # 20 and 15 units of agreement, 5 and 10 of disagreement: p_o 0.7, p_e 0.5, kappa 0.4.
    pairs = [("anger", "anger")] * 20 + [("anger", "neutral")] * 5
    pairs += [("neutral", "anger")] * 10 + [("neutral", "neutral")] * 15
    one, other = (of_units([pair[side] for pair in pairs], 1.0) for side in (0, 1))
    found = compare_codings(one, other, 50.0, 0.5)
    assert found.agreement == pytest.approx(0.7)
    assert found.expected == pytest.approx(0.5)
    assert found.kappa == pytest.approx(0.4)
    anger = found.emotions[0]
    assert (anger.precision, anger.recall) == (pytest.approx(20 / 30), pytest.approx(20 / 25))
    assert anger.f1 == pytest.approx(40 / 55)
    assert anger.iou == pytest.approx(20 / 35)


def test_kappa_is_weighted_by_time():
    one = coding((0, 9, "anger"), (9, 10, "neutral"))
    other = coding((0, 8, "anger"), (8, 10, "neutral"))
    found = compare_codings(one, other, 10, 0.5)
    # p_o = 9/10; p_e = 0.9 · 0.8 + 0.1 · 0.2 = 0.74.
    assert found.kappa == pytest.approx((0.9 - 0.74) / 0.26)
    assert found.interval_iou == pytest.approx((8 / 9 + 1 / 2) / 2)


def test_time_without_an_emotion_is_left_out_and_reported():
    one = coding((0, 2, "anger"), (2, 4, "no_face"), (4, 6, "neutral"), (8, 10, "uncertain"))
    other = coding((0, 1, "anger"), (1, 4, "neutral"), (4, 5, "no_face"), (5, 8, "neutral"))
    found = compare_codings(one, other, 10, 0.5)
    assert found.compared_s == 3.0  # 0–1, 1–2, 5–6
    assert found.reference_only_s == 1.0  # 4–5
    assert found.other_only_s == 4.0  # 2–4, 6–8
    assert found.neither_s == 2.0  # 8–10
    assert sum(seconds for _, _, seconds in found.confusion) == 10.0
    assert ("uncertain", NOT_CODED, 2.0) in found.confusion
    assert ("anger", "neutral", 1.0) in found.confusion


def test_undefined_figures_are_none_and_not_zero():
    nothing = compare_codings((), coding((0, 10, "anger")), 10, 0.5)
    assert (nothing.kappa, nothing.agreement, nothing.reason) == (None, None, "no_overlap")
    assert nothing.emotions == ()
    assert nothing.interval_iou is None
    assert nothing.boundaries.found is nothing.boundaries.mean_error_s is None
    same = compare_codings(coding((0, 10, "anger")), coding((0, 10, "anger")), 10, 0.5)
    assert (same.kappa, same.agreement, same.reason) == (None, 1.0, "one_label")
    missed = compare_codings(coding((0, 10, "anger")), coding((0, 10, "fear")), 10, 0.5)
    anger, fear = missed.emotions
    assert (anger.precision, anger.recall, anger.f1) == (None, 0.0, 0.0)
    assert (fear.precision, fear.recall, fear.f1) == (0.0, None, 0.0)
    assert missed.kappa == 0.0


@given(codings())
def test_a_coding_agrees_with_itself(spans):
    found = compare_codings(spans, spans, 3.0, 0.5)
    assert found.kappa in {1.0, None}
    assert found.agreement in {1.0, None}
    assert found.interval_iou in {1.0, None}
    assert all(row.f1 == row.iou == 1.0 for row in found.emotions)
    assert found.boundaries.matched == found.boundaries.reference == found.boundaries.other
    assert found.boundaries.mean_error_s in {0.0, None}


@given(codings(), codings())
def test_figures_keep_their_bounds_and_mirror(one, other):
    found = compare_codings(one, other, 3.0, 0.3)
    mirrored = compare_codings(other, one, 3.0, 0.3)
    assert found.kappa == mirrored.kappa
    assert found.kappa is None or found.kappa <= 1.0
    parts = (found.compared_s, found.reference_only_s, found.other_only_s, found.neither_s)
    assert sum(map(milliseconds, parts)) == 3000
    assert found.reference_only_s == mirrored.other_only_s
    for mine, theirs in zip(found.emotions, mirrored.emotions, strict=True):
        assert (mine.precision, mine.recall, mine.f1) == (
            theirs.recall,
            theirs.precision,
            theirs.f1,
        )
    assert found.boundaries.found == mirrored.boundaries.precise
    assert found.boundaries.mean_error_s == mirrored.boundaries.mean_error_s
    assert found.interval_iou is None or 0.0 <= found.interval_iou <= 1.0


@given(codings(), codings())
def test_kappa_equals_that_of_the_milliseconds_one_by_one(one, other):
    def each(spans):
        names = np.full(3000, "", dtype=object)
        for entry in spans:
            names[milliseconds(entry.span.start_s) : milliseconds(entry.span.end_s)] = entry.emotion
        return names

    mine, theirs = each(one), each(other)
    named = np.isin(mine, ["anger", "happiness", "neutral"])
    named &= np.isin(theirs, ["anger", "happiness", "neutral"])
    mine, theirs = mine[named], theirs[named]
    found = compare_codings(one, other, 3.0, 0.3)
    assert milliseconds(found.compared_s) == len(mine)
    if found.kappa is not None:
        agreed = np.mean(mine == theirs)
        chance = sum(np.mean(mine == name) * np.mean(theirs == name) for name in set(mine))
        assert found.kappa == pytest.approx((agreed - chance) / (1 - chance))


def test_time_outside_the_recording_is_cut_off():
    found = compare_codings(coding((0, 20, "anger")), coding((0, 10, "anger")), 10, 0.5)
    assert found.compared_s == 10.0
    assert found.interval_iou == 1.0


# --------------------------------------------------------------------------- boundaries


def test_boundaries_within_the_tolerance_are_found():
    one = coding((0, 2, "anger"), (2, 4, "neutral"), (4, 6, "anger"), (6, 10, "fear"))
    other = coding((0, 2.3, "anger"), (2.3, 5, "neutral"), (5, 6, "anger"), (6, 10, "fear"))
    found = compare_codings(one, other, 10, 0.5).boundaries
    assert (found.reference, found.other, found.matched) == (3, 3, 2)
    assert found.found == found.precise == pytest.approx(2 / 3)
    assert found.mean_error_s == pytest.approx(0.15)
    assert found.mean_shift_s == pytest.approx(0.15)


def test_edges_of_time_that_was_not_coded_are_no_boundaries():
    one = coding((2, 4, "anger"), (4, 6, "neutral"))
    other = coding((0, 1, "fear"), (1, 4, "anger"), (4, 10, "neutral"))
    found = compare_codings(one, other, 10, 0.5).boundaries
    assert (found.reference, found.other, found.matched) == (1, 1, 1)


def test_a_boundary_between_equal_labels_is_none():
    one = coding((0, 2, "anger"), (2, 4, "anger"), (4, 6, "neutral"))
    assert compare_codings(one, one, 6, 0.5).boundaries.reference == 1


def test_moments_are_paired_for_the_most_pairs_then_for_the_least_distance():
    assert match_moments([0, 60], [60], 60) == [(60, 60)]
    assert match_moments([0, 50], [40, 100], 50) == [(0, 40), (50, 100)]
    assert match_moments([0], [100], 50) == []
    assert match_moments([], [1], 50) == []


@given(
    st.lists(st.integers(0, 60), max_size=5, unique=True).map(sorted),
    st.lists(st.integers(0, 60), max_size=5, unique=True).map(sorted),
    st.integers(0, 20),
)
def test_no_pairing_is_better(first, second, tolerance):
    def quality(pairs):
        return len(pairs), -sum(abs(one - other) for one, other in pairs)

    best = (0, 0)
    for count in range(1, min(len(first), len(second)) + 1):
        for chosen in itertools.combinations(first, count):
            for others in itertools.permutations(second, count):
                pairs = list(zip(chosen, others, strict=True))
                if all(abs(one - other) <= tolerance for one, other in pairs):
                    best = max(best, quality(pairs))
    found = match_moments(first, second, tolerance)
    assert quality(found) == best
    assert len({one for one, _ in found}) == len({other for _, other in found}) == len(found)


def test_too_many_changes_within_the_tolerance_are_refused():
    with pytest.raises(SettingsError, match="--tolerance"):
        match_moments(range(0, 6000, 2), range(1, 6001, 2), 10)


# --------------------------------------------------------------------------- several coders

# Krippendorff (2011), section C: four observers, twelve units, nominal data, alpha = 0.743.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
NAMES = {1: "anger", 2: "fear", 3: "happiness", 4: "neutral", 5: "sadness"}


def test_alpha_of_krippendorffs_own_example():
    coders = [of_units([NAMES.get(value) for value in row]) for row in OBSERVERS]
    found = krippendorff_alpha(coders, 0.012)
    assert found.alpha == pytest.approx(0.743, abs=5e-4)
    assert found.coders == 4
    assert found.paired_s == pytest.approx(0.011)


@given(codings(), codings(), codings())
def test_alpha_of_self_and_of_order(one, two, three):
    same = krippendorff_alpha([one, one], 3.0)
    assert same.alpha in {1.0, None}
    found = krippendorff_alpha([one, two, three], 3.0)
    assert found == krippendorff_alpha([three, one, two], 3.0) or found.alpha == pytest.approx(
        krippendorff_alpha([three, one, two], 3.0).alpha
    )
    assert found.alpha is None or found.alpha <= 1.0


def test_alpha_that_is_not_defined_says_why():
    anger, fear = coding((0, 1, "anger")), coding((1, 2, "fear"))
    assert krippendorff_alpha([anger], 2).reason == "one_coder"
    assert krippendorff_alpha([anger, fear], 2).reason == "no_overlap"
    assert krippendorff_alpha([anger, anger], 2).reason == "one_label"
    assert krippendorff_alpha([anger, anger], 2).alpha is None
