"""Who is learned from, who is chosen on and who is judged: by person, never by clip or frame.

Frames of one person resemble each other. A network that has met a person is right about that
person's other clips for reasons that do not hold for anybody else, and its score is worth nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np

from emoreport.corpora.errors import CorpusError
from emoreport.corpora.table_files import read_table

Part = Literal["train", "validation", "test"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)
OFFICIAL: Final[Mapping[str, Part]] = {"train_set": "train", "validation_set": "test"}
"""Folders of Aff-Wild2. The labels of its test set are not published: its validation set is what
is reported on, so nothing may be chosen on it."""
FIFTH: Final = 0.2
FEWEST_PEOPLE: Final = 3


def split_by_person(
    people: Mapping[str, str], official: Mapping[str, Part], seed: int
) -> dict[str, Part]:
    """Put every recording into a part.

    Where the publisher says which recordings are for testing, a fifth of the people in the others
    is for validation, drawn by `seed`; else a fifth of all people is for testing, and a fifth for
    validation.

    Parameters
    ----------
    people
        Person by recording.
    official
        Part by recording, as the publisher has it; empty where there are no such parts.
    seed
        Of the order in which people are drawn.

    Raises
    ------
    CorpusError
        When there are too few people, or the publisher's parts share one.
    """
    parts = {name: official[name] for name in people if name in official}
    free = [name for name in people if parts.get(name) != "test"]
    groups = sorted({people[name] for name in free})
    order = [groups[index] for index in np.random.default_rng(seed).permutation(len(groups))]
    fifth = max(1, round(FIFTH * len(order)))
    named: list[Part] = ["validation"] if parts else ["test", "validation"]
    if len(order) < (FEWEST_PEOPLE - 1 if parts else FEWEST_PEOPLE):
        raise CorpusError("train_head.few_people", people=len(order), needed=FEWEST_PEOPLE)
    drawn: dict[str, Part] = dict.fromkeys(order, "train")
    for number, part in enumerate(named):
        drawn |= dict.fromkeys(order[number * fifth : (number + 1) * fifth], part)
    parts |= {name: drawn[people[name]] for name in free}
    check_people(parts, people)
    return parts


def check_people(parts: Mapping[str, Part], people: Mapping[str, str]) -> None:
    """Refuse a split in which a person is in two parts, or a part is empty.

    Raises
    ------
    CorpusError
        When it is such a split.
    """
    where: dict[str, set[Part]] = {}
    for name, part in parts.items():
        where.setdefault(people[name], set()).add(part)
    for person, found in where.items():
        if len(found) > 1:
            raise CorpusError(
                "train_head.same_person", person=person, parts=" / ".join(sorted(found))
            )
    lacking = [part for part in PARTS if part not in parts.values()]
    if lacking:
        raise CorpusError("train_head.empty_part", part=lacking[0])


def read_split(path: Path, names: Sequence[str]) -> dict[str, Part]:
    """Read a user's split: a table with the columns file and part (train, validation, test).

    Recordings that it does not name are left out.

    Parameters
    ----------
    names
        The recordings there are.

    Raises
    ------
    InputNotFoundError, CorpusError
        When it is no such table.
    """
    table = read_table(path, ("file", "part"))
    if table.lacks("file", "part"):
        raise CorpusError("train_head.split_columns", file=path)
    told = {name.casefold(): part for name, part in table.cells("file", "part")}
    told |= {name.rpartition(".")[0]: part for name, part in told.items() if "." in name}
    parts: dict[str, Part] = {}
    for name in names:
        written = told.get(name.casefold())
        chosen = next((one for one in PARTS if written and one == written.casefold()), None)
        if chosen is not None:
            parts[name] = chosen
        elif written:
            raise CorpusError("train_head.part_name", name=name, part=written, file=path)
    if not parts:
        raise CorpusError("train_head.split_names_none", file=path)
    return parts
