import pytest

from emoreport.settings import LANGUAGES
from emoreport.tables.codes import CODES
from emoreport.tables.columns import (
    DESCRIBED_EXTRAS,
    frames_table,
    result_tables,
    speech_table,
    text_readings_table,
)
from emoreport.tables.dictionary import dictionary, header, label, meaning, sheet_name, unit
from emoreport.tables.schema import Kind
from emoreport.vocabulary import ALL_LABELS, EMOTIONS, VOICE_ONLY_EMOTIONS

VOICE = (*EMOTIONS, *VOICE_ONLY_EMOTIONS)
ALL_TABLES = (
    *result_tables(
        EMOTIONS,
        VOICE,
        baseline=True,
        compounds=True,
        words=True,
        rates=True,
        text_labels=EMOTIONS,
        modalities=True,
        actions=True,
    ).values(),
    frames_table(EMOTIONS, valence=True, arousal=True, extra=(*DESCRIBED_EXTRAS, "blur")),
    speech_table(VOICE),
    text_readings_table(EMOTIONS),
)
"""Every file with every column that it can have."""


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("table", ALL_TABLES, ids=lambda table: table.name)
def test_every_column_of_every_file_is_explained(table, lang):
    for column in table.columns:
        for text in (label(column, lang), meaning(column, lang), unit(column, lang)):
            assert text.strip()
            assert "{" not in text
        assert meaning(column, lang).endswith(".")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_dictionary_has_one_line_per_column_label_and_code(lang):
    entries = dictionary(ALL_TABLES, lang)
    columns = [column for table in ALL_TABLES for column in table.columns]
    assert [entry.machine for entry in entries] == [
        *(column.name for column in columns),
        *ALL_LABELS,
        *(code for codes in CODES.values() for code in codes),
    ]
    assert len({(entry.source, entry.machine) for entry in entries}) == len(entries)
    assert len({(entry.source, entry.column) for entry in entries}) == len(entries)


def test_most_readers_need_the_emotions_and_the_main_columns_of_the_tables():
    entries = dictionary(ALL_TABLES, "en")
    leading = [column.name for table in ALL_TABLES for column in table.leading]
    needed = [entry.machine for entry in entries if entry.leading]
    assert needed == [*leading, *ALL_LABELS]
    assert not {"p_anger", "time_s"} & set(needed)


def test_codes_are_explained_only_where_a_column_holds_them():
    tables = result_tables(EMOTIONS, VOICE)
    explained = {entry.machine for entry in dictionary(tables.values(), "en")}
    assert {"too_short", "not_enough_data", "derived", "bits"} <= explained
    assert not explained & set(CODES["compound"])
    assert {entry.machine for entry in dictionary([tables["transitions"]], "en")} == {
        *tables["transitions"].names,
        *ALL_LABELS,
    }


def test_every_column_of_codes_says_which_ones():
    for table in ALL_TABLES:
        for column in table.columns:
            if column.kind is Kind.CODE:
                assert column.codes in CODES


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_has_a_unit(lang):
    for kind in Kind:
        assert unit(ALL_TABLES[0].columns[0].__class__("x", kind, "start"), lang)


def test_headers_of_the_english_workbook_are_the_machine_names():
    for table in ALL_TABLES:
        assert tuple(header(column, "en") for column in table.columns) == table.names


@pytest.mark.parametrize("table", ALL_TABLES[:-3], ids=lambda table: table.name)
def test_russian_headers_are_russian_and_differ(table):
    headers = [header(column, "ru") for column in table.columns]
    assert len(set(headers)) == len(headers)
    for text in headers:
        assert any("а" <= letter.lower() <= "я" for letter in text) or text == "p", text


def test_russian_probability_columns_name_the_emotion_in_russian():
    column = ALL_TABLES[0]["p_anger"]
    assert label(column, "ru") == "Лицо: гнев"
    assert "гнев" in meaning(column, "ru")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sheet_names_are_ones_that_excel_takes(lang):
    names = [sheet_name(table.name, lang) for table in ALL_TABLES[:-3]]
    names.append(sheet_name("dictionary", lang))
    assert len({name.lower() for name in names}) == len(names) == 21
    for name in names:
        assert 0 < len(name) <= 31
        assert not set(name) & set("[]:*?/\\'")
