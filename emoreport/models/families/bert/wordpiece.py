"""Cut a text into the pieces of words that a BERT network knows.

The rules are those of BERT (Devlin et al., 2019, NAACL, arXiv:1810.04805): words and signs apart,
then greedily the longest piece of the vocabulary, pieces inside a word marked by ``##``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from emoreport.errors import ModelError

UNKNOWN: Final = "[UNK]"
FIRST: Final = "[CLS]"
LAST: Final = "[SEP]"
FILL: Final = "[PAD]"
INSIDE: Final = "##"
LONGEST_WORD: Final = 100
"""Longer words are unknown."""
_SIGNS: Final = frozenset("$+<=>^`|~")
"""Signs that Unicode does not count as punctuation and BERT does."""
_IDEOGRAPHS: Final = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)


class WordPieces:
    """Turns texts into numbers of the vocabulary.

    Parameters
    ----------
    vocabulary
        ``vocab.txt``: one piece a line.
    lower
        Whether capitals and accents are dropped first.
    longest
        Most pieces of a text, `FIRST` and `LAST` included; what is beyond is cut off.

    Raises
    ------
    ModelError
        When the file cannot be read or lacks a piece that every BERT has.
    """

    def __init__(self, vocabulary: Path, *, lower: bool, longest: int) -> None:
        try:
            lines = vocabulary.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError("file.unreadable", error=error, file=vocabulary) from error
        pieces = [line.removesuffix("\r") for line in lines]
        self._numbers = {piece: number for number, piece in enumerate(pieces) if piece}
        missing = [piece for piece in (UNKNOWN, FIRST, LAST, FILL) if piece not in self._numbers]
        if missing:
            raise ModelError("models.lacks", names=", ".join(missing), file=vocabulary)
        self._lower = lower
        self._longest = longest
        self.fill = self._numbers[FILL]

    def __len__(self) -> int:
        return max(self._numbers.values()) + 1

    def numbers(self, text: str) -> list[int]:
        """Numbers of the pieces of a text, between those of `FIRST` and `LAST`."""
        found: list[int] = []
        room = self._longest - 2
        for word in _words(text, lower=self._lower):
            found += self._of_word(word)
            if len(found) >= room:
                break
        return [self._numbers[FIRST], *found[:room], self._numbers[LAST]]

    def _of_word(self, word: str) -> Sequence[int]:
        found: list[int] = []
        start = 0
        while start < len(word):
            number = None
            for stop in range(len(word) if len(word) <= LONGEST_WORD else start, start, -1):
                piece = word[start:stop]
                number = self._numbers.get(INSIDE + piece if start else piece)
                if number is not None:
                    break
            if number is None:
                return [self._numbers[UNKNOWN]]
            found.append(number)
            start = stop
        return found


def _words(text: str, *, lower: bool) -> Iterator[str]:
    """Words, and every sign and ideograph by itself."""
    for written in "".join(map(_cleaned, text)).split():
        plain = written
        if lower:
            decomposed = unicodedata.normalize("NFD", written.lower())
            plain = "".join(sign for sign in decomposed if unicodedata.category(sign) != "Mn")
        word = ""
        for letter in plain:
            if _is_sign(letter):
                if word:
                    yield word
                yield letter
                word = ""
            else:
                word += letter
        if word:
            yield word


def _cleaned(letter: str) -> str:
    if letter in "\t\n\r":
        return " "
    kind = unicodedata.category(letter)
    if letter in "\0\ufffd" or kind.startswith("C"):
        return ""
    if kind == "Zs":
        return " "
    if any(low <= ord(letter) <= high for low, high in _IDEOGRAPHS):
        return f" {letter} "
    return letter


def _is_sign(letter: str) -> bool:
    return letter in _SIGNS or unicodedata.category(letter).startswith("P")
