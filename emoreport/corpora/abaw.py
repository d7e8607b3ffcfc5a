"""Read and write the text files of Aff-Wild2 and the ABAW competitions.

A folder holds one text file for each person of each video: ``12-24-1920x1080.txt``, or, where two
people are labelled, ``video5_left.txt`` and ``video5_right.txt``. The first line names the columns;
then comes one line for each frame of the video. Frames without a label hold −1 (expressions, action
units) or numbers below −1 (valence, arousal, usually −5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from emoreport.atomic import write_file
from emoreport.corpora.tasks import Task
from emoreport.errors import EmoreportError, InputNotFoundError
from emoreport.records import DoubleArray

SUFFIX: Final = ".txt"
UNLABELLED: Final[Mapping[str, float]] = {"expr": -1, "au": -1, "va": -5}


class CorpusError(EmoreportError):
    """Labelled data of other people that cannot be read."""

    stage = "evaluate"
    exit_code = 2


def read_abaw(folder: Path, task: Task) -> dict[str, DoubleArray]:
    """Read all label files of a folder.

    Returns
    -------
    By the name of the file without its suffix, (frames, `task.width`) in the order of the frames;
    NaN where a frame is not labelled. Expressions are numbers of `task.columns`.

    Raises
    ------
    InputNotFoundError
        The folder is missing.
    CorpusError
        It holds no such file, or one in another layout.
    """
    if not folder.is_dir():
        raise InputNotFoundError("corpora.not_a_folder", file=folder)
    paths = sorted(path for path in folder.iterdir() if path.suffix == SUFFIX)
    if not paths:
        raise CorpusError("corpora.no_text_files", file=folder)
    return {path.stem: _read(path, task) for path in paths}


def _read(path: Path, task: Task) -> DoubleArray:
    try:
        head, *lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise CorpusError("file.unreadable", error=error, file=path) from error
    named = tuple(cell.strip() for cell in head.split(","))
    if [name.casefold() for name in named] != [name.casefold() for name in task.columns]:
        raise CorpusError(
            "corpora.first_line",
            line=head.strip(),
            wanted=",".join(task.columns),
            task=task.name,
            file=path,
        )
    values = np.empty((len(lines), task.width))
    for number, line in enumerate(lines):
        values[number] = _row(line, task, path, number + 2)
    values[(values < task.lowest).any(axis=1)] = np.nan
    return values


def _row(line: str, task: Task, path: Path, number: int) -> list[float]:
    cells = line.strip().split(",") if line.strip() else [""]
    try:
        row = [float(cell) for cell in cells]
    except ValueError as error:
        raise CorpusError("corpora.no_number", line=number, text=line.strip(), file=path) from error
    if len(row) != task.width or max(row) > task.highest or not np.isfinite(row).all():
        raise CorpusError(
            "corpora.bad_row",
            line=number,
            text=line.strip(),
            highest=task.highest,
            count=task.width,
            file=path,
        )
    return row


def write_abaw(folder: Path, task: Task, videos: Mapping[str, DoubleArray]) -> Iterable[Path]:
    """Write predictions as the competitions take them; return the paths.

    Parameters
    ----------
    videos
        As `read_abaw` returns them; NaN rows are written as unlabelled.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, values in videos.items():
        filled = np.where(np.isnan(values), UNLABELLED[task.name], values)
        shown = (f"{value:.4f}" if task.name == "va" else f"{value:.0f}" for value in filled.flat)
        cells = list(shown)
        rows = (
            ",".join(cells[start : start + task.width])
            for start in range(0, len(cells), task.width)
        )
        path = folder / f"{name}{SUFFIX}"
        write_file(path, ("\n".join([",".join(task.columns), *rows]) + "\n").encode())
        written.append(path)
    return written
