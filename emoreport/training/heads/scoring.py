"""What a head scores on recordings: of frames as published scores are, of clips over people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from emoreport.corpora.errors import CorpusError
from emoreport.corpora.estimates import score_classes
from emoreport.corpora.frame_scores import score_frames
from emoreport.corpora.tasks import TASKS
from emoreport.records import DoubleArray
from emoreport.training.heads.answers import Answers
from emoreport.training.heads.data import Labels, Recording


def score_answers(
    labels: Labels,
    answers: Answers,
    recordings: Sequence[Recording],
    thresholds: Sequence[float] = (),
) -> dict[str, Any]:
    """Scores as JSON values; intervals draw people.

    Frames are judged, not steps: each has the answer of the step that holds its time.

    Parameters
    ----------
    thresholds
        Of action units, fitted on other data.

    Raises
    ------
    CorpusError
        When nothing that is labelled has an answer.
    """
    if labels.task == "clips":
        return _score_clips(labels, answers, recordings)
    task = next(task for name, task in TASKS.items() if name == labels.task)
    return score_frames(
        task,
        {one.name: one.frame_labels for one in recordings},
        {one.name: at_frames(one, answers[one.name]) for one in recordings},
        {one.name: one.person for one in recordings},
        thresholds=thresholds,
    ).document()


def at_frames(recording: Recording, scores: DoubleArray) -> DoubleArray:
    """Answers of frames from those of steps, (frames, K); NaN where a frame's time is unknown."""
    told = np.full((len(recording.frame_step), scores.shape[1]), np.nan)
    known = recording.frame_step >= 0
    told[known] = scores[recording.frame_step[known]]
    return told


def _score_clips(
    labels: Labels, answers: Answers, recordings: Sequence[Recording]
) -> dict[str, Any]:
    means = {
        one.name: scores[known].mean(axis=0)
        for one in recordings
        for scores in [answers[one.name]]
        for known in [~np.isnan(scores).any(axis=1)]
        if known.any()
    }
    rated = [one for one in recordings if one.name in means]
    if not rated:
        raise CorpusError("corpora.no_prediction")
    people = {
        person: number for number, person in enumerate(dict.fromkeys(one.person for one in rated))
    }
    scored = score_classes(
        labels.columns,
        np.array([int(one.labels[0, 0]) for one in rated]),
        np.array([means[one.name] for one in rated]),
        np.array([people[one.person] for one in rated]),
        "clips",
    )
    counts = {"clips": len(recordings), "judged": len(rated), "people": len(people)}
    return {"task": "clips", **counts, **scored.score_document()}


def constant_answers(
    labels: Labels, answers: Answers, training: Sequence[Recording]
) -> Mapping[str, DoubleArray]:
    """The best that can be said without looking, wherever there is an answer.

    The most frequent class of the training data; every unit active, for units that are never
    active score 0; the mean of values.
    """
    told = np.concatenate([one.labels[~np.isnan(one.labels).any(axis=1)] for one in training])
    outputs = len(labels.columns)
    if labels.task == "va":
        constant = told.mean(axis=0)
    elif labels.task == "au":
        constant = np.ones(outputs)
    else:
        counts = np.bincount(told[:, 0].astype(np.int64), minlength=outputs)
        constant = np.eye(outputs)[counts.argmax()]
    return {name: np.where(np.isnan(scores), np.nan, constant) for name, scores in answers.items()}
