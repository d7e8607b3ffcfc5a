"""Read what Whisper, faster-whisper, whisperX and whisper.cpp write as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emoreport.tiers.raw import FormatError
from emoreport.words.lines import Line, Part, line_at, sensible

_NO_TRANSCRIPT = (
    *(ValueError, OverflowError),  # of the JSON and of its numbers
    *(KeyError, TypeError, AttributeError, IndexError, RecursionError),
)


def read_recognised(text: str) -> tuple[list[Line], str | None]:
    """Segments with the times and probabilities of their words, and the language if it is told.

    Raises
    ------
    FormatError
        When it is no JSON of these programs.
    """
    try:
        content = json.loads(text)
        if "transcription" in content:  # whisper.cpp counts in milliseconds
            language = (content.get("result") or {}).get("language")
            return list(map(_cpp_line, content["transcription"])), _code(language)
        segments: Sequence[Mapping[str, Any]] = content["segments"]
        loose = [] if any(own.get("words") for own in segments) else content.get("words") or []
        return list(_lines(segments, _parts(loose))), _code(content.get("language"))
    except _NO_TRANSCRIPT as error:
        raise FormatError("transcript.not_json", name=type(error).__name__) from error


def _code(language: object) -> str | None:
    """ISO 639-1 code of what the file calls its language."""
    written = str(language or "").casefold()
    return {"russian": "ru", "english": "en"}.get(written, written if len(written) == 2 else None)


def _cpp_line(segment: Mapping[str, Any]) -> Line:
    offsets = segment["offsets"]
    return line_at(str(segment["text"]), float(offsets["from"]) / 1000, float(offsets["to"]) / 1000)


def _lines(segments: Sequence[Mapping[str, Any]], loose: Sequence[Part]) -> Iterator[Line]:
    """`loose` are words that the file lists apart from its segments."""
    for segment in segments:
        start_s, end_s = _seconds(segment.get("start")), _seconds(segment.get("end"))
        parts = _parts(segment.get("words") or ())
        if not parts and start_s is not None and end_s is not None:
            parts = tuple(part for part in loose if _is_within(part, start_s, end_s))
        yield line_at(str(segment["text"]), start_s, end_s, parts)


def _is_within(part: Part, start_s: float, end_s: float) -> bool:
    if part.start_s is None or part.end_s is None:
        return False
    return start_s <= 0.5 * (part.start_s + part.end_s) < end_s


def _parts(words: Sequence[Mapping[str, Any]]) -> tuple[Part, ...]:
    """Words with their times; where words begin with a blank, a piece without one goes on."""
    parts: list[Part] = []
    begin_with_blank = any(str(word["word"]).startswith(" ") for word in words)
    for word in words:
        text = str(word["word"])
        start_s, end_s = sensible(_seconds(word.get("start")), _seconds(word.get("end")))
        if parts and begin_with_blank and not text.startswith(" "):
            last = parts[-1]
            later_s = last.end_s if end_s is None else end_s
            parts[-1] = Part(last.text + text, last.start_s, later_s, last.confidence)
        else:
            parts.append(
                Part(text, start_s, end_s, _share(word.get("probability", word.get("score"))))
            )
    return tuple(parts)


def _seconds(value: object) -> float | None:
    return None if value is None or isinstance(value, (bool, str)) else float(value)  # type: ignore[arg-type] # whatever else raises


def _share(value: object) -> float | None:
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return min(max(float(value), 0.0), 1.0)
