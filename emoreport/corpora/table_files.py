"""Read the tables that people keep their labels in, as spreadsheets save them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from emoreport.corpora.errors import CorpusError
from emoreport.errors import InputNotFoundError
from emoreport.tables.spreadsheet import UnreadableTextError, decode, read_sheet


@dataclass(frozen=True, slots=True)
class LabelTable:
    """A table with a header, read whole.

    Attributes
    ----------
    header
        Names of the columns as they are written.
    places
        Where each column is that was asked for; None where there is none.
    rows
        Number of the line and cells of each row.
    guessed
        The encoding, where it had to be guessed.
    """

    header: tuple[str, ...]
    places: dict[str, int | None]
    rows: list[tuple[int, list[str]]]
    guessed: str | None

    def lacks(self, *names: str) -> bool:
        """Whether one of these columns is not there."""
        return any(self.places[name] is None for name in names)

    def cells(self, *names: str) -> Iterator[tuple[str, ...]]:
        """The cells of these columns, row by row; empty where there is no such column."""
        places = [self.places[name] for name in names]
        for _, row in self.rows:
            yield tuple("" if at is None else row[at] for at in places)

    def others(self) -> dict[str, int]:
        """Named columns that were not asked for, and where they are."""
        asked = self.places.values()
        return {name: at for at, name in enumerate(self.header) if name and at not in asked}


def read_table(path: Path, names: Sequence[str], encoding: str | None = None) -> LabelTable:
    """Read a table and find columns in it.

    Parameters
    ----------
    names
        Columns that are asked for, in lower case.
    encoding
        Of a file that is not in Unicode; guessed where that is safe if None.

    Raises
    ------
    InputNotFoundError, CorpusError
        When it is no file or cannot be read.
    """
    if not path.is_file():
        raise InputNotFoundError("evaluate.not_a_file", file=path)
    try:
        text, guessed = decode(path.read_bytes(), encoding)
        sheet = read_sheet(text)
        places = {name: sheet.column(name) for name in names}
        return LabelTable(sheet.header, places, list(sheet.rows), guessed)
    except OSError as error:
        raise CorpusError("file.unreadable", error=error.strerror, file=path) from error
    except UnreadableTextError as error:
        raise error.turned_into(CorpusError, file=path) from error
