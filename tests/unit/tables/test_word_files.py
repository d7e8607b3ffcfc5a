"""words.parquet, words.csv and speech_rate.csv: written, hidden and read again."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreport.errors import StoredReadingsError
from emoreport.records import Span, Transcript, UnplacedWord, Word
from emoreport.results import SpeechRate, SpokenWord
from emoreport.tables.columns import SPEECH_RATE
from emoreport.tables.frames import shown_tables
from emoreport.tables.store import Readings, write_all
from emoreport.tables.summary_facts import SummaryFacts
from emoreport.tables.word_files import WORDS_FILE, read_words, write_words
from tests.fixtures.results import analysis, face_track, speech_track

TRANSCRIPT = Transcript(
    (
        Word("=1+1", 0.1, 0.5, 0.25, "given", ",", 0),
        Word("<b>", 0.5, 0.75, None, "aligned", "", 3),
        Word("три", 0.5, 2.0, None, "recognised", ".", 3),
        Word("эм", 2.0, 2.25, None, "recognised", "", 3, filled_pause=True),
    ),
    (UnplacedWord("нет", 0), UnplacedWord("нигде", 0), UnplacedWord("конец", 3)),
    "srt",
    "ru",
    "ab" * 32,
)


def stored(path: Path, transcript: Transcript = TRANSCRIPT) -> Path:
    with path.open("wb") as stream:
        write_words(stream, transcript)
    return path


@pytest.mark.parametrize(
    "transcript",
    [
        TRANSCRIPT,
        TRANSCRIPT.without_text(),
        Transcript(()),
        Transcript((), (UnplacedWord("всё", 0),), "text"),
    ],
)
def test_what_is_written_comes_back(transcript: Transcript, tmp_path: Path) -> None:
    assert read_words(stored(tmp_path / WORDS_FILE, transcript)) == transcript


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=("Cs",)), min_size=1),
            st.floats(0, 1e5),
            st.floats(0, 10),
        )
    )
)
def test_any_words_come_back(rows: list[tuple[str, float, float]]) -> None:
    import io

    rows.sort(key=lambda row: row[1])
    words = tuple(Word(text, start, start + length) for text, start, length in rows)
    stream = io.BytesIO()
    write_words(stream, Transcript(words))
    table = pq.read_table(io.BytesIO(stream.getvalue()))
    assert table.column("word").to_pylist() == [word.text for word in words]
    assert table.column("end_s").to_pylist() == [word.end_s for word in words]


def test_a_run_without_a_transcript_has_no_such_file_and_another_one_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / WORDS_FILE
    assert read_words(path) is None
    pq.write_table(pa.table({"word": ["a"]}), path)
    with pytest.raises(StoredReadingsError, match=WORDS_FILE):
        read_words(path)
    stored(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(StoredReadingsError, match=WORDS_FILE):
        read_words(path)


def test_words_of_earlier_versions_are_read_without_filled_pauses(tmp_path: Path) -> None:
    path = stored(tmp_path / WORDS_FILE)
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["filled_pause"]), path)
    read = read_words(path)
    assert read is not None
    assert [word.text for word in read.words] == [word.text for word in TRANSCRIPT.words]
    assert not any(word.filled_pause for word in read.words)


def test_words_that_are_out_of_order_are_refused(tmp_path: Path) -> None:
    backwards = Transcript((Word("а", 2.0, 3.0), Word("б", 1.0, 2.0)))
    with pytest.raises(StoredReadingsError, match="out of order"):
        read_words(stored(tmp_path / WORDS_FILE, backwards))


def write(folder: Path, result, transcript: Transcript | None = None) -> None:
    write_all(
        folder,
        lambda: shown_tables(result, face_track(), speech_track()),
        Readings(face_track(), speech_track(), transcript=transcript),
        {"version": 1},
        formats=("csv", "xlsx", "parquet", "json"),
        lang="ru",
        facts=SummaryFacts(),
    )


def test_words_have_tables_and_rows_have_text(tmp_path: Path) -> None:
    words = (SpokenWord(Span(0.1, 0.5), "Да", ",", 0.25, 1, "given", 1),)
    rates = (SpeechRate(Span(0.0, 8.0), None, 1, 4.0, 7.5, None, 0, 0.0, None),)
    rows = tuple(dataclasses.replace(row, text="Да,") for row in analysis().comparisons)
    result = dataclasses.replace(analysis(), words=words, speech_rates=rates, comparisons=rows)
    write(tmp_path, result, TRANSCRIPT)
    assert (tmp_path / "words.csv").read_text("utf-8").splitlines() == [
        "word,start,end,confidence,interval,after,placed,line",
        'Да,0.100,0.500,0.2500,1,",",given,1',
    ]
    assert (tmp_path / "speech_rate.csv").read_text("utf-8").splitlines() == [
        ",".join(SPEECH_RATE.names),
        ",0.000,8.000,1,4.000,7.500,,0,0.000,,,,",
    ]
    for name, why in (("modality_duration", ",not_compared_because"), ("modality_mismatch", "")):
        head, *lines = (tmp_path / f"{name}.csv").read_text("utf-8").splitlines()
        assert head.endswith(f",text,shot,person{why}")
        assert all(line.endswith(',"Да,",,' + why[:1]) for line in lines)
    assert read_words(tmp_path / WORDS_FILE) == TRANSCRIPT
    # The next run has no transcript: its files go.
    write(tmp_path, analysis())
    assert not list(tmp_path.glob("words.*"))
    assert not list(tmp_path.glob("speech_rate.*"))
    assert not (tmp_path / "modality_duration.csv").read_text("utf-8").startswith("text")
