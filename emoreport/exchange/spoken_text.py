"""Write the words of a recording: as text, captions, a TextGrid, a table or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from emoreport.errors import SettingsError
from emoreport.exchange.writers import SPOKEN
from emoreport.exchange.writers.captions import captions_of, clock, spoken_srt, spoken_vtt, srt_text
from emoreport.exchange.writers.textgrid import textgrid
from emoreport.exchange.writers.tiers import WORDS, Tier, heard_words
from emoreport.records import Transcript, Word
from emoreport.results import milliseconds


def as_text(transcript: Transcript, _duration_s: float) -> str:
    """One line per caption: when it begins, and what is said."""
    lines = (
        (words[0].start_ms, " ".join(word.label for word in words))
        for words in captions_of(heard_words(transcript))
    )
    return "".join(f"{clock(start_ms, '.')}  {srt_text(said)}\n" for start_ms, said in lines)


def as_srt(transcript: Transcript, _duration_s: float) -> str:
    """SubRip: captions."""
    return spoken_srt(heard_words(transcript))


def as_vtt(transcript: Transcript, _duration_s: float) -> str:
    """WebVTT: captions, with the time of every word."""
    return spoken_vtt(heard_words(transcript))


def as_textgrid(transcript: Transcript, duration_s: float) -> str:
    """Praat: a tier of words that is as long as the recording."""
    words = heard_words(transcript)
    last_ms = words[-1].end_ms if words else 0
    return textgrid([Tier(WORDS, words)], max(milliseconds(duration_s), last_ms), "en")


def as_csv(transcript: Transcript, _duration_s: float) -> str:
    """One row per word, as words.csv has them; `emoreport analyze --transcript` reads it."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("word", "start", "end", "confidence", "after", "line"))
    for word in transcript.words:
        confidence = "" if word.confidence is None else f"{word.confidence:.4f}"
        times = (f"{word.start_s:.3f}", f"{word.end_s:.3f}")
        writer.writerow((word.text, *times, confidence, _cell(word.after), word.line + 1))
    return stream.getvalue()


def as_json(transcript: Transcript, _duration_s: float) -> str:
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


Writer = Callable[[Transcript, float], str]
"""Turns the words of a recording, and its length in seconds, into a file of one format."""
WRITERS: Final[Mapping[str, Writer]] = {
    "srt": as_srt,
    "vtt": as_vtt,
    "textgrid": as_textgrid,
    "csv": as_csv,
    "json": as_json,
    "txt": as_text,
}
"""What writes each format of `SPOKEN`."""
ENDINGS: Final = {SPOKEN[name].casefold(): write for name, write in WRITERS.items()}
"""What writes a file, by its ending in lower case."""


def writer_for(path: Path) -> Writer:
    """What writes a file of this name.

    Raises
    ------
    SettingsError
        For an ending that is not known.
    """
    write = ENDINGS.get(path.suffix.casefold())
    if write is None:
        raise SettingsError(
            "transcript.other_ending", file=path, endings=", ".join(SPOKEN.values())
        )
    return write


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text
