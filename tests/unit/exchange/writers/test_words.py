"""Words in exported files: read again, they are the same words."""

from __future__ import annotations

import dataclasses
import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import webvtt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emoreport.exchange.writers import export_files
from emoreport.records import ModelRecord, Span
from emoreport.results import SpokenWord, TextInterval
from emoreport.tiers.elan import read_eaf
from emoreport.tiers.textgrid import read_textgrid
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


def with_clauses(*, hidden: bool = False) -> MadeFindings:
    """The same words in two clauses, one of which says something."""
    made = with_words(WORDS)
    clauses = (
        TextInterval(Span(0.0, 1.5), "happiness", 0.62, 4, "Да neutral, b> & Да."),
        TextInterval(Span(2.5, 3.1), "uncertain", None, 2, "Да. за\u0301мок…"),
    )
    if hidden:
        clauses = tuple(dataclasses.replace(row, text=None) for row in clauses)
    analysis = dataclasses.replace(
        made.analysis,
        words=None if hidden else made.analysis.words,
        text_labels=("happiness", "neutral"),
        text_clauses=clauses,
    )
    models = {**made.run.models, "text": ModelRecord("rubert-tiny2-cedr")}
    return dataclasses.replace(
        made, analysis=analysis, run=dataclasses.replace(made.run, models=models)
    )


def tiers_in(form: str, made: MadeFindings, lang: str = "en") -> dict[str, list[tuple[Any, ...]]]:
    """Tiers of an exported file, by a reader that knows nothing of what they mean."""
    (content,) = export_files(made, [form], "talk", MEDIA, lang).values()
    tiers = read_eaf(content, None) if form == "elan" else read_textgrid(content.decode())
    return {
        tier.name: [(span.start_ms, span.end_ms, span.text) for span in tier.spans if span.text]
        for tier in tiers
    }


@pytest.mark.parametrize("form", ["elan", "textgrid"])
def test_clauses_and_what_they_say_are_tiers_of_their_own(form: str) -> None:
    tiers = tiers_in(form, with_clauses())
    assert list(tiers)[-3:] == ["words", "clauses", "text_emotion"]
    assert tiers["clauses"] == [
        (0, 1500, "Да neutral, b> & Да."),
        (2500, 3100, "Да. за\u0301мок…"),
    ]
    assert tiers["text_emotion"] == [(0, 1500, "happiness"), (2500, 3100, "uncertain")]
    russian = tiers_in(form, with_clauses(), "ru")
    assert [label for *_, label in russian["text_emotion"]] == ["радость", "не определено"]
    assert russian["clauses"] == tiers["clauses"]


@pytest.mark.parametrize("form", ["elan", "textgrid"])
def test_hidden_words_leave_what_they_say(form: str) -> None:
    tiers = tiers_in(form, with_clauses(hidden=True))
    assert list(tiers)[-2:] == ["speech", "text_emotion"]
    assert len(tiers["text_emotion"]) == 2


@pytest.mark.parametrize("form", EXACT)
def test_the_words_are_read_again_beside_their_clauses(form: str, tmp_path: Path) -> None:
    assert read_again(form, with_clauses(), tmp_path) == WORDS


def test_the_clauses_of_elan_have_a_vocabulary_and_their_model() -> None:
    content = export_files(with_clauses(), ["elan"], "talk", MEDIA, "en")["talk.eaf"]
    root = ET.fromstring(content)
    (tier,) = [tier for tier in root.iter("TIER") if tier.get("TIER_ID") == "text_emotion"]
    assert tier.get("ANNOTATOR") == "rubert-tiny2-cedr"
    (vocabulary,) = [
        element
        for element in root.iter("CONTROLLED_VOCABULARY")
        if element.get("CV_ID") == "text_emotion"
    ]
    values = {value.text for value in vocabulary.iter("CVE_VALUE")}
    assert {"happiness", "neutral", "uncertain", "enthusiasm"} <= values
    assert "no_speech" not in values
    references = {annotation.get("CVE_REF") for annotation in tier.iter("ALIGNABLE_ANNOTATION")}
    assert references <= {entry.get("CVE_ID") for entry in vocabulary.iter("CV_ENTRY_ML")}
    plain = export_files(with_words(WORDS), ["elan"], "talk", MEDIA, "en")["talk.eaf"]
    assert b"text_emotion" not in plain


@pytest.mark.parametrize(("form", "point"), [("vtt", "."), ("srt", ",")])
def test_captions_of_clauses_are_read_as_their_words(form: str, point: str, tmp_path: Path) -> None:
    name = f"talk_clauses.{form}"
    content = export_files(with_clauses(), [form], "talk", MEDIA, "ru")[name]
    assert f"00:00:00{point}000 --> 00:00:01{point}500" in content.decode()
    assert "[радость 62 %]" in content.decode()
    assert "[не определено]" in content.decode()
    (tmp_path / name).write_bytes(content)
    words = place_words(read_transcript(tmp_path / name), 100.0).words
    assert [word.text for word in words] == ["Да", "neutral", "b", "Да", "Да", "за\u0301мок"]
    hidden = export_files(with_clauses(hidden=True), [form], "talk", MEDIA, "en")
    assert f"talk_words.{form}" not in hidden
    assert "[happiness 62 %]" in hidden[name].decode()
    assert "Да" not in hidden[name].decode()


def test_clauses_are_events_with_their_words() -> None:
    files = export_files(with_clauses(), ["bids"], "talk", MEDIA, "en")
    lines = [line.split("\t") for line in files["talk_events.tsv"].decode().splitlines()]
    events = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    said = [event for event in events if event["modality"] == "text_emotion"]
    assert [event["trial_type"] for event in said] == [
        "text_emotion_happiness",
        "text_emotion_uncertain",
    ]
    assert [(event["emotion"], event["confidence"]) for event in said] == [
        ("happiness", "0.6200"),
        ("uncertain", "n/a"),
    ]
    assert said[0]["clause"] == "Да neutral, b> & Да."
    assert sum(event["trial_type"] == "word" for event in events) == len(WORDS)
    assert {event["clause"] for event in events if event not in said} == {"n/a"}
    sidecar = json.loads(files["talk_events.json"])
    assert sidecar["GeneratedBy"]["TextModel"] == "rubert-tiny2-cedr"
    assert {"text_emotion"} <= sidecar["modality"]["Levels"].keys()
    assert sidecar["clause"]["Description"]
    hidden = export_files(with_clauses(hidden=True), ["bids"], "talk", MEDIA, "en")
    header, *rest = hidden["talk_events.tsv"].decode().splitlines()
    assert not {"word", "clause"} & {*header.split("\t")}
    assert any("text_emotion_happiness" in line for line in rest)


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
