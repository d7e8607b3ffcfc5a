"""What the tests of transcripts share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from emoreport.records import Transcript
from emoreport.words.placing import place_words
from emoreport.words.transcript_files import read_transcript

Words = Callable[..., Transcript]


@pytest.fixture
def words(tmp_path: Path) -> Words:
    """Write a transcript and give its words; further arguments go to `read_transcript`."""

    def read(
        name: str, content: str | bytes, duration_s: float = 100.0, **options: str
    ) -> Transcript:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return place_words(read_transcript(path, **options), duration_s)

    return read


def timed(transcript: Transcript) -> list[tuple[str, float, float]]:
    """Text, start and end of every word, to the millisecond."""
    return [(word.text, round(word.start_s, 3), round(word.end_s, 3)) for word in transcript.words]
