"""The main job on a recording with a real face and a voice."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

import emoreport as package
from emoreport.messages import text
from emoreport.vocabulary import EMOTIONS, NAMES, NON_EMOTIONS
from tests.fixtures import media
from tests.fixtures.results_on_disk import COLUMNS, assert_complete, rows, run_json
from tests.integration.conftest import Emoreport

FRAMES_COLUMNS = [
    "time_s",
    "frame",
    "faces",
    "x",
    "y",
    "width",
    "height",
    "detection_score",
    *(f"p_{emotion}" for emotion in EMOTIONS),
    "emotion",
]


def test_every_file_and_column_of_the_contract(clip: Path, emoreport: Emoreport) -> None:
    outcome = emoreport("analyze", clip)
    assert outcome.code == 0
    assert outcome.errors == []
    folder = Path("statistics/clip")
    assert_complete(folder)
    assert str(folder) in outcome.out
    frames = pd.read_parquet(folder / "frames.parquet")
    assert list(frames.columns)[: len(FRAMES_COLUMNS)] == FRAMES_COLUMNS
    assert len(frames) == int(rows(folder / "summary.csv")[0]["frames"])
    speech = pd.read_parquet(folder / "speech.parquet")
    assert list(speech.columns)[:3] == ["start_s", "end_s", "speech_seconds"]
    assert list(speech.columns)[3].startswith("p_")
    (summary,) = rows(folder / "summary.csv")
    assert float(summary["face_coverage"]) > 0.95
    assert float(summary["speech_seconds"]) > 1
    assert summary["face_model"] == summary["speech_model"] == "compact"


def test_which_models_ran_is_said_and_recorded(clip: Path, emoreport: Emoreport) -> None:
    outcome = emoreport("analyze", clip)
    (line,) = (line for line in outcome.err.splitlines() if "models" in line)
    assert "compact" in line
    assert "emoreport setup" in line
    run = run_json(Path("statistics/clip"))
    for role in ("face", "speech"):
        model = run["models"][role]
        assert model["name"] == "compact"
        assert model["runtime"].startswith("onnxruntime")
        assert model["device"] == "cpu"
        assert [len(digest) for digest in model["files"].values()] == [64]
        assert model["reason"]
    assert run["settings"]["face"] == "auto"
    assert len(run["input"]["sha256"]) == 64
    assert set(run["wall_time_s"]) == {"probe", "faces", "speech", "analysis"}
    assert run["versions"]["mediapipe"]


def test_the_tables_agree_with_each_other(clip: Path, emoreport: Emoreport) -> None:
    assert emoreport("analyze", clip, "--min-interval", "0.2", "--smoothing", "0.2").code == 0
    folder = Path("statistics/clip")
    tables = {name: pd.read_csv(folder / f"{name}.csv") for name in COLUMNS}
    video, both = tables["video_intervals"], tables["modality_duration"]
    summary = tables["summary"].iloc[0]
    assert (video["duration"] - (video["end"] - video["start"])).abs().max() < 1e-9
    assert both["video_emotion"].tolist() == video["emotion"].tolist()
    assert both["audio_emotion"].tolist() == tables["audio_intervals"]["emotion"].tolist()
    wrong = both[both["match"].eq(False)]
    assert len(wrong) == len(tables["modality_mismatch"]) == summary["mismatches"]
    assert tables["modality_mismatch"]["severity"].between(0, 1).all()
    chains = (video["emotion"].isin(NON_EMOTIONS)).cumsum()
    emotional = video[~video["emotion"].isin(NON_EMOTIONS)]
    expected = sum(len(part) - 1 for _, part in emotional.groupby(chains))
    assert summary["transitions"] == tables["transitions"]["count"].sum() == expected
    voice, meetings = tables["voice_intervals"], tables["face_voice"]
    for cut in (voice, meetings):
        assert cut["start"].tolist() == [0.0, *cut["end"][:-1]]
        assert cut["end"].iloc[-1] == summary["duration"]
    bounds = {*video["start"], *voice["start"]}
    assert meetings["start"].tolist() == sorted(bounds)
    assert voice["speech_seconds"].sum() == pytest.approx(summary["speech_seconds"], abs=0.02)
    for name, cut in (("face_emotion", video), ("voice_emotion", voice)):
        met_s = meetings.groupby(name)["duration"].sum().to_dict()
        assert met_s == pytest.approx(cut.groupby("emotion")["duration"].sum().to_dict())
    assert meetings["match"].notna().equals(meetings["severity"].notna())
    shares = video[[f"p_{emotion}" for emotion in EMOTIONS]].sum(axis=1)
    np.testing.assert_allclose(shares.dropna(), 1, atol=5e-4)
    report = json.loads((folder / "report.json").read_text())
    assert [row["emotion"] for row in report["video_intervals"]] == video["emotion"].tolist()


def test_the_workbook(clip: Path, emoreport: Emoreport) -> None:
    assert emoreport("analyze", clip, "--lang", "ru", "--formats", "xlsx").code == 0
    folder = Path("statistics/clip")
    assert {path.name for path in folder.iterdir()} == {"report.xlsx", "run.json"}
    book = openpyxl.load_workbook(folder / "report.xlsx")
    beside = ("charts", "matrices", "chart_data", "dictionary")
    assert len(book.sheetnames) == len(COLUMNS) + len(beside)
    words = {str(cell.value) for sheet in book for line in sheet.iter_rows() for cell in line}
    assert words & {NAMES["ru"][emotion] for emotion in EMOTIONS}
    intervals = book[text("tables.sheet.video_intervals", "ru")]
    assert intervals.freeze_panes
    assert intervals.auto_filter.ref
    assert all(isinstance(intervals.cell(2, column).value, (int, float)) for column in (2, 3, 4))


def test_results_are_protected_and_repeated_only_when_asked(
    clip: Path, emoreport: Emoreport
) -> None:
    assert emoreport("analyze", clip).code == 0
    folder = Path("statistics/clip")
    stamp = (folder / "run.json").stat().st_mtime_ns
    again = emoreport("analyze", clip)
    assert again.code == 0
    assert "already holds" in again.err
    other = emoreport("analyze", clip, "--smoothing", "0.3")
    assert other.code == 1
    assert "--overwrite" in other.errors[0]
    assert (folder / "run.json").stat().st_mtime_ns == stamp
    forced = emoreport("analyze", clip, "--smoothing", "0.3", "--overwrite", "--formats", "csv")
    assert forced.code == 0
    assert run_json(folder)["settings"]["smoothing"] == 0.3
    assert {path.suffix for path in folder.iterdir()} == {".csv", ".json"}
    assert not (folder / "report.json").exists()


def test_lower_rates_analyse_fewer_frames(clip: Path, emoreport: Emoreport) -> None:
    counts = {}
    for rate in ("every", "5", "adaptive"):
        assert emoreport("analyze", clip, "--fps", rate, "--out", rate).code == 0
        counts[rate] = int(rows(Path(rate) / "clip" / "summary.csv")[0]["frames"])
        frames = pd.read_parquet(Path(rate) / "clip" / "frames.parquet")
        assert frames["time_s"].is_monotonic_increasing
        assert len(frames) == counts[rate]
        if rate == "5":
            np.testing.assert_allclose(frames["time_s"], np.arange(len(frames)) / 5, atol=0.041)
    assert counts["every"] == 100
    assert counts["5"] == 20
    assert 11 <= counts["adaptive"] <= 40
    media = run_json(Path("adaptive") / "clip")["media"]
    assert (media["frames"], media["decoded_frames"]) == (counts["adaptive"], 100)


def test_the_voice_can_be_left_out(clip: Path, emoreport: Emoreport) -> None:
    assert emoreport("analyze", clip, "--speech", "none").code == 0
    folder = Path("statistics/clip")
    assert_complete(folder)
    (summary,) = rows(folder / "summary.csv")
    assert summary["speech_model"] == "none"
    assert summary["dominant_audio_emotion"] == ""
    assert summary["mismatch_share"] == ""
    assert float(summary["speech_seconds"]) > 1


HELPS_ANIEMORE = "models import" if find_spec("transformers") else "emoreport[full]"


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--face", "hsemotion/enet_b0_8_best_vgaf"], 1, "models import"),
        (["--speech", "aniemore/wav2vec2-xlsr-53"], 1, HELPS_ANIEMORE),
        (["--face", "nobody"], 2, "nobody"),
        (["--smoothing", "-1"], 2, "--smoothing"),
        (["--bridge", "none.toml"], 2, "none.toml"),
        (["--config", "none.toml"], 2, "none.toml"),
        (["--nonsense"], 2, "--nonsense"),
    ],
)
def test_wrong_settings_are_one_line(
    arguments: list[str], code: int, word: str, clip: Path, emoreport: Emoreport
) -> None:
    outcome = emoreport("analyze", clip, *arguments)
    assert outcome.code == code
    assert word in outcome.err
    assert "Traceback" not in outcome.err
    assert not Path("statistics").exists()


def test_python_and_command_line_agree(clip: Path, emoreport: Emoreport) -> None:
    assert emoreport("analyze", clip).code == 0
    report = package.analyze(clip)
    report.write("again")
    for name, columns in COLUMNS.items():
        assert list(getattr(report, name).columns)[: columns.count(",") + 1] == columns.split(",")
        first = Path(f"statistics/clip/{name}.csv").read_bytes()
        assert Path(f"again/{name}.csv").read_bytes() == first


def test_quiet_says_nothing_and_verbose_shows_where(
    clip: Path, tmp_path: Path, emoreport: Emoreport
) -> None:
    quiet = emoreport("analyze", clip, "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    loud = emoreport("analyze", media.empty_file(tmp_path / "bad.mp4"), "--verbose")
    assert loud.code == 1
    assert "Traceback" in loud.err


def test_a_configuration_file_and_the_environment_count(
    clip: Path, emoreport: Emoreport, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("emoreport.toml").write_text("out = 'elsewhere'\nformats = ['csv']\nlang = 'ru'\n")
    monkeypatch.setenv("EMOREPORT_LANG", "en")
    outcome = emoreport("analyze", clip, "--min-interval", "1")
    assert outcome.code == 0
    run = run_json(Path("elsewhere/clip"))
    chosen = {name: run["settings"][name] for name in ("formats", "lang", "min_interval")}
    assert chosen == {"formats": ["csv"], "lang": "en", "min_interval": 1.0}
