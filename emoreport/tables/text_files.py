"""What the words say, clause by clause, as a Parquet file, and back, bit for bit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from emoreport.records import TextReadings
from emoreport.tables.columns import text_readings_table
from emoreport.tables.parquet_files import described, write_described

TEXT_FILE: Final = "text.parquet"
LAYOUT: Final = 1


def write_text_readings(stream: BinaryIO, text: TextReadings) -> None:
    """Write text.parquet; words are numbered from 1 in the order of words.parquet, NaN is null.

    Raises
    ------
    OSError
        When the stream cannot be written.
    """
    import pyarrow as pa

    names = text_readings_table(text.labels).names
    facts = {"layout": LAYOUT, "content": "text", "labels": list(text.labels)}
    columns = (text.start_s, text.end_s, text.first + 1, text.last - text.first)
    arrays = [pa.array(column) for column in columns]
    arrays += [pa.array(column, from_pandas=True) for column in text.probabilities.T]
    write_described(stream, arrays, names, facts)


def read_text_readings(path: Path, words: int) -> TextReadings | None:
    """Read text.parquet; None where there is none: no model read the words.

    Parameters
    ----------
    path
        The file.
    words
        How many words words.parquet places in time: the clauses are made of these.

    Raises
    ------
    StoredReadingsError
        When the file is damaged, something else, or of other words.
    """
    if not os.path.lexists(path):
        return None
    with described(path, "text", LAYOUT, "it does not hold what words say") as (content, facts):
        labels = tuple(map(str, facts["labels"]))
        if not labels or tuple(content.column_names) != text_readings_table(labels).names:
            raise ValueError(f"it has the columns {', '.join(content.column_names)}")
        start_s, end_s = (
            np.array(content.column(name).to_numpy(), np.float64) for name in ("start_s", "end_s")
        )
        first = np.array(content.column("first_word").to_numpy(), np.int64) - 1
        last = first + np.array(content.column("words").to_numpy(), np.int64)
        bounds = np.append(0, last)
        if (bounds[:-1] != first).any() or (np.diff(bounds) < 1).any() or bounds[-1] != words:
            raise ValueError("its clauses are not made of the words that are there")
        if not (np.isfinite(start_s) & np.isfinite(end_s) & (start_s <= end_s)).all():
            raise ValueError("a clause has no sensible times")
        columns = [np.array(column.to_numpy(), np.float32) for column in content.columns[4:]]
        table = np.stack(columns, axis=1)
        known = ~np.isnan(table).all(axis=1)
        if not ((table[known] >= 0) & (table[known] <= 1)).all():
            raise ValueError("a probability is not between 0 and 1")
        return TextReadings(labels, start_s, end_s, first, last, table)
