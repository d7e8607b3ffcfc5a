"""The values that files show: rounded once, so that CSV, Excel and JSON agree digit for digit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from emoreport.results import Analysis
from emoreport.tables.columns import table_of
from emoreport.tables.schema import DECIMALS, TEXT_KINDS, Column, Kind, Table

if TYPE_CHECKING:
    import pandas as pd

Cell = str | float | int | bool | None
_MS_PER_S: Final = 1000


@dataclass(frozen=True, slots=True)
class ShownTable:
    """One table as its files show it.

    Attributes
    ----------
    table
        Its description.
    columns
        Its cells by column, in the order of the description; None is an unknown value.
    """

    table: Table
    columns: tuple[list[Cell], ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.columns[0])

    def records(self) -> list[dict[str, Cell]]:
        """Its rows: cell by name of the column."""
        names = self.table.names
        return [dict(zip(names, row, strict=True)) for row in zip(*self.columns, strict=True)]


def show_rows(table: Table, analysis: Analysis) -> ShownTable:
    """Round the values of one table of an analysis for showing; see `show`."""
    rows = table.rows_of(analysis)
    columns = {
        column.name: _cells(
            column,
            [column.value(analysis)] * len(rows) if column.is_of_talk else map(column.value, rows),
        )
        for column in table.columns
    }
    return _shown(table, columns)


def show(name: str, frame: pd.DataFrame) -> ShownTable:
    """Round the values of one table for showing.

    Where a table has start and end, `duration` is the shown end minus the shown start, so that
    the rows of a file add up to the millisecond; it may differ from the exact duration by 1 ms.

    Parameters
    ----------
    name
        Name of one of the tables.
    frame
        Its DataFrame, as `build_tables` made it.

    Raises
    ------
    ValueError
        When the columns are not those of the table.
    """
    table = table_of(name, map(str, frame.columns))
    columns = {}
    for column in table.columns:
        series = frame[column.name]
        known = zip(series.tolist(), series.isna().tolist(), strict=True)
        columns[column.name] = _cells(column, (None if gone else value for value, gone in known))
    return _shown(table, columns)


def _shown(table: Table, columns: dict[str, list[Cell]]) -> ShownTable:
    if {"start", "end", "duration"} <= columns.keys():
        columns["duration"] = [
            _difference(start, end)
            for start, end in zip(columns["start"], columns["end"], strict=True)
        ]
    return ShownTable(table, tuple(columns.values()))


def _cells(column: Column, values: Iterable[Any]) -> list[Cell]:
    convert = _converter(column)
    # What is not a number does not equal itself.
    return [None if value is None or value != value else convert(value) for value in values]  # noqa: PLR0124


def _converter(column: Column) -> Callable[[Any], Cell]:
    if column.kind in TEXT_KINDS:
        return str
    if column.kind is Kind.BOOLEAN:
        return bool
    if column.kind is Kind.COUNT:
        return int
    decimals = DECIMALS[column.kind]
    # Adding zero turns a negative zero into zero: "-0.000" is no time.
    return lambda value: round(float(value), decimals) + 0.0


def _difference(start: Cell, end: Cell) -> Cell:
    if not isinstance(start, float) or not isinstance(end, float):
        return None
    return (round(end * _MS_PER_S) - round(start * _MS_PER_S)) / _MS_PER_S
