"""What a column is: its name, its kind and the key of its words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


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
}
"""Digits after the point in CSV, JSON and Excel; Parquet and DataFrames are never rounded.

A p-value is at least one over the number of positions that were tried: six digits never show it as
0, even for a recording of a whole day.
"""


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
        What the description's ``{about}`` stands for: the emotion label of a probability
        column, the name of a further column; else empty.
    codes
        The group of codes (`codes.CODES`) that the cells, or `about`, are from; else empty.
    """

    name: str
    kind: Kind
    word: str
    about: str = ""
    codes: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table or file of readings: its name and its columns in order."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Machine names of the columns in order."""
        return tuple(column.name for column in self.columns)

    def __getitem__(self, name: str) -> Column:
        """Column called `name`; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")
