"""Quantiles of the distributions behind confidence intervals.

They are SciPy's functions beneath `scipy.stats`, whose import alone would take half a second of
every command.
"""

from __future__ import annotations


def t_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t.

    Parameters
    ----------
    probability
        0–1.
    freedom
        Degrees of freedom, > 0.
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, probability))


def chi_square_quantile(probability: float, freedom: float) -> float:
    """Quantile of χ².

    Parameters
    ----------
    probability
        0–1.
    freedom
        Degrees of freedom, > 0.
    """
    from scipy.special import gammaincinv

    return 2.0 * float(gammaincinv(0.5 * freedom, probability))


def normal_quantile(probability: float) -> float:
    """Quantile of the standard normal distribution; `probability` is 0–1."""
    from scipy.special import ndtri

    return float(ndtri(probability))
