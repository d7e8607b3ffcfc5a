"""Tiers of a Praat TextGrid, long or short text format.

Praat reads numbers that stand free, strings in quotes and flags in angle brackets, and skips all
other words. That makes the long format and the short one the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from emoreport.exchange.readers.raw import (
    MAX_ANNOTATIONS,
    FormatError,
    RawSpan,
    RawTier,
    checked_span,
    seconds_to_ms,
)

_TOKEN: Final = re.compile(r'"(?P<text>[^"]*(?:""[^"]*)*)"|!(?P<comment>[^\n]*)|(?P<word>\S+)')
_NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_BINARY: Final = b"ooBinaryFile"


def read_textgrid(content: bytes, text: str) -> list[RawTier]:
    """Every interval tier; tiers of points have no length and are left out.

    Parameters
    ----------
    content
        The file, to tell a binary one.
    text
        The same, decoded.

    Raises
    ------
    FormatError
        When it is no TextGrid in a text format.
    """
    if content.startswith(_BINARY):
        raise FormatError("is a binary TextGrid; in Praat, save it as a text file")
    tokens = _Tokens(text)
    if tokens.string() != "ooTextFile" or tokens.string() != "TextGrid":
        raise FormatError("is no TextGrid of Praat")
    tokens.number(), tokens.number()
    if not tokens.flag():
        return []
    tiers = []
    for _ in range(tokens.count()):
        kind, name = tokens.string(), tokens.string()
        tokens.number(), tokens.number()
        if kind == "IntervalTier":
            tiers.append(RawTier(name, tuple(_intervals(tokens, name))))
        elif kind == "TextTier":
            for _ in range(tokens.count()):
                tokens.number(), tokens.string()
        else:
            raise FormatError(f"holds a tier of the unknown kind {kind[:40]!r}")
    return tiers


def _intervals(tokens: _Tokens, name: str) -> Iterator[RawSpan]:
    for number in range(1, tokens.count() + 1):
        place = f"interval {number} of tier {name[:80]!r}"
        start_ms = seconds_to_ms(tokens.number(), place)
        end_ms = seconds_to_ms(tokens.number(), place)
        yield checked_span(start_ms, end_ms, tokens.string(), place)


class _Tokens:
    """Strings, numbers and the flag, in the order of the file."""

    def __init__(self, text: str) -> None:
        self._found = self._scan(text)

    @staticmethod
    def _scan(text: str) -> Iterator[tuple[str, str]]:
        for match in _TOKEN.finditer(text):
            if match["text"] is not None:
                yield "string", match["text"].replace('""', '"')
            elif match["word"] is None:
                continue
            elif match["word"].startswith('"'):
                raise FormatError("holds a text whose closing quote is missing")
            elif _NUMBER.fullmatch(match["word"]):
                yield "number", match["word"]
            elif match["word"] in {"<exists>", "<absent>"}:
                yield "flag", match["word"]

    def _next(self, kind: str) -> str:
        found = next(self._found, None)
        if found is None:
            raise FormatError("ends in the middle")
        if found[0] != kind:
            raise FormatError(f"holds {found[1][:40]!r} where a {kind} belongs")
        return found[1]

    def string(self) -> str:
        return self._next("string")

    def number(self) -> str:
        return self._next("number")

    def flag(self) -> bool:
        return self._next("flag") == "<exists>"

    def count(self) -> int:
        """A number of things that follow.

        Raises
        ------
        FormatError
            When it is not whole, negative or too large.
        """
        text = self.number()
        if not text.isdecimal() or int(text[:12]) > MAX_ANNOTATIONS:
            raise FormatError(f"holds {text[:40]!r} where the number of intervals belongs")
        return int(text)
