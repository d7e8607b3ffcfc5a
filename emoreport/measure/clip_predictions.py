"""Predictions for labelled clips: of finished runs, or of a table that another program wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Literal, get_args

import numpy as np

from emoreport.corpora.errors import CorpusError
from emoreport.corpora.table_files import LabelTable, read_table
from emoreport.errors import InputNotFoundError
from emoreport.records import DoubleArray, FloatArray
from emoreport.tables.readings import FRAMES_FILE, SPEECH_FILE, read_frames, read_speech
from emoreport.vocabulary import PROBABILITY_PREFIX, label_named

Modality = Literal["face", "voice"]
MODALITIES: Final[tuple[Modality, ...]] = get_args(Modality)
_READINGS: Final[Mapping[Modality, str]] = {"face": FRAMES_FILE, "voice": SPEECH_FILE}
_COLUMNS: Final = ("file", "label", "emotion", "time")


@dataclass(frozen=True, slots=True)
class ClipReadings:
    """What was predicted for one clip, over its time.

    Attributes
    ----------
    start_s, end_s
        (N,) float64; equal where a reading is of one moment.
    weight
        (N,) float64, how much each counts: seconds of speech in a window, 1 for a frame.
    probabilities
        (N, K) float64, none missing.
    """

    start_s: DoubleArray
    end_s: DoubleArray
    weight: DoubleArray
    probabilities: DoubleArray

    @classmethod
    def of(
        cls,
        start_s: DoubleArray,
        end_s: DoubleArray,
        weight: DoubleArray,
        probabilities: FloatArray | DoubleArray,
    ) -> ClipReadings:
        """The readings without those of which nothing is known."""
        known = ~np.isnan(probabilities).any(axis=1)
        return cls(
            start_s[known],
            end_s[known],
            weight[known],
            probabilities[known].astype(np.float64),
        )

    def mean(self, start_s: float = -np.inf, end_s: float = np.inf) -> DoubleArray:
        """Mean probabilities (K,) in a span; NaN where there are none.

        A window counts by its weight, and by the share of it that is in the span.
        """
        length = self.end_s - self.start_s
        overlap = np.minimum(self.end_s, end_s) - np.maximum(self.start_s, start_s)
        inside = (self.start_s >= start_s) & (self.start_s < end_s)
        share = np.where(length > 0, overlap / np.where(length > 0, length, 1.0), inside)
        weight = np.maximum(share, 0.0) * self.weight
        if not weight.sum() > 0:
            return np.full(self.probabilities.shape[1], np.nan)
        return np.asarray(weight @ self.probabilities / weight.sum())


@dataclass(frozen=True, slots=True)
class ClipPredictions:
    """Predictions by the file of the clip.

    Attributes
    ----------
    labels
        Classes of the predictions (K).
    readings
        By file; files without predictions are not there.
    mere_answers
        Whether there are answers without probabilities: then classes that nobody answered are
        missing from `labels`.
    """

    labels: tuple[str, ...]
    readings: Mapping[str, ClipReadings]
    mere_answers: bool = False


def read_clip_predictions(
    source: Path, files: Sequence[str], modality: Modality = "face"
) -> ClipPredictions:
    """Read predictions for clips.

    Parameters
    ----------
    source
        A folder of folders that `emoreport analyze` or `batch` wrote, each of the name of a clip;
        or a table with a column file and one for each class with its probability, or a column
        label with the answer. A column time (seconds) allows for several rows of a file.
    files
        Files of the clips, as the labelled data name them.
    modality
        Of runs: the face (mean of frames) or the voice (mean weighted by seconds of speech).

    Raises
    ------
    InputNotFoundError, CorpusError, StoredReadingsError
        When they cannot be read.
    """
    if source.is_file():
        return _of_table(source, files)
    if not source.is_dir():
        raise InputNotFoundError("corpora.not_there", file=source)
    return _of_runs(source, files, modality)


def names_of(files: Sequence[str]) -> dict[str, str]:
    """What a clip may be called in predictions: its path, without suffix, and its mere name.

    A mere name that several clips have means none of them.
    """
    names: dict[str, str] = {}
    stems = Counter(PurePosixPath(file).stem for file in files)
    for file in files:
        path = PurePosixPath(file)
        names |= {str(path.with_suffix("")): file} if path.name else {}
        if stems[path.stem] == 1:
            names |= {path.name: file, path.stem: file}
    return names | {file: file for file in files}


# --------------------------------------------------------------------------- runs


def _of_runs(folder: Path, files: Sequence[str], modality: Modality) -> ClipPredictions:
    readings: dict[str, ClipReadings] = {}
    labels: tuple[str, ...] | None = None
    for name, file in names_of(files).items():
        path = folder / name / _READINGS[modality]
        if file in readings or not path.is_file():
            continue
        own, readings[file] = _FROM_RUN[modality](path)
        if labels not in {None, own}:
            raise CorpusError(
                "corpora.models_differ", first=", ".join(labels), other=", ".join(own), file=path
            )
        labels = own
    if labels is None:
        raise CorpusError("corpora.no_runs", readings=_READINGS[modality], file=folder)
    return ClipPredictions(labels, readings)


def _face(path: Path) -> tuple[tuple[str, ...], ClipReadings]:
    track = read_frames(path)
    weight = np.ones(len(track.time_s))
    return track.labels, ClipReadings.of(track.time_s, track.time_s, weight, track.probabilities)


def _voice(path: Path) -> tuple[tuple[str, ...], ClipReadings]:
    track = read_speech(path)
    return track.labels, ClipReadings.of(
        track.start_s, track.end_s, track.speech_s, track.probabilities
    )


_FROM_RUN: Final = {"face": _face, "voice": _voice}

# --------------------------------------------------------------------------- tables


def _of_table(path: Path, files: Sequence[str]) -> ClipPredictions:
    table = read_table(path, _COLUMNS)
    if table.lacks("file"):
        raise CorpusError("corpora.prediction_columns", file=path)
    classes = _class_columns(table)
    answers = "label" if not table.lacks("label") else "emotion"
    if classes:
        labels, mere_answers = tuple(classes), False
        values = np.array(
            [
                [_number(cells[at], line, path) for at in classes.values()]
                for line, cells in table.rows
            ]
        )
    elif not table.lacks(answers):
        given = [label_named(answer) or answer for (answer,) in table.cells(answers)]
        labels, mere_answers = tuple(sorted(set(given))), True
        values = np.array([[float(label == one) for label in labels] for one in given])
    else:
        raise CorpusError("corpora.prediction_columns", file=path)
    times = [
        _number(time, line, path, highest=np.inf) if time else 0.0
        for (line, _), (time,) in zip(table.rows, table.cells("time"), strict=True)
    ]
    names, rows = names_of(files), dict[str, list[int]]()
    for row, (file,) in enumerate(table.cells("file")):
        known = names.get(file, names.get(PurePosixPath(file).stem))
        if known is not None:
            rows.setdefault(known, []).append(row)
    at = np.array(times, np.float64)
    return ClipPredictions(
        labels,
        {
            file: ClipReadings.of(at[own], at[own], np.ones(len(own)), values[own])
            for file, own in rows.items()
        },
        mere_answers,
    )


def _class_columns(table: LabelTable) -> dict[str, int]:
    """Columns of probabilities by label: named as emotions, or ``p_`` and any name."""
    classes: dict[str, int] = {}
    for name, at in table.others().items():
        plain = name.removeprefix(PROBABILITY_PREFIX)
        label = label_named(plain) or (plain if plain != name else None)
        if label is not None:
            classes[label] = at
    return classes


def _number(cell: str, line: int, path: Path, *, highest: float = 1.0) -> float:
    """A number from 0 on; NaN of an empty cell."""
    try:
        value = float(cell) if cell else np.nan
    except ValueError as error:
        raise CorpusError("evaluate.no_number", line=line, error=error, file=path) from error
    if value < 0 or value > highest:
        raise CorpusError("corpora.no_probability", line=line, text=cell, file=path)
    return value
