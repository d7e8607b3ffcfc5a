"""text.parquet: written and read again; other words and other files are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoreport.errors import StoredReadingsError
from emoreport.records import TextReadings
from emoreport.tables.text_files import TEXT_FILE, read_text_readings, write_text_readings

TEXT = TextReadings(
    labels=("happiness", "neutral"),
    start_s=np.array([0.1, 0.9]),
    end_s=np.array([0.7, 3.3]),
    first=np.array([0, 2]),
    last=np.array([2, 7]),
    probabilities=np.array([[np.nan, np.nan], [0.3, 0.7]], np.float32),
)


def stored(path: Path, text: TextReadings = TEXT) -> Path:
    with path.open("wb") as stream:
        write_text_readings(stream, text)
    return path


def none_of(text: TextReadings) -> TextReadings:
    names = ("start_s", "end_s", "first", "last", "probabilities")
    return replace(text, **{name: getattr(text, name)[:0] for name in names})


@pytest.mark.parametrize(("text", "words"), [(TEXT, 7), (none_of(TEXT), 0)])
def test_what_is_written_comes_back(text: TextReadings, words: int, tmp_path: Path) -> None:
    found = read_text_readings(stored(tmp_path / TEXT_FILE, text), words)
    assert found is not None
    assert found.labels == text.labels
    for name in ("start_s", "end_s", "first", "last", "probabilities"):
        was, now = getattr(text, name), getattr(found, name)
        assert now.dtype == was.dtype
        np.testing.assert_array_equal(now, was)


def test_no_file_is_no_readings_and_no_word_is_null(tmp_path: Path) -> None:
    assert read_text_readings(tmp_path / TEXT_FILE, 7) is None
    table = pq.read_table(stored(tmp_path / TEXT_FILE))
    assert table.column_names[:4] == ["start_s", "end_s", "first_word", "words"]
    assert table.column("first_word").to_pylist() == [1, 3]
    assert table.column("p_neutral").to_pylist() == [None, pytest.approx(0.7)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (replace(TEXT, last=np.array([3, 7])), "clauses"),
        (replace(TEXT, start_s=np.array([0.1, 4.0])), "times"),
        (replace(TEXT, probabilities=np.array([[0, 0], [2, 0]], np.float32)), "probability"),
        (replace(TEXT, labels=(), probabilities=np.zeros((2, 0), np.float32)), "columns"),
    ],
)
def test_readings_that_cannot_be_are_refused(text: TextReadings, told: str, tmp_path: Path) -> None:
    with pytest.raises(StoredReadingsError, match=told):
        read_text_readings(stored(tmp_path / TEXT_FILE, text), 7)


def test_those_of_other_words_and_other_files_are_refused(tmp_path: Path) -> None:
    path = stored(tmp_path / TEXT_FILE)
    with pytest.raises(StoredReadingsError, match="the words that are there"):
        read_text_readings(path, 8)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(StoredReadingsError, match=TEXT_FILE):
        read_text_readings(path, 7)
    pq.write_table(pa.table({"word": ["a"]}), path)
    with pytest.raises(StoredReadingsError, match="what words say"):
        read_text_readings(path, 7)
