"""Score predictions against several annotators, as the talk of the RAMAS experiments does it.

At every moment the labels are the emotions that at least n annotators see. There may be none, one
or several; a prediction hits if its emotion is among them. Every n is told: with a larger n fewer
moments are judged, and they are the clearer ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from emoreport.analysis.numeric.scores import mean_over_classes
from emoreport.corpora.errors import CorpusError
from emoreport.corpora.estimates import Estimate
from emoreport.corpora.label_names import said_as
from emoreport.corpora.ramas import LABELS, Votes
from emoreport.measure.clip_predictions import ClipPredictions
from emoreport.records import DoubleArray, IntArray

ANNOTATORS: Final = 5
"""So many of those of RAMAS saw every recording."""


@dataclass(frozen=True, slots=True)
class AgreementScores:
    """Scores where at least so many annotators agree.

    Attributes
    ----------
    annotators
        How many.
    moments
        Moments with a label and a prediction.
    accuracy
        Share of hits.
    uar
        Mean over the emotions of the share of hits among the moments whose labels hold it.
    recall
        That share by emotion; NaN where no label holds it.
    """

    annotators: int
    moments: int
    accuracy: Estimate
    uar: Estimate
    recall: dict[str, float]


@dataclass(frozen=True, slots=True)
class VoteScores:
    """Scores for every number of annotators who agree.

    Attributes
    ----------
    recordings, people
        Recordings that have predictions, and the people in them, whom intervals draw.
    moments, judged
        Annotated moments, and those of them that have a prediction.
    by_agreement
        Scores for 1, 2, … annotators; numbers that leave no moment are not there.
    unknown
        Emotions that the predictions have no name for: they are nobody's label.
    missing
        Recordings without predictions.
    """

    recordings: int
    people: int
    moments: int
    judged: int
    by_agreement: tuple[AgreementScores, ...]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The scores as JSON values."""
        return {
            "task": "clips",
            "recordings": self.recordings,
            "people": self.people,
            "moments": self.moments,
            "judged": self.judged,
            "by_agreement": {
                str(row.annotators): {
                    "moments": row.moments,
                    "uar": row.uar.document(),
                    "accuracy": row.accuracy.document(),
                    "recall": {
                        name: round(value, 4)
                        for name, value in row.recall.items()
                        if not np.isnan(value)
                    },
                }
                for row in self.by_agreement
            },
            "unknown": list(self.unknown),
            "missing": list(self.missing),
        }


def score_votes(recordings: Sequence[Votes], predictions: ClipPredictions) -> VoteScores:
    """Score predictions against annotators.

    The answer at a moment is the emotion of the highest mean probability in it, of those that
    annotators could name: contempt, which they could not, is never an answer.

    Raises
    ------
    CorpusError
        When no moment is left.
    """
    columns = [_column(label, predictions.labels) for label in LABELS]
    unknown = tuple(label for label, column in zip(LABELS, columns, strict=True) if column is None)
    known = np.array([column is not None for column in columns])
    places = [column for column in columns if column is not None]
    if not places:
        raise CorpusError("corpora.no_prediction")
    votes, answers, persons = [], [], list[str]()
    judged = [votes_of for votes_of in recordings if votes_of.file in predictions.readings]
    for recording in judged:
        readings = predictions.readings[recording.file]
        spans = zip(recording.start_s, recording.end_s, strict=True)
        means = np.array([readings.mean(start, end)[places] for start, end in spans])
        means = means.reshape(-1, len(places))  # also of no moments
        there = ~np.isnan(means).any(axis=1)
        votes.append(recording.votes[there])
        answers.append(np.flatnonzero(known)[means[there].argmax(axis=1)])
        persons += [recording.person] * int(there.sum())
    if not persons:
        raise CorpusError("corpora.no_prediction")
    numbers = {person: number for number, person in enumerate(dict.fromkeys(persons))}
    groups = np.array([numbers[person] for person in persons])
    table, answer = np.concatenate(votes) * known, np.concatenate(answers)
    rows = (_agreement(table >= least, answer, groups, least) for least in range(1, ANNOTATORS + 1))
    return VoteScores(
        recordings=len(judged),
        people=len(numbers),
        moments=sum(len(recording.start_s) for recording in recordings),
        judged=len(answer),
        by_agreement=tuple(row for row in rows if row.moments),
        unknown=unknown,
        missing=tuple(
            votes_of.file for votes_of in recordings if votes_of.file not in predictions.readings
        ),
    )


def _column(label: str, labels: Sequence[str]) -> int | None:
    said = said_as(label, labels)
    return list(labels).index(said) if said in labels else None


def _agreement(
    labels: np.ndarray[Any, np.dtype[np.bool_]], answer: IntArray, groups: IntArray, least: int
) -> AgreementScores:
    """Scores of answers (N,) against sets of labels (N, 7); intervals draw groups (N,)."""
    hit = labels[np.arange(len(answer)), answer]
    # Of every label, and last of all moments that have one: (N, 8, 2), hits and moments.
    held = np.column_stack((labels, labels.any(axis=1)))
    counts = np.stack((held & hit[:, np.newaxis], held), axis=-1).astype(np.float64)
    sums = np.zeros((int(groups.max()) + 1, *counts.shape[1:]))
    np.add.at(sums, groups, counts)
    sums = sums[sums[:, -1, 1] > 0]
    total = sums.sum(axis=0)
    return AgreementScores(
        annotators=least,
        moments=int(total[-1, 1]),
        accuracy=Estimate.over_groups(lambda drawn: float(_shares(drawn)[-1]), sums),
        uar=Estimate.over_groups(lambda drawn: mean_over_classes(_shares(drawn)[:-1]), sums),
        recall=dict(zip(LABELS, _shares(total)[:-1].tolist(), strict=True)),
    )


def _shares(counts: DoubleArray) -> DoubleArray:
    """Hits over moments, (8,); NaN where there are none."""
    return np.where(counts[:, 1] > 0, counts[:, 0] / np.maximum(counts[:, 1], 1.0), np.nan)
