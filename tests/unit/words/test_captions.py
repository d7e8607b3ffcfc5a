"""SubRip and WebVTT, as programs and people write them."""

from __future__ import annotations

import io

import pytest
import webvtt

from tests.unit.words.conftest import Words, timed

SRT = """1
00:00:01,000 --> 00:00:02,000
Один два

2
00:00:03,500 --> 00:00:04,000
три
"""


@pytest.mark.parametrize(
    "content",
    [
        SRT,
        SRT.replace("\n", "\r\n"),
        SRT.replace("1\n00", "00").replace("2\n00", "00"),  # no counters
        SRT.replace("\n\n", "\n"),  # no blank lines
        SRT.replace(",", "."),
        SRT.replace("00:00:0", "0:0:"),
        SRT.replace("00:00:", "00:"),
    ],
)
def test_every_usual_form_of_subrip_gives_the_same_words(content: str, words: Words) -> None:
    assert timed(words("a.srt", content)) == [
        ("Один", 1.0, round(1 + 5 / 9, 3)),
        ("два", round(1 + 5 / 9, 3), 2.0),
        ("три", 3.5, 4.0),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
def test_the_usual_encodings_are_read(encoding: str, words: Words) -> None:
    transcript = words("a.srt", SRT.encode(encoding))
    assert [word.text for word in transcript.words] == ["Один", "два", "три"]
    assert (transcript.language, transcript.source) == ("ru", "srt")


def test_text_of_a_cue_may_hold_blank_lines_and_numbers(words: Words) -> None:
    content = SRT.replace("Один два", "Один\n\nв 1945").replace("три", "5")
    assert [word.text for word in words("a.srt", content).words] == ["Один", "в", "1945", "5"]


def test_cues_that_overlap_keep_their_times_and_stand_in_order(words: Words) -> None:
    content = "00:04.000 --> 00:06.000\nпоздно\n\n00:01.000 --> 00:05.000\nрано\n"
    assert timed(words("a.srt", content)) == [("рано", 1.0, 5.0), ("поздно", 4.0, 6.0)]


@pytest.mark.parametrize("times", ["00:05,0 --> 00:02,0", "-00:05,0 --> -00:02,0"])
def test_a_cue_that_is_no_span_leaves_its_words_without_a_place(times: str, words: Words) -> None:
    transcript = words("a.srt", f"{times}\nникогда\n\n{SRT}")
    assert len(transcript.words) == 3
    assert [(word.text, word.before) for word in transcript.unplaced] == [("никогда", 0)]


def test_a_cue_before_the_beginning_is_cut_there(words: Words) -> None:
    assert timed(words("a.srt", "-00:01,0 --> 00:01,0\nслово\n")) == [("слово", 0.0, 1.0)]


def test_words_beyond_the_recording_have_no_place(words: Words) -> None:
    transcript = words("a.srt", SRT + "\n10:00:00,000 --> 10:00:01,000\nконец\n", duration_s=3.9)
    assert timed(transcript)[-1] == ("три", 3.5, 3.9)
    assert (transcript.unplaced, transcript.beyond) == ((), 1)
    late = words("a.srt", SRT + "\n00:00:04,000 --> 00:00:05,000\nконец\n", duration_s=3.9)
    assert [(word.text, word.before) for word in late.unplaced] == [("конец", 3)]
    assert late.lost == transcript.lost == 1
    assert transcript.share_unplaced == 0.25


VTT = """WEBVTT - from a player

STYLE
::cue { color: red }

NOTE a note --> not a cue

first
00:01.000 --> 00:03.000 align:start position:0%
<v Anna>Один <00:00:02.000><c.loud>два</c>

00:00:03.000 --> 00:00:04.000
три &lt;script&gt;
"""


def test_stamps_within_a_cue_of_webvtt_place_its_words(words: Words) -> None:
    assert timed(words("a.vtt", VTT))[:3] == [
        ("Один", 1.0, 2.0),
        ("два", 2.0, 3.0),
        ("три", 3.0, round(3 + 4 / 11, 3)),
    ]
    assert words("a.vtt", VTT).words[3].text == "script"


def test_cues_are_those_that_another_reader_finds(words: Words) -> None:
    theirs = webvtt.from_buffer(io.BytesIO(VTT.encode()))
    ours = words("a.vtt", VTT)
    lines = {word.line for word in ours.words}
    assert len(lines) == len(theirs)
    for line, cue in zip(sorted(lines), theirs, strict=True):
        own = [word for word in ours.words if word.line == line]
        assert own[0].start_s == cue.start_in_seconds
        assert own[-1].end_s == cue.end_in_seconds


def test_what_rolling_captions_repeat_is_said_once(words: Words) -> None:
    content = """WEBVTT

00:00:00.000 --> 00:00:02.000
 
один<00:00:01.000><c> два</c>

00:00:02.000 --> 00:00:02.010
один два
 

00:00:02.010 --> 00:00:04.000
один два
три<00:00:03.000><c> четыре</c>
"""  # noqa: W293
    assert timed(words("a.vtt", content)) == [
        ("один", 0.0, 1.0),
        ("два", 1.0, 2.0),
        ("три", 2.01, 3.0),
        ("четыре", 3.0, 4.0),
    ]


def test_stamps_that_run_back_are_not_believed(words: Words) -> None:
    content = "WEBVTT\n\n00:01.000 --> 00:03.000\nодин<00:00:09.000> два\n"
    assert timed(words("a.vtt", content)) == [
        ("один", 1.0, round(1 + 2 * 5 / 9, 3)),
        ("два", round(1 + 2 * 5 / 9, 3), 3.0),
    ]
