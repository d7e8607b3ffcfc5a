"""Transcripts as large and as odd as a file can be: read or refused, in time."""

from __future__ import annotations

import json
import re
import tracemalloc
from pathlib import Path

import pytest

from emoreport.errors import EmoreportError
from emoreport.words.placing import place_words
from emoreport.words.transcript_files import read_transcript
from tests.fuzz.mutations import DEEP, survives

MANY = 20_000
CUE = "00:00:01,000 --> 00:00:02,000\nслово и ещё\n\n"
TRANSCRIPTS: dict[str, tuple[str, str | bytes, bool]] = {
    "many cues of one time": ("a.srt", CUE * MANY, True),
    "many cues in cp1251": ("a.srt", (CUE * MANY).encode("cp1251"), True),
    "many cues in UTF-16": ("a.srt", (CUE * MANY).encode("utf-16"), True),
    "one cue without end": ("a.srt", CUE + "слово " * 4 * MANY, True),
    "more words than can be said": ("a.srt", CUE + "слово " * 10 * MANY, False),
    "one word without end": ("a.srt", CUE + "ж" * 10 * MANY, True),
    "punctuation without end": ("a.srt", CUE + "!" * 20 * MANY, True),
    "signs without end": ("a.srt", CUE + "! " * 10 * MANY, True),
    "capitals without end": ("a.srt", CUE + "A" * 10 * MANY + " :", True),
    "dashes without end": ("a.srt", CUE + "- " * 10 * MANY, True),
    "brackets without end": ("a.srt", CUE + "([{<" * 5 * MANY, True),
    "arrows without end": ("a.srt", CUE + "-->" * 10 * MANY, True),
    "digits without end": ("a.srt", CUE + "9" * 10 * MANY + " --> 1", True),
    "entities without end": ("a.vtt", CUE + "&amp;" * 5 * MANY, True),
    "stamps without end": ("a.vtt", CUE[:-2] + "<00:01.5>а" * MANY, True),
    "blank lines only": ("a.srt", b"\n" * 1_000_000, False),
    "every byte": ("a.srt", CUE.encode() + bytes(range(128, 256)) * MANY, False),
    "zeros": ("a.vtt", b"\0" * 1_000_000, False),
    "nested JSON": ("a.json", b"[" * DEEP, False),
    "numbers beyond all sense": (
        "a.json",
        b'{"segments": [{"start": 1e999, "end": ' + b"9" * 5000 + b', "text": "a"}]}',
        False,
    ),
    "times that are none": (
        "a.json",
        b'{"segments": [{"start": NaN, "end": 1, "text": ""},{"start": 0, "end": 1, "text": "b"}]}',
        True,
    ),
    "many words of JSON": (
        "a.json",
        json.dumps(
            {"segments": [{"start": 0, "end": 1, "text": "a", "words": [{"word": "a"}] * MANY}]}
        ),
        True,
    ),
    "half letters": (
        "a.json",
        b'{"segments": [{"start": 0, "end": 1, "text": "\\ud800a \\u202eb"}]}',
        True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", TRANSCRIPTS)
def test_a_transcript_is_read_or_refused_in_time(kind: str, tmp_path: Path) -> None:
    name, content, readable = TRANSCRIPTS[kind]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    outcome = survives(lambda: place_words(read_transcript(path), 10.0), path)
    assert isinstance(outcome, EmoreportError) != readable, outcome
    if readable:
        text = "".join(word.text + word.after for word in outcome.words)
        text.encode()
        assert not set(text) & {"\u202e", "\x1b", "\0"}


def cue(number: int) -> str:
    hours, minutes = divmod(number // 60, 60)
    at = f"{hours:02d}:{minutes:02d}:{number % 60:02d}"
    return f"{at},000 --> {at},900\nсегодня я расскажу вам\n\n"


LARGE = {
    "a.srt": "".join(map(cue, range(MANY))),
    "a.csv": "word,start,end\n" + "".join(f"сегодня,{n},{n}.9\n" for n in range(2 * MANY)),
    "a.json": json.dumps(
        {"segments": [{"start": n, "end": n + 0.9, "text": "я расскажу"} for n in range(MANY)]},
        ensure_ascii=False,
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_memory_is_that_of_the_file_and_words_beyond_the_recording_are_counted(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(LARGE[name], encoding="utf-8")
    tracemalloc.start()
    try:
        transcript = place_words(read_transcript(path), 10.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * path.stat().st_size
    written = len(re.findall("(?:сегодня|я|расскажу|вам)\\b", LARGE[name]))
    per_line = 4 if name.endswith("srt") else 1 if name.endswith("csv") else 2
    assert len(transcript.words) == 10 * per_line
    assert transcript.lost == written - len(transcript.words)
    assert len(transcript.unplaced) <= 2 * per_line
    assert transcript.share_unplaced > 0.999
