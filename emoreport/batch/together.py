"""Write the tables of a whole batch: one of summaries, one of intervals, one of failures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

from emoreport.atomic import Staging
from emoreport.batch import names
from emoreport.batch.engine import Opened
from emoreport.batch.manifest import Talk
from emoreport.batch.metadata import Metadata
from emoreport.batch.overview import overview_page
from emoreport.batch.parts import OWN, arrow_schema
from emoreport.batch.plan import part_path
from emoreport.batch.workbook import summary_workbook
from emoreport.settings import OutputSettings
from emoreport.tables.cells import Cell, ShownTable, show
from emoreport.tables.columns import SUMMARY
from emoreport.tables.csv_files import LOCALES, csv_bytes, localised_name
from emoreport.tables.frames import data_frame
from emoreport.tables.schema import Column, Kind, Table

SUMMARY_END: Final = (
    Column("path", Kind.TEXT, "path"),
    Column("folder", Kind.TEXT, "folder"),
    Column("warnings", Kind.TEXT, "warnings"),
)
"""Columns after those of one video's summary; the user's own follow."""
INTERVALS_START: Final = ("video", "path", "folder")
FAILURES: Final = Table(
    "failures",
    tuple(Column(name, Kind.TEXT, name) for name in ("video", "stage", "error", "remedy")),
)


def reserved_columns(opened: Opened) -> frozenset[str]:
    """Names that a column of metadata.csv cannot have."""
    own = [column.name for column in (*SUMMARY.columns, *SUMMARY_END, *OWN)]
    return frozenset((*own, *INTERVALS_START, *(name for name, _ in opened.columns)))


def write_together(
    out: Path,
    talks: Sequence[Talk],
    opened: Opened,
    metadata: Metadata,
    output: OutputSettings,
) -> None:
    """Write summary, intervals, failures and the overview; all of them or none.

    Parameters
    ----------
    out
        The output folder.
    talks
        All videos, in the order of their names.
    opened
        The models.
    metadata
        The user's own columns.
    output
        Language of the workbook and of the overview; whether a spreadsheet set to another language
        gets a summary in a form of its own.

    Raises
    ------
    OutputError
        When something cannot be written; earlier files stay as they are.
    """
    finished = [talk for talk in talks if talk.counted]
    table, shown = _summary(finished, metadata)
    failed = failures(talks)
    lang, locale = output.lang, output.excel_locale
    with Staging(out) as staging:
        staging.put(names.SUMMARY_CSV, csv_bytes(shown))
        if locale in LOCALES:
            content = csv_bytes(shown, LOCALES[locale])
            staging.put(localised_name(names.SUMMARY, locale), content)
        staging.put(names.SUMMARY_XLSX, summary_workbook(shown, failed, lang))
        staging.add(names.SUMMARY_PARQUET, partial(_write_parquet, frame=table))
        staging.add(
            names.INTERVALS,
            partial(_write_intervals, out=out, talks=finished, opened=opened, metadata=metadata),
        )
        staging.put(names.FAILURES, csv_bytes(failed))
        staging.put(names.OVERVIEW, overview_page(out, talks, shown, metadata.columns, lang))
        staging.commit(remove=[localised_name(names.SUMMARY, name) for name in LOCALES])


def failures(talks: Iterable[Talk]) -> ShownTable:
    """The table of failures.csv: one row per video that failed."""
    rows = [
        (talk.name, talk.record.stage, talk.record.cause, talk.record.remedy)
        for talk in talks
        if talk.state == "failed" and talk.record is not None
    ]
    columns: list[list[Cell]] = [
        [row[index] for row in rows] for index in range(len(FAILURES.columns))
    ]
    return ShownTable(FAILURES, tuple(columns))


def _summary(finished: Sequence[Talk], metadata: Metadata) -> tuple[Any, ShownTable]:
    """The summary as a DataFrame with exact values, and as files show it."""
    own = [_summary_cells(talk) for talk in finished]
    core = data_frame(SUMMARY, own)
    further = (
        *SUMMARY_END,
        *(Column(name, Kind.TEXT, "group", name) for name in metadata.columns),
    )
    cells = [
        (talk.name, _folder(talk), _warnings(talk), *metadata.of(talk.name)) for talk in finished
    ]
    table = Table(names.SUMMARY, (*SUMMARY.columns, *further))
    frame = core.join(data_frame(Table(names.SUMMARY, further), cells))
    columns: list[list[Cell]] = [[row[index] for row in cells] for index in range(len(further))]
    return frame, ShownTable(table, (*show(SUMMARY.name, core).columns, *columns))


def _summary_cells(talk: Talk) -> tuple[Any, ...]:
    assert talk.record is not None
    row: Mapping[str, Any] = talk.record.summary
    # A video that was renamed since keeps its results; the table calls it what it is called now.
    return tuple(
        talk.name.rpartition("/")[2] if name == "video" else row.get(name) for name in SUMMARY.names
    )


def _folder(talk: Talk) -> str:
    assert talk.record is not None
    return talk.record.folder


def _warnings(talk: Talk) -> str | None:
    """What a reader of the row must know: a talk cut short looks like any other one."""
    assert talk.record is not None
    return " | ".join(talk.record.warnings) or None


def _write_parquet(stream: BinaryIO, frame: Any) -> None:  # noqa: ANN401 - a DataFrame
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = [
        (str(name), _arrow_kind(dtype))
        for name, dtype in zip(frame.columns, frame.dtypes, strict=True)
    ]
    for name, kind in columns:
        if kind == "text":
            frame[name] = [None if cell is None else printable(cell) for cell in frame[name]]
    table = pa.Table.from_pandas(frame, schema=arrow_schema(columns), preserve_index=False)
    pq.write_table(table.replace_schema_metadata(None), stream, compression="zstd")


def _arrow_kind(dtype: object) -> str:
    return {"object": "text", "Int64": "count"}.get(str(dtype), "number")


def _write_intervals(
    stream: BinaryIO, out: Path, talks: Sequence[Talk], opened: Opened, metadata: Metadata
) -> None:
    """Join the rows of all videos, one video at a time: memory does not grow with their number."""
    import pyarrow.parquet as pq

    first = [(name, "text") for name in (*INTERVALS_START, *metadata.columns)]
    schema = arrow_schema([*first, *opened.columns])
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for rows in _parts(out, talks, schema, metadata):
            writer.write_table(rows)


def _parts(
    out: Path,
    talks: Sequence[Talk],
    schema: Any,  # noqa: ANN401 - pyarrow's
    metadata: Metadata,
) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for talk in talks:
        rows = pq.read_table(part_path(out, talk.sha256))
        video = talk.name.rpartition("/")[2]
        values = (video, talk.name, _folder(talk), *metadata.of(talk.name))
        constant = [
            pa.repeat(
                pa.scalar(None if value is None else printable(value), pa.string()), len(rows)
            )
            for value in values
        ]
        yield pa.table([*constant, *rows.columns], schema=schema)


def printable(text: str) -> str:
    """Text that can be written as UTF-8: bytes of a name that are no text become escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
