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
        ("video,\n", "without a name"),
        ("video,duration\n", "duration"),
        ("video,x\nlone.mov,1\nlone.mov,2\n", "twice"),
        ("video,x\nlone.mov,1,2\n", "more cells"),
    ],
)
def test_what_cannot_be_used_is_refused(text: str, word: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=word):
        read(tmp_path, text)


def test_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="read"):
        read(tmp_path, "video,диктор\n", encoding="cp1251")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError, match=r"none\.csv"):
        read_metadata(tmp_path / "none.csv", NAMES, ())
