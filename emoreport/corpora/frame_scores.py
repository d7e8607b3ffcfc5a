"""Score predictions for every frame against people's labels: expressions, action units, V and A."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, Final

import numpy as np

from emoreport.analysis.numeric.scores import (
    best_threshold,
    binary_counts,
    concordance_of_sums,
    concordance_sums,
    f1_of_counts,
    mean_over_classes,
)
from emoreport.corpora.errors import CorpusError
from emoreport.corpora.estimates import (
    Estimate,
    Scores,
    are_mere_answers,
    calibration_estimate,
    rows_of_groups,
    score_classes,
)
from emoreport.corpora.tasks import Task
from emoreport.records import DoubleArray, IntArray

HALF: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameScores(Scores):
    """What predictions for frames score.

    Attributes
    ----------
    task
        Name of the task.
    videos, people
        Label files that have predictions, and the people in them.
    labelled, judged
        Frames with a label, and those of them with a prediction; scores are of these.
    thresholds
        Of action units: (fitted on the first, on the second half of the people). Each is used on
        the other half.
    second_half
        Label files of the people of the second half, where thresholds were fitted.
    missing
        Label files without predictions.
    """

    task: str
    videos: int
    people: int
    labelled: int
    judged: int
    thresholds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    second_half: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The scores as JSON values."""
        return {
            "task": self.task,
            "videos": self.videos,
            "people": self.people,
            "labelled": self.labelled,
            "judged": self.judged,
            **self.score_document(),
            "thresholds": {name: list(pair) for name, pair in self.thresholds.items()},
            "second_half": list(self.second_half),
            "missing": list(self.missing),
        }

    def threshold(self, unit: str, video: str) -> float:
        """The threshold of a unit for a label file: fitted on people who are not in it."""
        first, second = self.thresholds.get(unit, (HALF, HALF))
        return first if video in self.second_half else second


@dataclass(frozen=True, slots=True)
class _Judged:
    """Frames that have both: labels (N, width), predictions (N, K), file and person (N,)."""

    truth: DoubleArray
    predicted: DoubleArray
    video: IntArray
    person: IntArray


def score_frames(
    task: Task,
    labels: Mapping[str, DoubleArray],
    predictions: Mapping[str, DoubleArray],
    people: Mapping[str, str] | None = None,
    *,
    thresholds: Sequence[float] = (),
) -> FrameScores:
    """Score predictions against labels.

    Parameters
    ----------
    labels
        By file, from `emoreport.corpora.abaw.read_abaw`.
    predictions
        By the same names, (frames, number of `task.columns`): probabilities of the classes or of
        the units, or values; NaN where there is none. Frames beyond the shorter of the two do not
        count as judged.
    people
        Who is in a file, by its name. A file that is not named there is a person of its own, as
        are ``video5_left`` and ``video5_right``.
    thresholds
        Of action units, fitted on other data: they are used for all people. Without them, those
        for one half of the people are fitted on the other.

    Raises
    ------
    CorpusError
        When no labelled frame has a prediction.
    """
    names = [name for name in labels if name in predictions]
    persons = [(people or {}).get(name, name) for name in names]
    numbers = {person: number for number, person in enumerate(dict.fromkeys(persons))}
    parts = [
        _both(labels[name], predictions[name], index, numbers[person])
        for index, (name, person) in enumerate(zip(names, persons, strict=True))
    ]
    if not any(len(part.truth) for part in parts):
        raise CorpusError("corpora.no_prediction")
    joined = {
        one.name: np.concatenate([getattr(part, one.name) for part in parts])
        for one in fields(_Judged)
    }
    judged = _Judged(**joined)
    if task.name == "au":
        scored = _action_units(task, judged, thresholds)
    else:
        scored = (_expressions if task.name == "expr" else _affect)(task, judged)
    second_half = [
        name for name, person in zip(names, persons, strict=True) if numbers[person] % 2 == 1
    ]
    return FrameScores(
        task=task.name,
        videos=len(names),
        people=len(numbers),
        labelled=sum(int((~np.isnan(values[:, 0])).sum()) for values in labels.values()),
        judged=len(judged.truth),
        second_half=tuple(second_half) if scored.get("thresholds") else (),
        missing=tuple(name for name in labels if name not in predictions),
        **scored,
    )


def _both(truth: DoubleArray, predicted: DoubleArray, video: int, person: int) -> _Judged:
    frames = min(len(truth), len(predicted))
    truth, predicted = truth[:frames], predicted[:frames]
    known = ~np.isnan(truth).any(axis=1) & ~np.isnan(predicted).any(axis=1)
    count = int(known.sum())
    return _Judged(truth[known], predicted[known], np.full(count, video), np.full(count, person))


def _expressions(task: Task, judged: _Judged) -> dict[str, Any]:
    truth = judged.truth[:, 0].astype(np.int64)
    scored = score_classes(task.columns, truth, judged.predicted, judged.person, "frames")
    return {one.name: getattr(scored, one.name) for one in fields(scored)}


def _action_units(task: Task, judged: _Judged, thresholds: Sequence[float]) -> dict[str, Any]:
    truth = judged.truth > HALF
    second_half = judged.person % 2 == 1
    fitted = np.full((2, len(task.columns)), HALF)
    for half, part in enumerate((second_half, ~second_half)):  # fitted on the other half
        if len(thresholds):
            fitted[half] = thresholds
        elif part.any():
            columns = zip(judged.predicted[part].T, truth[part].T, strict=True)
            fitted[half] = [best_threshold(found, told) for found, told in columns]
    members = rows_of_groups(judged.person)
    counts = {}
    for name, cuts in (("half", HALF), ("fitted", fitted[second_half.astype(np.int64)])):
        found = judged.predicted >= cuts
        counts[name] = np.array([binary_counts(found[rows], truth[rows]) for rows in members])
    probabilities = not are_mere_answers(judged.predicted)
    can_fit = len(thresholds) > 0 or second_half.any()
    kinds = ["half", *(["fitted"] if can_fit and probabilities else [])]
    scores = {
        f"mean_f1_at_{kind}": Estimate.over_groups(
            lambda drawn: mean_over_classes(f1_of_counts(drawn)), counts[kind]
        )
        for kind in kinds
    }
    if probabilities:
        active = judged.predicted >= HALF
        sure = np.where(active, judged.predicted, 1.0 - judged.predicted)
        scores["calibration_error"] = calibration_estimate(sure, active == truth, members)
    f1 = {kind: f1_of_counts(table.sum(axis=0)) for kind, table in counts.items()}
    return {
        "scores": scores,
        "by_column": {
            name: {
                "f1_at_half": float(f1["half"][unit]),
                "f1_at_fitted": float(f1["fitted"][unit]),
                "share_active": float(truth[:, unit].mean()),
            }
            for unit, name in enumerate(task.columns)
        },
        "thresholds": {
            name: (float(fitted[1, unit]), float(fitted[0, unit]))
            for unit, name in enumerate(task.columns)
            if "fitted" in kinds
        },
    }


def _affect(task: Task, judged: _Judged) -> dict[str, Any]:
    columns = range(len(task.columns))
    centre = judged.truth.mean(axis=0)
    predicted, truth = judged.predicted - centre, judged.truth - centre
    files = rows_of_groups(judged.video)
    sums = np.array(
        [
            [concordance_sums(predicted[rows, at], truth[rows, at]) for at in columns]
            for rows in files
        ]
    )
    of_files = np.array([[concordance_of_sums(column) for column in file] for file in sums])
    known = ~np.isnan(of_files)
    _, person = np.unique([judged.person[rows[0]] for rows in files], return_inverse=True)
    ways = {
        "pooled": (concordance_of_sums, sums),
        "by_video": (_mean_of_sum, np.stack((np.where(known, of_files, 0.0), known), axis=-1)),
    }
    scores: dict[str, Estimate] = {}
    for kind, (score, by_file) in ways.items():
        by_person = np.zeros((int(person.max()) + 1, *by_file.shape[1:]))
        np.add.at(by_person, person, by_file)
        for at, name in enumerate(task.columns):
            scores[f"ccc_{name}_{kind}"] = Estimate.over_groups(score, by_person[:, at])
        scores[f"ccc_mean_{kind}"] = Estimate.over_groups(
            partial(_mean_of_columns, score), by_person
        )
    errors = np.abs(judged.predicted - judged.truth).mean(axis=0)
    return {
        "scores": scores,
        "by_column": {
            name: {
                "ccc_pooled": scores[f"ccc_{name}_pooled"].value,
                "ccc_by_video": scores[f"ccc_{name}_by_video"].value,
                "mean_error": float(errors[at]),
            }
            for at, name in enumerate(task.columns)
        },
    }


def _mean_of_sum(sums: DoubleArray) -> float:
    """Mean of (sum, number); NaN of none."""
    return float(sums[0] / sums[1]) if sums[1] else float("nan")


def _mean_of_columns(score: Callable[[DoubleArray], float], sums: DoubleArray) -> float:
    return float(np.mean([score(column) for column in sums]))
