"""`emoreport transcribe` with a planted recogniser in the store."""

from __future__ import annotations

import csv
import wave
from pathlib import Path

import numpy as np
import pytest

from emoreport.records import Span
from emoreport.speech.activity import SileroDetector
from emoreport.words.choosing import usual_transcript
from tests.fixtures.results_on_disk import run_json
from tests.integration.conftest import Emoreport

NAME = "gigaam-v3-ctc"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that holds one recogniser, as a pull would have left it."""
    pytest.importorskip("onnx_asr", reason="needs the extra words")
    from tests.fixtures.recognition import store_recogniser

    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path / "store"))
    store_recogniser(NAME, tmp_path / "store")


@pytest.fixture
def talk(store: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound that spells three words; tones are no speech to the detector, so it is told."""
    from tests.fixtures.recognition import spoken

    path = tmp_path / "-talk=1.wav"
    samples = np.concatenate([spoken("..да нет мио.."), np.zeros(16_000, np.float32)])
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(16_000)
        stream.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    monkeypatch.setattr(SileroDetector, "detect", lambda *_: (Span(0.2, 1.5),))
    return path


def test_what_is_said_is_printed_with_its_time(talk: Path, emoreport: Emoreport) -> None:
    outcome = emoreport("transcribe", "--quiet", "--", talk)
    assert (outcome.code, outcome.err) == (0, "")
    (line,) = outcome.out.splitlines()
    time, words = line.split("  ")
    assert words == "да нет мио"
    assert float(time.rpartition(":")[2]) == pytest.approx(0.24, abs=0.04)


def test_a_file_is_written_in_the_format_of_its_ending(talk: Path, emoreport: Emoreport) -> None:
    outcome = emoreport("transcribe", "--out", "words.TEXTGRID", "--model", NAME, "--", talk)
    assert outcome.code == 0
    assert outcome.out == f"words.TEXTGRID: 3 words, heard by {NAME}\n"
    assert 'text = "мио"' in Path("words.TEXTGRID").read_text(encoding="utf-8")


def words_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "words.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_files_are_named_after_the_recording_and_read_again(
    talk: Path, emoreport: Emoreport
) -> None:
    analyze = ("analyze", "--quiet", "--page-video", "none", "--overwrite", "--text", "none")
    assert emoreport(*analyze, "--transcript", "auto", "--", talk).code == 0
    (folder,) = Path("statistics").iterdir()
    heard = words_of(folder)
    formats = ("srt", "vtt", "textgrid", "csv", "json", "txt")
    outcome = emoreport("transcribe", "--to", ",".join(formats), "--out", "said", "--", talk)
    assert outcome.code == 0
    files = sorted(Path("said").iterdir())
    assert [file.name for file in files] == [
        f"{folder.name}.{ending}" for ending in ("TextGrid", "csv", "json", "srt", "txt", "vtt")
    ]
    assert sorted(outcome.out.splitlines()) == [
        f"{file}: 3 words, heard by {NAME}" for file in files
    ]
    assert words_of(folder) == heard
    for file in (file for file in files if file.suffix != ".txt"):
        assert emoreport("retable", folder, "--transcript", file, "--quiet").code == 0
        words = words_of(folder)
        assert [row["word"] for row in words] == [row["word"] for row in heard], file
        if file.suffix != ".srt":  # its captions tell the time of the whole
            assert [(row["start"], row["end"]) for row in words] == [
                (row["start"], row["end"]) for row in heard
            ], file
        assert float(words[0]["start"]) == pytest.approx(float(heard[0]["start"]), abs=0.05)
        assert float(words[-1]["end"]) == pytest.approx(float(heard[-1]["end"]), abs=0.05)


def test_captions_of_other_people_stay_unless_told_otherwise(
    talk: Path, emoreport: Emoreport
) -> None:
    assert emoreport("transcribe", "--to", "srt", "--quiet", "--", talk).code == 0
    captions = Path(f"{talk.stem}.srt")
    assert captions.read_text(encoding="utf-8").endswith("\nда нет мио\n\n")
    captions.write_text("mine")
    for target in (("--to", "vtt,srt"), ("--out", captions)):
        refused = emoreport("transcribe", *target, "--", talk)
        assert (refused.code, captions.read_text()) == (1, "mine")
        assert captions.name in refused.errors[0]
    assert not Path(f"{talk.stem}.vtt").exists()
    assert emoreport("transcribe", "--overwrite", "--to", "srt", "--", talk).code == 0
    assert "мио" in captions.read_text(encoding="utf-8")
    for wrong in (("--to", "docx"), ("--to", "srt", "--out", "new.vtt")):
        assert emoreport("transcribe", *wrong, "--", talk).code == 2


def test_other_endings_and_unknown_recognisers_are_refused(
    talk: Path, emoreport: Emoreport
) -> None:
    outcome = emoreport("transcribe", "--out", "words.docx", "--", talk)
    assert outcome.code == 2
    assert ".srt" in outcome.errors[0]
    outcome = emoreport("transcribe", "--model", "compact", "--", talk)
    assert outcome.code == 2
    assert NAME in outcome.errors[0]
    assert emoreport("transcribe", "no-such.mp4").code == 2


def test_a_recogniser_that_is_not_here_is_refused_at_once(talk: Path, emoreport: Emoreport) -> None:
    outcome = emoreport("transcribe", "--offline", "--model", "vosk-0.54", "--", talk)
    assert outcome.code == 1
    (error,) = outcome.errors
    assert "vosk-0.54" in error


def test_analyze_hears_the_words_and_retable_keeps_them(talk: Path, emoreport: Emoreport) -> None:
    options = ("--transcript", "auto", "--face", "compact", "--speech", "compact", "--quiet")
    assert emoreport("analyze", *options, "--", talk).code == 0
    (folder,) = Path("statistics").iterdir()
    with (folder / "words.csv").open(encoding="utf-8", newline="") as stream:
        words = list(csv.DictReader(stream))
    assert [row["word"] for row in words] == ["да", "нет", "мио"]
    assert [float(row["start"]) for row in words] == pytest.approx([0.24, 0.6, 1.08], abs=0.04)
    run = run_json(folder)
    assert run["models"]["words"]["name"] == NAME
    assert (run["transcript"]["source"], run["transcript"]["words"]) == ("recognised", 3)
    assert run["transcript"]["language"] == "ru"
    again = emoreport("analyze", *options[:-1], "--", talk)
    assert "already holds" in again.out + again.err
    assert emoreport("retable", folder, "--quiet").code == 0
    assert (folder / "words.csv").is_file()
    refused = emoreport("retable", folder, "--transcript", "auto")
    assert refused.code == 2
    assert "transcribe" in refused.errors[0]


def test_words_go_into_the_results_of_the_recording(talk: Path, emoreport: Emoreport) -> None:
    plain = ("analyze", "--transcript", "none", "--quiet", "--page-video", "none")
    heard = ("analyze", "--transcript", "auto", "--quiet", "--page-video", "none")
    assert emoreport(*plain, "--", talk).code == 0
    (folder,) = Path("statistics").iterdir()
    outcome = emoreport("transcribe", "--", talk)
    assert outcome.code == 0
    assert outcome.out.endswith("  да нет мио\n")
    assert outcome.err.splitlines()[-1] == f"{folder}: 3 words, heard by {NAME}"
    assert emoreport(*heard, "--out", "at-once", "--", talk).code == 0
    at_once = Path("at-once", folder.name)
    assert {path.name for path in folder.iterdir()} == {path.name for path in at_once.iterdir()}
    for path in sorted(at_once.iterdir()):
        if path.suffix in {".csv", ".parquet"} or path.name == "report.json":
            assert path.read_bytes() == (folder / path.name).read_bytes(), path.name
    assert run_json(folder)["models"]["words"]["name"] == NAME
    assert emoreport(*heard, "--", talk).code == 0  # they are the same results: no --overwrite


def test_the_folder_of_results_can_be_named(
    talk: Path, emoreport: Emoreport, tmp_path: Path
) -> None:
    run = ("analyze", "--transcript", "none", "--quiet", "--out", "mine")
    assert emoreport(*run, "--", talk).code == 0
    (folder,) = Path("mine").iterdir()
    for place in ("mine", folder):
        assert emoreport("retable", folder, "--transcript", "none", "--quiet").code == 0
        outcome = emoreport("transcribe", "--out", place, "--", talk)
        assert (outcome.code, outcome.out) == (0, f"{folder}: 3 words, heard by {NAME}\n")
        assert (folder / "words.csv").is_file()
    (tmp_path / "empty").mkdir()
    nothing = emoreport("transcribe", "--out", tmp_path / "empty", "--", talk)
    assert nothing.code == 2
    assert talk.name in nothing.errors[0]


def test_words_of_a_file_stay_unless_told_otherwise(talk: Path, emoreport: Emoreport) -> None:
    cue = "1\n00:00:00,200 --> 00:00:01,000\nправильно\n"
    Path("right.srt").write_text(cue, encoding="utf-8")
    assert emoreport("analyze", "--transcript", "right.srt", "--quiet", "--", talk).code == 0
    (folder,) = Path("statistics").iterdir()
    before = (folder / "words.csv").read_bytes()
    outcome = emoreport("transcribe", "--", talk)
    assert outcome.code == 0
    assert "мио" in outcome.out
    assert "right.srt" in outcome.err
    assert emoreport("transcribe", "--out", folder, "--", talk).code == 2
    assert (folder / "words.csv").read_bytes() == before
    assert emoreport("transcribe", "--overwrite", "--out", folder, "--", talk).code == 0
    assert "мио" in (folder / "words.csv").read_text(encoding="utf-8")
    assert emoreport("retable", folder, "--transcript", "right.srt", "--quiet").code == 0
    assert run_json(folder)["transcript"]["file"] == "right.srt"


def test_once_a_recogniser_is_here_words_are_heard_unless_told_otherwise(
    talk: Path, emoreport: Emoreport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    options = ("--face", "compact", "--speech", "compact", "--quiet")
    assert emoreport("analyze", *options, "--out", "heard", "--", talk).code == 0
    assert (next(Path("heard").iterdir()) / "words.csv").is_file()
    silent = ("--out", "silent", "--transcript", "none")
    assert emoreport("analyze", *options, *silent, "--", talk).code == 0
    assert not (next(Path("silent").iterdir()) / "words.csv").exists()
    (tmp_path / "store" / "models.lock.json").write_text("no record")
    assert usual_transcript() == {}
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path / "empty"))
    assert usual_transcript() == {}


def test_a_recogniser_in_the_store_aligns_a_text_unless_told_otherwise(
    talk: Path, emoreport: Emoreport
) -> None:
    Path("said.txt").write_text("Да. Нет! Мио.", encoding="utf-8")
    options = ("--transcript", "said.txt", "--quiet", "--page-video", "none")
    assert emoreport("analyze", *options, "--", talk).code == 0
    (folder,) = (path.parent for path in Path("statistics").glob("*/run.json"))
    assert run_json(folder)["models"]["words"]["name"] == NAME
    with (folder / "words.csv").open(encoding="utf-8", newline="") as stream:
        words = list(csv.DictReader(stream))
    assert [(row["word"], row["placed"]) for row in words] == [
        (word, "aligned") for word in ("Да", "Нет", "Мио")
    ]
    assert [float(row["start"]) for row in words] == pytest.approx([0.24, 0.6, 1.08], abs=0.05)
    made = (folder / "run.json").read_bytes()
    assert emoreport("analyze", *options, "--", talk).code == 0
    assert (folder / "run.json").read_bytes() == made
    assert emoreport("analyze", *options, "--aligner", "compact", "--", talk).code == 1
    wrong = emoreport("analyze", *options, "--aligner", "vosk-0.54", "--", talk)
    assert wrong.code == 2
    assert NAME in wrong.errors[0]
    other = ("--transcript", "said.txt", "--aligner", "compact")
    assert emoreport("retable", folder, *other, "--quiet").code == 0
    assert run_json(folder)["models"]["words"]["name"] == "compact"
    assert run_json(folder)["transcript"]["words"] == 0
