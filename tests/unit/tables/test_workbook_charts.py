import dataclasses
import io
import re
import xml.etree.ElementTree as ET
import zipfile

import openpyxl
import pytest

from emoreport.results import Analysis, Statistic
from emoreport.tables import workbook
from emoreport.tables.frames import shown_tables
from emoreport.tables.summary_facts import SummaryFacts
from emoreport.vocabulary import COLOURS, NAMES
from tests.fixtures.results import (
    analysis,
    face_track,
    long_analysis,
    speech_track,
    summary,
    transition_statistics,
)

DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
LATIN = re.compile(r"[A-Za-z]")


def content(result=None, lang="en"):
    tables = shown_tables(result or analysis(), face_track(), speech_track())
    return workbook.workbook_bytes(tables, lang=lang, facts=SummaryFacts())


def opened(result=None, lang="en"):
    return openpyxl.load_workbook(io.BytesIO(content(result, lang)))


def charts(result=None, lang="en"):
    with zipfile.ZipFile(io.BytesIO(content(result, lang))) as parts:
        names = sorted(name for name in parts.namelist() if name.startswith("xl/charts/chart"))
        return [ET.fromstring(parts.read(name)) for name in names]


def texts(chart):
    """Titles of a chart and of its axes."""
    return [part.text for part in chart.iter(f"{DRAWING}t")]


def series(chart):
    """Name, colours and cached values of each series."""
    found = []
    for entry in chart.iter(f"{CHART}ser"):
        name = entry.find(f"{CHART}tx").find(f".//{CHART}v").text
        colours = [colour.get("val") for colour in entry.iter(f"{DRAWING}srgbClr")]
        values = [float(value.text) for value in entry.find(f"{CHART}val").iter(f"{CHART}v")]
        found.append((name, colours, values))
    return found


def categories(chart):
    return [value.text for value in next(chart.iter(f"{CHART}cat")).iter(f"{CHART}v")]


def test_five_charts_with_titles_and_axes():
    assert [texts(chart)[0] for chart in charts()] == [
        "Face: share of time",
        "Voice: share of time",
        "Face over time",
        "Voice over time",
        "Mismatch severity over time",
    ]
    assert all(len(texts(chart)) >= 2 for chart in charts())


def test_russian_charts_hold_no_english_word():
    for chart in charts(lang="ru"):
        words = [*texts(chart), *(name for name, _, _ in series(chart))]
        assert [word for word in words if LATIN.search(word)] == []
    assert set(categories(charts(lang="ru")[0])) == {
        NAMES["ru"][name] for name in ("happiness", "sadness", "no_face", "uncertain")
    }


def test_shares_are_those_of_the_whole_recording_in_the_colours_of_the_emotions():
    face, voice, *_ = charts()
    assert categories(face) == ["happiness", "sadness", "no_face", "uncertain"]
    ((_, colours, values),) = series(face)
    assert [COLOURS[name][1:] for name in categories(face)] == [
        colour for colour in colours if colour != "E1E4E8"
    ]
    assert values == pytest.approx([0.3, 0.3003, 0.0996, 0.3], abs=2e-4)
    ((_, _, values),) = series(voice)
    assert categories(voice) == ["happiness", "no_speech"]
    assert sum(values) == pytest.approx(1.0, abs=1e-3)


def test_the_columns_over_time_add_up_and_bear_the_colours_of_the_emotions():
    for chart in charts()[2:4]:
        found = series(chart)
        assert [colours for _, colours, _ in found] == [[COLOURS[name][1:]] for name, _, _ in found]
        for stretch in zip(*(values for _, _, values in found), strict=True):
            assert sum(stretch) == pytest.approx(1.0, abs=1e-9)


def test_severity_is_drawn_where_there_is_a_mismatch_and_grey_where_nothing_is_compared():
    sheet = opened()["chart_data"]
    head = next(row for row in range(4, 20) if sheet.cell(row, 1).value == "start")
    place = next(
        column for column in range(1, 30) if sheet.cell(head, column).value == "largest severity"
    )
    rows = [
        [sheet.cell(row, column).value for column in (1, place, place + 1)]
        for row in range(head + 1, sheet.max_row + 1)
    ]
    # The mismatch lasts from 1.000 to 1.500, where the voice stops; then nothing is compared.
    assert [severity for _, severity, _ in rows[:10]] == [None] * 10
    assert [severity for _, severity, _ in rows[10:15]] == [0.6] * 5
    assert [gap for _, _, gap in rows] == [None] * 15 + [1] * (len(rows) - 15)


def test_the_charts_never_stand_without_chance():
    sheet = opened()["charts"]
    notes = " ".join(str(cell.value) for (cell, *_) in sheet.iter_rows() if cell.value)
    assert "50 % of 2 s; chance alone would give 80 %: less than chance" in notes
    sheet = opened(analysis(mismatch_share=None))["charts"]
    notes = " ".join(str(cell.value) for (cell, *_) in sheet.iter_rows() if cell.value)
    assert "could not be compared" in notes


def test_a_recording_without_intervals_has_no_chart_and_says_so():
    bare = Analysis((), (), (), (), summary())
    assert charts(bare) == []
    book = opened(bare)
    assert "nothing to draw" in str([cell.value for (cell, *_) in book["charts"].iter_rows()])
    assert "chart_data" not in book.sheetnames


def test_an_hour_fits_a_chart():
    for chart in charts(long_analysis(800)):
        assert all(len(values) <= 120 for _, _, values in series(chart))


# --------------------------------------------------------------------------- matrices


def block(sheet, title):
    """Labels and cells of the matrix under a title, up to the first row without a label."""
    head = next(row for row in range(1, 60) if sheet.cell(row, 1).value == title) + 2
    columns = [cell.value for cell in sheet[head][1:] if cell.value]
    rows = {}
    for row in range(head + 1, sheet.max_row + 1):
        name = sheet.cell(row, 1).value
        if name not in COLOURS and name not in NAMES["ru"].values():
            break
        rows[name] = [sheet.cell(row, place + 2).value for place in range(len(columns))]
    return columns, rows


def test_the_matrix_of_transitions_counts_and_tells_never_from_impossible():
    columns, rows = block(opened()["matrices"], "Transitions: how often")
    assert columns == ["happiness", "sadness"]
    assert rows == {"happiness": [None, 1], "sadness": [0, None]}


def test_the_matrix_is_shaded_by_its_numbers_and_its_labels_by_emotion():
    sheet = opened()["matrices"]
    (shaded, *_) = sheet.conditional_formatting
    assert str(shaded.sqref) == "B4:C5"
    assert shaded.rules[0].type == "colorScale"
    assert sheet["A4"].fill.fgColor.rgb == sheet["B3"].fill.fgColor.rgb
    assert sheet["A4"].fill.fgColor.rgb == f"FF{COLOURS['happiness'][1:]}"


def test_chance_stands_beside_the_counts():
    sheet = opened()["matrices"]
    _, rows = block(sheet, "Transitions: expected by chance")
    assert rows == {"happiness": [None, 0.5], "sadness": [None, None]}
    assert any("no test (not known)" in str(cell.value) for (cell, *_) in sheet.iter_rows())


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"p_value": 0.0123}, "p = 0.0123"),
        ({"note": "too_few_transitions"}, "no test (too few transitions)"),
    ],
)
def test_the_order_of_the_emotions_is_tested_or_says_why_not(facts, words):
    rows = (*transition_statistics(), Statistic("order", "probability", count=3, **facts))
    sheet = opened(dataclasses.replace(analysis(), transition_statistics=rows))["matrices"]
    assert any(words in str(cell.value) for (cell, *_) in sheet.iter_rows())


def test_no_expected_counts_without_a_test():
    sheet = opened(dataclasses.replace(analysis(), transition_statistics=()))["matrices"]
    assert "Transitions: expected by chance" not in [cell.value for (cell, *_) in sheet.iter_rows()]


def test_face_by_voice_makes_up_the_recording():
    columns, rows = block(opened(lang="ru")["Матрицы"], "Лицо и голос: секунды вместе")
    assert columns == ["радость", "нет речи"]
    assert list(rows) == ["радость", "грусть", "нет лица", "не определено"]
    assert sum(sum(cells) for cells in rows.values()) == pytest.approx(3.333)
