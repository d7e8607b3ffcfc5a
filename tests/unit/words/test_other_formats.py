"""TextGrid, ELAN, JSON of recognisers, tables and plain text."""

from __future__ import annotations

import json
from pathlib import Path

import pympi
import pytest
from praatio import textgrid

from emoreport.errors import SettingsError, StoredReadingsError
from emoreport.exchange.writers import tiers as exported
from emoreport.results import ACTIONS
from emoreport.words.transcript_files import OWN_TIERS, read_transcript
from tests.unit.words.conftest import Words, timed

ROWS = [("Один,", 1.0, 1.5), ("два", 1.5, 2.0), ("три.", 3.0, 4.0)]
SAID = [("Один", 1.0, 1.5), ("два", 1.5, 2.0), ("три", 3.0, 4.0)]


def write_textgrid(path: Path, tiers: dict[str, list[tuple[str, float, float]]]) -> bytes:
    grid = textgrid.Textgrid()
    for name, rows in tiers.items():
        entries = [(start, end, text) for text, start, end in rows]
        grid.addTier(textgrid.IntervalTier(name, entries, 0, 10))
    grid.save(str(path), format="long_textgrid", includeBlankSpaces=True)
    return path.read_bytes()


def write_eaf(path: Path, tiers: dict[str, list[tuple[str, float, float]]]) -> bytes:
    eaf = pympi.Elan.Eaf()
    eaf.remove_tier("default")
    for name, rows in tiers.items():
        eaf.add_tier(name)
        for text, start, end in rows:
            eaf.add_annotation(name, round(1000 * start), round(1000 * end), text)
    eaf.to_file(str(path))
    return path.read_bytes()


@pytest.mark.parametrize(("name", "write"), [("a.TextGrid", write_textgrid), ("a.eaf", write_eaf)])
def test_the_only_tier_with_text_is_read(
    name: str,
    write,
    tmp_path: Path,
    words: Words,
) -> None:
    content = write(tmp_path / name, {"Anna": ROWS, "face": [("happiness", 0.0, 9.0)]})
    transcript = words(name, content)
    assert timed(transcript) == SAID
    assert [word.after for word in transcript.words] == [",", "", "."]
    assert [word.line for word in transcript.words] == [0, 1, 2]


def test_every_exported_tier_but_the_words_is_passed_over() -> None:
    others = {exported.CLAUSES, exported.TEXT_EMOTION, exported.SHOTS}
    assert {*exported.TIERS, *ACTIONS, *others} == OWN_TIERS


@pytest.mark.parametrize(("name", "write"), [("a.TextGrid", write_textgrid), ("a.eaf", write_eaf)])
def test_of_several_tiers_the_usual_one_or_the_one_named_is_read(
    name: str,
    write,
    tmp_path: Path,
    words: Words,
) -> None:
    tiers = {"phones": [("a", 1.0, 2.0)], "Words": [("sp", 0.0, 1.0), *ROWS]}
    content = write(tmp_path / name, tiers)
    assert timed(words(name, content)) == SAID
    assert timed(words(name, content, tier="phones")) == [("a", 1.0, 2.0)]
    with pytest.raises(SettingsError, match=r"'phones'.*--transcript-tier"):
        words(name, content, tier="other")
    unclear = write(tmp_path / name, {"Anna": ROWS, "Boris": ROWS})
    with pytest.raises(SettingsError, match=r"'Anna', 'Boris'.*--transcript-tier"):
        words(name, unclear)


def test_whisper_tells_words_and_probabilities(words: Words) -> None:
    spoken = [
        {"word": " Один,", "start": 1.0, "end": 1.5, "probability": 0.9},
        {"word": " кто", "start": 1.5, "end": 1.8, "probability": 0.7},
        {"word": "-то", "start": 1.8, "end": 2.0, "probability": 0.6},
    ]
    content = {
        "text": " Один, кто-то",
        "language": "ru",
        "segments": [{"start": 1.0, "end": 2.0, "text": " Один, кто-то", "words": spoken}],
    }
    transcript = words("a.json", json.dumps(content))
    assert timed(transcript) == [("Один", 1.0, 1.5), ("кто-то", 1.5, 2.0)]
    assert [word.confidence for word in transcript.words] == [0.9, 0.7]
    assert transcript.language == "ru"


def test_whisperx_leaves_some_words_without_times(words: Words) -> None:
    spoken = [
        {"word": "In", "start": 1.0, "end": 1.5, "score": 0.9},
        {"word": "1945"},
        {"word": "it", "start": 2.5, "end": 3.0, "score": 0.8},
        {"word": "ended"},
    ]
    segment = {"start": 1.0, "end": 3.5, "text": "In 1945 it ended", "words": spoken}
    transcript = words("a.json", json.dumps({"segments": [segment], "word_segments": []}))
    assert timed(transcript) == [("In", 1.0, 1.5), ("1945", 1.5, 2.5), ("it", 2.5, 3.0)]
    assert transcript.words[1].confidence is None
    assert [(word.text, word.before) for word in transcript.unplaced] == [("ended", 3)]


def test_words_beside_the_segments_belong_to_them(words: Words) -> None:
    content = {
        "language": "russian",
        "segments": [{"start": 0, "end": 1, "text": "раз"}, {"start": 1, "end": 2, "text": "два"}],
        "words": [
            {"word": "раз", "start": 0.2, "end": 0.6},
            {"word": "два", "start": 1.1, "end": 1.4},
        ],
    }
    transcript = words("a.json", json.dumps(content))
    assert timed(transcript) == [("раз", 0.2, 0.6), ("два", 1.1, 1.4)]
    assert [word.line for word in transcript.words] == [0, 1]


def test_whisper_cpp_counts_in_milliseconds(words: Words) -> None:
    content = {
        "result": {"language": "en"},
        "transcription": [{"offsets": {"from": 500, "to": 1500}, "text": " Hello"}],
    }
    transcript = words("a.json", json.dumps(content))
    assert timed(transcript) == [("Hello", 0.5, 1.5)]
    assert transcript.language == "en"


@pytest.mark.parametrize(
    "content",
    [
        "word,start,end\n" + "\n".join(f'"{word}",{a},{b}' for word, a, b in ROWS),
        "start;end;слово\n"
        + "\n".join(f"{a};{b};{word}".replace(".0", ",0") for word, a, b in ROWS),
        "start\tend\ttext\n" + "\n".join(f"00:00:{a:04.1f}\t0:{b}\t{word}" for word, a, b in ROWS),
        "\n".join(f"{a:.6f}\t{b:.6f}\t{word}" for word, a, b in ROWS),
    ],
)
def test_tables_with_times_are_read(content: str, words: Words) -> None:
    name = "a.txt" if content[0].isdigit() else "a.csv"
    assert timed(words(name, content)) == SAID


def test_our_own_table_of_words_is_read_again(words: Words) -> None:
    content = (
        "word,start,end,confidence,interval,after,line\n"
        'Да,1.000,1.500,0.9000,1,", —",4\nнет,1.500,2.000,,1,.,4\nвсё,3.000,3.500,0.5000,2,,5\n'
    )
    transcript = words("words.csv", content)
    assert [(word.text, word.after, word.line) for word in transcript.words] == [
        ("Да", ", —", 0),
        ("нет", ".", 0),
        ("всё", "", 1),
    ]
    assert [word.confidence for word in transcript.words] == [0.9, None, 0.5]


def test_plain_text_has_no_times(words: Words, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Первая строка.\n\nВторая строка.\n", encoding="utf-8")
    assert [line.text for line in read_transcript(tmp_path / "a.txt").lines] == [
        "Первая строка.",
        "Вторая строка.",
    ]
    with pytest.raises(StoredReadingsError, match="when it is spoken"):
        words("a.txt", "Первая строка.\n")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.docx", b"PK\3\4", r"\.docx.*\.srt"),
        ("a.srt", b"", "empty"),
        ("a.srt", b" \n ", "empty"),
        ("a.srt", "\N{EIGHTH NOTE}".encode() + b"\0\0\1\2", "binary"),
        ("a.srt", b"hello\nworld", "no words"),
        ("a.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\n[music]\n", "no words"),
        ("a.json", b"{", "JSON"),
        ("a.json", b"[" * 100_000, "JSON"),
        ("a.json", b'{"segments": [{"start": {}, "end": 1, "text": "a"}]}', "JSON"),
        ("a.json", b'{"segments": 5}', "JSON"),
        ("a.csv", b"one,two\n1,2\n", "column"),
        ("a.csv", b"word,start\na,1\n", "column"),
        ("a.TextGrid", b"nothing", "TextGrid"),
        ("a.TextGrid", b"ooBinaryFile\x08TextGrid", "binary TextGrid"),
        ("a.eaf", b"<a/>", "ELAN"),
        ("a.eaf", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "entities"),
    ],
)
def test_what_is_no_transcript_is_refused_in_one_line(
    name: str, content: bytes, message: str, words: Words
) -> None:
    with pytest.raises((SettingsError, StoredReadingsError), match=message) as caught:
        words(name, content)
    assert len(str(caught.value).splitlines()) == 1
