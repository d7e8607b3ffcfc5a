"""Read what OpenFace and Py-Feat measured of a face, frame by frame, from their CSV files.

OpenFace 2 (``FeatureExtraction``) writes the time of each frame and whether it was tracked. Py-Feat
writes the index of the decoded frame, from 0; its time is in whole seconds and of no use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from emoreport.errors import InputNotFoundError, SettingsError
from emoreport.records import DoubleArray, FloatArray, MeasuredFaces

if TYPE_CHECKING:
    import pandas as pd

ROWS_AT_ONCE: Final = 4096


@dataclass(frozen=True, slots=True)
class Program:
    """How a program lays out its CSV.

    Attributes
    ----------
    name
        Of the program, and what names of columns begin with here.
    key
        Column that tells which frame a row is about.
    known_by
        Columns by one of which a file is known; it has `key` as well.
    others
        Further columns that are no measurements.
    tracked
        Column that is 0 where nothing was measured; "" for none.
    """

    name: str
    key: str
    known_by: frozenset[str]
    others: frozenset[str]
    tracked: str = ""


OPENFACE: Final = Program(
    "openface", "timestamp", frozenset({"success"}), frozenset({"frame", "face_id"}), "success"
)
PYFEAT: Final = Program(
    "pyfeat", "frame", frozenset({"approx_time", "FaceScore", "FaceRectX"}), frozenset()
)


def read_measured_faces(path: Path) -> MeasuredFaces:
    """Read a CSV of OpenFace or Py-Feat.

    Every numeric column becomes one, ``openface_`` or ``pyfeat_`` before its name. Rows that
    OpenFace marks as not tracked are missing, and so are frames in which several faces were
    measured: whose they are is not known.

    Raises
    ------
    InputNotFoundError
        When the file is not there.
    SettingsError
        When it is neither of the two or cannot be read.
    """
    if not path.is_file():
        raise InputNotFoundError("file.missing", file=path)
    names: list[str] = []
    keys, tables = [], []
    program = None
    for part in _parts(path):
        program = program or _program_of(part, path)
        names = names or _measurements(part, program)
        if not names or not {*names, program.key} <= set(part.columns):
            raise SettingsError("join.no_measurement", file=path)
        keys.append(_numbers(part, [program.key])[:, 0])
        values = _numbers(part, names).astype(np.float32)
        if program.tracked:
            values[_numbers(part, [program.tracked])[:, 0] != 1] = np.nan
        tables.append(values)
    if program is None:
        raise SettingsError("join.no_measurement", file=path)
    key, values = _one_a_frame(np.concatenate(keys), np.concatenate(tables))
    columns = tuple(f"{program.name}_{name}" for name in names)
    if program is PYFEAT:
        return MeasuredFaces(program.name, columns, values, frame=key.astype(np.int64))
    return MeasuredFaces(program.name, columns, values, time_s=key)


def _parts(path: Path) -> Iterator[pd.DataFrame]:
    """The table in pieces; names of columns without the blanks that OpenFace puts before them."""
    import pandas as pd

    try:
        with pd.read_csv(
            path, skipinitialspace=True, chunksize=ROWS_AT_ONCE, encoding="utf-8-sig"
        ) as reader:
            for part in reader:
                part.columns = [str(name).strip() for name in part.columns]
                yield part
    except (
        OSError,
        ValueError,
        OverflowError,
    ) as error:  # pandas' errors of parsing are ValueErrors
        raise SettingsError("file.unreadable", error=error, file=path) from error


def _program_of(part: pd.DataFrame, path: Path) -> Program:
    there = set(part.columns)
    for program in (OPENFACE, PYFEAT):
        if program.key in there and program.known_by & there:
            return program
    raise SettingsError("join.unknown", file=path)


def _measurements(part: pd.DataFrame, program: Program) -> list[str]:
    left_out = program.others | {program.key, program.tracked}
    return [
        str(name)
        for name in part.select_dtypes("number").columns
        if name not in left_out and not str(name).startswith("Unnamed")
    ]


def _numbers(part: pd.DataFrame, names: list[str]) -> DoubleArray:
    import pandas as pd

    table: Any = part[names].apply(pd.to_numeric, errors="coerce")
    return np.asarray(table.to_numpy(), np.float64)


def _one_a_frame(key: DoubleArray, values: FloatArray) -> tuple[DoubleArray, FloatArray]:
    """Rows by rising key, one each; NaN where there were several."""
    order = np.argsort(key, kind="stable")
    order = order[np.isfinite(key[order])]
    frames, first, count = np.unique(key[order], return_index=True, return_counts=True)
    chosen = values[order][first]
    chosen[count > 1] = np.nan
    return frames, chosen
