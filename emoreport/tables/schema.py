"""What a column is: its name, its kind, the key of its words and the value it takes from a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from emoreport.results import Analysis


class Kind(Enum):
    """What a column holds; decides type, decimals, unit and look of its cells."""

    TEXT = "text"
    LABEL = "label"
    CODE = "code"
    SECONDS = "seconds"
    SHARE = "share"
    DISTANCE = "distance"
    SIGNED = "signed"
    DEVIATIONS = "deviations"
    P_VALUE = "p_value"
    COUNT = "count"
    BOOLEAN = "boolean"
    PER_SECOND = "per_second"
    PER_MINUTE = "per_minute"
    PIXELS = "pixels"
    DEGREES = "degrees"
    DECIBELS = "decibels"
    HERTZ = "hertz"
    SEMITONES = "semitones"
    NUMBER = "number"
    SPANS = "spans"


TEXT_KINDS: Final = frozenset({Kind.TEXT, Kind.LABEL, Kind.CODE})
DECIMALS: Final = {
    Kind.SECONDS: 3,
    Kind.SHARE: 4,
    Kind.DISTANCE: 4,
    Kind.SIGNED: 4,
    Kind.NUMBER: 4,
    Kind.DEVIATIONS: 4,
    Kind.P_VALUE: 6,
    Kind.PER_SECOND: 3,
    Kind.PER_MINUTE: 3,
    Kind.PIXELS: 1,
    Kind.DEGREES: 1,
    Kind.DECIBELS: 1,
    Kind.HERTZ: 1,
    Kind.SEMITONES: 2,
}
"""Digits after the point in CSV, JSON and Excel; Parquet and DataFrames are never rounded.

A p-value is at least one over the number of positions that were tried: six digits never show it as
0, even for a recording of a whole day.
"""


def value_at(record: Any, path: str) -> Any:  # noqa: ANN401 - records of any kind
    """Attribute of an attribute …, names with dots between them; None where one of them is None."""
    for name in path.split("."):
        if record is None:
            return None
        record = getattr(record, name)
    return record


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    name
        Machine name: the header in CSV, Parquet, JSON and the English workbook.
    kind
        What it holds.
    word
        Key of its description below ``tables.column``.
    about
        What fills ``{about}`` in the description: the emotion label of a probability
        column, the name of a further column; else empty.
    codes
        The group of codes (`codes.CODES`) that the cells, or `about`, are from; else empty.
    get
        Where its value comes from: attributes of a row with dots between them, or a function of the
        row. Left empty, the row's attribute of the column's own name.
    is_of_talk
        Whether the value is that of the whole analysis, the same in every row.
    """

    name: str
    kind: Kind
    word: str
    about: str = ""
    codes: str = ""
    get: str | Callable[[Any], object] = field(default="", compare=False, repr=False)
    is_of_talk: bool = False

    def value(self, row: Any) -> Any:  # noqa: ANN401 - a row and a cell of any table
        """Exact value in one row of the table; None where it is not known."""
        return self.get(row) if callable(self.get) else value_at(row, self.get or self.name)


START: Final = Column("start", Kind.SECONDS, "start", get="span.start_s")
END: Final = Column("end", Kind.SECONDS, "end", get="span.end_s")
DURATION: Final = Column("duration", Kind.SECONDS, "duration", get="span.duration_s")
"""Columns of every table of stretches of time."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table or file of readings.

    Attributes
    ----------
    name
        Stem of its file.
    columns
        Its columns in order.
    rows
        What the rows of the table are, of one analysis; None for a file of readings.
    lead
        So many columns, from the first, are what most readers need: they are printed, and the
        dictionary explains them first. None: all of them.
    """

    name: str
    columns: tuple[Column, ...]
    rows: Callable[[Analysis], Iterable[Any]] | None = field(
        default=None, compare=False, repr=False
    )
    lead: int | None = None

    @property
    def leading(self) -> tuple[Column, ...]:
        """The columns that most readers need; none of a file of readings."""
        return self.columns[: self.lead] if self.rows else ()

    @property
    def names(self) -> tuple[str, ...]:
        """Machine names of the columns in order."""
        return tuple(column.name for column in self.columns)

    def rows_of(self, analysis: Analysis) -> list[Any]:
        """What the rows of the table are.

        Raises
        ------
        TypeError
            For a file of readings, whose columns are arrays.
        """
        if self.rows is None:
            raise TypeError(f"{self.name} has no rows of its own")
        return list(self.rows(analysis))

    def values(self, analysis: Analysis) -> list[tuple[object, ...]]:
        """Exact values of every row, None for unknown; TypeError as for `rows_of`."""
        return [
            tuple(column.value(analysis if column.is_of_talk else row) for column in self.columns)
            for row in self.rows_of(analysis)
        ]

    def __getitem__(self, name: str) -> Column:
        """Column called `name`; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")
