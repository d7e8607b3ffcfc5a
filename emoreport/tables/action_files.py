"""Actions of the face as Parquet files, and back, bit for bit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.records import ActionTrack, Columns, DoubleArray, EyeTrack
from emoreport.records.actions import EYE_OPENING
from emoreport.tables.action_columns import ACTION_READINGS, EYE_READINGS
from emoreport.tables.parquet_files import described, write_described
from emoreport.tables.schema import Table

ACTIONS_FILE: Final = "actions.parquet"
EYES_FILE: Final = "eyes.parquet"
LAYOUT: Final = 1
_PERSON: Final = "person"


def write_actions(stream: BinaryIO, actions: ActionTrack) -> None:
    """Write actions.parquet; NaN is stored as null.

    Raises
    ------
    OSError
        When the stream cannot be written.
    """
    _write(stream, ACTION_READINGS, actions.columns, actions.person)


def write_eyes(stream: BinaryIO, eyes: EyeTrack) -> None:
    """Write eyes.parquet; NaN is stored as null.

    Raises
    ------
    OSError
        When the stream cannot be written.
    """
    _write(stream, EYE_READINGS, eyes.columns, eyes.person)


def read_actions(folder: Path) -> ActionTrack | None:
    """Read actions.parquet and eyes.parquet of a folder; None where the first is not there.

    Raises
    ------
    StoredReadingsError
        When a file is damaged or something else.
    """
    columns = _read(folder / ACTIONS_FILE, ACTION_READINGS)
    if columns is None:
        return None
    time_s = columns.pop("time_s")
    eyes = _read(folder / EYES_FILE, EYE_READINGS)
    return ActionTrack(
        np.asarray(time_s, np.float64),
        {name: np.asarray(values, np.float32) for name, values in columns.items()},
        None if eyes is None else EyeTrack(eyes["time_s"], eyes[EYE_OPENING].astype(np.float32)),
    )


def _write(
    stream: BinaryIO, table: Table, columns: Columns, person: NDArray[np.object_] | None
) -> None:
    import pyarrow as pa

    names = [None] * len(columns["time_s"]) if person is None else person
    of_person = {_PERSON: pa.array(names, pa.string())}
    arrays = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    facts = {"layout": LAYOUT, "content": table.name}
    write_described(
        stream, [(of_person | arrays)[name] for name in table.names], table.names, facts
    )


def _read(path: Path, table: Table) -> dict[str, DoubleArray] | None:
    if not os.path.lexists(path):
        return None
    with described(path, table.name, LAYOUT, f"it holds no {table.name}") as (content, _):
        if tuple(content.column_names) != table.names:
            raise ValueError(f"it has the columns {', '.join(content.column_names)}")
        columns = {
            name: np.array(content.column(name).to_numpy(), np.float64)
            for name in table.names
            if name != _PERSON
        }
        time_s = columns["time_s"]
        if not np.isfinite(time_s).all() or (np.diff(time_s) <= 0).any():
            raise ValueError("time_s does not increase")
        return columns
