"""Our short ways to SciPy's numbers give SciPy's numbers."""

import warnings

import numpy as np
import pytest
from scipy import stats

from emoreport.analysis.numeric.quantiles import chi_square_quantile, normal_quantile, t_quantile
from emoreport.analysis.transitions.durations import _survival

PROBABILITIES = (0.0005, 0.025, 0.3, 0.5, 0.8, 0.975, 0.9995)


@pytest.mark.parametrize("probability", PROBABILITIES)
@pytest.mark.parametrize("freedom", [1.0, 2.5, 7.0, 40.0, 1600.0])
def test_quantiles_are_those_of_scipy_stats(probability, freedom):
    assert t_quantile(probability, freedom) == pytest.approx(
        stats.t.ppf(probability, freedom), rel=1e-9, abs=1e-9
    )
    assert chi_square_quantile(probability, freedom) == pytest.approx(
        stats.chi2.ppf(probability, freedom), rel=1e-9
    )
    assert normal_quantile(probability) == pytest.approx(stats.norm.ppf(probability), abs=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_survival_and_its_band_are_those_of_scipy_stats(seed):
    rng = np.random.default_rng(seed)
    # Few different durations: ties between ends, and between ends and censored ones.
    durations = rng.integers(1, 15, 60) / 4
    ended = rng.random(60) < 0.7
    times, alive, low, high = _survival(durations, ended, 0.95)
    found = stats.ecdf(stats.CensoredData.right_censored(durations, ~ended)).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where all have ended
        band = found.confidence_interval(0.95, method="log-log")
    # SciPy also lists the times at which nothing but censoring happens; nothing steps there.
    own = np.isin(found.quantiles, times)
    assert own.sum() == len(times)
    np.testing.assert_allclose(alive, found.probabilities[own], atol=1e-12)
    np.testing.assert_allclose(low, band.low.probabilities[own], atol=1e-12)
    np.testing.assert_allclose(high, band.high.probabilities[own], atol=1e-12)
