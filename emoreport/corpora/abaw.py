"""Read and write the text files of Aff-Wild2 and the ABAW competitions.

A folder holds one text file for each person of each video: ``12-24-1920x1080.txt``, or, where two
people are labelled, ``video5_left.txt`` and ``video5_right.txt``. The first line names the columns;
then comes one line for each frame of the video. Frames without a label hold −1 (expressions, action
units) or numbers below −1 (valence, arousal, usually −5).

The multi-task challenges and the submissions of later years are one file instead, with a line for
each picture: ``video5_left/00012.jpg`` (frame 12, counted from 1), then the numbers of the task, or
valence, arousal, expression and action units.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from emoreport.atomic import write_file
from emoreport.corpora.errors import CorpusError
from emoreport.corpora.tasks import Task
from emoreport.errors import InputNotFoundError
from emoreport.records import DoubleArray

SUFFIX: Final = ".txt"
PICTURE_COLUMNS: Final = ("image", "image_location")
"""First column of a file with a line for each picture."""
MULTI_TASK: Final[Mapping[str, slice]] = {
    "va": slice(0, 2),
    "expr": slice(2, 3),
    "au": slice(3, 15),
}
"""Where the numbers of a task are among those of all three."""
PEOPLE: Final = ("_left", "_right")
"""Ends of the names of label files for one of two people in a video."""
ALL_NUMBERS: Final = 15
LONGEST_NUMBER: Final = 7
"""Digits of the number of a frame: more than a day at 100 frames a second."""
UNLABELLED: Final[Mapping[str, float]] = {"expr": -1, "au": -1, "va": -5}


def video_of(name: str) -> str:
    """The video that a label file is of: its name without the end for one of two people."""
    return next((name.removesuffix(end) for end in PEOPLE if name.endswith(end)), name)


def read_abaw(source: Path, task: Task) -> dict[str, DoubleArray]:
    """Read all label files of a folder, or one file with a line for each picture.

    Returns
    -------
    By the name of the file without its suffix (of the picture's folder), (frames, `task.width`) in
    the order of the frames; NaN where a frame is not labelled. Expressions are numbers of
    `task.columns`.

    Raises
    ------
    InputNotFoundError
        It is missing.
    CorpusError
        It holds no such file, or one in another layout.
    """
    if source.is_file():
        return _read_pictures(source, task)
    if not source.is_dir():
        raise InputNotFoundError("corpora.not_there", file=source)
    paths = sorted(path for path in source.iterdir() if path.suffix == SUFFIX)
    if not paths:
        raise CorpusError("corpora.no_text_files", file=source)
    return {path.stem: _read(path, task) for path in paths}


def _lines(path: Path) -> tuple[list[str], list[str]]:
    """Names in the first line, and the other lines."""
    try:
        head, *lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise CorpusError("file.unreadable", error=error, file=path) from error
    return [cell.strip() for cell in head.split(",")], lines


def picture_number(stem: str) -> int | None:
    """Number of the frame, from 1 on, that a picture is named after; None for other names."""
    fits = stem.isdecimal() and len(stem) <= LONGEST_NUMBER and int(stem) > 0
    return int(stem) if fits else None


def _read_pictures(path: Path, task: Task) -> dict[str, DoubleArray]:
    head, lines = _lines(path)
    if head[0].casefold() not in PICTURE_COLUMNS:
        raise CorpusError(
            "corpora.first_line", line=",".join(head), wanted="image,…", task=task.name, file=path
        )
    frames: dict[str, dict[int, list[float]]] = {}
    for number, line in enumerate(lines, start=2):
        picture, _, numbers = line.strip().partition(",")
        video, _, name = picture.rpartition("/")
        stem = name.partition(".")[0]
        outside = ".." in video.split("/") or video.startswith(
            "/"
        )  # files are written by this name
        number_of_frame = picture_number(stem)
        if not video or outside or number_of_frame is None:
            raise CorpusError("corpora.no_picture", line=number, text=picture, file=path)
        cells = numbers.split(",")
        if len(cells) == ALL_NUMBERS:
            numbers = ",".join(cells[MULTI_TASK[task.name]])
        frames.setdefault(video, {})[number_of_frame] = _row(numbers, task, path, number)
    videos = {}
    for video, rows in frames.items():
        videos[video] = np.full((max(rows), task.width), np.nan)
        videos[video][np.array(list(rows)) - 1] = list(rows.values())
    return {video: _without_unlabelled(values, task) for video, values in videos.items()}


def _read(path: Path, task: Task) -> DoubleArray:
    named, lines = _lines(path)
    if [name.casefold() for name in named] != [name.casefold() for name in task.columns]:
        raise CorpusError(
            "corpora.first_line",
            line=",".join(named),
            wanted=",".join(task.columns),
            task=task.name,
            file=path,
        )
    values = np.empty((len(lines), task.width))
    for number, line in enumerate(lines):
        values[number] = _row(line, task, path, number + 2)
    return _without_unlabelled(values, task)


def _without_unlabelled(values: DoubleArray, task: Task) -> DoubleArray:
    with np.errstate(invalid="ignore"):
        values[(values < task.lowest).any(axis=1)] = np.nan
    return values


def _row(line: str, task: Task, path: Path, number: int) -> list[float]:
    cells = line.strip().split(",") if line.strip() else [""]
    try:
        row = [float(cell) for cell in cells]
    except ValueError as error:
        raise CorpusError("corpora.no_number", line=number, text=line.strip(), file=path) from error
    fits = len(row) == task.width and np.isfinite(row).all() and max(row) <= task.highest
    if not fits or (task.name == "expr" and not row[0].is_integer()):
        raise CorpusError(
            "corpora.bad_row",
            line=number,
            text=line.strip(),
            highest=task.highest,
            count=task.width,
            file=path,
        )
    return row


def write_abaw(folder: Path, task: Task, videos: Mapping[str, DoubleArray]) -> None:
    """Write a text file for each person of each video.

    Parameters
    ----------
    videos
        As `read_abaw` returns them; NaN rows are written as unlabelled.

    Raises
    ------
    OutputError
        When they cannot be written.
    """
    for name, values in videos.items():
        filled = np.where(np.isnan(values), UNLABELLED[task.name], values)
        shown = (f"{value:.4f}" if task.name == "va" else f"{value:.0f}" for value in filled.flat)
        cells = list(shown)
        rows = (
            ",".join(cells[start : start + task.width])
            for start in range(0, len(cells), task.width)
        )
        text = "\n".join([",".join(task.columns), *rows]) + "\n"
        write_file(folder / f"{name}{SUFFIX}", text.encode())
