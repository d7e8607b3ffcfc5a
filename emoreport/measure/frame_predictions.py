"""Predictions for every frame: files in the layout of the labels, or finished runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from emoreport.corpora.abaw import SUFFIX, read_abaw
from emoreport.corpora.errors import CorpusError
from emoreport.corpora.tasks import Task
from emoreport.records import DoubleArray, FaceTrack
from emoreport.tables.readings import FRAMES_FILE, read_frames

PEOPLE: Final = ("_left", "_right")
"""Ends of the names of label files for one of two people in a video."""
ELSEWHERE: Final[Mapping[str, str]] = {"contempt": "Other"}
"""Emotions of ours that a class of another name holds there."""


def read_predictions(folder: Path, task: Task, names: Iterable[str]) -> dict[str, DoubleArray]:
    """Predictions by the names of the label files.

    Parameters
    ----------
    folder
        Files as the competitions take them, one for each label file or one of all; or folders that
        `emoreport analyze` wrote, each of the name of a label file (for ``video5_left`` also
        ``video5``: one person is followed there).
    names
        Names of the label files.

    Returns
    -------
    (frames, number of `task.columns`); NaN where a frame has none. Where more than one person of a
    video is labelled, a run that follows one of them is not taken for both: such a video needs a
    run of the full name for each.

    Raises
    ------
    InputNotFoundError, CorpusError
        When there are none, or a run cannot give them.
    """
    if not folder.is_dir() or any(path.suffix == SUFFIX for path in folder.iterdir()):
        return {name: _spread(values, task) for name, values in read_abaw(folder, task).items()}
    if task.name == "au":
        raise CorpusError("corpora.no_action_units", file=folder)
    wanted = list(names)
    runs = {}
    for name in wanted:
        video = next((name.removesuffix(end) for end in PEOPLE if name.endswith(end)), name)
        alone = sum(other in {video, *(video + end for end in PEOPLE)} for other in wanted) == 1
        choices = [name, video] if alone else [name]
        for run in (folder / choice for choice in choices):
            if (run / FRAMES_FILE).is_file():
                runs[name] = _of_run(read_frames(run / FRAMES_FILE), task, run)
                break
    return runs


def _spread(values: DoubleArray, task: Task) -> DoubleArray:
    """Numbers of classes as probabilities 0 and 1; other tasks as they are."""
    if task.name != "expr":
        return values
    spread = np.full((len(values), len(task.columns)), np.nan)
    known = ~np.isnan(values[:, 0])
    spread[known] = np.eye(len(task.columns))[values[known, 0].astype(np.int64)]
    return spread


def _of_run(faces: FaceTrack, task: Task, folder: Path) -> DoubleArray:
    table = np.full((int(faces.frame.max(initial=-1)) + 1, len(task.columns)), np.nan)
    usable = faces.valid
    if task.name == "va":
        if faces.valence is None or faces.arousal is None:
            raise CorpusError("corpora.no_affect", file=folder)
        table[faces.frame[usable]] = np.stack([faces.valence, faces.arousal], axis=1)[usable]
        return table
    shares = np.zeros((int(usable.sum()), len(task.columns)))
    for column, label in enumerate(faces.labels):
        shares[:, task.columns.index(ELSEWHERE.get(label, label.capitalize()))] += (
            faces.probabilities[usable, column]
        )
    table[faces.frame[usable]] = shares
    return table
