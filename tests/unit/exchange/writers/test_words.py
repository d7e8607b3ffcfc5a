"""Words in exported files: read again, they are the same words."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest
import webvtt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emoreport.exchange.writers import export_files
from emoreport.records import Span
from emoreport.results import SpokenWord
from emoreport.words.placing import place_words
from emoreport.words.transcript_files import read_transcript
from tests.fixtures.findings import MEDIA, findings
from tests.fixtures.results import MadeFindings

WORDS = [
    ("Да", "", 0, 400),
    ("neutral", ",", 400, 700),  # a word, not a label to be translated
    ("b", "> &", 900, 1200),
    ("Да", ".", 1200, 1500),
    ("Да", ".", 2500, 3000),
    ("за\u0301мок", "…", 3000, 3100),
]
EXACT = ["elan", "textgrid", "vtt"]


def with_words(rows: list[tuple[str, str, int, int]]) -> MadeFindings:
    made = findings()
    words = tuple(
        SpokenWord(Span(start / 1000, end / 1000), word, after, None, None, "given", 1)
        for word, after, start, end in rows
    )
    return dataclasses.replace(made, analysis=dataclasses.replace(made.analysis, words=words))


def read_again(form: str, made: MadeFindings, folder: Path) -> list[tuple[str, str, int, int]]:
    files = export_files(made, [form], "talk", MEDIA, "ru")
    name = next(name for name in files if "_words" in name or form in {"elan", "textgrid"})
    (folder / name).write_bytes(files[name])
    words = place_words(read_transcript(folder / name), 100.0).words
    return [
        (word.text, word.after, round(1000 * word.start_s), round(1000 * word.end_s))
        for word in words
    ]


@pytest.mark.parametrize("form", EXACT)
def test_words_come_back_with_their_times(form: str, tmp_path: Path) -> None:
    assert read_again(form, with_words(WORDS), tmp_path) == WORDS


SPOKEN = st.lists(
    st.tuples(
        st.text("абвгдxyz'-", min_size=1, max_size=12).map(lambda word: f"а{word}я"),
        st.sampled_from(["", ",", ".", "?!", ";", "»", "&", "%"]),
        st.integers(0, 900),
        st.integers(1, 2000),
    ),
    min_size=1,
    max_size=30,
)


@pytest.mark.parametrize("form", EXACT)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(spoken=SPOKEN)
def test_any_words_come_back(
    form: str, spoken: list[tuple[str, str, int, int]], tmp_path: Path
) -> None:
    rows, at_ms = [], 0
    for word, after, gap_ms, length_ms in spoken:
        rows.append((word, after, at_ms + gap_ms, at_ms + gap_ms + length_ms))
        at_ms = rows[-1][3]
    assert read_again(form, with_words(rows), tmp_path) == rows


def test_captions_of_subrip_keep_the_words_and_their_own_times(tmp_path: Path) -> None:
    again = read_again("srt", with_words(WORDS), tmp_path)
    assert [word for word, *_ in again] == [word for word, *_ in WORDS]
    # Captions end behind a sentence and at a pause.
    assert [row[2] for row in again if row[2] in {0, 2500, 3000}] == [0, 2500, 3000]


def test_long_speech_is_cut_into_captions_that_can_be_read() -> None:
    rows = [("слово", "", 300 * n, 300 * n + 300) for n in range(100)]
    content = export_files(with_words(rows), ["srt"], "talk", MEDIA, "en")["talk_words.srt"]
    blocks = content.decode().strip().split("\n\n")
    assert all(len(block.splitlines()[2]) <= 84 for block in blocks)
    assert len(blocks) == 8  # fourteen words of five letters and a blank


def test_a_word_that_is_spoken_over_the_next_ends_where_it_begins(tmp_path: Path) -> None:
    rows = [("раз", "", 0, 900), ("два", "", 500, 1000)]
    for form in EXACT:
        assert read_again(form, with_words(rows), tmp_path) == [
            ("раз", "", 0, 500),
            ("два", "", 500, 1000),
        ]


def test_without_a_transcript_the_files_are_those_of_before() -> None:
    files = export_files(findings(), ["elan", "textgrid", "vtt", "srt"], "talk", MEDIA, "en")
    assert sorted(files) == ["talk.TextGrid", "talk.eaf", "talk.srt", "talk.vtt"]
    assert b"words" not in b"".join(files.values())


def test_another_reader_finds_the_captions() -> None:
    files = export_files(with_words(WORDS), ["vtt"], "talk", MEDIA, "en")
    captions = list(webvtt.from_buffer(io.BytesIO(files["talk_words.vtt"])))
    assert [(caption.start, caption.end) for caption in captions] == [
        ("00:00:00.000", "00:00:01.500"),
        ("00:00:02.500", "00:00:03.000"),
        ("00:00:03.000", "00:00:03.100"),
    ]
    assert captions[1].text == "Да."
