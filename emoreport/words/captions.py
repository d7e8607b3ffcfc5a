"""Read SubRip (.srt) and WebVTT (.vtt): lines with the times of their cues.

Both are lines of times with text below. Real files break every other rule of theirs: counters and
blank lines are missing, hours have one digit or three, a point takes the place of the comma, text
holds blank lines. So only the lines of times are relied on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from emoreport.words.line_store import text_lines
from emoreport.words.lines import Line, Part, clock_s, line_at
from emoreport.words.spelling import without_marks

_ARROW: Final = "-->"
_TIMES: Final = re.compile(r"\s*(?P<start>-?[\d:.,]+)\s*-->\s*(?P<end>-?[\d:.,]+)(?:\s.*)?")
_STAMP: Final = re.compile(r"<(?P<time>(?:\d+:)?\d+:\d+\.\d+)>")
"""When the text behind it begins, within a cue of WebVTT."""

_Cue = tuple[float | None, float | None, list[str]]


def read_srt(text: str) -> Iterator[Line]:
    """Cues of a SubRip file, in its order."""
    for start_s, end_s, lines in _cues(text, ends_at_blank=False):
        yield line_at("\n".join(lines), start_s, end_s)


def read_vtt(text: str) -> Iterator[Line]:
    """Cues of a WebVTT file, in its order; stamps within a cue give its parts times of their own.

    Rolling captions show the line before once more, above the new one, whose words have stamps. In
    a file with stamps, what a cue repeats of the one before it is left out.
    """
    rolling = _STAMP.search(text) is not None
    shown: set[str] = set()
    for start_s, end_s, lines in _cues(text, ends_at_blank=True):
        plain = [" ".join(without_marks(_STAMP.sub("", line)).split()) for line in lines]
        new = [
            line
            for line, said in zip(lines, plain, strict=True)
            if not rolling or _STAMP.search(line) or said not in shown
        ]
        shown = {said for said in plain if said}
        content = "\n".join(new)
        yield line_at(_STAMP.sub("", content), start_s, end_s, _parts(content, start_s, end_s))


def _cues(text: str, *, ends_at_blank: bool) -> Iterator[_Cue]:
    """Times and lines of every cue; `ends_at_blank`: what follows a blank line is no text."""
    cue: _Cue | None = None
    ended = False
    for line in text_lines(text):
        bare = line.rstrip("\r")
        match = _TIMES.fullmatch(bare) if _ARROW in bare else None
        if match is not None:
            if cue is not None:
                yield _without_counter(cue)
            cue, ended = (clock_s(match["start"]), clock_s(match["end"]), []), False
        elif cue is not None and not ended:
            ended = ends_at_blank and not bare
            if bare or cue[2][-1:] != [""]:
                cue[2].append(bare)
    if cue is not None:
        yield cue


def _without_counter(cue: _Cue) -> _Cue:
    """A cue without the number of the next one, which is the line above its times."""
    lines = cue[2]
    if len(lines) > 1 and lines[-1].strip().isdecimal():
        lines.pop()
    return cue


def _parts(text: str, start_s: float | None, end_s: float | None) -> tuple[Part, ...]:
    """The pieces between the stamps of a cue; none without stamps or where they run back."""
    pieces = _STAMP.split(text)
    if len(pieces) == 1 or start_s is None or end_s is None:
        return ()
    stamps = [clock_s(stamp) for stamp in pieces[1::2]]
    bounds: Sequence[float | None] = (start_s, *stamps, end_s)
    known = [bound for bound in bounds if bound is not None]
    if len(known) < len(bounds) or any(after < before for before, after in pairwise(known)):
        return ()
    spans = pairwise(known)
    return tuple(
        Part(piece, first_s, last_s)
        for piece, (first_s, last_s) in zip(pieces[::2], spans, strict=True)
        if piece.strip()
    )
