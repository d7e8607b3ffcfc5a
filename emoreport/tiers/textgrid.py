"""Read the tiers of a Praat TextGrid, in any of its text formats: long, short, chronological.

Praat reads numbers set apart by blanks, strings in quotes and flags in angle brackets, and skips
all other words. That makes the long format and the short one the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from emoreport.messages import Phrase
from emoreport.tiers.raw import (
    MAX_ANNOTATIONS,
    FormatError,
    RawSpan,
    RawTier,
    checked_span,
    raw_tier,
    seconds_to_ms,
)

_TOKEN: Final = re.compile(r'"(?P<text>[^"]*(?:""[^"]*)*)"|!(?P<comment>[^\n]*)|(?P<word>\S+)')
_NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_BINARY: Final = b"ooBinaryFile"
_HEADS: Final = ("ooTextFile", "ooTextFile short")
"""What Praat writes, and what older versions wrote above the short format."""
_CHRONOLOGICAL: Final = "Praat chronological TextGrid text file"

_Interval = tuple[str, str, str]
"""Start and end in seconds, and text, as they are written."""


def refuse_binary(content: bytes) -> None:
    """Raise FormatError where Praat saved a binary file, which is no text in any encoding."""
    if content.startswith(_BINARY):
        raise FormatError("coding.binary_textgrid")


def read_textgrid(text: str) -> list[RawTier]:
    """Every interval tier; tiers of points have no length and are left out.

    Raises
    ------
    FormatError
        When it is no TextGrid in a text format.
    """
    tokens = _Tokens(text)
    head = tokens.string()
    if head == _CHRONOLOGICAL:
        return _read_chronological(tokens)
    if head not in _HEADS or tokens.string() != "TextGrid":
        raise FormatError("coding.not_textgrid")
    tokens.number(), tokens.number()
    if not tokens.flag():
        return []
    tiers = []
    for _ in range(tokens.count()):
        name, has_length = _tier_head(tokens)
        if has_length:
            intervals = [tokens.interval() for _ in range(tokens.count())]
            tiers.append(raw_tier(name, _spans(intervals, name)))
        else:
            for _ in range(tokens.count()):
                tokens.number(), tokens.string()
    return tiers


def _read_chronological(tokens: _Tokens) -> list[RawTier]:
    """Tiers of a file that holds all annotations in order of time, each after its tier's number."""
    tokens.number(), tokens.number()
    heads = [_tier_head(tokens) for _ in range(tokens.count())]
    intervals: list[list[_Interval]] = [[] for _ in heads]
    for _ in range(MAX_ANNOTATIONS):
        if tokens.ended():
            break
        number = tokens.count()
        if not 1 <= number <= len(heads):
            raise FormatError("coding.interval_of_no_tier", number=number)
        if heads[number - 1][1]:
            intervals[number - 1].append(tokens.interval())
        else:
            tokens.number(), tokens.string()
    else:
        raise FormatError("coding.too_many_intervals", limit=MAX_ANNOTATIONS)
    return [
        raw_tier(name, _spans(own, name))
        for (name, has_length), own in zip(heads, intervals, strict=True)
        if has_length
    ]


def _tier_head(tokens: _Tokens) -> tuple[str, bool]:
    """Name of a tier, and whether its annotations have a length."""
    kind, name = tokens.string(), tokens.string()
    tokens.number(), tokens.number()
    if kind not in {"IntervalTier", "TextTier"}:
        raise FormatError("coding.tier_kind", kind=kind[:40])
    return name, kind == "IntervalTier"


def _spans(intervals: list[_Interval], name: str) -> Iterator[RawSpan]:
    for number, (start, end, text) in enumerate(intervals, start=1):
        values = {"number": number, "tier": name[:80]}
        location = Phrase("errors.coding.place.interval", values)
        yield checked_span(
            seconds_to_ms(start, location), seconds_to_ms(end, location), text, location
        )


class _Tokens:
    """Strings, numbers and the flag, in the order of the file."""

    def __init__(self, text: str) -> None:
        self._tokens = self._scan(text)
        self._ahead: tuple[str, str] | None = None

    @staticmethod
    def _scan(text: str) -> Iterator[tuple[str, str]]:
        for match in _TOKEN.finditer(text):
            if match["text"] is not None:
                yield "string", match["text"].replace('""', '"')
            elif match["word"] is None:
                continue
            elif match["word"].startswith('"'):
                raise FormatError("coding.no_quote")
            elif _NUMBER.fullmatch(match["word"]):
                yield "number", match["word"]
            elif match["word"] in {"<exists>", "<absent>"}:
                yield "flag", match["word"]

    def ended(self) -> bool:
        """Whether nothing follows."""
        self._ahead = self._ahead or next(self._tokens, None)
        return self._ahead is None

    def _next(self, kind: str) -> str:
        token, self._ahead = self._ahead or next(self._tokens, None), None
        if token is None:
            raise FormatError("coding.cut_off")
        if token[0] != kind:
            raise FormatError(
                "coding.other_token",
                token=token[1][:40],
                kind=Phrase(f"errors.coding.token.{kind}"),
            )
        return token[1]

    def string(self) -> str:
        return self._next("string")

    def number(self) -> str:
        return self._next("number")

    def flag(self) -> bool:
        return self._next("flag") == "<exists>"

    def interval(self) -> _Interval:
        return self.number(), self.number(), self.string()

    def count(self) -> int:
        """A number of things that follow.

        Raises
        ------
        FormatError
            When it is not whole, negative or too large.
        """
        text = self.number()
        if not text.isdecimal() or int(text[:12]) > MAX_ANNOTATIONS:
            raise FormatError("coding.no_count", text=text[:40])
        return int(text)
