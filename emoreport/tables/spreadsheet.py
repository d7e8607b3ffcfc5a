"""Tables and texts that people save from other programs, as those programs write them.

Excel saves one sheet in half a dozen ways: separated by commas, semicolons or tabs, with or without
a line ``sep=;`` above, with empty lines and columns at the edges, in UTF-8, in UTF-16, or in the
one-byte encoding of the country. A one-byte encoding cannot be seen from the bytes. It is guessed
only where every encoding under which the words look like words gives the same text.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from emoreport.errors import WordedError

DELIMITERS: Final = (",", ";", "\t")
"""In this order of preference: spreadsheets of some regions separate by semicolons."""

MARKS: Final = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
"""How files in Unicode begin that say so."""

CYRILLIC: Final = ("cp1251", "cp866", "mac_cyrillic")
LATIN: Final = ("cp1252", "cp1250", "mac_roman", "cp850", "cp852")
"""What Excel saves: on Windows, as «MS-DOS» and as «Macintosh»; Western and Central Europe."""

SAMPLE_BYTES: Final = 1_000_000
"""So much of the lines that are not ASCII is looked at for a guess."""

_HINT: Final = re.compile(r'"?sep=(?P<mark>[,;\t|])"?[,;\t ]*', re.IGNORECASE)
_NOTHING: Final = "".join(DELIMITERS) + ' "\r\n\u00a0'
_WORD: Final = re.compile(r"[^\W\d_]+")
_NUMBER_SIGN_IN_WORD: Final = re.compile(r"[^\W\d_]№")
_SIGNS: Final = frozenset("«»„“”‘’–—…№\u00a0")
_RUSSIAN: Final = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")
_SHORT: Final = 3
"""Words of so few letters are no evidence."""


class UnreadableTextError(WordedError):
    """What is wrong with a text or table, in one clause, and what helps."""


# --------------------------------------------------------------------------- text


def decode(
    content: bytes, encoding: str | None = None, known: Iterable[str] = ()
) -> tuple[str, str | None]:
    """Text of a file.

    Parameters
    ----------
    content
        The file.
    encoding
        Of files that are not in Unicode, as the user names it; None: guess it.
    known
        Words that are likely in it; where they occur, they decide the guess.

    Returns
    -------
    text
        Without a byte order mark.
    guessed
        The encoding, if it was guessed; None otherwise.

    Raises
    ------
    UnreadableTextError
        When it is not in Unicode and no encoding is named or can be told, or the one named does not
        fit or exist.
    """
    if encoding is not None:
        _check_name(encoding)
    unicode = next((name for mark, name in MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(unicode)
    except UnicodeDecodeError as error:
        if unicode == "utf-16":
            raise UnreadableTextError("text.not_utf16") from error
    else:
        # One byte per letter and every second one zero is UTF-16 without its mark.
        if encoding is None or "\0" not in text:
            return text, None
    guessed = None if encoding else _guess(content, known)
    if guessed is None and encoding is None:
        raise UnreadableTextError("text.no_encoding")
    try:
        return content.decode(encoding or guessed or ""), guessed
    except UnicodeError as error:
        raise UnreadableTextError("text.other_encoding", encoding=encoding or guessed) from error


def _check_name(encoding: str) -> None:
    try:
        b" ".decode(encoding, "ignore")
    except (LookupError, ValueError) as error:
        raise UnreadableTextError("text.unknown_encoding", encoding=encoding[:40]) from error


def _guess(content: bytes, known: Iterable[str]) -> str | None:
    """The encoding of one byte per letter under which the words are words; None if not clear."""
    lines = [line for line in content.splitlines() if not line.isascii()]
    sample = b"\n".join(lines)[:SAMPLE_BYTES]
    readings: dict[str, str] = {}
    for name in reversed((*CYRILLIC, *LATIN)):  # of those that agree, the first is kept
        try:
            readings[name] = sample.decode(name)
        except UnicodeDecodeError:
            continue
    expected = {word.casefold() for text in known for word in _WORD.findall(text)}
    expected = {word for word in expected if len(word) > _SHORT and not word.isascii()}
    hits = {
        name: len(expected.intersection(word.casefold() for word in _WORD.findall(text)))
        for name, text in readings.items()
    }
    most = max(hits.values(), default=0)
    texts = {text: name for name, text in readings.items() if hits[name] == most}
    if len(texts) == 1 and most:
        return next(iter(texts.values()))
    fitting = [
        (text, name)
        for text, name in texts.items()
        if _may_be_written(text, cyrillic=name in CYRILLIC)
    ]
    if len(fitting) == 1 and (most or _has_small_letters(fitting[0][0])):
        return fitting[0][1]
    return None


def _foreign_words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text) if not word.isascii()]


def _may_be_written(text: str, *, cyrillic: bool) -> bool:
    """Whether the words that are not ASCII are of one alphabet, with the usual capitals."""
    words = _foreign_words(text)
    return (
        all(sign.isascii() or sign in _SIGNS or sign.isalpha() for sign in text)
        and _NUMBER_SIGN_IN_WORD.search(text) is None
        and all(map(_is_russian if cyrillic else _is_latin, words))
        and all(map(_has_usual_capitals, words))
    )


def _has_small_letters(text: str) -> bool:
    """Whether most words are not all capitals: read wrongly, small letters turn into these."""
    words = [word for word in _foreign_words(text) if len(word) > 1]
    return 2 * sum(word.isupper() for word in words) < len(words)


def _has_usual_capitals(word: str) -> bool:
    return len(word) == 1 or word[1:].islower() or word.isupper()


def _is_russian(word: str) -> bool:
    return _RUSSIAN.issuperset(word.casefold())


def _is_latin(word: str) -> bool:
    plain: int = sum(letter.isascii() for letter in word)
    latin = all(unicodedata.name(letter, "").startswith("LATIN") for letter in word)
    return latin and plain >= len(word) - plain


# --------------------------------------------------------------------------- tables


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with a header.

    Attributes
    ----------
    header
        Names of the columns as they are written, without blanks at the ends; some may be empty.
    delimiter
        What separates the cells.
    rows
        Number of the line and cells of each row that holds anything, once. Cells are without blanks
        at the ends; there are as many as columns, or more where the row has more that hold
        anything. Raises UnreadableTextError where quotes do not close or a cell is too long.
    """

    header: tuple[str, ...]
    delimiter: str
    rows: Iterator[tuple[int, list[str]]]

    def column(self, name: str) -> int | None:
        """Place of a column, whatever its capitals; None if there is none.

        Raises
        ------
        UnreadableTextError
            When there are several.
        """
        places = [at for at, own in enumerate(self.header) if own.casefold() == name]
        if len(places) > 1:
            raise UnreadableTextError("text.same_column", name=name)
        return places[0] if places else None


def read_sheet(text: str) -> Sheet:
    """A table with a header, out of text that a spreadsheet saved.

    The first line that holds anything is the header. A line ``sep=;`` above it says what separates
    the cells; without one, it is the sign of `DELIMITERS` that the header has most of.

    Raises
    ------
    UnreadableTextError
        When the header cannot be read as CSV.
    """
    first, _, rest = text.partition("\n")
    hint = _HINT.fullmatch(first.rstrip("\r"))
    body = rest if hint else text
    head = next((line for line in io.StringIO(body, newline="") if line.strip(_NOTHING)), body)
    delimiter = hint["mark"] if hint else max(DELIMITERS, key=head.count)
    rows = _rows(body, delimiter, 1 if hint else 0)
    _, header = next(rows, (0, []))
    return Sheet(tuple(header), delimiter, _filled(rows, len(header)))


def _rows(text: str, delimiter: str, lines_above: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                yield lines_above + reader.line_num, cells
    except csv.Error as error:
        raise UnreadableTextError("text.not_csv", error=error) from error


def _filled(rows: Iterator[tuple[int, list[str]]], columns: int) -> Iterator[tuple[int, list[str]]]:
    for line, cells in rows:
        yield line, cells + [""] * (columns - len(cells))
