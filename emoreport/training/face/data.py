"""FER+ archives and posed faces: pictures, votes, soft targets and majority labels.

An archive is an ``.npz`` file with ``images`` (N, 48, 48) uint8 grey levels and ``votes``
(N, 10) counts of about ten annotators in the order of :data:`FERPLUS_ORDER`
(Barsoum et al. 2016, "Training deep networks for facial expression recognition with
crowd-sourced label distribution").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from emoreport.corpora.face_pictures import face_arrays
from emoreport.vocabulary import EMOTIONS, FERPLUS_ORDER

if TYPE_CHECKING:
    from pathlib import Path

LABELS: Final = EMOTIONS
"""The order of the model's outputs."""

FOLDS: Final = 5
"""One of so many people of a posed set is left out."""

EXCLUDED: Final = -1
"""Label of a picture whose majority is ``unknown`` or ``not-a-face``."""

_EMOTION_COLUMNS: Final = len(LABELS)
_TO_CANONICAL: Final = [FERPLUS_ORDER.index(label) for label in LABELS]


@dataclass(frozen=True, slots=True)
class FerSet:
    """Pictures with their targets.

    Attributes
    ----------
    images
        (N, 48, 48) uint8 grey levels, 0-255.
    targets
        (N, 8) float32, the annotators' distribution over :data:`LABELS`; rows sum to 1.
    labels
        (N,) int64 index into :data:`LABELS`, or :data:`EXCLUDED`.
    weights
        (N,) float32 in [0, 1]: the share of the votes that named an emotion.
    """

    images: npt.NDArray[np.uint8]
    targets: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.images)

    def take(self, index: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> FerSet:
        """Return the pictures at ``index`` (positions or a mask), in that order."""
        return FerSet(
            self.images[index], self.targets[index], self.labels[index], self.weights[index]
        )

    def labelled(self) -> FerSet:
        """Return only the pictures whose majority is one of the eight emotions."""
        return self.take(self.labels != EXCLUDED)


def majority_labels(votes: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
    """Return the majority emotion of each row.

    Parameters
    ----------
    votes
        (N, 10) counts in the order of :data:`FERPLUS_ORDER`. A tie goes to the earlier
        column.

    Returns
    -------
    (N,) index into :data:`LABELS`, or :data:`EXCLUDED` where ``unknown`` or ``not-a-face``
    has the majority of all ten columns.
    """
    canonical = np.array(
        [LABELS.index(name) for name in FERPLUS_ORDER[:_EMOTION_COLUMNS]], np.int64
    )
    labels: npt.NDArray[np.int64] = canonical[votes[:, :_EMOTION_COLUMNS].argmax(axis=1)]
    labels[votes.argmax(axis=1) >= _EMOTION_COLUMNS] = EXCLUDED
    return labels


def soft_targets(
    votes: npt.NDArray[np.integer[Any]],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the annotators' distribution over :data:`LABELS` and its weight.

    A single vote beside at least four agreeing ones is taken for a slip and dropped, as in
    Barsoum et al. 2016 (there: every single vote).

    Parameters
    ----------
    votes
        (N, 10) counts in the order of :data:`FERPLUS_ORDER`.

    Returns
    -------
    targets
        (N, 8) float32; rows sum to 1, uniform where nobody named an emotion.
    weights
        (N,) float32, the share of emotion votes in all votes.
    """
    counts = votes[:, _TO_CANONICAL].astype(np.float32)
    emotion_votes = counts.sum(axis=1)
    weights = emotion_votes / np.maximum(votes.sum(axis=1), 1)
    slip = (counts == 1) & (counts.max(axis=1, keepdims=True) >= 4)
    counts[slip] = 0.0
    total = counts.sum(axis=1, keepdims=True)
    uniform = np.float32(1.0 / _EMOTION_COLUMNS)
    targets = np.where(total > 0, counts / np.maximum(total, 1.0), uniform)
    return targets.astype(np.float32), weights.astype(np.float32)


def load_ferplus(path: Path) -> FerSet:
    """Read one archive.

    Raises
    ------
    InputNotFoundError, CorpusError
        If the file is not there or holds no pictures.
    ValueError
        If it holds no votes for each of them.
    """
    images, columns = face_arrays(path)
    votes = columns.get("votes", np.zeros(0))
    if votes.shape != (len(images), len(FERPLUS_ORDER)):
        msg = f"{path}: votes are {votes.shape}, expected ({len(images)}, {len(FERPLUS_ORDER)})"
        raise ValueError(msg)
    targets, weights = soft_targets(votes)
    return FerSet(images, targets, majority_labels(votes), weights)


def load_posed(path: Path, fifth: int = 0) -> tuple[FerSet, FerSet]:
    """Read posed faces and leave a fifth of the people out.

    Parameters
    ----------
    path
        An ``.npz`` file with ``images`` (N, 48, 48) uint8, ``labels`` (N,) names of
        :data:`LABELS` and ``subjects`` (N,) names of people.
    fifth
        0-4: of the people in the order of their names, every fifth from this one is left out.

    Returns
    -------
    fitted, left_out
    """
    with np.load(path) as archive:
        images, names, people = archive["images"], archive["labels"], archive["subjects"]
    labels = np.array([LABELS.index(name) for name in names], np.int64)
    targets = np.eye(len(LABELS), dtype=np.float32)[labels]
    posed = FerSet(images, targets, labels, np.ones(len(labels), np.float32))
    left_out = np.isin(people, np.unique(people)[fifth::FOLDS])
    return posed.take(~left_out), posed.take(left_out)


def joined(first: FerSet, second: FerSet) -> FerSet:
    """Return the pictures of both, in order."""
    return FerSet(
        np.concatenate([first.images, second.images]),
        np.concatenate([first.targets, second.targets]),
        np.concatenate([first.labels, second.labels]),
        np.concatenate([first.weights, second.weights]),
    )


def split_inner(data: FerSet, dev_size: int, seed: int) -> tuple[FerSet, FerSet]:
    """Split into a part to fit and an inner development part.

    The development part is stratified by majority label and holds labelled pictures only;
    its size is ``dev_size`` up to rounding, with at least one picture per class present.

    Returns
    -------
    fit, dev
    """
    rng = np.random.default_rng(seed)
    labelled = int((data.labels != EXCLUDED).sum())
    chosen = np.zeros(len(data), dtype=np.bool_)
    for label in np.unique(data.labels[data.labels != EXCLUDED]):
        members = np.flatnonzero(data.labels == label)
        count = max(1, round(dev_size * len(members) / labelled))
        chosen[rng.permutation(members)[:count]] = True
    return data.take(~chosen), data.take(chosen)


def sampling_weights(data: FerSet, power: float) -> npt.NDArray[np.float64]:
    """Return per-picture probabilities that favour rare classes.

    Parameters
    ----------
    power
        0 = every picture alike; 1 = every class alike. In between, a class of frequency f
        is drawn f**-power times as often. Excluded pictures count as their class frequency 1.

    Returns
    -------
    (N,) float64, sums to 1.
    """
    counts = np.bincount(data.labels[data.labels != EXCLUDED], minlength=len(LABELS))
    frequency = counts / max(1, counts.max())
    weights = np.ones(len(data), dtype=np.float64)
    labelled = data.labels != EXCLUDED
    weights[labelled] = frequency[data.labels[labelled]] ** -power
    return np.asarray(weights / weights.sum())
