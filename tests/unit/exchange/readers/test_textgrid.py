from __future__ import annotations

from pathlib import Path

import parselmouth
import pytest
from praatio import textgrid as praatio

from emoreport.errors import SettingsError, StoredReadingsError
from emoreport.exchange.readers import read_codings
from tests.unit.exchange.readers.conftest import Read, spans, tiers

SHORT = """"ooTextFile"
"TextGrid"
0 3 <exists> 2
"IntervalTier" "face" 0 3 3
0 1 "anger"
1 2.5 ""
2.5 3 "no face" ! a comment "with a quote
"TextTier" "clicks" 0 3 1
1.5 "click"
"""


def test_the_short_format_is_read(read: Read) -> None:
    (coding,) = read("a.TextGrid", SHORT)
    assert spans(coding.labels.face) == [(0.0, 1.0, "anger"), (2.5, 3.0, "no_face")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_of_praat(encoding: str, read: Read) -> None:
    text = SHORT.replace("anger", "гнев").encode(encoding)
    (coding,) = read("a.TextGrid", text)
    assert spans(coding.labels.face)[0] == (0.0, 1.0, "anger")


STYLES = ["save as text file", "save as short text file", "save as chronological text file"]


def test_a_one_byte_encoding_is_read_by_name_or_by_a_safe_guess(read: Read) -> None:
    text = SHORT.replace("anger", "гнев").replace("no face", "радость").encode("cp1251")
    for encoding in (None, "cp1251"):
        (coding,) = read("a.TextGrid", text, encoding=encoding)
        assert [label for _, _, label in spans(coding.labels.face)] == ["anger", "happiness"]
        assert coding.guessed_encoding == (None if encoding else "cp1251")


@pytest.mark.parametrize("style", STYLES)
def test_what_praat_wrote_is_read(style: str, tmp_path: Path) -> None:
    grid = parselmouth.praat.call("Create TextGrid", 0.0, 3.0, "face voice clicks", "clicks")
    parselmouth.praat.call(grid, "Insert boundary", 1, 1.25)
    parselmouth.praat.call(grid, "Set interval text", 1, 1, "Гнев")
    parselmouth.praat.call(grid, "Set interval text", 1, 2, "surprise")
    parselmouth.praat.call(grid, "Insert point", 3, 0.5, 'say "hi"')
    file = tmp_path / "coder.TextGrid"
    parselmouth.praat.call(grid, style.capitalize(), str(file))
    (coding,) = read_codings(file, tiers())
    assert spans(coding.labels.face) == [(0.0, 1.25, "anger"), (1.25, 3.0, "surprise")]
    assert coding.labels.voice == ()


@pytest.mark.parametrize(
    "head",
    [
        'File type = "ooTextFile short"\n"TextGrid"\n',
        '"ooTextFile short"\n"TextGrid"\n',
        'File type = "ooTextFile short"\nObject class = "TextGrid"\n',
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_the_head_of_older_versions_is_read(head: str, line_end: str, tmp_path: Path) -> None:
    grid = (head + SHORT.partition('"TextGrid"\n')[2].split("! a comment")[0]).rstrip("\n")
    grid += '\n"TextTier" "clicks" 0 3 0\n'
    file = tmp_path / "coder.TextGrid"
    file.write_bytes(grid.replace("\n", line_end).encode())
    (coding,) = read_codings(file, tiers())
    assert spans(coding.labels.face) == [(0.0, 1.0, "anger"), (2.5, 3.0, "no_face")]
    praat = parselmouth.read(str(file))
    assert parselmouth.praat.call(praat, "Get label of interval", 1, 1) == "anger"


CHRONOLOGICAL = """"Praat chronological TextGrid text file"
0 3 ! Time domain.
2 ! Number of tiers.
"IntervalTier" "face" 0 3
"TextTier" "clicks" 0 3
1 0 1 "anger"
2 0.5 "click"
1 1 3 "fear"
"""


def test_intervals_in_order_of_time_are_read(read: Read) -> None:
    (coding,) = read("a.TextGrid", CHRONOLOGICAL)
    assert spans(coding.labels.face) == [(0.0, 1.0, "anger"), (1.0, 3.0, "fear")]


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ("1 1 3", "3 1 3", "tier 3"),
        ("1 1 3", "0 1 3", "tier 0"),
        ('"TextTier"', '"OddTier"', "unknown kind"),
        ('"fear"', "", "ends in the middle"),
        ("2 ! N", "99999999999 ! N", "number of intervals"),
    ],
)
def test_intervals_of_no_tier_are_refused(old: str, new: str, cause: str, read: Read) -> None:
    with pytest.raises(StoredReadingsError, match=cause):
        read("a.TextGrid", CHRONOLOGICAL.replace(old, new))


def test_only_the_tiers_that_are_asked_for_are_judged(read: Read) -> None:
    text = SHORT.replace("<exists> 2", '<exists> 3 "IntervalTier" "odd" -1 3 1 -1 -2 "x"')
    (coding,) = read("a.TextGrid", text)
    assert spans(coding.labels.face)[0] == (0.0, 1.0, "anger")
    with pytest.raises(StoredReadingsError, match="'odd' runs from"):
        read("a.TextGrid", text, voice="odd")


def test_tiers_of_one_name_are_refused_where_that_is_asked_for(read: Read) -> None:
    text = SHORT.replace("<exists> 2", '<exists> 3 "IntervalTier" "face" 0 3 1 0 3 "fear"')
    with pytest.raises(StoredReadingsError, match="several tiers of the name 'face'"):
        read("a.TextGrid", text)
    with pytest.raises(SettingsError, match="neither"):
        read("a.TextGrid", text, face="none")


def test_what_praatio_wrote_is_read(tmp_path: Path) -> None:
    grid = praatio.Textgrid(0, 3)
    grid.addTier(praatio.IntervalTier("voice", [(0.5, 1.5, "fear")], 0, 3))
    file = tmp_path / "coder.TextGrid"
    grid.save(str(file), format="long_textgrid", includeBlankSpaces=True)
    (coding,) = read_codings(file, tiers())
    assert spans(coding.labels.voice) == [(0.5, 1.5, "fear")]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("", "ends in the middle"),
        ("a letter to a friend", "ends in the middle"),
        (SHORT[:60], "ends in the middle"),
        (SHORT.replace('"TextGrid"', '"PitchTier"'), "no TextGrid"),
        (SHORT.replace('"IntervalTier"', '"OddTier"'), "unknown kind"),
        (SHORT.replace("3 3\n0 1", "3 1e99\n0 1"), "number of intervals"),
        (SHORT.replace("3 3\n0 1", "3 99999999999\n0 1"), "number of intervals"),
        (SHORT.replace("3 3\n0 1", "3 -1\n0 1"), "number of intervals"),
        (SHORT.replace("0 1 ", "0 -1 "), "no span"),
        (SHORT.replace("0 1 ", "0 1e300 "), "no span"),
        (SHORT.replace("0 1 ", "0 1e999 "), "time in seconds"),
        (SHORT.replace('1 "anger"', "1 anger"), "where a string belongs"),
        ('"ooTextFile" "TextGrid', "closing quote"),
        (b"ooBinaryFile\x08TextGrid", "binary"),
        (b"ooBinaryFile\x08TextGrid\x40\x49\x0f\xdb\xff", "binary"),
        (b"\xff\xfe\x00", "neither in UTF-8"),
        (b"\x80abc", "neither in UTF-8"),
    ],
    ids=str,
)
def test_hostile_and_broken_files_are_one_error(
    content: str | bytes, cause: str, read: Read
) -> None:
    with pytest.raises(StoredReadingsError, match=cause):
        read("a.TextGrid", content)


def test_a_grid_without_tiers_names_none(read: Read) -> None:
    with pytest.raises(Exception, match="its tiers: none"):
        read("a.TextGrid", '"ooTextFile" "TextGrid" 0 3 <absent>')


def test_many_quotes_are_read_in_linear_time(read: Read) -> None:
    with pytest.raises(StoredReadingsError):
        read("a.TextGrid", '"' * 2_000_001)
