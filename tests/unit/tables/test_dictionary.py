import pytest

from emoreport.settings import LANGUAGES
from emoreport.tables.columns import (
    DESCRIBED_EXTRAS,
    Kind,
    frames_table,
    interval_tables,
    speech_table,
)
from emoreport.tables.dictionary import dictionary, header, label, meaning, sheet_name, unit
from emoreport.vocabulary import ALL_LABELS, EMOTIONS, VOICE_ONLY_EMOTIONS

VOICE = (*EMOTIONS, *VOICE_ONLY_EMOTIONS)
ALL_TABLES = (
    *interval_tables(EMOTIONS, VOICE, dimensions=True).values(),
    frames_table(EMOTIONS, valence=True, arousal=True, extra=(*DESCRIBED_EXTRAS, "blur")),
    speech_table(VOICE),
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
def test_the_dictionary_has_one_line_per_column_and_label(lang):
    entries = dictionary(ALL_TABLES, lang)
    columns = [column for table in ALL_TABLES for column in table.columns]
    assert [entry.machine for entry in entries] == [
        *(column.name for column in columns),
        *ALL_LABELS,
    ]
    assert len({(entry.place, entry.machine) for entry in entries}) == len(entries)
    assert len({(entry.place, entry.column) for entry in entries}) == len(entries)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_has_a_unit(lang):
    for kind in Kind:
        assert unit(ALL_TABLES[0].columns[0].__class__("x", kind, "start"), lang)


def test_headers_of_the_english_workbook_are_the_machine_names():
    for table in ALL_TABLES:
        assert tuple(header(column, "en") for column in table.columns) == table.names


@pytest.mark.parametrize("table", ALL_TABLES[:5], ids=lambda table: table.name)
def test_russian_headers_are_russian_and_differ(table):
    headers = [header(column, "ru") for column in table.columns]
    assert len(set(headers)) == len(headers)
    for text in headers:
        assert any("а" <= letter.lower() <= "я" for letter in text), text


def test_russian_probability_columns_name_the_emotion_in_russian():
    column = ALL_TABLES[0]["p_anger"]
    assert label(column, "ru") == "Лицо: гнев"
    assert "гнев" in meaning(column, "ru")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sheet_names_are_ones_that_excel_takes(lang):
    names = [sheet_name(table.name, lang) for table in ALL_TABLES[:6]]
    names.append(sheet_name("dictionary", lang))
    assert len({name.lower() for name in names}) == 7
    for name in names:
        assert 0 < len(name) <= 31
        assert not set(name) & set("[]:*?/\\'")
