"""Write the words of a recording: as text, captions, a table or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emoreport.exchange.writers.captions import clock, srt_text, vtt_text
from emoreport.records import Transcript, Word
from emoreport.results import milliseconds

ENDS_A_CUE: Final = frozenset(".?!…")
PAUSE_S: Final = 0.7
"""A longer pause begins a new cue."""
LONGEST_S: Final = 7.0
LONGEST_LETTERS: Final = 84
"""Two lines of captions, and how long they may stay: the usual limits of subtitles."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that are shown together."""

    start_s: float
    end_s: float
    text: str


def cues(transcript: Transcript) -> Iterator[Cue]:
    """Cues of a transcript: cut at the ends of sentences, at pauses, and where they grow long."""
    gathered: list[Word] = []
    for word in transcript.words:
        if gathered and _ends_before(gathered, word):
            yield _cue(gathered)
            gathered = []
        gathered.append(word)
    if gathered:
        yield _cue(gathered)


def _ends_before(gathered: list[Word], word: Word) -> bool:
    last = gathered[-1]
    letters = len(_cue(gathered).text) + 1 + len(word.text) + len(word.after)
    return (
        bool(ENDS_A_CUE & set(last.after))
        or word.start_s - last.end_s > PAUSE_S
        or word.end_s - gathered[0].start_s > LONGEST_S
        or letters > LONGEST_LETTERS
    )


def _cue(words: list[Word]) -> Cue:
    text = " ".join(word.text + word.after for word in words)
    return Cue(words[0].start_s, words[-1].end_s, text)


def as_text(transcript: Transcript) -> str:
    """One line per cue: when it begins, and what is said."""
    return "".join(
        f"{clock(milliseconds(cue.start_s), '.')}  {srt_text(cue.text)}\n"
        for cue in cues(transcript)
    )


def as_srt(transcript: Transcript) -> str:
    """SubRip."""
    return "".join(
        f"{number}\n{_times(cue, ',')}\n{srt_text(cue.text)}\n\n"
        for number, cue in enumerate(cues(transcript), start=1)
    )


def as_vtt(transcript: Transcript) -> str:
    """WebVTT."""
    blocks = (f"\n{_times(cue, '.')}\n{vtt_text(cue.text)}\n" for cue in cues(transcript))
    return "WEBVTT\n" + "".join(blocks)


def as_csv(transcript: Transcript) -> str:
    """One row per word, as words.csv has them; `emoreport analyze --transcript` reads it."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("word", "start", "end", "confidence", "after", "line"))
    for word in transcript.words:
        confidence = "" if word.confidence is None else f"{word.confidence:.4f}"
        times = (f"{word.start_s:.3f}", f"{word.end_s:.3f}")
        writer.writerow((word.text, *times, confidence, _cell(word.after), word.line + 1))
    return stream.getvalue()


def as_json(transcript: Transcript) -> str:
    """Segments with their words, in the layout that Whisper's programs share."""
    segments = []
    lines: dict[int, list[Word]] = {}
    for word in transcript.words:
        lines.setdefault(word.line, []).append(word)
    for words in lines.values():
        whole = _cue(words)
        segments.append(
            {
                "start": round(whole.start_s, 3),
                "end": round(whole.end_s, 3),
                "text": whole.text,
                "words": [
                    {
                        "word": word.text + word.after,
                        "start": round(word.start_s, 3),
                        "end": round(word.end_s, 3),
                        "probability": None
                        if word.confidence is None
                        else round(word.confidence, 4),
                    }
                    for word in words
                ],
            }
        )
    content = {"model": transcript.source, "language": transcript.language, "segments": segments}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


FORMATS: Final[Mapping[str, Callable[[Transcript], str]]] = {
    ".txt": as_text,
    ".srt": as_srt,
    ".vtt": as_vtt,
    ".csv": as_csv,
    ".json": as_json,
}
"""What writes a file, by its ending."""


def writer_for(path: Path) -> Callable[[Transcript], str] | None:
    """What writes a file of this name; None for an ending that is not known."""
    return FORMATS.get(path.suffix.casefold())


def _times(cue: Cue, point: str) -> str:
    start_ms = milliseconds(cue.start_s)
    # A cue of no length is not shown.
    end_ms = max(milliseconds(cue.end_s), start_ms + 1)
    return f"{clock(start_ms, point)} --> {clock(end_ms, point)}"


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text
