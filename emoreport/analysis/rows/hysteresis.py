"""Label one stretch with a face: hysteresis first, then no row shorter than allowed.

Hysteresis says where the label *may* change; an exact dynamic programme then says which of these
changes stay, given that no row may be shorter than a limit. See docs/decisions/0005.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from emoreport.records import DoubleArray, IntArray

LEAD_TOLERANCE: Final = 1e-6
"""Leads are compared up to the rounding of float32 probabilities."""


def hysteresis_labels(
    tables: Iterable[DoubleArray], hysteresis: float
) -> tuple[IntArray, IntArray]:
    """Follow the leading label, changing only for a clear lead.

    The label starts as the most probable one and changes, to the most probable one, at the first
    frame where that leads the current label by more than `hysteresis`.

    Parameters
    ----------
    tables
        Probabilities, float64 (M, K) each, M ≥ 1, no NaN: pieces of one series, in order.
    hysteresis
        Lead that a change needs, 0–1.

    Returns
    -------
    starts, labels
        int64 (S,) each: position of the first frame of every run and its label's column.
    """
    starts: list[int] = []
    labels: list[int] = []
    passed = 0
    for probabilities in tables:
        best = np.argmax(probabilities, axis=1)
        highest = probabilities.max(axis=1)
        if not starts:
            starts, labels = [0], [int(best[0])]
        # Where each label would be given up; only these places are looked at, not every frame.
        challenged: dict[int, IntArray] = {}
        while True:
            label = labels[-1]
            if label not in challenged:
                lead = highest - probabilities[:, label]
                challenged[label] = np.flatnonzero(lead > hysteresis + LEAD_TOLERANCE)
            places = challenged[label]
            cursor = int(places.searchsorted(starts[-1] - passed, side="right"))
            if cursor == len(places):
                break
            starts.append(passed + int(places[cursor]))
            labels.append(int(best[places[cursor]]))
        passed += len(probabilities)
    return np.asarray(starts, dtype=np.int64), np.asarray(labels, dtype=np.int64)


def label_runs(
    edges_s: DoubleArray, scores: DoubleArray, min_length_s: float
) -> tuple[IntArray, IntArray]:
    """Best labelling of consecutive pieces whose runs of one label all have a minimum length.

    Maximises the sum of ``scores[piece, label of the piece]`` exactly. With B(i) the best score
    of the first i pieces, cut off after piece i, and C_l(i) the summed score of label l,
    B(i) = max over l of C_l(i) + max over j of (B(j) − C_l(j)), where j runs over the cuts at
    least `min_length_s` before cut i. Both maxima are updated as i moves on: time O(S · K).
    (Minimum-duration segmentation, as for hidden semi-Markov models; Yu 2010.)

    Parameters
    ----------
    edges_s
        float64 (S + 1,), increasing bounds of the pieces.
    scores
        float64 (S, K), what each piece gains from each label.
    min_length_s
        Shortest run; capped at the length of the whole.

    Returns
    -------
    starts, labels
        int64 (R,) each: first piece of every run and its label. Neighbouring labels differ.
    """
    pieces, classes = scores.shape
    min_length_s = min(min_length_s, float(edges_s[-1] - edges_s[0]))
    reach = np.searchsorted(edges_s, edges_s - min_length_s, side="right") - 1
    reach = np.minimum(reach, np.arange(pieces + 1) - 1)
    # Rounding of the bounds must not forbid the one run that is always possible.
    reach[-1] = max(reach[-1], 0)
    sums = np.zeros((pieces + 1, classes))
    np.cumsum(scores, axis=0, out=sums[1:])
    best = np.full(pieces + 1, -np.inf)
    best[0] = 0.0
    came_from = np.zeros(pieces + 1, dtype=np.int64)
    chosen = np.zeros(pieces + 1, dtype=np.int64)
    start_gain = np.full(classes, -np.inf)
    start_cut = np.zeros(classes, dtype=np.int64)
    seen = 0
    for cut in range(1, pieces + 1):
        while seen <= reach[cut]:
            gain = best[seen] - sums[seen]
            better = gain > start_gain
            start_gain[better], start_cut[better] = gain[better], seen
            seen += 1
        total = start_gain + sums[cut]
        label = int(total.argmax())
        best[cut], chosen[cut], came_from[cut] = total[label], label, start_cut[label]
    return _trace_back(came_from, chosen)


def _trace_back(came_from: IntArray, chosen: IntArray) -> tuple[IntArray, IntArray]:
    starts: list[int] = []
    labels: list[int] = []
    cut = len(chosen) - 1
    while cut > 0:
        if labels and labels[-1] == chosen[cut]:
            starts[-1] = int(came_from[cut])
        else:
            starts.append(int(came_from[cut]))
            labels.append(int(chosen[cut]))
        cut = int(came_from[cut])
    return np.asarray(starts[::-1], dtype=np.int64), np.asarray(labels[::-1], dtype=np.int64)
