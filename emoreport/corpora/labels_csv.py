"""Read labels.csv: one line for each clip, with its file and emotion."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from emoreport.corpora.clips import LabelledClip
from emoreport.corpora.errors import CorpusError
from emoreport.corpora.label_names import standard_names
from emoreport.corpora.table_files import read_table
from emoreport.errors import InputNotFoundError

LABELS_FILE: Final = "labels.csv"
_COLUMNS: Final = ("file", "emotion", "corpus", "speaker")


def read_labels_csv(
    path: Path, encoding: str | None = None
) -> tuple[list[LabelledClip], str | None]:
    """Read a table of clips: columns file and emotion; corpus, speaker and others if it has them.

    Parameters
    ----------
    path
        The file, or the folder that holds it as labels.csv.
    encoding
        Of a file that is not in Unicode; guessed where that is safe if None.

    Returns
    -------
    The clips, and the encoding where it had to be guessed. A person is ``corpus/speaker`` where the
    table names a corpus: speaker 01 of two corpora is two people.

    Raises
    ------
    InputNotFoundError, CorpusError
        When it is not there or lacks a column.
    """
    if not path.is_file():
        path = path / LABELS_FILE
        if not path.is_file():
            raise InputNotFoundError("evaluate.no_labels_file", file=path.parent)
    table = read_table(path, _COLUMNS, encoding)
    if table.lacks("file", "emotion"):
        raise CorpusError("evaluate.clip_columns", file=path)
    rows = list(table.cells(*_COLUMNS))
    labels = standard_names([row[1] for row in rows], [row[2] for row in rows])
    others = table.others()
    clips = [
        LabelledClip(
            file=file,
            label=label,
            written=written,
            person=f"{corpus}/{speaker}" if corpus and speaker else speaker,
            corpus=corpus,
            facts={name: cells[at] for name, at in others.items()},
        )
        for (file, written, corpus, speaker), label, (_, cells) in zip(
            rows, labels, table.rows, strict=True
        )
    ]
    return clips, table.guessed
