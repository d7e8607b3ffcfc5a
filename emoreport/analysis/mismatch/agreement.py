"""How far face and voice agree, in shares of time and corrected for chance.

All figures are weighted by time over the stretches where both modalities have a comparable label.
Cutting a stretch into parts with the same labels, renaming labels or exchanging face and voice
changes none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.analysis.rows.sequences import JointSequence
from emoreport.records import DoubleArray, IntArray

MIN_COMPARED_S: Final = 10.0
"""Below this many comparable seconds nothing is said: about three windows of the voice."""

NO_SHARED_LABELS: Final = "no_shared_labels"
NO_OVERLAP: Final = "no_overlap"
TOO_SHORT: Final = "too_short"
ONE_LABEL: Final = "one_label"

FLAT: Final = 1e-9
"""Distributions that differ by less than this are the same one."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of face and voice over one recording.

    Attributes
    ----------
    compared_s
        Seconds in which both gave a label that the other model can give, too.
    labels
        Number of shared labels K.
    disagreement
        Share of the compared time in which the labels differ, 0–1.
    expected_disagreement
        The same if the two were independent with the shares of time that each gave its labels:
        1 − Σ p_k q_k, 0–1.
    kappa
        Cohen's kappa (1960), 1 − disagreement / expected disagreement; ≤ 1, 0 at chance. None
        where one side gave a single label: kappa is then 0 whatever the other side did.
    ac1
        Gwet's AC1 (2008): chance agreement Σ π_k (1 − π_k) / (K − 1) with the mean shares π_k.
        None where both sides gave a single label.
    severity
        Mean total variation distance of the two distributions over the shared labels, 0–1.
    expected_severity
        The same distance averaged over all pairs of a face time and a voice time, 0–1.
    severity_kappa
        1 − severity / expected severity: kappa for distances (Cohen 1968) instead of labels. None
        where one side's distribution never changed.
    reason
        None, or why figures are None: ``no_shared_labels``, ``no_overlap``, ``too_short`` (less
        than `MIN_COMPARED_S` seconds) or ``one_label``.
    """

    compared_s: float
    labels: int
    disagreement: float | None = None
    expected_disagreement: float | None = None
    kappa: float | None = None
    ac1: float | None = None
    severity: float | None = None
    expected_severity: float | None = None
    severity_kappa: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Distances:
    """Distances of the distributions in the compared cells of a `JointSequence`.

    Attributes
    ----------
    cell
        int64 (D,), positions of the cells where both distributions are known.
    length_s
        float64 (D,), their seconds.
    distance
        float64 (D,), total variation distance of face and voice, 0–1.
    face_mean, voice_mean
        float64 (D,), mean distance of the cell's face to all voices, and of its voice to all faces.
    """

    cell: IntArray
    length_s: DoubleArray
    distance: DoubleArray
    face_mean: DoubleArray
    voice_mean: DoubleArray


def agreement(joint: JointSequence) -> Agreement:
    """Measure the agreement of two sequences.

    Parameters
    ----------
    joint
        Face and voice on one time axis.

    References
    ----------
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological
    Measurement 20, 37–46. Cohen, J. (1968). Weighted kappa. Psychological Bulletin 70, 213–220.
    Gwet, K. L. (2008). Computing inter-rater reliability and its variance in the presence of high
    agreement. British Journal of Mathematical and Statistical Psychology 61, 29–48.
    """
    seconds = confusion_s(joint)
    compared_s = float(seconds.sum())
    refusal = _refusal(joint.labels, compared_s)
    if refusal is not None:
        return Agreement(compared_s, joint.labels, reason=refusal)
    face, voice = seconds.sum(axis=1) / compared_s, seconds.sum(axis=0) / compared_s
    agreed = float(np.trace(seconds)) / compared_s
    by_chance = float(face @ voice)
    mean = 0.5 * (face + voice)
    gwet = float((mean * (1.0 - mean)).sum()) / (joint.labels - 1)
    flat = [np.count_nonzero(share) < 2 for share in (face, voice)]
    severity, expected_severity, severity_kappa = _severity(joint)
    return Agreement(
        compared_s=compared_s,
        labels=joint.labels,
        disagreement=1.0 - agreed,
        expected_disagreement=1.0 - by_chance,
        kappa=None if any(flat) else (agreed - by_chance) / (1.0 - by_chance),
        ac1=None if all(flat) else (agreed - gwet) / (1.0 - gwet),
        severity=severity,
        expected_severity=expected_severity,
        severity_kappa=severity_kappa,
        reason=ONE_LABEL if any(flat) else None,
    )


def confusion_s(joint: JointSequence) -> DoubleArray:
    """Seconds by label of the face (rows) and of the voice (columns), float64 (K, K)."""
    seconds = np.zeros((joint.labels, joint.labels))
    both = joint.compared
    cells = (joint.face_label[both], joint.voice_label[both])
    np.add.at(seconds, cells, joint.length_s[both])
    return seconds


def distances(joint: JointSequence) -> Distances:
    """Total variation distances ½ Σ abs(p − q) in the compared cells, and their means by chance.

    The means are over all pairs of cells. They cost no more than sorting, since the distance is
    a sum over labels and the mean absolute difference of two sets of numbers follows from their
    cumulative sums.
    """
    face, voice = joint.face.distribution, joint.voice.distribution
    cell = np.flatnonzero(joint.compared)
    seen, heard = face[joint.face_piece[cell]], voice[joint.voice_piece[cell]]
    present = ~np.isnan(seen).any(axis=1) & ~np.isnan(heard).any(axis=1)
    cell, seen, heard = cell[present], seen[present], heard[present]
    length_s = joint.length_s[cell]
    return Distances(
        cell=cell,
        length_s=length_s,
        distance=0.5 * np.abs(seen - heard).sum(axis=1),
        face_mean=mean_distance(seen, heard, length_s),
        voice_mean=mean_distance(heard, seen, length_s),
    )


def mean_distance(points: DoubleArray, others: DoubleArray, weight: DoubleArray) -> DoubleArray:
    """Mean total variation distance of each point to all others.

    Parameters
    ----------
    points
        float64 (N, K).
    others
        float64 (M, K).
    weight
        float64 (M,), ≥ 0, of the others; their sum must be > 0 unless N is 0.

    Returns
    -------
    float64 (N,)
    """
    result = np.zeros(len(points))
    if len(points) == 0:
        return result
    share = weight / weight.sum()
    for mine, theirs in zip(points.T, others.T, strict=True):
        order = np.argsort(theirs, kind="stable")
        ordered = theirs[order]
        below = np.append(0.0, np.cumsum(share[order]))
        moment = np.append(0.0, np.cumsum(share[order] * ordered))
        rank = np.searchsorted(ordered, mine, side="right")
        result += mine * (2.0 * below[rank] - 1.0) + moment[-1] - 2.0 * moment[rank]
    return 0.5 * np.maximum(result, 0.0)


def _severity(joint: JointSequence) -> tuple[float | None, float | None, float | None]:
    parts = distances(joint)
    total_s = float(parts.length_s.sum())
    if total_s < MIN_COMPARED_S:
        return None, None, None
    severity = float(parts.distance @ parts.length_s) / total_s
    expected = float(parts.face_mean @ parts.length_s) / total_s
    if is_flat(joint, parts):
        return severity, expected, None
    return severity, expected, 1.0 - severity / expected


def is_flat(joint: JointSequence, parts: Distances) -> bool:
    """Whether one side has the same distribution in all cells where both are known."""
    seen = joint.face.distribution[joint.face_piece[parts.cell]]
    heard = joint.voice.distribution[joint.voice_piece[parts.cell]]
    return any(float(np.ptp(table, axis=0).max()) < FLAT for table in (seen, heard))


def _refusal(labels: int, compared_s: float) -> str | None:
    if labels < 2:
        return NO_SHARED_LABELS
    if compared_s <= 0:
        return NO_OVERLAP
    return TOO_SHORT if compared_s < MIN_COMPARED_S else None
