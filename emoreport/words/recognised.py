"""Read what Whisper, faster-whisper, whisperX and whisper.cpp write as JSON."""

from __future__ import annotations

import json
import math
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from emoreport.tiers.raw import FormatError
from emoreport.words.line_store import LineStore, PartStore
from emoreport.words.lines import Line, Part, line_at, sensible

_NO_TRANSCRIPT = (
    *(ValueError, OverflowError),  # of the JSON and of its numbers
    *(KeyError, TypeError, AttributeError, IndexError, RecursionError),
)


_LISTS: Final = frozenset({"transcription", "segments", "words"})
"""Members that grow with the talk; they are read element by element."""
_BEGINS: Final = object()
"""Told before the elements of a list."""
_DECODER: Final = json.JSONDecoder()
_BLANKS: Final = re.compile(r"[ \t\n\r]*")


def read_recognised(text: str) -> tuple[LineStore, str | None]:
    """Segments with the times and probabilities of their words, and the language if it is told.

    Raises
    ------
    FormatError
        When it is no JSON of these programs.
    """
    lines = {"transcription": LineStore(), "segments": LineStore()}
    loose = PartStore()
    facts: dict[str, Any] = {}
    try:
        for name, value in _members(text):
            if name not in _LISTS or value is _BEGINS:
                facts[name] = value
            elif name == "words":
                loose.append(_piece(value))
            elif name == "segments":
                lines[name].append(_line(value))
            else:
                lines[name].append(_cpp_line(value))
        if "transcription" in facts:  # whisper.cpp
            return lines["transcription"], _code((facts.get("result") or {}).get("language"))
        _ = facts["segments"]
        segments = lines["segments"]
        if len(loose) and not any(line.parts for line in segments):
            segments = _with_words(segments, loose)
        return segments, _code(facts.get("language"))
    except _NO_TRANSCRIPT as error:
        raise FormatError("transcript.not_json", name=type(error).__name__) from error


def _members(text: str) -> Iterator[tuple[str, Any]]:
    """Members of the object that a JSON text is; of `_LISTS` the elements, one by one.

    A list is told by `_BEGINS` first. Raises ValueError where it is no JSON, TypeError where it is
    no object.
    """
    at = _blanks_from(text, 0)
    if not text.startswith("{", at):
        raise TypeError
    at = _blanks_from(text, at + 1)
    while not text.startswith("}", at):
        name, at = _DECODER.raw_decode(text, at)
        at = _behind(text, at, ":")
        if name in _LISTS and text.startswith("[", at):
            yield name, _BEGINS
            at = _blanks_from(text, at + 1)
            while not text.startswith("]", at):
                value, at = _DECODER.raw_decode(text, at)
                yield name, value
                at = _behind(text, at, ",", last="]")
            at += 1
        else:
            value, at = _DECODER.raw_decode(text, at)
            yield name, value
        at = _behind(text, at, ",", last="}")
    if _blanks_from(text, at + 1) != len(text):
        raise ValueError


def _blanks_from(text: str, at: int) -> int:
    """Place of the first sign from `at` on that is no blank."""
    match = _BLANKS.match(text, at)
    assert match is not None
    return match.end()


def _behind(text: str, at: int, sign: str, last: str = "") -> int:
    """Place of what follows a sign; of the sign `last` where that comes instead."""
    at = _blanks_from(text, at)
    if last and text.startswith(last, at):
        return at
    if not text.startswith(sign, at):
        raise ValueError
    return _blanks_from(text, at + 1)


def _code(language: object) -> str | None:
    """ISO 639-1 code of what the file calls its language."""
    written = str(language or "").casefold()
    return {"russian": "ru", "english": "en"}.get(written, written if len(written) == 2 else None)


def _cpp_line(segment: Mapping[str, Any]) -> Line:
    offsets = segment["offsets"]
    return line_at(str(segment["text"]), float(offsets["from"]) / 1000, float(offsets["to"]) / 1000)


def _line(segment: Mapping[str, Any]) -> Line:
    parts = _joined([_piece(word) for word in segment.get("words") or ()])
    start_s, end_s = _seconds(segment.get("start")), _seconds(segment.get("end"))
    return line_at(str(segment["text"]), start_s, end_s, tuple(parts))


def _with_words(segments: LineStore, loose: PartStore) -> LineStore:
    """The segments, each with the words within it that the file lists apart from them."""
    parts = PartStore()
    middles = array("d")
    for part in _joined(loose):
        parts.append(part)
        middles.append(
            math.inf
            if part.start_s is None or part.end_s is None
            else 0.5 * (part.start_s + part.end_s)
        )
    order = sorted(range(len(middles)), key=middles.__getitem__)
    sorted_s = array("d", (middles[at] for at in order))
    told = LineStore()
    for line in segments:
        if line.start_s is not None and line.end_s is not None:
            first, last = (bisect_left(sorted_s, time_s) for time_s in (line.start_s, line.end_s))
            within = tuple(parts[at] for at in sorted(order[first:last]))
            told.append(replace(line, parts=within))
        else:
            told.append(line)
    return told


def _piece(word: Mapping[str, Any]) -> Part:
    start_s, end_s = sensible(_seconds(word.get("start")), _seconds(word.get("end")))
    share = _share(word.get("probability", word.get("score")))
    return Part(str(word["word"]), start_s, end_s, share)


def _joined(pieces: Sequence[Part]) -> Iterator[Part]:
    """Words with their times; where words begin with a blank, a piece without one goes on."""
    begin_with_blank = any(piece.text.startswith(" ") for piece in pieces)
    word: Part | None = None
    for piece in pieces:
        if word is None:
            word = piece
        elif begin_with_blank and not piece.text.startswith(" "):
            later_s = word.end_s if piece.end_s is None else piece.end_s
            word = replace(word, text=word.text + piece.text, end_s=later_s)
        else:
            yield word
            word = piece
    if word is not None:
        yield word


def _seconds(value: object) -> float | None:
    return None if value is None or isinstance(value, (bool, str)) else float(value)  # type: ignore[arg-type] # whatever else raises


def _share(value: object) -> float | None:
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return min(max(float(value), 0.0), 1.0)
