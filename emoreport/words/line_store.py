"""Keep the lines of a transcript close together: a million take little more than their file."""

from __future__ import annotations

import math
from abc import abstractmethod
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar, overload

from emoreport.tiers.raw import FormatError
from emoreport.words.lines import Line, Part

MOST_LINES: Final = 2_000_000
"""Of a hundred hours of talk, word by word, there are half as many."""


_Kind = TypeVar("_Kind", Line, Part)


class _Store(Sequence[_Kind]):
    """A sequence whose elements are made when somebody looks at them."""

    @abstractmethod
    def _made(self, index: int) -> _Kind:
        """The element of an index that there is."""

    @overload
    def __getitem__(self, index: int) -> _Kind: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[_Kind]: ...
    def __getitem__(self, index: int | slice) -> _Kind | Sequence[_Kind]:
        if isinstance(index, slice):
            return [self._made(at) for at in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._made(index)


class PartStore(_Store[Part]):
    """Texts with start, end and confidence, one behind the other.

    Raises
    ------
    FormatError
        When there are more than `MOST_LINES` of them.
    """

    def __init__(self) -> None:
        self._content = bytearray()
        self._ends = array("q", [0])
        self._numbers = array("d")

    def __len__(self) -> int:
        return len(self._ends) - 1

    def _made(self, index: int) -> Part:
        content = self._content[self._ends[index] : self._ends[index + 1]]
        own = self._numbers[3 * index : 3 * index + 3]
        start_s, end_s, share = (None if math.isnan(number) else number for number in own)
        return Part(content.decode("utf-8", "surrogatepass"), start_s, end_s, share)

    def append(self, part: Part) -> None:
        """Add a part at the end."""
        if len(self) >= MOST_LINES:
            raise FormatError("transcript.too_many_lines", limit=MOST_LINES)
        # A JSON may hold halves of letters.
        self._content += part.text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._content))
        numbers = part.start_s, part.end_s, part.confidence
        self._numbers.extend(math.nan if number is None else number for number in numbers)


class LineStore(_Store[Line]):
    """Lines in the order of a file; each becomes an object only while somebody looks at it.

    Raises
    ------
    FormatError
        When there are more than `MOST_LINES` of them, or of their parts.
    """

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self._lines = PartStore()
        self._parts = PartStore()
        self._part_ends = array("q", [0])
        for line in lines:
            self.append(line)

    def __len__(self) -> int:
        return len(self._lines)

    def _made(self, index: int) -> Line:
        own = self._lines[index]
        parts = range(self._part_ends[index], self._part_ends[index + 1])
        return Line(own.text, own.start_s, own.end_s, tuple(self._parts[at] for at in parts))

    def append(self, line: Line) -> None:
        """Add a line at the end."""
        self._lines.append(Part(line.text, line.start_s, line.end_s))
        for part in line.parts:
            self._parts.append(part)
        self._part_ends.append(len(self._parts))


def text_lines(text: str) -> Iterator[str]:
    """Lines of a text one by one, without their ends; `str.split` makes all of them at once."""
    at = 0
    while (end := text.find("\n", at)) >= 0:
        yield text[at:end]
        at = end + 1
    yield text[at:]
