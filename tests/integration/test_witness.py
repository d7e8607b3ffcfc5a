"""A second model beside the first, from the command to the tables and back from the readings."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from emoreport.run.fingerprint import fingerprint_of
from emoreport.run.run_json import read_run
from tests.fixtures.dusha import (
    dusha_in_store,  # noqa: F401 - a fixture
    needs_checkpoint,
    published_dusha_in_store,  # noqa: F401 - a fixture
)
from tests.fixtures.graphs import face_model_folder, voice_model_folder
from tests.fixtures.results_on_disk import COLUMNS, assert_complete, rows, run_json
from tests.integration.conftest import Emoreport

RUN = Path("statistics/clip")


def without(folder: Path, columns: str) -> list[dict[str, str]]:
    """Rows of a table of intervals without what the witness says."""
    return [
        {name: cell for name, cell in row.items() if not name.startswith("witness_")}
        for row in rows(folder / columns)
    ]


def test_without_a_light_model_to_spare_there_is_no_witness(
    clip: Path, emoreport: Emoreport
) -> None:
    assert emoreport("analyze", clip).code == 0
    assert not {"face_witness", "speech_witness"} & set(run_json(RUN)["models"])
    for name in ("video_intervals", "audio_intervals"):
        assert {row["witness_emotion"] for row in rows(RUN / f"{name}.csv")} == {""}
        assert {row["witness_agreement"] for row in rows(RUN / f"{name}.csv")} == {""}


@pytest.mark.usefixtures("dusha_in_store")
def test_the_light_voice_models_read_the_same_windows(clip: Path, emoreport: Emoreport) -> None:
    outcome = emoreport("analyze", clip)
    assert outcome.code == 0, outcome.err
    assert_complete(RUN)
    assert "dusha" in outcome.out
    assert "compact as second model" in outcome.out
    assert "hears little sadness" in outcome.out
    assert "leans towards neutral on voices it does not know" in outcome.out
    model = run_json(RUN)["models"]["speech_witness"]
    assert (model["name"], model["kind"]) == ("compact", "voice")
    assert [len(digest) for digest in model["files"].values()] == [64]
    speech = pd.read_parquet(RUN / "speech.parquet")
    witness = [name for name in speech.columns if name.startswith("witness_p_")]
    assert list(speech.columns)[-7:] == witness
    judged = speech["p_neutral"].notna()
    assert judged.any()
    assert (speech[witness].notna().all(axis=1) == judged).all()
    assert speech.loc[judged, witness].sum(axis=1).between(0.999, 1.001).all()
    spoken = [row for row in rows(RUN / "audio_intervals.csv") if row["emotion"] != "no_speech"]
    assert spoken
    for row in spoken:
        assert row["witness_emotion"] or row["uncertain_because"]
    report = json.loads((RUN / "report.json").read_text(encoding="utf-8"))
    assert {"witness_emotion", "witness_agreement"} <= set(report["audio_intervals"][0])
    book = openpyxl.load_workbook(RUN / "report.xlsx")
    cells = {str(cell.value) for line in book.worksheets[0].iter_rows() for cell in line}
    assert "Second voice model: details" in cells
    # What the first model reads does not depend on its witness.
    assert emoreport("analyze", clip, "--speech-witness", "none", "--out", "alone").code == 0
    alone = pd.read_parquet("alone/clip/speech.parquet")
    pd.testing.assert_frame_equal(speech[list(alone.columns)], alone)
    assert "speech_witness" not in run_json(Path("alone/clip"))["models"]
    assert fingerprint_of(read_run(RUN)) != fingerprint_of(read_run(Path("alone/clip")))


@pytest.mark.usefixtures("dusha_in_store")
@pytest.mark.parametrize(
    "changes", [("--smoothing", "0.4"), ("--abstention", "off"), ("--abstention", "strict")]
)
def test_retable_needs_neither_model(
    changes: tuple[str, ...],
    clip: Path,
    emoreport: Emoreport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert emoreport("analyze", clip).code == 0
    assert emoreport("analyze", clip, *changes, "--out", "fresh").code == 0
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    assert emoreport("retable", RUN, *changes).code == 0
    for name in (*(f"{table}.csv" for table in COLUMNS), "speech.parquet", "frames.parquet"):
        assert (RUN / name).read_bytes() == (Path("fresh/clip") / name).read_bytes(), name


@pytest.fixture
def contradicted(tmp_path: Path) -> tuple[Path, ...]:
    """Two pairs of models of one kind whose classes stand in opposite orders."""
    face, voice = face_model_folder(tmp_path / "face"), voice_model_folder(tmp_path / "voice")
    labels = json.loads((face / "model.json").read_text())["labels"]
    heard = json.loads((voice / "model.json").read_text())["labels"]
    # A weight of its own keeps the second file apart from the first.
    turned = face_model_folder(
        tmp_path / "turned-face", name="turned-face", labels=labels[::-1], factor=-0.011
    )
    voices = voice_model_folder(
        tmp_path / "turned-voice", name="turned-voice", labels=heard[::-1], factor=-1900
    )
    return face, turned, voice, voices


def test_a_planted_contradiction_is_uncertain_and_both_may_lead(
    contradicted: tuple[Path, ...], clip: Path, emoreport: Emoreport
) -> None:
    face, turned_face, voice, turned_voice = contradicted
    models = ("--face", face, "--face-witness", turned_face)
    models += ("--speech", voice, "--speech-witness", turned_voice)
    outcome = emoreport("analyze", clip, *models)
    assert outcome.code == 0, outcome.err
    assert_complete(RUN)
    for name in ("video_intervals", "audio_intervals"):
        doubted = [row for row in rows(RUN / f"{name}.csv") if row["emotion"] == "uncertain"]
        assert doubted, name
        assert any("witnesses_disagree" in row["uncertain_because"] for row in doubted)
    assert emoreport("retable", RUN, "--abstention", "off", "--out", "off").code == 0
    named = rows(Path("off/video_intervals.csv"))
    assert {row["uncertain_because"] for row in named} == {""}
    for row in named:
        assert row["emotion"] != row["witness_emotion"]
        assert float(row["witness_agreement"]) < 0.5
    small = ("--smoothing", "1", "--min-interval", "0.5", "--abstention", "off,normal")
    assert emoreport("multiverse", RUN, *small).code == 0
    table = rows(RUN / "multiverse" / "multiverse.csv")
    assert {row["face_model"] for row in table} == {"tiny-face", "turned-face"}
    assert {row["speech_model"] for row in table} == {"tiny-voice", "turned-voice"}
    leading = {
        row["face_model"]: row["dominant_emotion"] for row in table if row["abstention"] == "off"
    }
    assert leading["tiny-face"] != leading["turned-face"]
    (own,) = [row for row in table if row["own"] == "true"]
    assert (own["face_model"], own["speech_model"]) == ("tiny-face", "tiny-voice")


def test_talks_with_and_without_a_witness_are_not_compared(
    contradicted: tuple[Path, ...], clip: Path, talk: Path, emoreport: Emoreport
) -> None:
    _, _, voice, turned = contradicted
    common = ("--fps", "5", "--speech", voice, "--formats", "parquet")
    assert emoreport("analyze", clip, *common, "--speech-witness", turned).code == 0
    assert emoreport("analyze", talk, *common, "--speech-witness", "none").code == 0
    outcome = emoreport("compare", RUN, "statistics/talk")
    assert outcome.code == 2
    assert "speech_witness" in outcome.errors[0]


def test_an_older_run_without_a_witness_is_retabled(clip: Path, emoreport: Emoreport) -> None:
    assert emoreport("analyze", clip, "--quiet").code == 0
    run = run_json(RUN)
    for name in ("face_witness", "speech_witness"):
        del run["settings"][name]
    (RUN / "run.json").write_text(json.dumps(run), encoding="utf-8")
    before = (RUN / "audio_intervals.csv").read_bytes()
    assert emoreport("retable", RUN).code == 0
    assert (RUN / "audio_intervals.csv").read_bytes() == before


def test_a_batch_has_the_witness_too(clip: Path, tmp_path: Path, emoreport: Emoreport) -> None:
    talks, folder = tmp_path / "talks", voice_model_folder(tmp_path / "second")
    talks.mkdir()
    (talks / "one.mp4").symlink_to(clip)
    Path("emoreport.toml").write_text(f"speech = 'compact'\nspeech_witness = '{folder}'\n")
    outcome = emoreport("batch", talks, "--out", "st")
    assert outcome.code == 0, outcome.err
    model = run_json(Path("st/one"))["models"]["speech_witness"]
    assert model["name"] == "tiny-voice"


def test_a_witness_that_cannot_be_had_is_one_line(clip: Path, emoreport: Emoreport) -> None:
    outcome = emoreport("analyze", clip, "--speech", "compact", "--speech-witness", "dusha")
    assert outcome.code == 1
    assert "dusha" in outcome.errors[0]
    outcome = emoreport("analyze", clip, "--speech", "compact", "--speech-witness", "compact")
    assert outcome.code == 2
    assert "first model itself" in outcome.errors[0]
    assert not Path("statistics").exists()


@needs_checkpoint
@pytest.mark.shared
@pytest.mark.usefixtures("published_dusha_in_store")
def test_the_published_models_on_the_sample(talk: Path, emoreport: Emoreport) -> None:
    assert emoreport("analyze", talk, "--fps", "5").code == 0
    folder = Path("statistics/talk")
    assert_complete(folder)
    models = run_json(folder)["models"]
    assert (models["speech"]["name"], models["speech_witness"]["name"]) == ("dusha", "compact")
    table = rows(folder / "audio_intervals.csv")
    agreements = [float(row["witness_agreement"]) for row in table if row["witness_agreement"]]
    assert agreements
    assert all(0.0 <= agreement <= 1.0 for agreement in agreements)
    firm = [row for row in table if row["uncertain_because"] == "witnesses_disagree"]
    assert all(row["emotion"] == "uncertain" and row["witness_emotion"] for row in firm)
