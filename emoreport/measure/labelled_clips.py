"""Read labelled clips of voices: a folder with labels.csv, and sound files or tars of them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from emoreport.errors import EmoreportError, InputNotFoundError, MediaError
from emoreport.media.sound import read_sound
from emoreport.records import FloatArray
from emoreport.tables.spreadsheet import UnreadableTextError, decode, read_sheet


class LabelledDataError(EmoreportError):
    """The labelled data are not in a layout that can be read."""

    stage = "evaluate"
    exit_code = 2


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """One row of labels.csv."""

    file: str
    emotion: str
    corpus: str


def read_labels(folder: Path, encoding: str | None = None) -> tuple[list[LabelledClip], str | None]:
    """Read ``labels.csv`` of a folder: columns file and emotion, corpus if there is one.

    Parameters
    ----------
    folder
        Where it is.
    encoding
        Of a file that is not in Unicode; guessed where that is safe if None.

    Returns
    -------
    The clips, and the encoding where it had to be guessed.

    Raises
    ------
    InputNotFoundError, LabelledDataError
        When it is not there or lacks a column.
    """
    path = folder / "labels.csv"
    if not path.is_file():
        raise InputNotFoundError("evaluate.no_labels_file", file=folder)
    try:
        text, guessed = decode(path.read_bytes(), encoding)
        sheet = read_sheet(text)
        places = [sheet.column(name) for name in ("file", "emotion", "corpus")]
        rows = [
            LabelledClip(*("" if at is None else cells[at] for at in places))
            for _, cells in sheet.rows
        ]
    except OSError as error:
        raise LabelledDataError("file.unreadable", error=error.strerror, file=path) from error
    except UnreadableTextError as error:
        raise error.turned_into(LabelledDataError, file=path) from error
    if None in places[:2]:
        raise LabelledDataError("evaluate.clip_columns", file=path)
    return rows, guessed


def read_clips(
    folder: Path, wanted: Sequence[LabelledClip]
) -> Iterator[tuple[int, FloatArray | MediaError]]:
    """Yield (index into `wanted`, 16 kHz mono samples) from files or tars in `folder`.

    In the place of the samples is the error of a clip that cannot be decoded, or that may have
    been in a damaged tar. Other clips that are not found are not yielded.
    """
    waiting: dict[str, list[int]] = {}
    damaged: list[MediaError] = []
    for index, clip in enumerate(wanted):
        path = _inside(folder, clip.file)
        if path is None:
            waiting.setdefault(clip.file, []).append(index)
        else:
            yield index, _sound(path, clip.file)
    for archive_path in sorted(folder.glob("*.tar")):
        if not waiting:
            return
        for name, content in _members(archive_path, waiting, damaged.append):
            samples = _sound(io.BytesIO(content), name)
            for index in waiting.pop(name):
                yield index, samples
    for error in damaged[:1]:
        for index in sorted(chain.from_iterable(waiting.values())):
            yield index, error


def _sound(source: Path | BinaryIO, name: str) -> FloatArray | MediaError:
    try:
        return read_sound(source, name=name)
    except MediaError as error:
        return error


def _inside(folder: Path, name: str) -> Path | None:
    """A file below the folder; None where there is none of the name."""
    path = folder / name
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
        return path if inside and path.is_file() else None
    except (OSError, ValueError):  # names that no file can have
        return None


def _members(
    path: Path, names: Container[str], failed: Callable[[MediaError], None]
) -> Iterator[tuple[str, bytes]]:
    """Name and content of those files of a tar that are named, up to where it is damaged."""
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                stream = archive.extractfile(member) if member.isfile() and name in names else None
                if stream is not None:
                    yield name, stream.read()
    except (tarfile.TarError, OSError, EOFError) as error:
        failed(MediaError("evaluate.damaged_archive", archive=path.name, error=error))
