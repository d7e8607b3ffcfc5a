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


@pytest.mark.parametrize("ending", ["srt", "vtt", "csv", "json", "txt"])
def test_a_file_is_written_in_the_format_of_its_ending(
    ending: str, talk: Path, emoreport: Emoreport
) -> None:
    out = Path(f"words.{ending}")
    outcome = emoreport("transcribe", "--out", out, "--model", NAME, "--", talk)
    assert outcome.code == 0
    assert outcome.out == f"words.{ending}: 3 words, heard by {NAME}\n"
    content = out.read_text(encoding="utf-8")
    assert "да" in content
    assert "мио" in content


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
