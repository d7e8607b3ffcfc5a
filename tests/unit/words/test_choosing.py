"""Which transcript belongs to which recording."""

from __future__ import annotations

from pathlib import Path

import pytest

from emoreport.errors import InputNotFoundError, SettingsError
from emoreport.settings import WordSettings
from emoreport.words.choosing import (
    find_transcript,
    open_transcript,
    refuse_one_file,
    transcript_record,
)

CUE = "00:00,500 --> 00:01,000\nслово\n"


def test_without_the_option_there_is_none() -> None:
    assert find_transcript(WordSettings(), "talk.mp4") is None
    assert open_transcript(WordSettings(), "talk.mp4") is None
    assert transcript_record(WordSettings(), "talk.mp4") is None


def test_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "any.srt").write_text(CUE, encoding="utf-8")
    settings = WordSettings(str(tmp_path / "any.srt"))
    assert find_transcript(settings, "talk.mp4") == tmp_path / "any.srt"
    chosen = open_transcript(settings, "talk.mp4")
    assert chosen is not None
    assert chosen.record == transcript_record(settings, "talk.mp4")
    assert (chosen.record.file, chosen.record.source) == ("any.srt", "srt")
    with pytest.raises(SettingsError, match="several recordings"):
        refuse_one_file(settings)
    with pytest.raises(InputNotFoundError):
        find_transcript(WordSettings(str(tmp_path / "other.srt")), "talk.mp4")


@pytest.mark.parametrize(
    ("recording", "file"),
    [
        ("talk.mp4", "talk.srt"),
        ("long.name.mp4", "long.name.vtt"),
        ("other.mp4", "other.mp4.json"),
        ("monday/talk.mp4", "monday/talk.txt"),
        ("friday/talk.mp4", None),
        ("missing.mp4", None),
    ],
)
def test_in_a_folder_names_decide(recording: str, file: str | None, tmp_path: Path) -> None:
    (tmp_path / "monday").mkdir()
    for name in ("talk.srt", "talk.txt", "long.name.vtt", "other.mp4.json", "monday/talk.txt"):
        (tmp_path / name).write_text(CUE, encoding="utf-8")
    settings = WordSettings(str(tmp_path))
    refuse_one_file(settings)
    assert find_transcript(settings, recording) == (None if file is None else tmp_path / file)
