"""Keep rows of the batch's table of intervals in one small file per video, joined at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from emoreport.atomic import Staging
from emoreport.batch.engine import Opened
from emoreport.run.report import Report
from emoreport.tables.columns import result_tables
from emoreport.tables.schema import TEXT_KINDS, Column, Kind, Table

if TYPE_CHECKING:
    import pandas as pd

MODALITIES: Final[Mapping[str, str]] = {"face": "video_intervals", "voice": "audio_intervals"}
OWN: Final = (
    Column("modality", Kind.TEXT, "modality"),
    Column("interval", Kind.COUNT, "interval"),
)
"""Columns that the tables of one video do not have; `interval` counts from 1."""

_MARK: Final = b"emoreport.batch"


def load_arrow() -> None:
    """Load pyarrow in this thread, which has to outlive all that use it.

    Loaded first in a thread that ends, pyarrow 25 kills the process at its next use: its memory
    allocator keeps that thread's state (Apache Arrow's issue 50471).
    """
    import pyarrow.parquet as _  # noqa: F401 - loading is the purpose


def interval_table(
    face_labels: Iterable[str], voice_labels: Iterable[str], *, baseline: bool
) -> Table:
    """Columns of the rows of both modalities; a row leaves those of the other one empty."""
    tables = result_tables(tuple(face_labels), tuple(voice_labels), baseline=baseline)
    columns = {column.name: column for column in OWN}
    for name in MODALITIES.values():
        for column in tables[name].columns:
            columns.setdefault(column.name, column)
    return Table("intervals", tuple(columns.values()))


def kinds(table: Table) -> tuple[tuple[str, str], ...]:
    """Names and kinds of columns as `Opened.columns` holds them."""

    def kind(column: Column) -> str:
        if column.kind in TEXT_KINDS:
            return "text"
        return "count" if column.kind is Kind.COUNT else "number"

    return tuple((column.name, kind(column)) for column in table.columns)


def arrow_schema(columns: Iterable[tuple[str, str]]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Return the Arrow schema of columns given by name and kind."""
    import pyarrow as pa

    types = {"text": pa.string(), "count": pa.int64(), "number": pa.float64()}
    return pa.schema([(name, types[kind]) for name, kind in columns])


def write_part(path: Path, report: Report, opened: Opened, sha256: str) -> None:
    """Write the rows of one video, exact and unrounded.

    Raises
    ------
    OutputError
        When they cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = arrow_schema(opened.columns).with_metadata({_MARK: _mark(sha256, opened.fingerprint)})
    rows = pa.Table.from_pandas(_rows(report, opened), schema=schema, preserve_index=False)
    rows = rows.replace_schema_metadata(schema.metadata)
    with Staging(path.parent) as staging:
        staging.add(path.name, lambda stream: pq.write_table(rows, stream, compression="zstd"))
        staging.commit()


def has_part(path: Path, sha256: str, fingerprint: str) -> bool:
    """Whether the rows of a content under a fingerprint are there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowException):
        return False
    return bool(metadata.get(_MARK) == _mark(sha256, fingerprint))


def _mark(sha256: str, fingerprint: str) -> bytes:
    return f"{sha256} {fingerprint}".encode("ascii")


def _rows(report: Report, opened: Opened) -> pd.DataFrame:
    import pandas as pd

    names = [name for name, _ in opened.columns]
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for modality, table in MODALITIES.items():
        frame = report.tables[table]
        columns["modality"] += [modality] * len(frame)
        columns["interval"] += range(1, len(frame) + 1)
        for name in names[len(OWN) :]:
            cells = frame[name] if name in frame else pd.Series([None] * len(frame), dtype=object)
            columns[name] += [
                None if unknown else value
                for value, unknown in zip(cells.tolist(), cells.isna().tolist(), strict=True)
            ]
    return pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
