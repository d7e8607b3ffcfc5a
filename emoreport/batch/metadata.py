"""Read metadata.csv: who speaks in which video, and whatever else distinguishes the videos."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from emoreport.errors import InputNotFoundError, SettingsError
from emoreport.tables.spreadsheet import UnreadableTextError, decode, read_sheet

METADATA_FILE: Final = "metadata.csv"
KEY: Final = "video"


@dataclass(frozen=True, slots=True)
class Metadata:
    """Columns that a user gives for each video.

    Attributes
    ----------
    columns
        Their names, in the order of the file, without `KEY`.
    rows
        Values by the path of a video below the folder; videos without a line are not there.
    unused
        Entries of the file that mean none of the videos.
    guessed_encoding
        The encoding of the file, where it had to be guessed.
    """

    columns: tuple[str, ...] = ()
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    guessed_encoding: str | None = None

    def of(self, name: str) -> tuple[str | None, ...]:
        """Values of a video given by its path below the folder; None for unknown."""
        return tuple(value or None for value in self.rows.get(name, ("",) * len(self.columns)))


def read_metadata(
    path: Path, names: Sequence[str], reserved: Iterable[str], encoding: str | None = None
) -> Metadata:
    """Read a table of values per video.

    Parameters
    ----------
    path
        CSV as spreadsheets save it, with a column ``video``: the path of a video below the folder,
        or its file name where that is the only one of its kind.
    names
        Paths of the videos below the folder.
    reserved
        Names of columns that the batch's own tables have.
    encoding
        Of a file that is not in Unicode; guessed where that is safe if None.

    Raises
    ------
    InputNotFoundError
        When the file is not there.
    SettingsError
        When it cannot be used: no column ``video``, columns of one name, a video twice, a file
        name that several videos have.
    """
    try:
        text, guessed = decode(path.read_bytes(), encoding, names)
        sheet = read_sheet(text)
        key_column = sheet.column(KEY)
        lines = list(sheet.rows)
    except FileNotFoundError as error:
        raise InputNotFoundError("file.missing", file=path) from error
    except OSError as error:
        raise SettingsError("file.unreadable", error=error.strerror, file=path) from error
    except UnreadableTextError as error:
        raise error.turned_into(SettingsError, file=path) from error
    if key_column is None:
        raise SettingsError("metadata.no_column", name=KEY, file=path)
    heads = sheet.header
    # Spreadsheets save columns that hold nothing, too.
    filled = [at for at, head in enumerate(heads) if head or any(cells[at] for _, cells in lines)]
    others = [at for at in filled if at != key_column]
    columns = _columns(path, [heads[at] for at in others], set(reserved))
    rows: dict[str, tuple[str, ...]] = {}
    for number, cells in lines:
        if len(cells) > len(heads):
            raise SettingsError("metadata.too_many_cells", number=number, file=path)
        key = cells[key_column].replace("\\", "/").removeprefix("./")
        if key and key in rows:
            raise SettingsError("metadata.named_twice", name=key, file=path)
        if key:
            rows[key] = tuple(cells[at] for at in others)
    meant = _meant(path, rows, names)
    unused = tuple(key for key in rows if key not in meant.values())
    values = {name: rows[key] for name, key in meant.items()}
    return Metadata(columns, values, unused, guessed)


def _columns(path: Path, columns: list[str], reserved: set[str]) -> tuple[str, ...]:
    taken = sorted(reserved.intersection(columns))
    if not all(columns) or len(set(columns)) < len(columns):
        raise SettingsError("metadata.unnamed_columns", file=path)
    if taken:
        raise SettingsError("metadata.taken_columns", columns=", ".join(taken), file=path)
    return tuple(columns)


def _meant(path: Path, rows: Mapping[str, object], names: Sequence[str]) -> dict[str, str]:
    """Entry of the file by the path of the video that it means.

    An entry that is the path of a video means that one; any other may be a bare file name.
    """
    keys = {_normal(key): key for key in rows}
    paths = {_normal(name) for name in names}
    meant: dict[str, str] = {}
    owner: dict[str, str] = {}
    for name in names:
        whole, bare = _normal(name), _normal(name.rpartition("/")[2])
        if whole in keys:
            meant[name] = keys[whole]
        elif bare in keys and bare not in paths:
            if bare in owner:
                raise SettingsError(
                    "metadata.ambiguous", key=keys[bare], first=owner[bare], second=name, file=path
                )
            meant[name] = keys[bare]
            owner[bare] = name
    return meant


def _normal(name: str) -> str:
    """Some systems store letters with accents as two characters each."""
    return unicodedata.normalize("NFC", name)
