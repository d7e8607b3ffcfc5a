from __future__ import annotations

import numpy as np
import pytest

from emoreport.analysis.numeric.softmax import fit_softmax
from emoreport.records import DoubleArray, IntArray


def clouds(rows: int = 300, seed: int = 0) -> tuple[DoubleArray, IntArray]:
    """Three clouds in four columns, of different units."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(3, size=rows)
    centres = np.array([[0.0, 0, 0, 5], [2.0, 0, 0, 5], [0.0, 200, 0, 5]])
    return centres[classes] + rng.normal(size=(rows, 4)) * [1, 100, 1, 0], classes


def test_clouds_are_told_apart_and_probabilities_are_calibrated() -> None:
    rows, classes = clouds()
    head = fit_softmax(rows, classes, 3, ridge=1e-3)
    others, wanted = clouds(4000, seed=1)
    given = head.probabilities(others)
    assert np.allclose(given.sum(axis=1), 1)
    assert np.mean(given.argmax(axis=1) == wanted) > 0.7
    assert given.max(axis=1).mean() == pytest.approx(
        np.mean(given.argmax(axis=1) == wanted), abs=0.03
    )


def test_the_slope_of_the_loss_is_zero_at_the_optimum() -> None:
    rows, classes = clouds()
    ridge = np.array([0.1, 0.2, 0.3, 0.4])
    head = fit_softmax(rows, classes, 3, ridge=ridge)
    scaled = (rows - head.mean) / head.spread
    error = head.probabilities(rows) - np.eye(3)[classes]
    slope = scaled.T @ error / len(rows) + ridge[:, np.newaxis] * head.weights
    assert np.abs(slope).max() < 1e-4
    assert np.abs(error.mean(axis=0)).max() < 1e-4


def test_few_rows_move_a_head_little_and_a_weak_hold_lets_it_go() -> None:
    rows, classes = clouds()
    head = fit_softmax(rows, classes, 3, ridge=1e-2)
    swapped = np.array([1, 0, 2])[classes[:6]]
    held, free = (
        fit_softmax(rows[:6], swapped, 3, ridge=ridge, start=head) for ridge in (1e3, 1e-2)
    )
    assert np.allclose(held.weights, head.weights, atol=1e-2)
    assert np.all(held.probabilities(rows[:6]).argmax(1) == head.probabilities(rows[:6]).argmax(1))
    assert np.all(free.probabilities(rows[:6]).argmax(1) == swapped)


def test_importance_counts_like_repetition() -> None:
    rows, classes = clouds(60)
    twice = np.where(classes == 1, 2.0, 1.0)
    units = fit_softmax(rows, classes, 3, ridge=1e3)
    weighed = fit_softmax(rows, classes, 3, ridge=0.1, importance=twice, start=units)
    more = np.concatenate((rows, rows[classes == 1]))
    again = np.append(classes, classes[classes == 1])
    repeated = fit_softmax(more, again, 3, ridge=0.1, start=units)
    assert np.allclose(weighed.weights, repeated.weights, atol=1e-3)


def test_classes_without_rows_and_rows_with_gaps() -> None:
    rows, classes = clouds()
    head = fit_softmax(rows, classes, 4, ridge=0.1)
    given = head.probabilities(np.vstack((rows, np.full(4, np.nan))))
    assert given[:-1, 3].max() < 0.1
    assert np.isnan(given[-1]).all()
    with pytest.raises(ValueError, match="rows for"):
        fit_softmax(rows, classes[:-1], 3, ridge=0.1)
