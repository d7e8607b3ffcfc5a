"""Write the words of a recording: as text, captions, a table or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emoreport.exchange.writers.captions import captions_of, clock, srt_text, vtt_text
from emoreport.exchange.writers.tiers import Cell
from emoreport.records import Transcript, Word
from emoreport.results import milliseconds


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that are shown together."""

    start_ms: int
    end_ms: int
    text: str


def cues(transcript: Transcript) -> Iterator[Cue]:
    """Cues of a transcript: cut at the ends of sentences, at pauses, and where they grow long."""
    cells = [
        Cell(milliseconds(word.start_s), milliseconds(word.end_s), word.text + word.after)
        for word in transcript.words
    ]
    for shown in captions_of(cells):
        text = " ".join(cell.label for cell in shown)
        yield Cue(shown[0].start_ms, shown[-1].end_ms, text)


def as_text(transcript: Transcript) -> str:
    """One line per cue: when it begins, and what is said."""
    return "".join(
        f"{clock(cue.start_ms, '.')}  {srt_text(cue.text)}\n" for cue in cues(transcript)
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
    lines: dict[int, list[Word]] = {}
    for word in transcript.words:
        lines.setdefault(word.line, []).append(word)
    segments = [
        {
            "start": round(words[0].start_s, 3),
            "end": round(words[-1].end_s, 3),
            "text": " ".join(word.text + word.after for word in words),
            "words": [
                {
                    "word": word.text + word.after,
                    "start": round(word.start_s, 3),
                    "end": round(word.end_s, 3),
                    "probability": None if word.confidence is None else round(word.confidence, 4),
                }
                for word in words
            ],
        }
        for words in lines.values()
    ]
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
    # A cue of no length is not shown.
    end_ms = max(cue.end_ms, cue.start_ms + 1)
    return f"{clock(cue.start_ms, point)} --> {clock(end_ms, point)}"


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text
