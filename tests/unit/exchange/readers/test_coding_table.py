from __future__ import annotations

import pytest

from emoreport.errors import SettingsError, StoredReadingsError
from tests.unit.exchange.readers.conftest import Read, spans


def test_rows_are_read_by_the_names_of_the_columns(read: Read) -> None:
    text = "emotion,note,end,start,modality\nanger,x,1.5,0,face\nsurprise,,3,1.5,Voice\n"
    (coding,) = read("anna.csv", text)
    assert spans(coding.labels.face) == [(0.0, 1.5, "anger")]
    assert spans(coding.labels.voice) == [(1.5, 3.0, "surprise")]
    assert not coding.assumed_face


def test_several_coders_are_kept_apart(read: Read) -> None:
    text = "start,end,emotion,coder\n0,1,anger,anna\n0,1,fear,bob\n1,2,neutral,anna\n"
    anna, bob = read("all.csv", text)
    assert (anna.coder, bob.coder) == ("anna", "bob")
    assert spans(anna.labels.face) == [(0.0, 1.0, "anger"), (1.0, 2.0, "neutral")]
    assert spans(bob.labels.face) == [(0.0, 1.0, "fear")]


def test_without_a_modality_the_face_is_assumed_and_that_is_said(read: Read) -> None:
    text = "start,end,emotion\n0,1,anger\n"
    (coding,) = read("a.csv", text)
    assert coding.labels.face
    assert coding.assumed_face
    (coding,) = read("a.csv", text, modality="voice")
    assert coding.labels.face is None
    assert coding.labels.voice
    assert not coding.assumed_face


@pytest.mark.parametrize(
    "text",
    [
        "start;end;emotion\n0;1,5;гнев\n",
        "start\tend\temotion\n0\t1.5\tanger\n",
        "\ufeffStart , End,Emotion\r\n0,1.5,ANGER\r\n\r\n",
        'start,end,emotion\n0,"1.5","anger"\n,,\n',
        "sep=;\nstart;end;emotion\n0;1,5;anger\n",
        "\n;;;\nSTART;End;emotion;;\n0;1,5;anger;;\n;;;;\n",
        "\nstart,end,emotion\r0,1.5,anger\r",
    ],
)
def test_the_ways_in_which_spreadsheets_write(text: str, read: Read) -> None:
    (coding,) = read("a.csv", text)
    assert spans(coding.labels.face) == [(0.0, 1.5, "anger")]


RUSSIAN = "start;end;emotion;note\r\n0;1,5;гнев;\r\n1,5;3;Радость;ещё раз\r\n"


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "mac_cyrillic", "utf-16", "utf-8-sig"])
def test_what_a_russian_spreadsheet_saves_is_read(encoding: str, read: Read) -> None:
    (coding,) = read("a.csv", RUSSIAN.encode(encoding))
    assert spans(coding.labels.face) == [(0.0, 1.5, "anger"), (1.5, 3.0, "happiness")]
    assert coding.guessed_encoding == (None if encoding.startswith("utf") else encoding)


def test_an_encoding_that_is_named_is_not_guessed(read: Read) -> None:
    content = RUSSIAN.encode("koi8-r")
    with pytest.raises(StoredReadingsError, match="--encoding"):
        read("a.csv", content)
    (coding,) = read("a.csv", content, encoding="koi8-r")
    assert len(coding.labels.face or ()) == 2
    assert coding.guessed_encoding is None
    with pytest.raises(StoredReadingsError, match="no encoding 'klingon'"):
        read("a.csv", content, encoding="klingon")


def test_renamings_are_likely_words(read: Read) -> None:
    content = "start;end;emotion\n0;1;ВЕСЕЛО\n".encode("cp1251")
    with pytest.raises(StoredReadingsError, match="--encoding"):
        read("a.csv", content)
    (coding,) = read("a.csv", content, mapping={"весело": "happiness"})
    assert spans(coding.labels.face) == [(0.0, 1.0, "happiness")]


def test_only_the_modality_that_is_asked_for_is_judged(read: Read) -> None:
    text = "start,end,emotion,modality\n0,1,anger,face\n3,2,soon,voice\n"
    (coding,) = read("a.csv", text, voice="none")
    assert spans(coding.labels.face) == [(0.0, 1.0, "anger")]
    with pytest.raises(StoredReadingsError, match="line 3 runs from"):
        read("a.csv", text)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("start,end,emotion,Start\n0,1,anger,2\n", "column start twice"),
        ("", "lacks the column start, end, emotion"),
        ("start,emotion\n0,anger\n", "lacks the column end"),
        ("start,end,emotion\n", "no row"),
        ("start,end,emotion\n0,x,anger\n", "line 2 holds 'x'"),
        ("start,end,emotion\n0,nan,anger\n", "time in seconds"),
        ("start,end,emotion\n0,inf,anger\n", "time in seconds"),
        ("start,end,emotion\n2,1,anger\n", "no span"),
        ("start,end,emotion\n-1,1,anger\n", "no span"),
        ("start,end,emotion\n0,,anger\n", "time in seconds"),
        ("start,end,emotion,modality\n0,1,anger,smell\n", "'smell'"),
        ("start,end,emotion\n0,2,anger\n1,3,fear\n", "two labels"),
        ('start,end,emotion\n0,1,"anger\n', "no readable CSV"),
        (f"start,end,emotion\n0,1,{'x' * 20000}\n", "more than 10000"),
        (f"start,end,emotion\n0,1,{'x' * 200000}\n", "no readable CSV"),
    ],
    ids=range(15),
)
def test_broken_tables_are_one_error(text: str, cause: str, read: Read) -> None:
    with pytest.raises(StoredReadingsError, match=cause):
        read("a.csv", text)


def test_formulas_are_text(read: Read) -> None:
    with pytest.raises(SettingsError, match="=cmd"):
        read("a.csv", "start,end,emotion\n0,1,=cmd|'/c calc'!A1\n")
