import csv
import io
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreport.records import Span
from emoreport.results import Analysis, Comparison
from emoreport.settings import OPTIONS
from emoreport.tables.cells import show
from emoreport.tables.columns import TABLE_NAMES
from emoreport.tables.csv_files import LOCALES, csv_bytes, csv_field, localised_name, text_field
from emoreport.tables.frames import build_tables, shown_tables
from emoreport.tables.store import Readings, write_all
from emoreport.tables.summary_facts import SummaryFacts
from tests.fixtures.results import (
    analysis,
    face_track,
    long_analysis,
    speech_track,
    summary,
    with_options,
)


def csv_texts(result=None):
    built = shown_tables(result or analysis(), face_track(dimensions=True), speech_track())
    return {name: csv_bytes(table).decode("utf-8") for name, table in built.items()}


def records(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


EMPTY = Analysis((), (), (), (), summary())


def test_a_whole_file():
    assert csv_texts()["modality_duration"] == (
        "duration,start,end,video_emotion,audio_emotion,match,shot,person,not_compared_because\n"
        "1.000,0.000,1.000,happiness,happiness,true,,,\n"
        "1.001,1.000,2.001,sadness,happiness,false,,,\n"
        "0.332,2.001,2.333,no_face,no_speech,,,,\n"
        "1.000,2.333,3.333,uncertain,no_speech,,,,\n"
    )


def test_the_statistics_as_files():
    assert csv_texts()["transition_statistics"] == (
        "statistic,emotion,to,scope,setting,value,low,high,expected,count,p_value,p_adjusted,"
        "unit,note\n"
        "pair_count,happiness,sadness,all,,1.0000,0.2500,2.5000,0.5000,1,0.000500,0.001000,"
        "count,\n"
        "transitions_per_emotion_minute,,,all,min_interval=0.25 smoothing=2,26.0870,,,,1,,,"
        "per_minute,\n"
        "dwell_median,fear,,pausing,,,,,,0,,,seconds,too_short\n"
    )
    assert csv_texts()["mismatch_statistics"] == (
        "statistic,emotion,scope,value,low,high,expected,count,p_value,verdict,unit,note\n"
        "mismatch_share,,all,0.5000,,,0.8000,1999,0.000500,less,share,\n"
        "window_mismatch_share,,all,0.5500,0.4000,0.6500,0.8500,,,,share,\n"
        "window_mismatch_share,,pausing,0.1000,,,,,,,share,\n"
        "unmapped_face_label,contempt,all,,,,,,,,count,no_partner\n"
    )


def test_compounds_as_a_file():
    assert csv_texts(with_options(analysis()))["compound_emotions"] == (
        "start,end,emotion,leading,fearfully_surprised,happily_surprised,sadly_surprised,"
        "disgustedly_surprised,angrily_surprised,sadly_fearful,sadly_angry,person\n"
        "0.000,1.000,happiness,sadly_fearful,0.1000,0.2000,0.3000,0.4000,0.5000,0.6000,,\n"
        "1.000,2.001,sadness,fearfully_surprised,0.7000,0.6000,0.5000,0.4000,0.3000,0.2000,0.1000,"
        "\n2.001,2.333,no_face,,,,,,,,,\n"
        "2.333,3.333,uncertain,,,,,,,,,\n"
    )
    assert "compound_emotions" not in csv_texts()


def test_evidence_in_the_interval_files():
    numbers = "0.9000,0.8000,112.2,12.5,,1234.5678,1.1250,0.2500,0.3750,0.5000"
    shown = f"-0.2500,0.5000,derived,{numbers},,happiness,0.8125,,,,"
    lines = csv_texts()["video_intervals"].splitlines()
    assert [",".join(line.split(",")[-20:]) for line in lines[1:]] == [
        shown,
        shown,
        "," * 19,
        f",,,{numbers},entropy margin,,,,,,",
    ]
    lines = csv_texts()["audio_intervals"].splitlines()
    assert [",".join(line.split(",")[-18:]) for line in lines[2:4]] == [
        "0.7500,0.3750,derived,2.500,18.2,0.0625,0.3125,0.4375,,positive,,0.9375,0.5625,0.6875,,,,",
        ",,,0.250,,,,,,,,,,,,,,",
    ]
    lines = csv_texts()["voice_intervals"].splitlines()
    assert [line.split(",")[:7] for line in lines[1:]] == [
        ["happiness", "0.000", "1.500", "1.500", "0.6500", "0.875", "0.5625"],
        ["no_speech", "1.500", "3.333", "1.833", "", "0.000", ""],
    ]
    assert [",".join(line.split(",")[-16:]) for line in lines[1:]] == [
        "0.7500,0.3750,derived,2.500,18.2,0.0625,0.3125,0.4375,,positive,,0.9375,0.6875,,,",
        ",,,0.250,,,,,,,,,,,,",
    ]


def test_the_two_cuts_meet_in_face_voice():
    head, *lines = csv_texts()["face_voice"].splitlines()
    assert head.endswith(
        ",face_emotion,voice_emotion,match,severity,shot,person,not_compared_because"
    )
    assert lines == [
        "0.000,1.000,1.000,happiness,happiness,true,0.0500,,,",
        "1.000,1.500,0.500,sadness,happiness,false,0.6000,,,",
        "1.500,2.001,0.501,sadness,no_speech,,,,,",
        "2.001,2.333,0.332,no_face,no_speech,,,,,",
        "2.333,3.333,1.000,uncertain,no_speech,,,,,",
    ]


def test_scores_against_a_baseline_stand_at_the_end_of_a_row():
    row = csv_texts(with_options(analysis()))["video_intervals"].splitlines()[1]
    assert row.endswith(
        ",,happiness,0.8125,,,0.0000,0.5000,1.0000,1.5000,2.0000,2.5000,3.0000,3.5000,,"
    )
    row = csv_texts(with_options(analysis()))["audio_intervals"].splitlines()[1]
    assert row.endswith("0.4375,,positive,,0.9375,0.5625,0.6875," + ",-1.2500" * 7 + ",,,")


@pytest.mark.parametrize("p_value", [1 / 2000, 2 / 14_401, 1e-6])
def test_a_p_value_is_never_shown_as_zero(p_value):
    texts = csv_texts(analysis(mismatch_p_value=p_value))
    assert float(records(texts["summary"])[0]["mismatch_p_value"]) == round(p_value, 6) > 0


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


@pytest.mark.parametrize(
    ("cell", "plain", "russian"),
    [
        (None, "", ""),
        (-0.25, "-0.250", "-0,250"),
        (-0.0, "0.000", "0,000"),
        (3, "3", "3"),
        (True, "true", "ИСТИНА"),
        ("1.5", "1.5", "1.5"),
        ("-1", "'-1", "'-1"),
    ],
)
def test_a_cell_is_written_as_its_type_says(cell, plain, russian):
    assert csv_field(cell, 3) == plain
    assert csv_field(cell, 3, LOCALES["ru"]) == russian


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


# --------------------------------------------------------------------------- other spreadsheets


def russian(result=None):
    built = shown_tables(result or analysis(), face_track(dimensions=True), speech_track())
    return {name: csv_bytes(table, LOCALES["ru"]) for name, table in built.items()}


def number(text):
    """What a spreadsheet set to Russian makes of a cell."""
    if text in {"ИСТИНА", "ЛОЖЬ"}:
        return text == "ИСТИНА"
    if re.fullmatch(r"-?\d+(,\d+)?", text):
        return float(text.replace(",", "."))
    return text


def plain_number(text):
    if text in {"true", "false"}:
        return text == "true"
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text


def test_a_whole_file_for_a_russian_spreadsheet():
    assert russian()["modality_duration"].decode("utf-8") == (
        "\ufeffduration;start;end;video_emotion;audio_emotion;match;shot;person;not_compared_because\n"
        "1,000;0,000;1,000;happiness;happiness;ИСТИНА;;;\n"
        "1,001;1,000;2,001;sadness;happiness;ЛОЖЬ;;;\n"
        "0,332;2,001;2,333;no_face;no_speech;;;;\n"
        "1,000;2,333;3,333;uncertain;no_speech;;;;\n"
    )


def test_a_russian_spreadsheet_reads_the_same_cells():
    plain = csv_texts(with_options(analysis(video="-1,5;=x.mp4")))
    for name, content in russian(with_options(analysis(video="-1,5;=x.mp4"))).items():
        assert content.startswith(b"\xef\xbb\xbf")
        text = content.decode("utf-8-sig")
        theirs = [
            [number(cell) for cell in row]
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=";")
        ]
        ours = [
            [plain_number(cell) for cell in row]
            for row in csv.reader(io.StringIO(plain[name], newline=""))
        ]
        assert theirs == ours
        assert len({len(row) for row in theirs}) == 1


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1,5", "@x", "a;=1+1", "\t=1"])
def test_no_text_is_a_formula_or_a_number_for_a_russian_spreadsheet(text):
    content = russian(analysis(video=text))["summary"].decode("utf-8-sig")
    _, row = csv.reader(io.StringIO(content, newline=""), delimiter=";")
    assert not re.match(r"\s*[=+\-@]", row[0])
    assert not re.search(r";\s*[=+\-@]", row[0])
    assert row[0].replace("'", "") == text


def test_every_language_of_the_setting_has_a_form_and_a_file_name():
    assert OPTIONS["excel_locale"].choices == ("none", *LOCALES)
    assert localised_name("summary", "ru") == "summary.ru.csv"


def test_files_for_the_other_spreadsheet_lie_beside_the_usual_ones_and_go_with_the_setting(
    tmp_path,
):
    tables = shown_tables(analysis(), face_track(), speech_track())

    def written(**options):
        write_all(
            tmp_path,
            lambda: tables,
            Readings(face_track(), speech_track()),
            {},
            formats=("csv",),
            lang="en",
            facts=SummaryFacts(),
            **options,
        )
        return {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    plain = written()
    both = written(excel_locale="ru")
    assert both.keys() - plain.keys() == {f"{name}.ru.csv" for name in TABLE_NAMES}
    assert {name: both[name] for name in plain} == plain
    assert written() == plain
