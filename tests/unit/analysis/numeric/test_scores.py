"""Scores against values worked by hand and against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from emoreport.analysis.numeric.scores import (
    best_threshold,
    binary_f1,
    bootstrap_interval,
    calibration_error,
    calibration_gaps,
    concordance,
    concordance_of_sums,
    concordance_sums,
    confusion_matrix,
    f1_scores,
    interval_of_sums,
    mean_over_classes,
    recalls,
)

TRUTH = np.array([0, 0, 0, 1, 1, 2])
ANSWERS = np.array([0, 0, 1, 1, 0, 3])


def test_confusion_recall_and_f1_by_hand():
    table = confusion_matrix(TRUTH, ANSWERS, 5)
    assert table[:3, :4].tolist() == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1]]
    assert recalls(table).tolist()[:3] == pytest.approx([2 / 3, 1 / 2, 0])
    assert np.isnan(recalls(table)[3:]).all()
    # Class 3 is predicted and never occurs: 0. Class 4 does neither: unknown.
    assert f1_scores(table).tolist()[:4] == pytest.approx([4 / 6, 2 / 4, 0, 0])
    assert np.isnan(f1_scores(table)[4])
    assert mean_over_classes(f1_scores(table)) == pytest.approx((2 / 3 + 1 / 2) / 4)


def test_nothing_known_has_no_mean():
    assert np.isnan(mean_over_classes(np.array([np.nan])))


def test_concordance_by_hand():
    truth = np.array([0.0, 1.0, 2.0])
    assert concordance(truth, truth) == pytest.approx(1)
    assert concordance(-truth, truth - 2) == pytest.approx(-1)
    # Means 2 and 1, both of variance 2/3, covariance 2/3: 2 · 2/3 over 2 · 2/3 + 1.
    assert concordance(truth + 1, truth) == pytest.approx((4 / 3) / (4 / 3 + 1))
    assert concordance(np.ones(3), truth) == 0
    assert concordance(np.ones(3), np.ones(3)) == 0
    assert np.isnan(concordance(np.ones(1), np.ones(1)))
    assert concordance(truth + 1e6 + 1, truth + 1e6) == pytest.approx((4 / 3) / (4 / 3 + 1))


FLOATS = arrays(np.float64, 12, elements=st.floats(-1, 1, width=16))


@given(FLOATS, FLOATS)
def test_concordance_is_symmetric_and_below_correlation(first, second):
    value = concordance(first, second)
    assert value == pytest.approx(concordance(second, first))
    assert -1 - 1e-9 <= value <= 1 + 1e-9
    if first.std() > 1e-3 and second.std() > 1e-3:
        assert abs(value) <= abs(np.corrcoef(first, second)[0, 1]) + 1e-6


def test_f1_of_a_unit():
    assert binary_f1(np.array([1, 1, 0], bool), np.array([1, 0, 1], bool)) == pytest.approx(0.5)
    assert np.isnan(binary_f1(np.zeros(3, bool), np.zeros(3, bool)))


def test_the_best_threshold_is_the_one_of_the_highest_f1():
    found = np.array([0.1, 0.22, 0.31, 0.32, 0.9])
    assert best_threshold(found, found > 0.3) == 0.3
    assert best_threshold(found, found > 0.5) == 0.5  # 0.35 to 0.9 are as good


def test_an_interval_draws_groups_not_rows():
    rng = np.random.default_rng(0)
    per_person = rng.normal(0, 1, 20)
    values, person = np.repeat(per_person, 500), np.repeat(np.arange(20), 500)
    low, high = bootstrap_interval(lambda rows: float(values[rows].mean()), person.tolist())
    error = per_person.std() / 20**0.5
    assert low == pytest.approx(per_person.mean() - 1.96 * error, abs=0.15)
    assert high == pytest.approx(per_person.mean() + 1.96 * error, abs=0.15)
    assert np.isnan(bootstrap_interval(lambda rows: 1.0, ["one"] * 5)).all()
    assert np.isnan(bootstrap_interval(lambda rows: float("nan"), ["a", "b"])).all()


def test_sums_of_groups_give_the_interval_of_their_rows():
    rng = np.random.default_rng(1)
    person, truth = rng.integers(0, 6, 300), rng.integers(0, 3, 300)
    found = rng.dirichlet(np.ones(3), 300)
    answers = found.argmax(axis=1)
    by_rows = bootstrap_interval(
        lambda rows: mean_over_classes(f1_scores(confusion_matrix(truth[rows], answers[rows], 3))),
        person.tolist(),
        draws=50,
    )
    tables = np.array(
        [confusion_matrix(truth[person == one], answers[person == one], 3) for one in range(6)]
    )
    by_sums = interval_of_sums(lambda table: mean_over_classes(f1_scores(table)), tables, draws=50)
    assert by_sums == pytest.approx(by_rows)


@given(st.integers(1, 11))
def test_parts_add_up_to_the_whole(at):
    rng = np.random.default_rng(at)
    first, second = rng.normal(size=(2, 12))
    parts = concordance_sums(first[:at], second[:at]) + concordance_sums(first[at:], second[at:])
    assert concordance_of_sums(parts) == pytest.approx(concordance(first, second))
    found, truth = rng.dirichlet(np.ones(4), 12), rng.integers(0, 4, 12)
    sure, right = found.max(axis=1), found.argmax(axis=1) == truth
    gaps = calibration_gaps(sure[:at], right[:at]) + calibration_gaps(sure[at:], right[at:])
    assert np.abs(gaps).sum() / 12 == pytest.approx(calibration_error(found, truth))
