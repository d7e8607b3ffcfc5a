"""What a trained head says of a recording as a Parquet file, and back, bit for bit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from emoreport.records import HEAD_TASKS, HeadTrack
from emoreport.tables.columns import head_table
from emoreport.tables.parquet_files import described, write_described

HEAD_FILE: Final = "head.parquet"
LAYOUT: Final = 1


def write_head_scores(stream: BinaryIO, head: HeadTrack) -> None:
    """Write head.parquet; NaN is stored as null.

    Raises
    ------
    ValueError
        When two outputs have one name.
    OSError
        When the stream cannot be written.
    """
    import pyarrow as pa

    names = head_table(head.labels).names
    if len(set(names)) != len(names):
        raise ValueError(f"two outputs of the head have one name: {names}")
    facts = {
        "layout": LAYOUT,
        "content": "head",
        "task": head.task,
        "step_s": head.step_s,
        "labels": list(head.labels),
        "thresholds": list(head.thresholds),
    }
    arrays = [pa.array(values, from_pandas=True) for values in head.columns.values()]
    write_described(stream, arrays, names, facts)


def read_head_scores(path: Path) -> HeadTrack | None:
    """Read head.parquet; None where there is none: no head has a table of its own.

    Raises
    ------
    StoredReadingsError
        When the file is damaged or something else.
    """
    if not os.path.lexists(path):
        return None
    with described(path, "head", LAYOUT, "it holds no readings of a head") as (content, facts):
        labels = tuple(map(str, facts["labels"]))
        if facts["task"] not in HEAD_TASKS or tuple(content.column_names) != ("time_s", *labels):
            raise ValueError(f"it has the columns {', '.join(content.column_names)}")
        time_s = np.array(content.column("time_s").to_numpy(), np.float64)
        if not np.isfinite(time_s).all() or (np.diff(time_s) <= 0).any():
            raise ValueError("time_s does not increase")
        scores = [np.array(content.column(name).to_numpy(), np.float32) for name in labels]
        return HeadTrack(
            task=facts["task"],
            labels=labels,
            time_s=time_s,
            step_s=float(facts["step_s"]),
            scores=np.stack(scores, axis=1),
            thresholds=tuple(map(float, facts["thresholds"])),
        )
