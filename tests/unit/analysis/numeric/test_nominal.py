"""Fleiss' kappa and Krippendorff's alpha: published examples and what they have in common."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from emoreport.analysis.numeric.nominal import fleiss_kappa, krippendorff_alpha, pairable

# Fourteen raters, ten subjects, five categories: a much used worked example, kappa = 0.210.
RATINGS = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)

# Krippendorff (2011), section C: how many of four observers gave each of twelve units a value.
OBSERVED = np.array(
    [
        [3, 0, 0, 0, 0],
        [0, 3, 1, 0, 0],
        [0, 0, 4, 0, 0],
        [0, 0, 4, 0, 0],
        [0, 4, 0, 0, 0],
        [1, 1, 1, 1, 0],
        [0, 0, 0, 4, 0],
        [3, 1, 0, 0, 0],
        [0, 4, 0, 0, 0],
        [0, 0, 0, 0, 3],
        [2, 0, 0, 0, 0],
        [0, 0, 1, 0, 0],
    ]
)


def test_fleiss_of_a_published_example():
    assert fleiss_kappa(pairable(RATINGS).sum(axis=0)) == pytest.approx(0.210, abs=5e-4)


def test_alpha_of_krippendorffs_own_example():
    assert krippendorff_alpha(pairable(OBSERVED).sum(axis=0)) == pytest.approx(0.743, abs=5e-4)


def test_units_with_one_label_count_for_nothing():
    assert pairable(np.array([[1, 0], [0, 0]])).tolist() == [[0, 0, 0, 0]] * 2


def test_one_label_alone_has_neither_figure():
    sums = pairable(np.array([[3, 0], [2, 0]])).sum(axis=0)
    assert (fleiss_kappa(sums), krippendorff_alpha(sums)) == (None, None)


@given(arrays.arrays(np.int64, (6, 3), elements=st.integers(0, 4)))
def test_with_very_many_units_alpha_is_the_kappa_of_its_pairs(counts):
    sums = pairable(counts).sum(axis=0)
    alpha = krippendorff_alpha(1e9 * sums)
    if alpha is not None:
        assert alpha == pytest.approx(fleiss_kappa(sums), abs=1e-6)
        assert alpha <= 1.0 + 1e-12
