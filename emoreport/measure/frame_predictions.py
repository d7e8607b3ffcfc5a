"""Predictions for every frame: files in the layout of the labels, or finished runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from emoreport.corpora.abaw import PEOPLE, SUFFIX, read_abaw, video_of
from emoreport.corpora.errors import CorpusError
from emoreport.corpora.tasks import Task
from emoreport.heads.head import scores_at
from emoreport.records import DoubleArray, FaceTrack, FloatArray, IntArray
from emoreport.tables.head_files import HEAD_FILE, read_head_scores
from emoreport.tables.readings import FRAMES_FILE, read_frames

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
    runs = {}
    for name, places in places_of(names):
        for run in (folder / place for place in places):
            if (run / FRAMES_FILE).is_file():
                runs[name] = _of_run(read_frames(run / FRAMES_FILE), task, run)
                break
    return runs


def places_of(names: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Names of label files, each with the names that a run of it may have, the best one first.

    A run of the whole video stands for one of its people where no other is labelled.
    """
    wanted = list(names)
    for name in wanted:
        video = video_of(name)
        alone = sum(other in {video, *(video + end for end in PEOPLE)} for other in wanted) == 1
        yield name, [name, video] if alone else [name]


def columns_of(labels: Sequence[str], task: Task, whose: str, folder: Path | None) -> list[int]:
    """Column of a task for each of these outputs; classes that no output has are never answered.

    Raises
    ------
    CorpusError
        When an output has no column, or a unit or dimension no output.
    """
    names = [name.casefold() for name in task.columns]
    ours = [ELSEWHERE.get(label.casefold(), label).casefold() for label in labels]
    if not set(ours) <= set(names) or (task.name != "expr" and set(ours) != set(names)):
        raise CorpusError(
            "evaluate.other_outputs",
            name=whose,
            own=", ".join(labels),
            wanted=", ".join(task.columns),
            file=folder,
        )
    return [names.index(name) for name in ours]


def by_frame(
    frame: IntArray, scores: FloatArray | DoubleArray, task: Task, columns: Sequence[int]
) -> DoubleArray:
    """Scores (N, K) of frames as a table (frames, `task.columns`); NaN where nothing is known."""
    table = np.full((int(frame.max(initial=-1)) + 1, len(task.columns)), np.nan)
    known = ~np.isnan(scores).any(axis=1)
    table[frame[known]] = 0.0
    for output, column in enumerate(columns):
        table[frame[known], column] += scores[known, output]
    return table


def _spread(values: DoubleArray, task: Task) -> DoubleArray:
    """Numbers of classes as probabilities 0 and 1; other tasks as they are."""
    if task.name != "expr":
        return values
    spread = np.full((len(values), len(task.columns)), np.nan)
    known = ~np.isnan(values[:, 0])
    spread[known] = np.eye(len(task.columns))[values[known, 0].astype(np.int64)]
    return spread


def _of_run(faces: FaceTrack, task: Task, folder: Path) -> DoubleArray:
    if task.name == "va":
        if faces.valence is None or faces.arousal is None:
            raise CorpusError("corpora.no_affect", file=folder)
        return by_frame(faces.frame, np.stack([faces.valence, faces.arousal], axis=1), task, (0, 1))
    head = read_head_scores(folder / HEAD_FILE)
    if head is not None and head.task == task.name:
        columns = columns_of(head.labels, task, HEAD_FILE, folder)
        return by_frame(faces.frame, scores_at(head, faces.time_s), task, columns)
    if task.name == "au":
        raise CorpusError("corpora.no_action_units", file=folder)
    columns = columns_of(faces.labels, task, FRAMES_FILE, folder)
    return by_frame(faces.frame, faces.probabilities, task, columns)
