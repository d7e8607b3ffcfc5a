"""Write predictions as the ABAW competitions take them: a line for every labelled frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from emoreport.corpora.abaw import write_abaw
from emoreport.corpora.tasks import Task
from emoreport.records import DoubleArray

Threshold = Callable[[str, str], float]
"""Threshold of an action unit in a label file, by the names of both."""


def write_predictions(
    folder: Path,
    task: Task,
    labels: Mapping[str, DoubleArray],
    predictions: Mapping[str, DoubleArray],
    threshold: Threshold,
) -> list[str]:
    """Write one file for each label file, of as many lines.

    Parameters
    ----------
    labels
        By file; only the numbers of their frames count here.
    predictions
        By the same names, as `emoreport.corpora.frame_scores.score_frames` takes them.
    threshold
        From where on an action unit is active.

    Returns
    -------
    Names of the files that were written: label files with any prediction.

    Raises
    ------
    OutputError
        When they cannot be written.
    """
    written = {}
    for name, truth in labels.items():
        filled = fill_frames(predictions.get(name, np.empty((0, len(task.columns)))), len(truth))
        if not np.isnan(filled).any():
            written[name] = _answers(filled, task, name, threshold)
    write_abaw(folder, task, written)
    return list(written)


def fill_frames(values: DoubleArray, frames: int) -> DoubleArray:
    """Values for every frame, (frames, K).

    In a gap they are interpolated between its two ends, each counting the more the nearer it is;
    before the first known frame they are its values, after the last one its. NaN where no frame is
    known.

    Parameters
    ----------
    values
        (N, K); NaN rows, and frames from N on, are missing.
    """
    known = np.flatnonzero(~np.isnan(values).any(axis=1))
    if not len(known):
        return np.full((frames, values.shape[1]), np.nan)
    every = np.arange(frames)
    columns = [np.interp(every, known, column[known]) for column in values.T]
    return np.asarray(np.stack(columns, axis=1), np.float64)


def _answers(filled: DoubleArray, task: Task, name: str, threshold: Threshold) -> DoubleArray:
    if task.name == "expr":
        return np.asarray(filled.argmax(axis=1)[:, np.newaxis], np.float64)
    if task.name == "au":
        cuts = np.array([threshold(unit, name) for unit in task.columns])
        return (filled >= cuts).astype(np.float64)
    return np.asarray(np.clip(filled, task.lowest, task.highest), np.float64)
