import dataclasses
import io
import re
import zipfile

import openpyxl
import pytest

from emoreport.results import Analysis
from emoreport.settings import Settings
from emoreport.tables import workbook, workbook_sheets
from emoreport.tables.codes import CODES
from emoreport.tables.columns import SUMMARY, frames_table, speech_table
from emoreport.tables.csv_files import csv_bytes
from emoreport.tables.dictionary import sheet_name
from emoreport.tables.frames import shown_tables
from emoreport.tables.schema import Column, Kind
from emoreport.tables.summary_facts import SummaryFacts
from emoreport.tables.summary_sheet import agreement_word, sections
from emoreport.tables.workbook_styles import MAX_TEXT
from emoreport.vocabulary import COLOURS, text_on
from tests.fixtures.results import (
    VOICE_LABELS,
    analysis,
    face_track,
    model_record,
    speech_track,
    summary,
    with_options,
)

FACTS = SummaryFacts(
    program="emoreport 1.2.3",
    models={
        "face": model_record(),
        "speech": model_record("voice"),
        "speech_witness": dataclasses.replace(model_record("voice"), name="second"),
    },
    settings=Settings().values(),
    warnings=("There is no sound.",),
)
READINGS = (frames_table(("anger",)), speech_table(VOICE_LABELS))


def shown(result=None):
    return shown_tables(result or analysis(), face_track(dimensions=True), speech_track())


def content(result=None, *, lang="en", facts=FACTS):
    return workbook.workbook_bytes(shown(result), lang=lang, facts=facts, readings=READINGS)


def opened(*args, **kwargs):
    return openpyxl.load_workbook(io.BytesIO(content(*args, **kwargs)))


def summary_values(book):
    return {row[0].value: row[1].value for row in book.worksheets[0].iter_rows() if row[0].value}


def test_summary_first_dictionary_last():
    assert opened().sheetnames == [
        "summary",
        "charts",
        "video_intervals",
        "audio_intervals",
        "voice_intervals",
        "modality_mismatch",
        "modality_duration",
        "face_voice",
        "transitions",
        "transition_statistics",
        "mismatch_statistics",
        "people",
        "matrices",
        "chart_data",
        "dictionary",
    ]
    assert opened(with_options(analysis())).sheetnames[-12:] == [
        "compound_emotions",
        "words",
        "speech_rate",
        "text_intervals",
        "text_clauses",
        "modalities",
        "action_intervals",
        "action_events",
        "action_summary",
        "matrices",
        "chart_data",
        "dictionary",
    ]


def test_russian_sheets_headers_and_emotions():
    book = opened(lang="ru")
    assert book.sheetnames[1:3] == ["Диаграммы", "Эмоции лица"]
    sheet = book.worksheets[2]
    assert [cell.value for cell in sheet[1]][:3] == ["Эмоция лица", "Начало", "Конец"]
    assert [sheet.cell(row, 1).value for row in range(2, 6)] == [
        "радость",
        "грусть",
        "нет лица",
        "не определено",
    ]
    assert summary_values(book)["Преобладающая эмоция лица"] == "радость"


def sheet_rows(sheet):
    lines = list(sheet.iter_rows(values_only=True))
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def test_russian_sheets_name_what_the_english_ones_hold_as_codes():
    english, russian = opened(with_options(analysis())), opened(with_options(analysis()), lang="ru")
    row = sheet_rows(english["transition_statistics"])[2]
    assert (row["statistic"], row["scope"], row["note"]) == ("dwell_median", "pausing", "too_short")
    row = sheet_rows(russian["Статистика переходов"])[2]
    assert row["Показатель"] == "Длительность эмоции, медиана"
    assert row["Эмоция"] == "страх"
    assert row["Часть времени"] == "в паузах"
    assert row["Единица"] == "секунды"
    assert row["Примечание"] == "слишком мало времени"
    row = sheet_rows(russian["Статистика расхождений"])[0]
    assert row["Вывод"] == "меньше, чем дала бы случайность"
    assert sheet_rows(english["video_intervals"])[3]["uncertain_because"] == "entropy margin"
    row = sheet_rows(russian["Эмоции лица"])[3]
    assert row["Почему не определено"] == "слишком большое сомнение, нет ясного перевеса"
    assert sheet_rows(russian["Эмоции лица"])[0]["Источник"] == "вычислено"
    assert sheet_rows(russian["Составные эмоции"])[0]["Ведущая пара"] == "грусть со страхом"


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_code_is_explained_in_the_workbook(lang):
    book = opened(with_options(analysis()), lang=lang)
    explained = {row[4] for row in book.worksheets[-1].iter_rows(values_only=True)}
    assert explained >= {code for codes in CODES.values() for code in codes}


def test_sheets_hold_what_the_csv_files_hold():
    tables, book = shown(with_options(analysis())), opened(with_options(analysis()))
    for name, table in tables.items():
        if name == "summary":
            continue
        rows = [[cell.value for cell in row] for row in book[name].iter_rows()]
        assert tuple(rows[0]) == table.table.names
        assert rows[1:] == [list(row) for row in zip(*table.columns, strict=True)]
        assert csv_bytes(table).count(b"\n") == len(rows)


def test_long_sheets_go_through_a_file_and_are_the_same(monkeypatch):
    short = opened(with_options(analysis()))
    monkeypatch.setattr(workbook_sheets, "LONG_ROWS", 1)
    for sheet in opened(with_options(analysis())):
        assert sheet.dimensions == short[sheet.title].dimensions
        assert cells_of(sheet) == cells_of(short[sheet.title])
        assert widths_of(sheet) == widths_of(short[sheet.title])


def cells_of(sheet):
    return [
        [(cell.value, cell.number_format, cell.fill.fgColor.rgb) for cell in row]
        for row in sheet.iter_rows()
    ]


def widths_of(sheet):
    return {name: column.width for name, column in sheet.column_dimensions.items()}


def test_cells_are_typed_and_formatted():
    sheet = opened()["video_intervals"]
    by_name = {cell.value: cell.column for cell in sheet[1]}
    formats = {name: sheet.cell(2, column).number_format for name, column in by_name.items()}
    assert formats["start"] == formats["duration"] == "0.000"
    assert formats["confidence"] == formats["p_fear"] == "0.0%"
    assert formats["frames"] == "0"
    assert formats["valence"] == formats["entropy"] == "0.000"
    assert formats["face_px"] == "0"
    assert formats["yaw_deg"] == "0.0"
    statistics = opened()["mismatch_statistics"]
    by_statistic = {cell.value: cell.column for cell in statistics[1]}
    assert statistics.cell(2, by_statistic["value"]).number_format == "0.000"
    assert statistics.cell(2, by_statistic["p_value"]).number_format == '[<0.0001]"< 0.0001";0.0000'
    assert statistics.cell(2, by_statistic["p_value"]).value == 0.0005
    assert sheet.cell(2, by_name["emotion"]).data_type == "s"
    assert sheet.cell(2, by_name["start"]).data_type == "n"
    assert sheet.cell(4, by_name["confidence"]).value is None
    assert opened()["modality_duration"].cell(3, 6).data_type == "b"


def test_header_is_bold_frozen_and_filtered():
    book = opened(with_options(analysis()))
    for sheet in book.worksheets:
        if sheet.title in {"summary", "charts", "matrices", "chart_data"}:
            continue
        wide = sheet.title in {"video_intervals", "audio_intervals", "voice_intervals"}
        assert sheet.freeze_panes == ("D2" if wide else "A2")
        assert sheet.print_title_rows == "$1:$1"
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.page_setup.orientation == "landscape"
        assert sheet["A1"].font.bold
        assert sheet.auto_filter.ref.startswith("A1:")
        assert sheet.column_dimensions["A"].width >= 9


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_only_what_most_readers_need_is_printed(lang):
    book = opened(with_options(analysis()), lang=lang)
    areas = {
        sheet.title: sheet.print_area.split("!")[1].replace("$", "")
        for sheet in book.worksheets
        if sheet.print_area
    }
    tables = {name: sheet_name(name, lang) for name in ("video_intervals", "voice_intervals")}
    rows = {name: book[title].max_row for name, title in tables.items()}
    assert areas[tables["video_intervals"]] == f"A1:G{rows['video_intervals']}"
    assert areas[tables["voice_intervals"]] == f"A1:G{rows['voice_intervals']}"
    assert sheet_name("transition_statistics", lang) not in areas
    dictionary = book.worksheets[-1]
    last = int(areas[dictionary.title].removeprefix("A1:D"))
    assert dictionary.cell(last, 5).value == "uncertain"
    assert last < dictionary.max_row


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_summary_is_printed_on_one_page_without_the_settings(lang):
    sheet = opened(lang=lang).worksheets[0]
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight or 1) == (1, 1)
    last = int(sheet.print_area.split("$")[-1])
    labels = [sheet.cell(row, 1).value for row in range(1, sheet.max_row + 1)]
    assert "smoothing" not in labels[:last]
    assert labels[last:].count("smoothing") == 1
    assert sheet.cell(last, 2).value is not None


def test_the_summary_leads_with_the_finding():
    book = opened(facts=dataclasses.replace(FACTS, finding="The face reads mostly as happiness."))
    assert book.worksheets[0]["B2"].value == "The face reads mostly as happiness."


def test_the_summary_tells_everything():
    book = opened()
    values = summary_values(book)
    assert values["Video"] == "talk.mp4"
    assert values["Face coverage"] == 0.9
    assert values["Time in mismatch, s"] == 1.0
    assert values["smoothing"] == "1.0 s"
    assert values["formats"] == ", ".join(Settings().output.formats)
    assert values["offline"] == "no"
    assert values["Program"] == "emoreport 1.2.3"
    assert values["Voice model: details"].startswith("compact, version 1; runtime onnxruntime")
    texts = [row[1].value for row in book.worksheets[0].iter_rows()]
    assert "There is no sound." in texts
    assert any("no diagnosis" in str(text) for text in texts)


def test_the_summary_holds_the_mismatch_beside_chance():
    book = opened()
    values = summary_values(book)
    assert values["Mismatch"] == "50 % of 2 s; chance alone would give 80 %: less than chance"
    assert values["Share of compared time in mismatch"] == 0.5
    assert values["Mismatch expected by chance"] == 0.8
    assert values["Mismatch against chance"] == "less than chance gives"
    assert values["Agreement beyond chance (kappa)"] == 0.125
    assert values["Judged share of the time with a face"] == 0.6975
    assert values["Time without enough evidence, s"] == 1.0
    formats = {row[0].value: row[1].number_format for row in book.worksheets[0].iter_rows()}
    assert formats["Agreement beyond chance (kappa)"] == '0.000"  (slight agreement)"'
    values = summary_values(opened(lang="ru"))
    assert values["Расхождения в сравнении со случайностью"] == "меньше, чем дала бы случайность"


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("more", "more than chance gives"),
        ("as_much", "as much as chance gives"),
        ("less", "less than chance gives"),
        ("not_enough_data", "not enough data to tell"),
        (None, "not known"),
    ],
)
def test_the_verdict_stands_in_plain_words(verdict, words):
    values = summary_values(opened(analysis(mismatch_verdict=verdict)))
    assert values["Mismatch against chance"] == words


def test_too_little_data_says_why_and_calls_kappa_nothing():
    book = opened(analysis(mismatch_verdict="not_enough_data", mismatch_note="too_short"))
    values = summary_values(book)
    assert values["Mismatch against chance"] == "not enough data to tell"
    assert values["Why there is no verdict"] == "too little time"
    assert values["Mismatch"].endswith("chance alone could give that (80 %): too short to tell")
    formats = {row[0].value: row[1].number_format for row in book.worksheets[0].iter_rows()}
    assert formats["Agreement beyond chance (kappa)"] == "0.000"


def test_an_unknown_mismatch_is_no_zero():
    values = summary_values(opened(analysis(mismatch_share=None)))
    assert values["Mismatch"] == "face and voice could not be compared anywhere"
    assert values["Share of compared time in mismatch"] == "not known"
    values = summary_values(opened(analysis(mismatch_share=0.0)))
    assert values["Mismatch"].startswith("0 % of 2 s")
    assert values["Share of compared time in mismatch"] == 0.0


@pytest.mark.parametrize(
    ("kappa", "words"),
    [
        (-0.5, "no agreement beyond chance"),
        (0.0, "no agreement beyond chance"),
        (0.2, "slight agreement"),
        (0.21, "fair agreement"),
        (0.6, "moderate agreement"),
        (0.8, "substantial agreement"),
        (1.0, "almost perfect agreement"),
    ],
)
def test_kappa_has_a_common_word(kappa, words):
    assert agreement_word(kappa, "en") == words


def test_every_summary_column_stands_in_the_summary_sheet():
    more = dataclasses.replace(SUMMARY, columns=(*SUMMARY.columns, Column("more", Kind.COUNT, "")))
    for table in (SUMMARY, more):
        placed = [name for names in sections(table).values() for name in names]
        assert sorted(placed) == sorted(table.names)
    assert sections(more)["further"][-1] == "more"


def test_unknown_summary_values_are_words():
    result = analysis(frame_rate_hz=None, mismatch_share=None, dominant_audio_emotion=None)
    values = summary_values(opened(result, facts=SummaryFacts()))
    assert values["Frame rate"] == "not known"
    assert values["Dominant emotion of the voice"] == "not known"


def test_tables_without_rows_keep_their_header():
    book = opened(Analysis((), (), (), (), summary()))
    assert [cell.value for cell in book["transitions"][1]] == ["from", "to", "count", "probability"]
    assert book["transitions"].max_row == 1


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "=cmd|' /C calc'!A0",
        "http://example.org/a.mp4",
        "12.5",
        "@x",
        "+1",
        "-2+3",
        "\t=1",
        "\r=1",
        "{=1}",
        "a\x01b",
    ],
)
def test_nothing_is_ever_a_formula_a_link_or_a_number(name):
    facts = SummaryFacts(program=name, settings={name: name}, warnings=(name,))
    data = content(analysis(video=name), facts=facts)
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        sheets = [parts.read(part).decode() for part in parts.namelist() if "sheets/sheet" in part]
    assert len(sheets) == 15
    assert not re.search(r"<f[ >]|<hyperlink", "".join(sheets))
    book = openpyxl.load_workbook(io.BytesIO(data))
    cell = next(row[1] for row in book.worksheets[0].iter_rows() if row[0].value == "Video")
    assert cell.data_type == "s"


def test_a_name_that_is_no_text_and_one_too_long_are_taken():
    assert summary_values(opened(analysis(video="a\udcff.mp4")))["Video"] == "a\\udcff.mp4"
    values = summary_values(opened(analysis(video="x" * 40_000)))
    assert values["Video"] == "x" * MAX_TEXT


def test_the_same_tables_give_the_same_bytes():
    assert content() == content()


def test_a_table_too_long_for_excel_is_cut_with_a_notice(monkeypatch):
    for module in (workbook, workbook_sheets):
        monkeypatch.setattr(module, "MAX_ROWS", 4)
    book = opened()
    assert book["video_intervals"].max_row == 4
    texts = [str(row[1].value) for row in book.worksheets[0].iter_rows()]
    assert any("video_intervals holds only the first 3 rows" in text for text in texts)
    assert not any("transitions holds only" in text for text in texts)


def test_the_dictionary_explains_the_readings_too():
    rows = list(opened()["dictionary"].iter_rows(values_only=True))
    places = {row[0] for row in rows[1:]}
    assert {"summary", "video_intervals", "frames.parquet", "speech.parquet"} <= places
    assert all(all(row) for row in rows)


def test_rows_with_long_texts_are_high_enough():
    sheet = opened()["dictionary"]
    for row in range(2, sheet.max_row + 1):
        lines = -(-len(sheet.cell(row, 3).value) // 110)
        height = sheet.row_dimensions[row].height
        assert lines == 1 or height >= 15 * lines


def test_what_is_said_is_printed_whole():
    result = with_options(analysis())
    said = "слово и ещё " * 20
    first, *others = result.text_intervals
    result = dataclasses.replace(
        result, text_intervals=(dataclasses.replace(first, text=said), *others)
    )
    sheet = opened(result)["text_intervals"]
    (column,) = [cell.column_letter for cell in sheet[1] if cell.value == "text"]
    assert sheet[f"{column}2"].value == said
    assert sheet[f"{column}2"].alignment.wrap_text
    assert sheet.row_dimensions[2].height * sheet.column_dimensions[column].width >= 15 * len(said)
    assert sheet["A2"].alignment.indent == 1


# --------------------------------------------------------------------------- colours


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_label_has_its_colour_and_readable_text_in_every_table(lang):
    book = opened(lang=lang)
    for name, table in shown().items():
        if name == "summary":
            continue
        sheet = book[sheet_name(name, lang)]
        for place, column in enumerate(table.table.columns, start=1):
            for row, cell in enumerate(table.columns[place - 1], start=2):
                fill = sheet.cell(row, place).fill
                if column.kind is not Kind.LABEL or cell is None:
                    assert fill.fill_type is None
                    continue
                assert fill.fgColor.rgb == f"FF{COLOURS[cell][1:]}"
                assert sheet.cell(row, place).font.color.rgb == f"FF{text_on(cell)[1:]}"


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_label_that_counts_as_another_looks_like_it_and_says_so(lang):
    result = analysis()
    voice = (dataclasses.replace(result.voice_intervals[0], emotion="positive"),)
    pieces = (dataclasses.replace(result.face_voice[0], audio_emotion="positive"),)
    result = dataclasses.replace(
        analysis(dominant_audio_emotion="positive"), voice_intervals=voice, face_voice=pieces
    )
    facts = SummaryFacts(bridge={"positive": "happiness"})
    book = opened(result, lang=lang, facts=facts)
    told = {"en": "positive (= happiness)", "ru": "позитив (= радость)"}[lang]
    assert told in summary_values(book).values()
    cell = book[sheet_name("voice_intervals", lang)]["A2"]
    assert cell.fill.fgColor.rgb == f"FF{COLOURS['happiness'][1:]}"
    for name in ("matrices", "chart_data"):
        cells = [cell for row in book[sheet_name(name, lang)].iter_rows() for cell in row]
        assert any(told in str(cell.value) for cell in cells)


@pytest.mark.parametrize("label", ["=1+1", "+x", "-x", "@x", "\t=1"])
def test_a_label_that_looks_like_a_formula_stays_a_text(label):
    result = analysis()
    rows = (dataclasses.replace(result.transitions[0], target=label),)
    data = content(dataclasses.replace(result, transitions=rows))
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        sheets = [parts.read(part).decode() for part in parts.namelist() if "sheets/" in part]
    assert not re.search(r"<f[ >]", "".join(sheets))
    cell = openpyxl.load_workbook(io.BytesIO(data))["transitions"]["B2"]
    assert (cell.value, cell.data_type) == (label, "s")
