"""What every column means, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from emoreport import messages as words
from emoreport.tables.codes import CODES, code_meaning, code_name
from emoreport.tables.schema import Column, Table
from emoreport.vocabulary import ALL_LABELS


@dataclass(frozen=True, slots=True)
class Definition:
    """One line of the dictionary.

    Attributes
    ----------
    source
        Sheet or file that has the column.
    column
        Header of the column there.
    meaning, unit
        What it says and in which unit.
    machine
        Its name in CSV, JSON and Parquet files.
    leading
        Whether most readers need it; see `Table.lead`.
    """

    source: str
    column: str
    meaning: str
    unit: str
    machine: str
    leading: bool = False


def sheet_name(table: str, lang: str) -> str:
    """Name of the sheet of a table, or of the sheets ``summary`` and ``dictionary``."""
    return words.text(f"tables.sheet.{table}", lang)


def label(column: Column, lang: str) -> str:
    """Name of a column for people."""
    return words.text(f"tables.column.{column.word}.label", lang, about=_about(column, lang))


def header(column: Column, lang: str) -> str:
    """Header of a column in the workbook: the machine name in English, else its name for people."""
    return column.name if lang == "en" else label(column, lang)


def meaning(column: Column, lang: str) -> str:
    """Explain a column in one or two sentences."""
    return words.text(f"tables.column.{column.word}.meaning", lang, about=_about(column, lang))


def unit(column: Column, lang: str) -> str:
    """Unit of a column, or what kind of value it holds."""
    return words.text(f"tables.unit.{column.kind.value}", lang)


def dictionary(tables: Iterable[Table], lang: str) -> list[Definition]:
    """Explain every column of these tables, then everything that their cells name.

    Parameters
    ----------
    tables
        Tables and files of readings, in the order wanted.
    lang
        Language of the words.

    Raises
    ------
    KeyError
        When a column, a name or a code has no words.
    """
    described = tuple(tables)
    columns = [column for table in described for column in table.columns]
    definitions = [
        replace(_column_definition(table, column, lang), leading=column in table.leading)
        for table in described
        for column in table.columns
    ]
    return definitions + value_definitions(columns, lang)


def value_definitions(columns: Iterable[Column], lang: str) -> list[Definition]:
    """Explain the emotions, then the codes of these columns."""
    definitions = []
    source = words.text("tables.dictionary.values", lang)
    unit_name = words.text("tables.unit.label", lang)
    for name in ALL_LABELS:
        shown = name if lang == "en" else words.label_name(name, lang)
        text = words.text(f"tables.value.{name}", lang)
        definitions.append(Definition(source, shown, text, unit_name, name, leading=True))
    used = {column.codes for column in columns}
    return definitions + [
        definition for group in CODES if group in used for definition in _codes(group, lang)
    ]


def _codes(group: str, lang: str) -> list[Definition]:
    source = words.text(f"tables.dictionary.{group}", lang)
    unit_name = words.text("tables.unit.code", lang)
    return [
        Definition(
            source,
            code if lang == "en" else code_name(group, code, lang),
            code_meaning(group, code, lang),
            unit_name,
            code,
        )
        for code in CODES[group]
    ]


def _about(column: Column, lang: str) -> str:
    if column.codes and column.about:
        return code_name(column.codes, column.about, lang)
    return words.label_name(column.about, lang)


def _column_definition(table: Table, column: Column, lang: str) -> Definition:
    meaning_text, unit_text = meaning(column, lang), unit(column, lang)
    if table.rows is None:
        source = f"{table.name}.parquet"
        return Definition(source, column.name, meaning_text, unit_text, column.name)
    source = sheet_name(table.name, lang)
    shown = label(column, lang) if table.name == "summary" else header(column, lang)
    return Definition(source, shown, meaning_text, unit_text, column.name)
