"""What heads learn from: features of recordings on a grid of time, and labels beside them.

A label file of the ABAW layout has one line for each frame of the video. A frame's label goes to
the step of the grid that holds the frame's presentation time, which the file of features tells;
frame number ÷ frame rate would drift. Steps without a label stay, without one: a network over time
needs its neighbours to be those of the recording.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from emoreport.corpora.abaw import read_abaw, video_of
from emoreport.corpora.errors import CorpusError
from emoreport.corpora.layouts import read_labelled_clips
from emoreport.corpora.tasks import TASKS, TaskName
from emoreport.errors import InputNotFoundError
from emoreport.heads.grid import Grid, read_grid
from emoreport.heads.head import source_text
from emoreport.records import (
    DoubleArray,
    FeatureSource,
    FloatArray,
    HeadTask,
    IntArray,
    Modality,
)
from emoreport.tables.feature_files import FEATURES_FILE, read_frame_times, read_sources
from emoreport.tables.readings import FRAMES_FILE, read_frames
from emoreport.training.heads.splits import OFFICIAL, Part
from emoreport.vocabulary import EMOTIONS


@dataclass(frozen=True, slots=True)
class Labels:
    """What people said of recordings.

    Attributes
    ----------
    task
        What was labelled.
    columns
        Names of a head's outputs.
    values
        By recording, (frames, width): number of the class, units, or values; NaN where there is
        no label. One row stands for a whole clip.
    people
        By recording, who is labelled.
    official
        By recording, the part that the publisher puts it in, where there are such parts.
    """

    task: HeadTask
    columns: tuple[str, ...]
    values: Mapping[str, DoubleArray]
    people: Mapping[str, str]
    official: Mapping[str, Part] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recording:
    """Features and labels of one recording on the grid.

    Attributes
    ----------
    name, person
        Of the recording, and who is labelled in it.
    features
        By modality, float16 (T, D); NaN rows where nothing is seen or heard.
    labels
        float64 (T, width), NaN where there is no label.
    frame_step
        int64 (frames,), step that holds each labelled frame, −1 where its time is not known.
    frame_labels
        float64 (frames, width).
    """

    name: str
    person: str
    features: Mapping[Modality, np.ndarray[Any, np.dtype[np.float16]]]
    labels: DoubleArray
    frame_step: IntArray
    frame_labels: DoubleArray

    def __len__(self) -> int:
        """Number of steps."""
        return len(self.labels)


def read_labels(source: Path, task: HeadTask, people: Mapping[str, str] | None = None) -> Labels:
    """Read labels of frames in the ABAW layout, or of clips in any layout that `corpora` reads.

    Parameters
    ----------
    source
        A folder of label files; or one with the folders Train_Set and Validation_Set; or one file
        with a line for each picture. For ``clips`` labels.csv, or clips named by their labels.
    people
        Who is labelled, by recording, where the user says so.

    Raises
    ------
    InputNotFoundError, CorpusError
        When there are none, or they are in another layout.
    """
    people = people or {}
    if task == "clips":
        return _clip_labels(source, people)
    own = TASKS[_frame_task(task)]
    official: dict[str, Part] = {}
    values: dict[str, DoubleArray] = {}
    folders = {path.name.casefold(): path for path in source.iterdir()} if source.is_dir() else {}
    if set(OFFICIAL) <= set(folders):
        for name, part in OFFICIAL.items():
            read = read_abaw(folders[name], own)
            twice = sorted(set(read) & set(values))
            if twice:
                raise CorpusError("train_head.in_two_parts", names=_some(twice), file=source)
            values |= read
            official |= dict.fromkeys(read, part)
    else:
        values = read_abaw(source, own)
    columns = tuple(map(str.lower, own.columns)) if task == "expr" else own.columns
    named = {name: people.get(name) or people.get(video_of(name)) for name in values}
    who = {name: person or video_of(name) for name, person in named.items()}
    return Labels(task, columns, values, who, official)


def _frame_task(task: HeadTask) -> TaskName:
    if task not in ("expr", "au", "va"):
        raise ValueError(f"no labels of frames for {task}")
    return task


def _clip_labels(source: Path, people: Mapping[str, str]) -> Labels:
    clips, _ = read_labelled_clips(source)
    told = {clip.label for clip in clips}
    columns = (*(name for name in EMOTIONS if name in told), *sorted(told - set(EMOTIONS)))
    if len(columns) < 2:
        raise CorpusError("train_head.one_class", label="".join(columns), file=source)
    values, who = {}, {}
    for clip in clips:
        name = clip.file.rpartition(".")[0] or clip.file
        values[name] = np.array([[float(columns.index(clip.label))]])
        who[name] = people.get(name) or people.get(clip.stem) or clip.person or name
    return Labels("clips", columns, values, who)


def feature_files(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """Files of features below a folder by the recordings that they are of.

    A file belongs to the recording that its folder is named after, with or without the folders
    above. For one of two people of a video (``video5_left``) the video's own file is taken where
    only that one is labelled.

    Raises
    ------
    InputNotFoundError, CorpusError
        When the folder is missing or holds features of none of them.
    """
    if not folder.is_dir():
        raise InputNotFoundError("corpora.not_there", file=folder)
    paths = sorted(folder.rglob(FEATURES_FILE))
    whole = {path.parent.relative_to(folder).as_posix(): path for path in paths}
    short: dict[str, list[Path]] = {}
    for path in paths:
        short.setdefault(path.parent.name, []).append(path)
    wanted = list(names)
    videos = [video_of(name) for name in wanted]
    found = {}
    for name, video in zip(wanted, videos, strict=True):
        choices = [name, Path(name).name, *([video] if videos.count(video) == 1 else [])]
        for choice in choices:
            same = short.get(choice, [])
            if choice in whole or len(same) == 1:
                found[name] = whole.get(choice) or same[0]
                break
    if not found:
        raise CorpusError("train_head.no_features", file=folder)
    return found


def read_recordings(
    labels: Labels, files: Mapping[str, Path], modalities: Sequence[Modality], rate_hz: float
) -> tuple[list[Recording], dict[Modality, FeatureSource]]:
    """Read features on the grid and put the labels beside them.

    Returns
    -------
    The recordings, and what made their features.

    Raises
    ------
    CorpusError
        When a file lacks a modality that all lack, or two have features of different models.
    StoredReadingsError
        When a file cannot be read.
    """
    sources: dict[Modality, FeatureSource] = {}
    for path in files.values():
        for name, source in read_sources(path).items():
            if name in modalities:
                _same_source(sources.setdefault(name, source), source, path)
    for name in modalities:
        if name not in sources:
            raise CorpusError("train_head.no_modality", modality=name)
    recordings = [
        _recording(labels, name, path, sources, Grid(rate_hz)) for name, path in files.items()
    ]
    return recordings, {name: sources[name] for name in modalities}


def _same_source(first: FeatureSource, other: FeatureSource, path: Path) -> None:
    if source_text(first) != source_text(other) or first.columns != other.columns:
        raise CorpusError(
            "train_head.mixed_features",
            first=source_text(first),
            other=source_text(other),
            modality=first.modality,
            file=path,
        )


def _recording(
    labels: Labels,
    name: str,
    path: Path,
    sources: Mapping[Modality, FeatureSource],
    grid: Grid,
) -> Recording:
    chunks = list(read_grid(path, grid.rate_hz, face="face" in sources, voice="voice" in sources))
    steps = sum(len(chunk.time_s) for chunk in chunks)
    features = {}
    for modality, source in sources.items():
        parts = [chunk.face if modality == "face" else chunk.voice for chunk in chunks]
        known = [part.astype(np.float16) for part in parts if part is not None]
        nothing = np.full((steps, source.width), np.nan, np.float16)
        features[modality] = np.concatenate(known) if known else nothing
    told = labels.values[name]
    if labels.task == "clips":
        frame_step, own = np.zeros(0, np.int64), np.repeat(told, steps, axis=0)
    else:
        frame_step = _steps_of_frames(path, len(told), grid)
        frame_step[frame_step >= steps] = -1
        own = labels_of_steps(labels, told, frame_step, steps)
    return Recording(name, labels.people[name], features, own, frame_step, told)


def _steps_of_frames(path: Path, frames: int, grid: Grid) -> IntArray:
    """Step that holds the time of each frame, −1 where the file does not tell it."""
    step = np.full(frames, -1)
    if "face" in read_sources(path):
        frame, time_s = read_frame_times(path)
    elif (path.parent / FRAMES_FILE).is_file():
        track = read_frames(path.parent / FRAMES_FILE)
        frame, time_s = track.frame, track.time_s
    else:
        raise CorpusError("train_head.no_times", file=path)
    known = frame < frames
    step[frame[known]] = grid.step_of(time_s[known])
    return step


def labels_of_steps(
    labels: Labels, told: DoubleArray, frame_step: IntArray, steps: int
) -> DoubleArray:
    """One label for each step from those of its frames, (steps, width).

    The class or the state of a unit that most of its labelled frames have, of two as frequent the
    first; the mean of values.
    """
    known = (frame_step >= 0) & ~np.isnan(told).any(axis=1)
    step, told = frame_step[known], told[known]
    counts = np.bincount(step, minlength=steps)
    result = np.full((steps, told.shape[1]), np.nan)
    if labels.task == "expr":
        votes = np.zeros((steps, len(labels.columns)))
        np.add.at(votes, (step, told[:, 0].astype(np.int64)), 1)
        result[counts > 0, 0] = votes[counts > 0].argmax(axis=1)
        return result
    sums = np.zeros((steps, told.shape[1]))
    np.add.at(sums, step, told)
    result[counts > 0] = sums[counts > 0] / counts[counts > 0, np.newaxis]
    if labels.task == "au":
        result[counts > 0] = result[counts > 0] > 0.5
    return result


def scales_of(recordings: Sequence[Recording], modality: Modality) -> tuple[FloatArray, FloatArray]:
    """Mean and deviation of the features of one modality, float32 (D,); 1 where nothing varies.

    Raises
    ------
    CorpusError
        When nothing is seen or heard in any of them.
    """
    count, total, squares = 0, np.float64(0.0), np.float64(0.0)
    for recording in recordings:
        values = recording.features[modality].astype(np.float64)
        values = values[~np.isnan(values).any(axis=1)]
        count += len(values)
        total, squares = total + values.sum(axis=0), squares + (values**2).sum(axis=0)
    if count == 0:
        raise CorpusError("train_head.nothing_there", modality=modality)
    mean = np.asarray(total / count)
    deviation = np.sqrt(np.maximum(np.asarray(squares / count) - mean**2, 0.0))
    deviation[deviation < 1e-4 * (1 + np.abs(mean))] = 1.0
    return mean.astype(np.float32), deviation.astype(np.float32)


def data_digest(recordings: Sequence[Recording]) -> str:
    """SHA-256 over names, people, features and labels: equal digests are equal data."""
    digest = hashlib.sha256()
    for recording in sorted(recordings, key=lambda one: one.name):
        digest.update(f"{recording.name}\0{recording.person}\0".encode())
        for name in sorted(recording.features):
            digest.update(f"{name}\0".encode())
            digest.update(np.ascontiguousarray(recording.features[name]).tobytes())
        digest.update(recording.frame_labels.tobytes())
    return digest.hexdigest()


def _some(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")
