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
    ],
)
def test_the_ways_in_which_spreadsheets_write(text: str, read: Read) -> None:
    (coding,) = read("a.csv", text)
    assert spans(coding.labels.face) == [(0.0, 1.5, "anger")]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
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
        ('start,end,emotion\n0,1,"anger\n', "no CSV"),
        (f"start,end,emotion\n0,1,{'x' * 20000}\n", "more than 10000"),
        (f"start,end,emotion\n0,1,{'x' * 200000}\n", "no CSV"),
    ],
    ids=range(14),
)
def test_broken_tables_are_one_error(text: str, cause: str, read: Read) -> None:
    with pytest.raises(StoredReadingsError, match=cause):
        read("a.csv", text)


def test_formulas_are_text(read: Read) -> None:
    with pytest.raises(SettingsError, match="=cmd"):
        read("a.csv", "start,end,emotion\n0,1,=cmd|'/c calc'!A1\n")
