"""Read the annotations of RAMAS: several people say at every moment which emotions they see.

Perepelkina, Kazimirova and Konstantinova: RAMAS: Russian Multimodal Corpus of Dyadic Interaction
for Affective Computing. SPECOM 2018. The folder ``Annotations_by_files`` holds a table for each
recording, ``10dec_O11_1_ann.csv``: the column Time (seconds), a column of 0 and 1 for each state
(Angry, Sad, Disgusted, Happy, Scared, Surprised, Neutral and others that are no emotions), and the
column ID (the annotator). Several rows have one time: one of each annotator. The last number of the
name is the actor of that day; ``Docs/actors_descr.csv`` (Date, ID, Name) says who that was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import numpy as np

from emoreport.corpora.clips import LabelledClip
from emoreport.corpora.errors import CorpusError
from emoreport.corpora.table_files import read_table
from emoreport.records import DoubleArray, IntArray
from emoreport.vocabulary import EMOTIONS, label_named

FOLDER: Final = "Annotations_by_files"
ENDING: Final = "_ann.csv"
ACTORS: Final = Path("Docs") / "actors_descr.csv"
LABELS: Final = ("anger", "sadness", "disgust", "happiness", "fear", "surprise", "neutral")
"""Columns of `Votes.votes`, in the order of the corpus."""


@dataclass(frozen=True, slots=True)
class Votes:
    """What annotators saw in one recording, moment by moment.

    Attributes
    ----------
    file
        Name of the recording: that of the table without its ending.
    person
        Who is seen: the actor's name, or the day and number where no table of actors is there.
    start_s, end_s
        (M,) float64; a moment lasts until anybody's next row.
    votes
        (M, 7) int64, how many annotators see each of `LABELS`.
    """

    file: str
    person: str
    start_s: DoubleArray
    end_s: DoubleArray
    votes: IntArray

    def of_person(self, people: Mapping[str, str]) -> Self:
        """The recording with the person that it has among `people`, if any."""
        return replace(self, person=people.get(self.file, self.person))

    def as_clip(self) -> LabelledClip:
        """The recording as one clip, without a label of its own."""
        return LabelledClip(self.file, "", "", self.person)


def is_ramas(folder: Path) -> bool:
    """Whether a folder holds annotations in this layout."""
    return any(_tables(folder))


def read_ramas(folder: Path) -> list[Votes]:
    """Read the annotations of all recordings.

    Parameters
    ----------
    folder
        The corpus, or its folder of annotations.

    Raises
    ------
    CorpusError
        When a table cannot be read.
    """
    root = folder if (folder / FOLDER).is_dir() else folder.parent
    actors = _actors(root / ACTORS)
    return [_read(path, actors) for path in _tables(folder)]


def _tables(folder: Path) -> Iterator[Path]:
    within = folder / FOLDER if (folder / FOLDER).is_dir() else folder
    if within.is_dir():
        yield from sorted(within.glob(f"*{ENDING}"))


def _read(path: Path, actors: dict[tuple[str, str], str]) -> Votes:
    table = read_table(path, ("time", "id"))
    columns = {
        label: at for name, at in table.others().items() if (label := label_named(name)) in EMOTIONS
    }
    if table.lacks("time", "id") or not set(columns) >= set(LABELS):
        raise CorpusError("corpora.vote_columns", file=path)
    at = table.places["time"] or 0
    rows: dict[str, list[tuple[float, ...]]] = {}
    for (line, cells), (annotator,) in zip(table.rows, table.cells("id"), strict=True):
        try:
            numbers = tuple(float(cells[place]) for place in (at, *columns.values()))
        except ValueError as error:
            raise CorpusError("evaluate.no_number", line=line, error=error, file=path) from error
        if not np.isfinite(numbers).all():
            raise CorpusError("corpora.no_number", line=line, text=",".join(cells), file=path)
        rows.setdefault(annotator, []).append(numbers)
    order = [list(columns).index(label) for label in LABELS]
    own = [np.array(sorted(said)) for said in rows.values()]
    start_s = np.unique(np.concatenate([said[:, 0] for said in own]) if own else np.zeros(0))
    votes = np.zeros((len(start_s), len(LABELS)), np.int64)
    for said in own:
        votes += _in_force(said, start_s)[:, order]
    name = path.name.removesuffix(ENDING)
    day, _, rest = name.partition("_")
    actor = rest.rpartition("_")[2]
    return Votes(
        file=name,
        person=actors.get((day[:2], actor), f"{day}/{actor}"),
        start_s=start_s,
        end_s=np.append(start_s[1:], start_s[-1:] + _step(start_s)),
        votes=votes,
    )


def _in_force(said: DoubleArray, start_s: DoubleArray) -> IntArray:
    """What one annotator sees at every moment, (M, states): each row holds until the next one.

    Nothing before the first row, nor later than one usual step after the last one.
    """
    row = np.searchsorted(said[:, 0], start_s, side="right") - 1
    there = (row >= 0) & (start_s < said[-1, 0] + _step(said[:, 0]))
    return np.where(there[:, np.newaxis], said[row, 1:] > 0, False).astype(np.int64)


def _step(times_s: DoubleArray) -> float:
    """Usual distance of two times; a second where there is one only."""
    steps = np.diff(np.unique(times_s))
    return float(np.median(steps)) if len(steps) else 1.0


def _actors(path: Path) -> dict[tuple[str, str], str]:
    """Name by day of the month and number; empty where there is no table."""
    if not path.is_file():
        return {}
    table = read_table(path, ("date", "id", "name"))
    return {(date[:2], number): name for date, number, name in table.cells("date", "id", "name")}
