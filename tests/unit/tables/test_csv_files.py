import csv
import io
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreport.records import Analysis, Comparison, Span
from emoreport.tables.cells import show, show_all
from emoreport.tables.columns import TABLE_NAMES
from emoreport.tables.csv_files import csv_bytes, text_field
from emoreport.tables.frames import build_tables
from tests.fixtures.results import analysis, face_track, long_analysis, speech_track, summary


def csv_texts(result=None):
    built = build_tables(result or analysis(), face_track(dimensions=True), speech_track())
    return {name: csv_bytes(table).decode("utf-8") for name, table in show_all(built).items()}


def records(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


EMPTY = Analysis((), (), (), (), summary())


def test_a_whole_file():
    assert csv_texts()["modality_duration"] == (
        "duration,start,end,video_emotion,audio_emotion,match\n"
        "1.000,0.000,1.000,happiness,happiness,true\n"
        "1.001,1.000,2.001,sadness,happiness,false\n"
        "0.332,2.001,2.333,no_face,no_speech,\n"
        "1.000,2.333,3.333,uncertain,no_speech,\n"
    )


def test_decimals_by_kind():
    row = records(csv_texts()["summary"])[0]
    assert row["duration"] == "3.333"
    assert row["face_coverage"] == "0.9000"
    assert row["frames"] == "83"
    assert row["frame_rate"] == "25.000"
    interval = records(csv_texts()["video_intervals"])[0]
    assert interval["p_happiness"] == "0.6500"
    assert interval["valence"] == "-0.2500"
    assert records(csv_texts()["modality_mismatch"])[0]["severity"] == "0.6000"


@pytest.mark.parametrize("name", [name for name in TABLE_NAMES if name != "summary"])
def test_the_header_stands_without_rows_too(name):
    header = csv_texts()[name].split("\n")[0]
    assert csv_texts(EMPTY)[name] == header + "\n"


def test_unknown_is_an_empty_cell():
    for text in csv_texts(analysis(frame_rate_hz=None, mismatch_share=float("nan"))).values():
        assert not re.search(r"\b(nan|none|na|inf)\b", text, re.IGNORECASE)
    row = records(csv_texts(analysis(dominant_audio_emotion=None))["summary"])[0]
    assert row["dominant_audio_emotion"] == ""
    gap = records(csv_texts()["video_intervals"])[2]
    assert gap["confidence"] == gap["p_fear"] == gap["valence"] == ""
    assert gap["face_coverage"] == "0.0000"


def test_no_byte_order_mark_and_plain_line_ends():
    built = build_tables(analysis(), face_track(), speech_track())
    content = csv_bytes(show("summary", built["summary"]))
    assert content.startswith(b"video,duration")
    assert b"\r" not in content
    assert content.endswith(b"\n")


def test_minus_zero_is_zero():
    result = Analysis(
        (), (), (Comparison(Span(-1e-9, 1.0), "fear", "fear", True, -0.0),), (), summary()
    )
    assert csv_texts(result)["modality_duration"].split("\n")[1].startswith("1.000,0.000,1.000")


@settings(max_examples=40)
@given(
    st.lists(
        st.floats(min_value=0, max_value=40_000, allow_nan=False),
        min_size=2,
        max_size=30,
        unique=True,
    )
)
def test_printed_rows_tile_whatever_the_bounds(bounds):
    ordered = sorted(bounds)
    comparisons = tuple(
        Comparison(Span(start, end), "fear", "anger", False, 0.5)
        for start, end in pairwise(ordered)
    )
    texts = csv_texts(Analysis((), (), comparisons, (), summary()))
    for name in ("modality_duration", "modality_mismatch"):
        rows = records(texts[name])
        assert [row["end"] for row in rows[:-1]] == [row["start"] for row in rows[1:]]
        ms = [
            {key: round(float(row[key]) * 1000) for key in ("start", "end", "duration")}
            for row in rows
        ]
        assert all(row["duration"] == row["end"] - row["start"] for row in ms)
        assert sum(row["duration"] for row in ms) == ms[-1]["end"] - ms[0]["start"]


def test_an_hour_tiles_from_zero_to_the_end():
    rows = records(csv_texts(long_analysis(800))["video_intervals"])
    assert rows[0]["start"] == "0.000"
    assert rows[-1]["end"] == "3600.000"
    assert np.isclose(sum(float(row["duration"]) for row in rows), 3600.0)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("talk.mp4", "talk.mp4"),
        ("интервью 1.mp4", "интервью 1.mp4"),
        ("=1+1.mp4", "'=1+1.mp4"),
        ("+7.mp4", "'+7.mp4"),
        ("-dash.mp4", "'-dash.mp4"),
        ("@sum.mp4", "'@sum.mp4"),
        ("  =1.mp4", "'  =1.mp4"),
        ("＝1.mp4", "'＝1.mp4"),
        ("\t=1.mp4", "\"'\t'=1.mp4\""),
        ("\rx.mp4", '"\'\rx.mp4"'),
        ("a;=1.mp4", '"a;\'=1.mp4"'),
        ("a\n=1.mp4", '"a\n\'=1.mp4"'),
        ("a, b.mp4", '"a, b.mp4"'),
        ('say "hi".mp4', '"say ""hi"".mp4"'),
        ("<script>.mp4", "<script>.mp4"),
        ("a-b=c.mp4", "a-b=c.mp4"),
        ("", ""),
    ],
)
def test_texts_are_never_formulas_and_stay_recognisable(name, field):
    assert text_field(name) == field


@settings(max_examples=40)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_any_file_name_survives(name):
    text = csv_texts(analysis(video=name))["summary"]
    (row,) = records(text)
    found = row["video"]
    assert found.replace("'", "") == name.replace("'", "")
    for cell in re.split(r"[;\t\r\n]", found):
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))


def test_a_name_that_is_no_text_is_spelt_out():
    assert (
        records(csv_texts(analysis(video="a\udcff.mp4"))["summary"])[0]["video"] == "a\\udcff.mp4"
    )
