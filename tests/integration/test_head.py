"""`analyze --head`: what a trained head says takes its place, and comes back from the readings."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

import emoreport as package
from emoreport.records import FeatureSource
from emoreport.settings import Settings
from emoreport.studies.comparability import caveats_of, facts_of
from tests.fixtures.heads import compact_sources, head_metadata, write_head
from tests.fixtures.results_on_disk import rows, run_json
from tests.integration.conftest import Emoreport

RUN = Path("statistics/clip")
QUICK = ("--fps", "5", "--offline")
OPENED = Settings(face="compact", speech="compact", offline=True, features=True)

MakeHead = Callable[..., Path]


@pytest.fixture(scope="module")
def sources() -> dict[str, FeatureSource]:
    return compact_sources()


@pytest.fixture
def make_head(tmp_path: Path, sources: dict[str, FeatureSource]) -> MakeHead:
    """Makes a head of some modalities in a folder of its name."""

    def make(name: str, *modalities: str, gain: float = 0.5, **changes: Any) -> Path:
        features = {modality: sources[modality] for modality in modalities}
        own = head_metadata(name=name, features=features, **changes)
        return write_head(tmp_path / name, own, gain=gain)

    return make


@pytest.fixture
def on_face(make_head: MakeHead) -> Path:
    return make_head("seen", "face", labels=("Neutral", "Other"))


def test_a_head_on_the_face_leads_it_and_the_model_below_stays_beside_it(
    clip: Path, on_face: Path, emoreport: Emoreport
) -> None:
    assert emoreport("analyze", clip, *QUICK, "--out", "plain").code == 0
    outcome = emoreport("analyze", clip, *QUICK, "--abstention", "off", "--head", on_face)
    assert outcome.code == 0, outcome.err
    assert "compact + head seen with compact as second model" in outcome.out
    frames = pd.read_parquet(RUN / "frames.parquet")
    plain = pd.read_parquet("plain/clip/frames.parquet")
    assert [name for name in frames if name.startswith("p_")] == ["p_neutral", "p_other"]
    assert (frames["p_neutral"].notna() == plain["p_neutral"].notna()).all()
    sums = frames[["p_neutral", "p_other"]].sum(axis=1)[frames["p_neutral"].notna()]
    assert sums.between(0.999, 1.001).all()
    below = [name for name in plain if name.startswith("p_")]
    pd.testing.assert_frame_equal(
        frames[[f"witness_{name}" for name in below]].set_axis(below, axis=1),
        plain[below],
        atol=1e-5,
    )
    np.testing.assert_allclose(frames["witness_distance"], plain["distance"], atol=1e-5)
    assert "distance" not in frames
    (summary,) = rows(RUN / "summary.csv")
    assert (summary["face_model"], summary["speech_model"]) == ("compact + head seen", "compact")
    told = rows(RUN / "video_intervals.csv")
    assert {row["emotion"] for row in told} & {"neutral", "other"}
    assert {row["witness_emotion"] for row in told if row["emotion"] != "no_face"} - {""}
    witness = package.read(RUN).faces.witness
    assert witness is not None
    assert not witness.is_heeded
    models = run_json(RUN)["models"]
    assert models["face"]["name"] == "compact"
    assert models["head"]["task"] == "expr"
    assert models["head"]["labels"] == ["neutral", "other"]
    assert set(models["head"]["files"]) == {"head.onnx", "model.json"}
    assert models["head"]["features"][0]["files"] == models["face"]["files"]
    assert not [path.name for path in RUN.iterdir() if path.name.startswith(("head", "feat"))]
    page = (RUN / "report.html").read_text(encoding="utf-8")
    assert "compact + head seen" in page
    book = openpyxl.load_workbook(RUN / "report.xlsx")
    cells = {str(cell.value) for line in book.worksheets[0].iter_rows() for cell in line}
    assert [cell for cell in cells if cell.startswith("compact + head seen, version 1")]


def test_a_head_is_known_by_its_files(
    clip: Path, on_face: Path, make_head: MakeHead, tmp_path: Path, emoreport: Emoreport
) -> None:
    command = ("analyze", clip, *QUICK, "--formats", "csv,parquet", "--quiet", "--head")
    assert emoreport(*command, on_face).code == 0
    made = (RUN / "run.json").stat().st_mtime_ns
    moved = shutil.copytree(on_face, tmp_path / "moved")
    assert emoreport(*command, moved).code == 0  # nothing to do
    assert (RUN / "run.json").stat().st_mtime_ns == made
    other = make_head("seen2", "face", labels=("Neutral", "Other"), gain=0.7)
    outcome = emoreport(*command, other)
    assert outcome.code == 1
    assert "--overwrite" in outcome.errors[0]
    assert emoreport(*command, other, "--out", "other").code == 0
    talks = [facts_of(package.read(folder), folder) for folder in (RUN, Path("other/clip"))]
    (caveat,) = (caveat for caveat in caveats_of(talks) if caveat.key == "other_model")
    told = caveat.document()
    assert (told["role"], told["one"], told["other"]) == ("head", "seen", "seen2")


def test_readings_of_a_head_are_all_that_new_tables_need(
    clip: Path, on_face: Path, emoreport: Emoreport
) -> None:
    command = ("analyze", clip, *QUICK, "--formats", "csv,parquet", "--head", on_face)
    assert emoreport(*command).code == 0
    before = rows(RUN / "video_intervals.csv")
    shutil.rmtree(on_face)
    assert emoreport("retable", RUN, "--out", "again", "--formats", "csv").code == 0
    assert rows(Path("again/video_intervals.csv")) == before
    outcome = emoreport("retable", RUN, "--head", "elsewhere")
    assert outcome.code == 2
    outcome = emoreport("multiverse", RUN, "--smoothing", "0,1", "--min-interval", "0.5")
    assert outcome.code == 0, outcome.err
    led = {row["face_model"] for row in rows(RUN / "multiverse" / "multiverse.csv")}
    assert led == {"compact + head seen", "compact"}


def test_a_head_on_the_voice_leads_the_windows(
    clip: Path, make_head: MakeHead, emoreport: Emoreport
) -> None:
    head = make_head("heard", "voice", labels=("anger", "neutral"))
    outcome = emoreport("analyze", clip, *QUICK, "--head", head)
    assert outcome.code == 0, outcome.err
    speech = pd.read_parquet(RUN / "speech.parquet")
    judged = speech["witness_p_anger"].notna()
    assert judged.any()
    assert [name for name in speech if name.startswith("p_")] == ["p_anger", "p_neutral"]
    assert (speech["p_anger"].notna() == judged).all()
    (summary,) = rows(RUN / "summary.csv")
    assert (summary["face_model"], summary["speech_model"]) == ("compact", "compact + head heard")
    assert "p_anger" in rows(RUN / "voice_intervals.csv")[0]
    outcome = emoreport("analyze", clip, "--offline", "--head", head, "--speech", "none")
    assert outcome.code == 2
    assert "heard" in outcome.err


def test_valence_and_arousal_of_a_head_are_those_of_the_frames(
    clip: Path, make_head: MakeHead, emoreport: Emoreport
) -> None:
    head = make_head("affect", "face", task="va", labels=("valence", "arousal"))
    command = ("analyze", clip, *QUICK, "--formats", "csv,parquet", "--head", head)
    outcome = emoreport(*command)
    assert outcome.code == 0, outcome.err
    assert "trained head affect" in outcome.out
    frames = pd.read_parquet(RUN / "frames.parquet")
    seen = frames["p_anger"].notna()
    assert seen.any()
    assert (frames["valence"].notna() == seen).all()
    assert (frames.loc[seen, "valence"] == 0.0).all()  # the tiny head answers with its second
    assert frames.loc[seen, "arousal"].std() > 0
    told = [row for row in rows(RUN / "video_intervals.csv") if row["valence"]]
    assert {row["dimensions"] for row in told} == {"model"}


def test_action_units_have_a_table_of_their_own(
    clip: Path, make_head: MakeHead, emoreport: Emoreport
) -> None:
    head = make_head(
        "units", "face", "voice", task="au", labels=("AU4", "AU12"), thresholds=(0.6, 0.5)
    )
    outcome = emoreport("analyze", clip, *QUICK, "--head", head, "--features")
    assert outcome.code == 0, outcome.err
    assert "trained head units" in outcome.out
    assert re.search(r"trained head: +AU12 [0-9.]+ s", outcome.out)
    (summary,) = rows(RUN / "summary.csv")
    assert (summary["face_model"], summary["speech_model"]) == ("compact", "compact")
    steps = pd.read_parquet(RUN / "head.parquet")
    assert list(steps) == ["time_s", "AU4", "AU12"]
    assert (steps["AU4"].dropna() == 0.5).all()
    told = rows(RUN / "head_intervals.csv")
    assert list(told[0]) == ["action_unit", "start", "end", "duration", "confidence", "person"]
    assert {row["action_unit"] for row in told} == {"AU12"}
    assert all(float(row["confidence"]) >= 0.5 for row in told)
    assert (RUN / "features.parquet").is_file()
    book = openpyxl.load_workbook(RUN / "report.xlsx")
    assert "head_intervals" in book.sheetnames
    assert emoreport("retable", RUN, "--out", "again", "--lang", "ru").code == 0
    assert rows(Path("again/head_intervals.csv")) == told
    assert "Обученная голова" in openpyxl.load_workbook("again/report.xlsx").sheetnames
    report = package.read(RUN)
    assert report.head_intervals is not None
    assert len(report.head_intervals) == len(told)
    assert emoreport("export", RUN, "--to", "json").code == 0
    (exported,) = RUN.glob("**/*_findings.json")
    rows_there = json.loads(exported.read_text(encoding="utf-8"))["head_intervals"]
    assert [row["label"] for row in rows_there] == [row["action_unit"] for row in told]


def test_a_batch_takes_a_head_and_says_where_it_knows_the_recording(
    clip: Path, make_head: MakeHead, tmp_path: Path, emoreport: Emoreport
) -> None:
    (tmp_path / "videos").mkdir()
    shutil.copy(clip, tmp_path / "videos" / "talk.mp4")
    head = make_head(
        "clips",
        "face",
        task="clips",
        unit="window",
        labels=("a", "b"),
        data={"split": {"train": ["talk"], "validation": [], "test": []}},
    )
    command = ("batch", tmp_path / "videos", *QUICK, "--jobs", "1", "--head", head)
    outcome = emoreport(*command, "--formats", "csv,parquet")
    assert outcome.code == 0, outcome.err
    told = rows(Path("statistics/talk/head_intervals.csv"))
    assert next(iter(told[0])) == "label"
    assert "head_knows" in {row["key"] for row in run_json(Path("statistics/talk"))["warnings"]}
    (row,) = rows(Path("statistics/summary.csv"))
    assert "was trained or tuned on this recording" in row["warnings"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"version": "0.0.0"}, "--face compact"),
        ({"model": "hsemotion/enet_b2_8"}, "hsemotion/enet_b2_8"),
        ({"model": "elsewhere"}, "--face FOLDER"),
        ({"width": 7}, "--face compact"),
    ],
)
def test_a_head_of_another_model_is_refused_before_anything_is_decoded(
    clip: Path,
    tmp_path: Path,
    sources: dict[str, FeatureSource],
    emoreport: Emoreport,
    changes: dict[str, Any],
    told: str,
) -> None:
    source = replace(sources["face"], **changes)
    head = write_head(tmp_path / "head", head_metadata(features={"face": source}))
    outcome = emoreport("analyze", clip, *QUICK, "--head", head)
    assert (outcome.code, outcome.out) == (1, "")
    assert told in outcome.err


def test_what_is_no_head_is_refused(
    clip: Path, tmp_path: Path, make_head: MakeHead, emoreport: Emoreport
) -> None:
    outcome = emoreport("analyze", clip, *QUICK, "--head", tmp_path / "nowhere")
    assert outcome.code == 1
    assert "nowhere" in outcome.err
    strange = make_head("strange", "face", labels=("neutral", "boredom"))
    outcome = emoreport("analyze", clip, *QUICK, "--head", strange)
    assert outcome.code == 1
    assert "boredom" in outcome.err
