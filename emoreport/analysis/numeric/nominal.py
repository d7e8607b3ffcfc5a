"""Agreement of any number of coders on nominal labels, from counts: Fleiss and Krippendorff.

Both figures compare how often two labels of one unit are equal with how often two labels drawn
from all of them are. They are functions of a few sums over units, which a bootstrap can draw.
"""

from __future__ import annotations

import numpy as np

from emoreport.records import DoubleArray, IntArray


def pairable(counts: IntArray) -> DoubleArray:
    """What each unit adds to the sums that agreement is a function of.

    Parameters
    ----------
    counts
        int64 (U, K), how many coders gave the unit each label.

    Returns
    -------
    float64 (U, 2 + K): its labels m, the ordered pairs of equal labels over m − 1, and the labels
    one by one. Zeros where fewer than two coders gave one: nothing can agree there.
    """
    labels = counts.sum(axis=1)
    equal = (counts * (counts - 1)).sum(axis=1) / np.maximum(labels - 1, 1)
    result: DoubleArray = np.column_stack((labels, equal, counts)).astype(np.float64)
    result[labels < 2] = 0.0
    return result


def equal_pairs(sums: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Share of equal pairs within units, and among all labels drawn with replacement.

    Parameters
    ----------
    sums
        float64 (..., 2 + K), sums of `pairable`; NaN comes of a first column that is 0.

    Returns
    -------
    observed, by_chance
        float64 (...), 0–1.
    """
    total = np.where(sums[..., 0] > 0, sums[..., 0], np.nan)
    by_chance = ((sums[..., 2:] / total[..., np.newaxis]) ** 2).sum(axis=-1)
    return sums[..., 1] / total, by_chance


def fleiss_kappa(sums: DoubleArray) -> float | None:
    """Fleiss' kappa of units to which all coders gave a label; None where chance explains all.

    Parameters
    ----------
    sums
        float64 (2 + K,), the sum of `pairable` over the units.

    References
    ----------
    Fleiss, J. L. (1971). Measuring nominal scale agreement among many raters. Psychological
    Bulletin 76, 378–382.
    """
    observed, by_chance = equal_pairs(sums)
    return float((observed - by_chance) / (1.0 - by_chance)) if by_chance < 1.0 else None


def krippendorff_alpha(sums: DoubleArray) -> float | None:
    """Krippendorff's alpha, nominal, with labels missing; None where chance explains everything.

    Chance is that of two labels drawn without replacement, as befits few units: how many units a
    stretch of time is, then matters. With many, it is Fleiss' kappa wherever no label is missing.

    Parameters
    ----------
    sums
        float64 (2 + K,), the sum of `pairable` over the units.

    References
    ----------
    Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability. University of Pennsylvania.
    """
    total, agreed, labels = float(sums[0]), float(sums[1]), sums[2:]
    if total <= 1.0 or np.count_nonzero(labels) < 2:
        return None
    by_chance = float((labels * (labels - 1.0)).sum())
    observed = 1.0 - agreed / total
    return 1.0 - observed / (1.0 - by_chance / (total * (total - 1.0)))
