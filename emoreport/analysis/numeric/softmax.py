"""Multinomial logistic regression: a linear layer and a softmax, fitted to its one optimum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from emoreport.records import DoubleArray, FloatArray, IntArray

MOST_STEPS: Final = 300
STILL: Final = 1e-6
"""Columns that spread less than this tell nothing: they are divided by 1 instead."""


@dataclass(frozen=True, slots=True)
class SoftmaxRegression:
    """Class probabilities of a row x: softmax of ((x − mean) / spread) · weights + bias.

    Attributes
    ----------
    mean, spread
        float64 (D,), of the rows that it was fitted to; spread > 0.
    weights
        float64 (D, K).
    bias
        float64 (K,).
    """

    mean: DoubleArray
    spread: DoubleArray
    weights: DoubleArray
    bias: DoubleArray

    def probabilities(self, rows: FloatArray | DoubleArray) -> DoubleArray:
        """Rows (N, D) → float64 (N, K); a row with NaN gives NaN."""
        scaled = (np.asarray(rows, np.float64) - self.mean) / self.spread
        return softmax(scaled @ self.weights + self.bias)


def fit_softmax(
    rows: FloatArray | DoubleArray,
    classes: IntArray,
    count: int,
    *,
    ridge: float | DoubleArray,
    importance: DoubleArray | None = None,
    start: SoftmaxRegression | None = None,
) -> SoftmaxRegression:
    """Fit a regression to labelled rows.

    Minimised is the mean cross-entropy plus ``ridge / 2`` times the squared length of the weights
    or, with `start`, of how far weights and bias are from it: few rows then change it little.
    The problem is convex, so that neither a seed nor an order of the rows matters.

    Parameters
    ----------
    rows
        float (N, D), finite.
    classes
        int64 (N,), 0 to `count` − 1; not all need to occur.
    count
        Number of classes K.
    ridge
        Strength of the penalty, > 0; of all columns, or float64 (D,) of each.
    importance
        float64 (N,), how much each row counts; all alike if None.
    start
        A regression over the same columns and classes to begin at and to stay close to.

    Raises
    ------
    ValueError
        When there is no row or the shapes differ.
    """
    from scipy.optimize import minimize

    values = np.asarray(rows, np.float64)
    if len(values) == 0 or values.shape[:1] != classes.shape:
        raise ValueError(f"{values.shape} rows for {classes.shape} classes")
    if start is None:
        spread = values.std(axis=0)
        start = SoftmaxRegression(
            mean=values.mean(axis=0),
            spread=np.where(spread > STILL, spread, 1.0),
            weights=np.zeros((values.shape[1], count)),
            bias=np.zeros(count),
        )
        of_bias = 0.0
    else:
        of_bias = float(np.mean(ridge))
    strength = np.append(np.broadcast_to(ridge, values.shape[1]), of_bias)[:, np.newaxis]
    scaled = np.column_stack(((values - start.mean) / start.spread, np.ones(len(values))))
    wanted = np.zeros((len(values), count))
    wanted[np.arange(len(values)), classes] = 1.0
    share = np.ones(len(values)) if importance is None else importance
    share = (share / share.sum())[:, np.newaxis]
    origin = np.vstack((start.weights, start.bias))

    def loss(flat: DoubleArray) -> tuple[float, DoubleArray]:
        table = flat.reshape(origin.shape)
        away = table - origin
        given = softmax(scaled @ table)
        fit = float((share * wanted * np.log(np.maximum(given, 1e-300))).sum())
        slope = scaled.T @ (share * (given - wanted)) + strength * away
        return 0.5 * float((strength * away**2).sum()) - fit, np.ravel(slope)

    found = minimize(
        loss, origin.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": MOST_STEPS}
    )
    table: DoubleArray = found.x.reshape(origin.shape)
    return replace(start, weights=table[:-1], bias=table[-1])


def softmax(logits: FloatArray | DoubleArray, temperature: float = 1.0) -> DoubleArray:
    """Probabilities, float64 (N, K), of logits (N, K) divided by a temperature."""
    scaled = np.asarray(logits, np.float64) / temperature
    weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    shares: DoubleArray = weights / weights.sum(axis=1, keepdims=True)
    return shares
