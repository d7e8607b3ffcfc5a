"""Tables as CSV: UTF-8, comma, point, line feed, header always, empty cell for unknown.

A text that a spreadsheet would run as a formula gets an apostrophe in front, as OWASP's page on
CSV injection advises; nothing else is changed, so that the text stays recognisable. Excel,
Parquet and JSON files hold it unchanged. In practice this concerns the video's file name only.

For spreadsheets set to another language there is a second form of the same content: semicolon,
decimal comma, byte order mark. It lies beside the first one and never takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from emoreport.tables.cells import Cell, ShownTable
from emoreport.tables.kinds import DECIMALS, TEXT_KINDS, Column, Kind

_FORMULA: Final = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@＝＋－＠]|[\t\r\n])")
"""Where a formula could start: at the start of a cell, or after what some regions' spreadsheets
take for the end of one (they separate cells by semicolons)."""
_QUOTED: Final = re.compile(r'[",;\t\r\n]|^\s|\s$')


@dataclass(frozen=True, slots=True)
class Form:
    """How a CSV file is written: what stands between cells, in numbers and for truth values."""

    separator: str = ","
    decimal: str = "."
    true: str = "true"
    false: str = "false"
    mark: str = ""


PLAIN: Final = Form()
"""The form that scripts read."""
LOCALES: Final[Mapping[str, Form]] = {
    "ru": Form(separator=";", decimal=",", true="ИСТИНА", false="ЛОЖЬ", mark="\ufeff"),
}
"""Forms that a spreadsheet set to a language opens by a double click, numbers as numbers."""


def csv_bytes(content: ShownTable, form: Form = PLAIN) -> bytes:
    """One table as the content of a CSV file.

    Parameters
    ----------
    content
        The table.
    form
        How it is written; the cells are the same in every form.

    Returns
    -------
    UTF-8, without byte order mark in the plain form. Seconds and rates have 3 decimals, shares,
    probabilities, severity and mixed numbers 4, p-values 6, pixels, degrees and decibels 1, counts
    none; truth values are ``true`` and ``false``.
    """
    table = content.table
    written = [
        _fields(column, cells, form)
        for column, cells in zip(table.columns, content.columns, strict=True)
    ]
    between = form.separator.join
    # Columns of a user's own stand in a batch's tables: their names are texts like any other.
    head = between(map(text_field, table.names))
    lines = [head, *map(between, zip(*written, strict=True))]
    # A name that the file system holds in no known encoding is spelt out instead of refused.
    return (form.mark + "\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def localised_name(table: str, locale: str) -> str:
    """Name of the file that holds `table` in the form of a locale."""
    return f"{table}.{locale}.csv"


def _fields(column: Column, cells: Iterable[Cell], form: Form) -> list[str]:
    if column.kind in TEXT_KINDS:
        return ["" if cell is None else text_field(str(cell)) for cell in cells]
    if column.kind is Kind.BOOLEAN:
        return ["" if cell is None else form.true if cell else form.false for cell in cells]
    if column.kind is Kind.COUNT:
        return ["" if cell is None else str(cell) for cell in cells]
    decimals = f".{DECIMALS[column.kind]}f"
    fields = ["" if cell is None else format(cell, decimals) for cell in cells]
    if form.decimal == PLAIN.decimal:
        return fields
    return [field.replace(PLAIN.decimal, form.decimal) for field in fields]


def text_field(text: str) -> str:
    """One text as a CSV field: safe from being taken for a formula, quoted where needed."""
    safe = _FORMULA.sub(r"\1'", text)
    if _QUOTED.search(safe):
        return '"' + safe.replace('"', '""') + '"'
    return safe


def joined(fields: Iterable[str]) -> str:
    """One CSV line of texts, each safe from being taken for a formula; without the line end."""
    return ",".join(map(text_field, fields))
