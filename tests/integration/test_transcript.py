"""A transcript beside a recording: its tables, another one later, none, hidden words, batches."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

import emoreport as package
from emoreport.errors import SettingsError
from tests.fixtures import bert, media
from tests.fixtures.results_on_disk import run_json
from tests.integration.conftest import Emoreport

SRT = """1
00:00:00,500 --> 00:00:01,500
<i>Добрый день</i>, (смех)

2
10:00:00,000 --> 10:00:02,000
потом
"""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def stored(clip: Path, emoreport: Emoreport) -> Path:
    Path("clip.srt").write_text(SRT, encoding="utf-8")
    outcome = emoreport("analyze", clip, "--transcript", "clip.srt")
    assert outcome.code == 0
    assert [line for line in outcome.warnings if "1 (33 %)" in line]
    assert [line for line in outcome.warnings if "after the end of the recording: 1;" in line]
    return Path("statistics/clip").resolve()


def test_words_later_and_words_at_once_are_the_same(
    clip: Path, stored: Path, emoreport: Emoreport
) -> None:
    words = rows(stored / "words.csv")
    assert [row["word"] for row in words] == ["Добрый", "день"]
    assert [row["interval"] for row in words] == ["1", "1"]
    assert rows(stored / "modality_duration.csv")[0]["text"] == "Добрый день,"
    assert run_json(stored)["transcript"]["file"] == "clip.srt"
    assert emoreport("analyze", clip, "--out", "plain", "--quiet").code == 0
    plain = Path("plain/clip")
    assert not (plain / "words.csv").exists()
    assert "text" not in rows(plain / "modality_duration.csv")[0]
    assert emoreport("retable", plain, "--transcript", "clip.srt").code == 0
    for path in sorted(stored.iterdir()):
        if path.suffix in {".csv", ".parquet"} or path.name == "report.json":
            assert path.read_bytes() == (plain / path.name).read_bytes(), path.name
    again, new = run_json(plain), run_json(stored)
    assert again["transcript"] == new["transcript"]
    assert again["warnings"] == new["warnings"]
    assert emoreport("analyze", clip, "--transcript", "clip.srt", "--out", "plain").code == 0
    assert emoreport("analyze", clip, "--out", "plain").code == 1  # other words: not unasked


def test_words_survive_other_settings_and_go_with_none(stored: Path, emoreport: Emoreport) -> None:
    before = (stored / "words.csv").read_bytes()
    told = run_json(stored)["warnings"], run_json(stored)["transcript"]
    assert emoreport("retable", stored, "--smoothing", "0").code == 0
    assert (stored / "words.csv").read_bytes() == before
    assert (run_json(stored)["warnings"], run_json(stored)["transcript"]) == told
    assert told[1]["unplaced"] == 1
    assert emoreport("retable", stored, "--transcript", "none").code == 0
    assert not list(stored.glob("words.*"))
    assert not list(stored.glob("speech_rate.*"))
    assert "transcript" not in run_json(stored)
    assert run_json(stored)["warnings"] == []


def test_hidden_words_are_in_no_file(stored: Path, emoreport: Emoreport) -> None:
    assert emoreport("retable", stored, "--no-text").code == 0
    for path in stored.iterdir():
        content = path.read_bytes()
        assert "Добрый".encode() not in content, path.name
        assert b"\\u0414\\u043e\\u0431" not in content, path.name
    assert rows(stored / "speech_rate.csv")[0]["words"] == "2"
    assert not (stored / "words.csv").exists()
    report = package.read(stored)
    assert report.words is None
    assert report.transcript is not None
    assert [word.text for word in report.transcript.words] == ["", ""]


def test_filled_pauses_are_counted_and_stay_when_words_are_hidden(
    stored: Path, emoreport: Emoreport
) -> None:
    assert rows(stored / "speech_rate.csv")[0]["filled_pauses"] == ""
    table = "start,end,word\n0.2,0.5,Добрый\n0.6,0.9,э-э\n1.0,1.4,день\n"
    Path("words.csv").write_text(table, encoding="utf-8")
    assert emoreport("retable", stored, "--transcript", "words.csv").code == 0
    for hidden in ((), ("--no-text",)):
        assert emoreport("retable", stored, *hidden).code == 0
        talk = rows(stored / "speech_rate.csv")[0]
        assert [talk[name] for name in ("words", "filled_pauses", "filled_pause_seconds")] == [
            "2",
            "1",
            "0.300",
        ]


def test_a_transcript_that_cannot_be_used_ends_it_before_the_work(
    clip: Path, emoreport: Emoreport
) -> None:
    missing = emoreport("analyze", clip, "--transcript", "missing.srt")
    assert missing.code == 2
    assert "missing.srt" in missing.errors[0]
    Path("plain.txt").write_text("That is all that we have for you.\n", encoding="utf-8")
    plain = emoreport("analyze", clip, "--transcript", "plain.txt")
    assert plain.code == 1
    assert len(plain.errors) == 1
    assert "plain.txt" in plain.errors[0]
    Path("endless.srt").write_text("00:00:00,000 --> 00:00:01,000\n" + "слово " * 110_000)
    endless = emoreport("analyze", clip, "--transcript", "endless.srt")
    assert endless.code == 1
    (error,) = endless.errors
    assert error.startswith("error: endless.srt: readings: holds more than 100000 words")
    assert not Path("statistics/clip/run.json").exists()


def test_plain_text_finds_its_times_in_the_sound_at_once_and_later(
    talk: Path, emoreport: Emoreport
) -> None:
    text = "На этом слайде показано, как менялись результаты. К сожалению, пришли не все."
    Path("plain.txt").write_text(text, encoding="utf-8")
    run = ("analyze", talk, "--fps", "1", "--formats", "csv,parquet")
    assert emoreport(*run, "--transcript", "plain.txt").code == 0
    words = rows(Path("statistics/talk/words.csv"))
    assert len(words) >= 11
    assert {row["placed"] for row in words} == {"aligned"}
    aligner = run_json(Path("statistics/talk"))["models"]["words"]
    assert (aligner["name"], aligner["kind"]) == ("compact", "letters")
    slide = next(row for row in words if row["word"] == "слайде")
    assert 13.0 < float(slide["start"]) < float(slide["end"]) < 16.6  # samples/talk.script.csv
    assert emoreport(*run, "--out", "later").code == 0
    assert emoreport("retable", "later/talk", "--transcript", "plain.txt").code == 0
    assert rows(Path("later/talk/words.csv")) == words
    assert run_json(Path("later/talk"))["models"]["words"] == aligner


def test_python_changes_words_through_the_command_only(stored: Path) -> None:
    with pytest.raises(SettingsError, match="--transcript"):
        package.read(stored, transcript="other.srt")


def test_a_batch_takes_a_folder_of_transcripts(clip: Path, emoreport: Emoreport) -> None:
    Path("videos").mkdir()
    shutil.copy(clip, "videos/a.avi" if clip.suffix == ".avi" else f"videos/a{clip.suffix}")
    Path("words").mkdir()
    Path("words/a.srt").write_text(SRT, encoding="utf-8")
    one = emoreport("batch", "videos", "--transcript", "words/a.srt", "--jobs", "1")
    assert one.code == 2
    command = ("batch", "videos", "--transcript", "words", "--jobs", "1", "--quiet")
    assert emoreport(*command).code == 0
    assert [row["word"] for row in rows(Path("statistics/a/words.csv"))] == ["Добрый", "день"]
    made = Path("statistics/a/run.json").stat().st_mtime_ns
    assert emoreport(*command).code == 0
    assert Path("statistics/a/run.json").stat().st_mtime_ns == made
    Path("words/a.srt").write_text(SRT.replace("день", "вечер"), encoding="utf-8")
    assert emoreport(*command).code == 0
    assert rows(Path("statistics/a/words.csv"))[1]["word"] == "вечер"


SPOKEN = """1
00:00:00,200 --> 00:00:03,600
Здравствуйте. Сегодня я расскажу как прошла неделя.
"""


def test_what_the_words_say_stands_beside_face_and_voice_at_once_and_later(
    clip: Path, emoreport: Emoreport
) -> None:
    Path("said.srt").write_text(SPOKEN, encoding="utf-8")
    run = ("analyze", clip, "--fps", "2", "--formats", "csv,parquet,json")
    assert emoreport(*run, "--transcript", "said.srt", "--smoothing", "0").code == 0
    folder = Path("statistics/clip").resolve()
    model = run_json(folder)["models"]["text"]
    assert model["name"] == "compact"
    intervals, faces = rows(folder / "text_intervals.csv"), rows(folder / "video_intervals.csv")
    spans = [(row["start"], row["end"]) for row in intervals]
    assert spans == [(row["start"], row["end"]) for row in faces]
    clauses = rows(folder / "text_clauses.csv")
    assert [row["text"] for row in clauses] == [
        "Здравствуйте.",
        "Сегодня я расскажу как прошла неделя.",
    ]
    assert [row["uncertain_because"] for row in clauses] == ["few_words", ""]
    named = clauses[1]["emotion"]
    assert float(named and clauses[1][f"p_{named}"]) == float(clauses[1]["confidence"])
    assert named in {row["emotion"] for row in intervals}
    compared = rows(folder / "modality_duration.csv")
    assert list(compared[0])[-5:-1] == ["text_emotion", "text", "shot", "person"]
    assert [row["text_emotion"] for row in compared] == [row["emotion"] for row in intervals]
    assert emoreport(*run, "--out", "later", "--smoothing", "0").code == 0
    later = Path("later/clip")
    assert not list(later.glob("text*"))
    assert emoreport("retable", later, "--transcript", "said.srt").code == 0
    for path in sorted(folder.iterdir()):
        if path.suffix in {".csv", ".parquet"} or path.name == "report.json":
            assert path.read_bytes() == (later / path.name).read_bytes(), path.name
    assert run_json(later)["models"]["text"] == model


def test_another_model_reads_the_words_and_hidden_words_keep_what_they_say(
    stored: Path, emoreport: Emoreport
) -> None:
    assert rows(stored / "text_clauses.csv")
    bert.write_bert(Path("mine"), ["joy", "neutral"])
    assert emoreport("retable", stored, "--text", "mine").code == 0
    assert run_json(stored)["models"]["text"]["name"] == "mine"
    assert "p_happiness" in rows(stored / "text_clauses.csv")[0]
    assert "p_sadness" not in rows(stored / "text_clauses.csv")[0]
    assert emoreport("retable", stored, "--no-text").code == 0
    kept = rows(stored / "text_intervals.csv")
    assert {row["text"] for row in kept} == {""}
    assert {row["words"] for row in kept} >= {"2"}
    assert list(rows(stored / "modality_duration.csv")[0])[-4:-1] == [
        "text_emotion",
        "shot",
        "person",
    ]
    hidden = emoreport("retable", stored, "--text", "auto")
    assert hidden.code == 2
    assert "--no-text" in hidden.errors[0]
    assert emoreport("retable", stored, "--text", "none").code == 0
    assert not list(stored.glob("text*"))
    assert "text" not in run_json(stored)["models"]


def test_words_of_a_language_without_a_model_say_nothing_and_a_warning_says_so(
    clip: Path, stored: Path, emoreport: Emoreport
) -> None:
    english = SRT.replace("<i>Добрый день</i>, (смех)", "Good day to all of you").replace(
        "потом", "and after that"
    )
    Path("english.srt").write_text(english, encoding="utf-8")
    assert emoreport("retable", stored, "--transcript", "english.srt").code == 0
    assert [w["values"] for w in run_json(stored)["warnings"] if w["key"] == "text_language"] == [
        {"language": "en"}
    ]
    assert not list(stored.glob("text*"))
    assert list(rows(stored / "modality_duration.csv")[0])[-4:-1] == ["text", "shot", "person"]
    missing = emoreport("analyze", clip, "--transcript", "english.srt", "--text", "no-such-model")
    assert missing.code == 2
    assert "--text" in missing.errors[0]


CUES = [
    "1\n00:00:00,500 --> 00:00:01,500\nДобрый день всем\n",
    "2\n00:00:01,000 --> 00:00:02,000\nи снова здравствуйте\n",
]
ODD: dict[str, tuple[str, bytes, list[str]]] = {
    "overlapping": ("a.srt", "\n".join(CUES).encode(), ["Добрый", "здравствуйте"]),
    "negative": (
        "a.srt",
        (b"1\n-00:00:01,000 --> 00:00:01,000\nhello there\n\n"
        b"2\n00:00:02,000 --> 00:00:01,000\nback\n\n3\n-00:00:03,000 --> -00:00:02,000\ngone\n"),
        ["hello", "there"],
    ),
    "cp1251": ("a.srt", "\n".join(CUES * 3).encode("cp1251"), ["Добрый", "здравствуйте"]),
    "UTF-16": ("a.srt", "\n".join(CUES).encode("utf-16"), ["Добрый", "здравствуйте"]),
    "a byte order mark": ("a.srt", "\n".join(CUES).encode("utf-8-sig"), ["Добрый", "день"]),
    "HTML": (
        "a.vtt",
        (b"WEBVTT\n\n00:00.500 --> 00:01.500\n<script>alert(1)</script><img src=x onerror=alert(2)>"
        b'<b>bold</b> &lt;i&gt;kept&lt;/i&gt; "=1+1"\n'),
        ["bold"],
    ),
    "a hundred thousand cues": (
        "a.srt",
        "".join(f"{n}\n00:00:{n % 60:02d},000 --> 00:00:{n % 60:02d},400\nword\n\n"
                for n in range(100_000)).encode(),
        ["word"],
    ),
    "no bytes": ("a.srt", b"", []),
    "blanks": ("a.txt", b" \n\t\n", []),
    "cues without words": ("a.srt", b"1\n00:00:00,500 --> 00:00:01,500\n...\n", []),
    "zeros": ("a.srt", bytes(1000), []),
}  # fmt: skip


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_transcript_works_or_gives_one_line(
    kind: str, short: Path, emoreport: Emoreport
) -> None:
    name, content, expected = ODD[kind]
    Path(name).write_bytes(content)
    outcome = emoreport("analyze", short, "--transcript", name, "--formats", "csv,html")
    folder = Path("statistics") / short.stem
    if not expected:
        assert outcome.code == 1
        (error,) = outcome.errors
        assert error.startswith(f"error: {name}: ")
        assert not folder.exists()
        return
    assert outcome.code == 0, outcome.err
    words = rows(folder / "words.csv")
    assert {row["word"] for row in words} >= set(expected)
    times = [(float(row["start"]), float(row["end"])) for row in words]
    assert all(0 <= start <= end <= 2.0 for start, end in times)
    assert times == sorted(times, key=lambda span: span[0])
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "onerror=alert" not in page


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds without a face or a voice."""
    return media.constant_rate(
        tmp_path_factory.mktemp("short") / "short.mp4", seconds=2.0, sound=media.tone(2.0)
    )
