from __future__ import annotations

from pathlib import Path

import pytest

from emoreport.batch.metadata import read_metadata
from emoreport.errors import InputNotFoundError, SettingsError

NAMES = ["a/talk.mp4", "b/talk.mp4", "b/other.mp4", "lone.mov"]


def read(tmp_path: Path, text: str, names=NAMES, encoding: str = "utf-8"):
    path = tmp_path / "metadata.csv"
    path.write_bytes(text.encode(encoding))
    return read_metadata(path, names, {"duration", "folder"})


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_columns_reach_their_videos(mark: str, tmp_path: Path) -> None:
    lines = ["video,speaker,group", "a/talk.mp4,Анна,1", "other.mp4,Bo,2", "./lone.mov,,02"]
    metadata = read(tmp_path, "\n".join(lines).replace(",", mark), encoding="utf-8-sig")
    assert metadata.columns == ("speaker", "group")
    assert metadata.of("a/talk.mp4") == ("Анна", "1")
    assert metadata.of("b/other.mp4") == ("Bo", "2")
    assert metadata.of("lone.mov") == (None, "02")
    assert metadata.of("b/talk.mp4") == (None, None)
    assert metadata.unused == ()


def test_the_column_video_may_stand_anywhere(tmp_path: Path) -> None:
    metadata = read(tmp_path, 'speaker,video\r\n"Ann, the first",lone.mov\r\n\r\n')
    assert metadata.columns == ("speaker",)
    assert metadata.of("lone.mov") == ("Ann, the first",)


def test_entries_that_mean_no_video_are_named(tmp_path: Path) -> None:
    assert read(tmp_path, "video,x\nlone.mov,1\nnone.mp4,2\n").unused == ("none.mp4",)


def test_a_file_name_of_several_videos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="more than one") as error:
        read(tmp_path, "video,x\ntalk.mp4,1\n")
    assert "b/talk.mp4" in error.value.remedy


def test_a_path_is_not_taken_for_a_file_name(tmp_path: Path) -> None:
    names = ["talk.mp4", "b/talk.mp4"]
    metadata = read(tmp_path, "video,x\ntalk.mp4,1\n", names)
    assert (metadata.of("talk.mp4"), metadata.of("b/talk.mp4")) == (("1",), (None,))


def test_composed_and_decomposed_letters_are_the_same(tmp_path: Path) -> None:
    metadata = read(tmp_path, "video,x\nй.mp4,1\n", ["и\u0306.mp4"])
    assert metadata.of("и\u0306.mp4") == ("1",)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no column"),
        ("file,speaker\na,b\n", "no column"),
        ("video,speaker,speaker\n", "same"),
        ("video,,x\nlone.mov,1,2\n", "without a name"),
        ("video,x\nlone.mov,1,,2\n", "more cells"),
        ("Video,video\nlone.mov,1\n", "column video twice"),
        ('video,x\nlone.mov,"1\n', "no readable CSV"),
        ("video,duration\n", "duration"),
        ("video,x\nlone.mov,1\nlone.mov,2\n", "twice"),
        ("video,x\nlone.mov,1,2\n", "more cells"),
    ],
)
def test_what_cannot_be_used_is_refused(text: str, word: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=word):
        read(tmp_path, text)


TABLE = "video;группа\r\nзапись.mp4;А\r\n"
SAVED = {
    "another encoding": TABLE.encode("cp1251"),
    "as MS-DOS": TABLE.encode("cp866"),
    "Unicode text": TABLE.replace(";", "\t").encode("utf-16"),
    "a header in capitals": TABLE.replace("video", " Video ").encode(),
    "a line that names the separator": b"\xef\xbb\xbfsep=;\r\n" + TABLE.encode(),
    "empty columns at the end": TABLE.replace("\r", ";;\r").encode(),
    "empty columns at the start": f";;{TABLE}".replace("\nз", "\n;;з").encode(),
    "an empty first line": b"\r\n;;\r\n" + TABLE.encode(),
    "empty lines at the end": TABLE.encode() + b";\r\n;\r\n\r\n",
}


@pytest.mark.parametrize("way", SAVED)
def test_what_excel_saves_is_read(way: str, tmp_path: Path) -> None:
    path = tmp_path / "metadata.csv"
    path.write_bytes(SAVED[way])
    metadata = read_metadata(path, ["a/запись.mp4"], ())
    assert metadata.columns == ("группа",)
    assert metadata.of("a/запись.mp4") == ("А",)
    assert metadata.unused == ()
    guesses = {"another encoding": "cp1251", "as MS-DOS": "cp866"}
    assert metadata.guessed_encoding == guesses.get(way)


def test_an_encoding_is_told_by_the_names_of_the_videos_or_named(tmp_path: Path) -> None:
    path = tmp_path / "metadata.csv"
    path.write_bytes("video,x\nВЕСНА ЗИМОЙ.mp4,1\n".encode("cp1251"))
    with pytest.raises(SettingsError, match="--encoding"):
        read_metadata(path, ["talk.mp4"], ())
    for names, encoding in ((["Весна зимой.mp4"], None), (["talk.mp4"], "cp1251")):
        assert read_metadata(path, names, (), encoding).unused == ("ВЕСНА ЗИМОЙ.mp4",)
    with pytest.raises(SettingsError, match="no encoding"):
        read_metadata(path, [], (), "klingon")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError, match=r"none\.csv"):
        read_metadata(tmp_path / "none.csv", NAMES, ())
