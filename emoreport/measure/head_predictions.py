"""Predictions of a trained head on stored features; no video is decoded and nothing else runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from emoreport.corpora.clips import LabelledClip
from emoreport.corpora.errors import CorpusError
from emoreport.corpora.tasks import Task
from emoreport.heads.head import Head, scores_at
from emoreport.heads.known import HEAD_KNOWS, KnownNames
from emoreport.measure.clip_predictions import ClipPredictions, ClipReadings, names_of
from emoreport.measure.frame_predictions import by_frame, columns_of, places_of
from emoreport.records import DoubleArray, IntArray
from emoreport.run.folder import is_result
from emoreport.run.run_json import read_run
from emoreport.tables.feature_files import FEATURES_FILE, read_frame_times
from emoreport.vocabulary import label_named

CLIP_TASKS: Final = ("clips", "expr", "engagement")
"""Tasks of heads whose answers name a class of a clip."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a head may be scored on.

    Attributes
    ----------
    names
        Names of the recordings.
    known
        Recordings that the head was trained or tuned on, themselves or the person in them.
    head
        Name of the head; of runs, of the first that knows one. Empty for runs of none.
    is_told
        Whether the head says what it was trained on.
    """

    names: tuple[str, ...]
    known: tuple[str, ...]
    head: str
    is_told: bool = True

    def document(self) -> dict[str, object]:
        """What belongs beside the scores, as JSON values."""
        scored = [name for name in self.known if name in self.names]
        return {"trained_on": list(self.known), "scored_though_trained_on": scored}


def choose(head: Head, names: Mapping[str, str], *, with_known: bool) -> Chosen:
    """Leave out what a head was trained on, unless it is wanted.

    Parameters
    ----------
    names
        Recordings, each with the person in it; empty if not known.
    with_known
        Keep them all.

    Raises
    ------
    CorpusError
        When nothing is left.
    """
    seen = KnownNames(head.metadata)
    known = [name for name, person in names.items() if seen.holds((name, person))]
    chosen = _chosen(names, known, head.metadata.name, with_known=with_known)
    return replace(chosen, is_told=bool(seen))


def choose_runs(runs: Path, names: Mapping[str, Sequence[str]], *, with_known: bool) -> Chosen:
    """Leave out the recordings of runs that a head knows, as the runs themselves say.

    Parameters
    ----------
    runs
        A folder of runs, or anything else that holds predictions.
    names
        Recordings, each with the names that its run may have, the best one first.
    with_known
        Keep them all.

    Raises
    ------
    CorpusError
        When nothing is left.
    StoredReadingsError
        When the record of a run is damaged.
    """
    heads: dict[str, str] = {}
    for name, places in names.items():
        run = next((runs / place for place in places if is_result(runs / place)), None)
        told = () if run is None else read_run(run).warnings
        for warning in told:
            if warning.key == HEAD_KNOWS:
                heads[name] = str(warning.values["head"])
    head = next(iter(heads.values()), "")
    return _chosen(names, list(heads), head, with_known=with_known)


def _chosen(names: Iterable[str], known: Sequence[str], head: str, *, with_known: bool) -> Chosen:
    every = tuple(names)
    kept = every if with_known else tuple(name for name in every if name not in known)
    if every and not kept:
        raise CorpusError("evaluate.all_known", name=head, count=len(known))
    return Chosen(kept, tuple(known), head)


def predict_frames(
    head: Head, features: Path, task: Task, names: Iterable[str]
) -> dict[str, DoubleArray]:
    """What a head says of every frame, by the names of the label files.

    Parameters
    ----------
    features
        A folder with ``<name>/features.parquet`` or ``<name>.parquet``; for ``video5_left`` also
        ``video5``, as for runs.
    names
        Names of the label files.

    Returns
    -------
    (frames, number of `task.columns`), as `read_predictions` returns them.

    Raises
    ------
    CorpusError
        When the head was trained for another task or on other columns, or features hold no frames.
    ModelError, StoredReadingsError
        When the features are not those that the head needs, or cannot be read.
    """
    own = head.metadata
    _check_task(head, (task.name,), features)
    columns = columns_of(own.labels, task, own.name, features)
    found = {}
    for name, places in places_of(names):
        path = _features_in(features, places)
        if path is not None:
            frame, time_s = _frames_of(path)
            found[name] = by_frame(frame, scores_at(head.run(path), time_s), task, columns)
    return found


def thresholds_of(head: Head, task: Task) -> tuple[float, ...]:
    """Thresholds that were fitted in training, in the order of the task; empty without any."""
    own = head.metadata
    if not own.thresholds:
        return ()
    columns = columns_of(own.labels, task, own.name, None)
    return tuple(own.thresholds[columns.index(at)] for at in range(len(task.columns)))


def predict_clips(head: Head, features: Path, clips: Sequence[LabelledClip]) -> ClipPredictions:
    """What a head says of every clip; files and errors as for `predict_frames`."""
    _check_task(head, CLIP_TASKS, features)
    labels = tuple(label_named(label) or label for label in head.metadata.labels)
    readings: dict[str, ClipReadings] = {}
    for name, file in names_of([clip.file for clip in clips]).items():
        path = None if file in readings else _features_in(features, [name])
        if path is not None:
            track = head.run(path)
            half_s = 0.5 * track.step_s
            start_s, end_s = track.time_s - half_s, track.time_s + half_s
            readings[file] = ClipReadings.of(start_s, end_s, np.ones(len(track)), track.scores)
    if not readings:
        raise CorpusError("evaluate.no_features", file=features)
    return ClipPredictions(labels, readings)


def _check_task(head: Head, wanted: Sequence[str], features: Path) -> None:
    own = head.metadata
    if own.task not in wanted:
        named = " or ".join(wanted)
        raise CorpusError(
            "evaluate.other_task", name=own.name, own=own.task, wanted=named, file=features
        )


def _frames_of(path: Path) -> tuple[IntArray, DoubleArray]:
    """Numbers and times of the frames of which a file holds features."""
    frame, time_s = read_frame_times(path)
    if not len(frame):
        raise CorpusError("evaluate.no_frames", file=path)
    return frame, time_s


def _features_in(folder: Path, names: Iterable[str]) -> Path | None:
    places = (path for name in names for path in _places(folder, name))
    return next((path for path in places if path.is_file()), None)


def _places(folder: Path, name: str) -> Iterator[Path]:
    yield folder / name / FEATURES_FILE
    yield folder / f"{name}.parquet"
