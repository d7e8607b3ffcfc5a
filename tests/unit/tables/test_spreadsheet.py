from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.tables.spreadsheet import UnreadableTextError, decode, read_sheet

RUSSIAN = (
    "группа", "запись", "радость", "нейтральное", "гнев", "Анна", "Вася", "Щукина", "елка", "дом",
    "да", "А", "до", "подъезд", "контрольная", "СССР", "объём", "эксперимент", "Юля", "первый",
)  # fmt: skip
WESTERN = (
    "José", "Zoë", "Müller", "fröhlich", "Hélène", "café", "señor", "Łukasz", "Małgorzata", "joy",
    "créée", "façade", "Größe", "déjà", "Škoda", "přítel", "naïve", "Ångström", "gdzieś", "neutral",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("video;группа\r\nзапись.mp4;А\r\n", "cp1251"),
        ("0;4,56;нейтральное\r\n4,56;9;радость\r\n", "cp1251"),
        ("ИМЯ;ГРУППА\r\nВася;первая — «контрольная»\r\n", "cp1251"),
        ("video;Имя\nзапись.mp4;Вася Пупкин", "cp866"),
        ("video;Имя\nзапись.mp4;Вася Пупкин", "mac_cyrillic"),
        ("video,name\na.mp4,José\nb.mp4,Zoë Müller", "cp1252"),
        ("video,name\na.mp4,José\nb.mp4,Hélène", "mac_roman"),
        ("a.mp4,Łukasz\nb.mp4,Małgorzata", "cp1250"),
    ],
)
def test_what_spreadsheets_save_is_read_and_the_guess_is_said(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == (text, encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "ascii"])
def test_unicode_needs_no_guess(encoding: str) -> None:
    text = "plain" if encoding == "ascii" else "группа;Zoë\r\n"
    for named in (None, "cp1251"):
        assert decode(text.encode(encoding), named) == (text, None)


@given(
    st.lists(st.sampled_from(RUSSIAN), min_size=1, max_size=12),
    st.sampled_from(["cp1251", "cp866", "mac_cyrillic", "koi8-r"]),
)
def test_a_guess_of_russian_is_right_or_there_is_none(words: list[str], encoding: str) -> None:
    if encoding == "koi8-r":
        # Capitals alone look like small letters of cp1251; no spreadsheet writes this encoding.
        words = [word for word in words if word != "СССР"]
    _right_or_none("joy;" + ";".join(words), encoding)


@given(
    st.lists(st.sampled_from(WESTERN), min_size=1, max_size=12),
    st.sampled_from(["cp1252", "cp1250", "mac_roman", "cp850", "cp852"]),
)
def test_a_guess_of_latin_letters_is_right_or_there_is_none(
    words: list[str], encoding: str
) -> None:
    fitting = [word for word in words if word == word.encode(encoding, "ignore").decode(encoding)]
    _right_or_none("joy;" + ";".join(fitting), encoding)


def _right_or_none(text: str, encoding: str) -> None:
    content = text.encode(encoding)
    assert decode(content, encoding)[0] == text
    with suppress(UnreadableTextError):
        assert decode(content)[0] == text


@pytest.mark.parametrize(("word", "encoding"), [("гнев", "cp1251"), ("РАДОСТЬ", "cp866")])
def test_likely_words_decide(word: str, encoding: str) -> None:
    content = f"0;1;{word}".encode(encoding)
    with pytest.raises(UnreadableTextError, match="cannot be told"):
        decode(content)
    assert decode(content, None, ["нет лица", word.lower()]) == (f"0;1;{word}", encoding)
    # Both readings have the words; only one is written as people write.
    content = f"{word};Группа А".encode("cp1251")
    assert decode(content, None, [word.lower()]) == (f"{word};Группа А", "cp1251")


@pytest.mark.parametrize(
    ("content", "encoding", "cause"),
    [
        (b"\xff\xfe\x00", None, "neither in UTF-8 nor in UTF-16"),
        ("Hélène".encode("cp1252"), None, "cannot be told"),
        (bytes(range(128, 256)), None, "cannot be told"),
        ("группа".encode("cp1251"), "klingon", "no encoding 'klingon'"),
        ("группа".encode("cp1251"), "hex", "no encoding 'hex'"),
        (b"plain", "x" * 500, "no encoding 'xxx"),
        ("группа".encode("cp1251"), "ascii", "is not text in ascii"),
        ("группа".encode("cp1251"), "utf-8", "is not text in utf-8"),
    ],
)
def test_what_cannot_be_told_is_refused(content: bytes, encoding: str | None, cause: str) -> None:
    with pytest.raises(UnreadableTextError, match=cause):
        decode(content, encoding)


def test_utf_16_without_its_mark_is_read_by_name() -> None:
    assert decode("a;группа".encode("utf-16-le"), "utf-16-le") == ("a;группа", None)


# --------------------------------------------------------------------------- tables

PLAIN = "Video;Group\na.mp4;x, y\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (PLAIN, 2),
        (PLAIN.replace(";", "\t"), 2),
        ('Video,Group\na.mp4,"x, y"\n', 2),
        ("sep=;\n" + PLAIN, 3),
        ('"sep=;"\r\n' + PLAIN.replace("\n", "\r\n"), 3),
        ("SEP=|;;\n" + PLAIN.replace(";", "|"), 3),
        ("sep=,\nVideo,Group;\n".replace("Group;", "Group") + 'a.mp4,"x, y"\n', 3),
        ("\n;;\n \n" + PLAIN, 5),
        ("Video;Group;;\n;;;\na.mp4;x, y;;\n;;;\n", 3),
        (" Video ; Group \r\n\r\n a.mp4 ; x, y \r\n", 3),
        (PLAIN.replace("\n", "\r"), 2),
    ],
)
def test_the_ways_of_spreadsheets_give_one_table(text: str, line: int) -> None:
    sheet = read_sheet(text)
    assert sheet.header == ("Video", "Group")
    assert sheet.column("video") == 0
    assert sheet.column("other") is None
    assert list(sheet.rows) == [(line, ["a.mp4", "x, y"])]


def test_empty_columns_in_between_stay_where_they_are() -> None:
    sheet = read_sheet(";Video;;Group\n;a.mp4;;\n;b.mp4;;x;more\n")
    assert sheet.header == ("", "Video", "", "Group")
    assert [cells for _, cells in sheet.rows] == [
        ["", "a.mp4", "", ""],
        ["", "b.mp4", "", "x", "more"],
    ]


@pytest.mark.parametrize("text", ["", "\n\n", ";;\n;;", "sep=;\n;;", "sep=;\n"])
def test_a_table_of_nothing_has_no_column(text: str) -> None:
    sheet = read_sheet(text)
    assert sheet.header == ()
    assert list(sheet.rows) == []


def test_one_column_beside_empty_ones_is_read() -> None:
    sheet = read_sheet("Video;;\na.mp4;;\n")
    assert sheet.header == ("Video",)
    assert list(sheet.rows) == [(2, ["a.mp4"])]


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(UnreadableTextError, match="twice"):
        read_sheet("Video,video\na,b\n").column("video")


@pytest.mark.parametrize("text", ['a,"b\n', 'a,b\n1,"2\n', f"a,b\n1,{'x' * 200_000}\n"])
def test_quotes_that_do_not_close_are_refused(text: str) -> None:
    with pytest.raises(UnreadableTextError, match="no readable CSV"):
        list(read_sheet(text).rows)
