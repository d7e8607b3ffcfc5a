"""Read who is in which recording: people, not files, are what scores generalise to."""

from __future__ import annotations

from pathlib import Path

from emoreport.corpora.errors import CorpusError
from emoreport.corpora.table_files import read_table


def read_people(path: Path) -> dict[str, str]:
    """Person by the name of the file, from a table with the columns file and person.

    Raises
    ------
    InputNotFoundError, CorpusError
        When it is not there or lacks a column.
    """
    table = read_table(path, ("file", "person"))
    if table.lacks("file", "person"):
        raise CorpusError("corpora.people_columns", file=path)
    return {file: person for file, person in table.cells("file", "person") if person}
