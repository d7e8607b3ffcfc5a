"""The linear part: logistic regression on hashed pieces, one for each emotion.

Each collection has weights of its own beside those that all share (Daumé 2007, "frustratingly easy
domain adaptation"): what a word means on Twitter and in translated comments is not the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from scipy import sparse
from scipy.optimize import minimize

from emoreport.models.families.text_compact import PIECES, pieces
from emoreport.records import DoubleArray

OWN_SHARE: Final = 0.7
STRENGTH: Final = 2.0
"""Weight of the data against the penalty on the squares of the weights."""
STEPS: Final = 150
SEEN_IN: Final = 2
"""Pieces of fewer texts are left out."""


def counted(texts: Sequence[str]) -> Any:  # noqa: ANN401 - scipy has no types
    """Sparse float64 (N, `PIECES`): weights of the pieces before their rarity counts."""
    found = [pieces(text) for text in texts]
    starts = np.cumsum([0, *(len(buckets) for buckets, _ in found)])
    buckets = np.concatenate([np.array(own, np.int64) for own, _ in found])
    weights = np.concatenate([np.array(own, np.float64) for _, own in found])
    return sparse.csr_matrix((weights, buckets, starts), shape=(len(texts), PIECES))


def rarity(table: Any) -> DoubleArray:  # noqa: ANN401 - as above
    """Inverse document frequency of each bucket, float64 (`PIECES`,); 0 where hardly ever seen."""
    seen = np.asarray((table > 0).sum(axis=0)).ravel()
    weights = np.log((1 + table.shape[0]) / (1 + seen)) + 1.0
    weights[seen < SEEN_IN] = 0.0
    return np.asarray(weights)


def scaled(table: Any, weights: DoubleArray) -> Any:  # noqa: ANN401 - as above
    """Rows weighted by rarity, of length 1."""
    table = (table @ sparse.diags(weights)).tocsr()
    length = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
    return (sparse.diags(1.0 / np.maximum(length, 1e-9)) @ table).tocsr()


def side_by_side(tables: Sequence[Any]) -> Any:  # noqa: ANN401 - as above
    """Rows of all collections: shared columns, then those of each collection."""
    count = len(tables)
    rows = []
    for number, table in enumerate(tables):
        nothing = sparse.csr_matrix(table.shape)
        own = [OWN_SHARE * table if other == number else nothing for other in range(count)]
        rows.append(sparse.hstack([table, *own]))
    return sparse.vstack(rows).tocsr()


def of_collections(weights: DoubleArray, collections: int) -> DoubleArray:
    """Weights for a text of each collection: the shared ones and its own.

    Parameters
    ----------
    weights
        float64 ((1 + collections) · `PIECES` + 1,), the last one the constant.

    Returns
    -------
    float64 (collections, `PIECES` + 1).
    """
    parts = weights[:-1].reshape(1 + collections, PIECES)
    own = parts[0] + OWN_SHARE * parts[1:]
    return np.concatenate([own, np.full((collections, 1), weights[-1])], axis=1)


def fitted(table: Any, truth: DoubleArray, strength: float = STRENGTH) -> DoubleArray:  # noqa: ANN401 - as above
    """Weights and constant of a logistic regression; both answers count alike in sum."""
    share = truth.mean()
    importance = np.where(truth > 0, 0.5 / share, 0.5 / (1.0 - share))
    signs = 2.0 * truth - 1.0
    turned = table.T.tocsr()

    def loss(weights: DoubleArray) -> tuple[float, DoubleArray]:
        margin = signs * (table @ weights[:-1] + weights[-1])
        pull = -importance * signs / (1.0 + np.exp(margin))
        gradient = np.append(strength * (turned @ pull) + weights[:-1], strength * pull.sum())
        value = strength * (importance * np.logaddexp(0.0, -margin)).sum()
        return float(value + 0.5 * weights[:-1] @ weights[:-1]), gradient

    start = np.zeros(table.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    return np.asarray(found.x)
