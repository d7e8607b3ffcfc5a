"""``emoreport models import-head``: from the command line to the folder, and what a head says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoreport.heads.head import open_head
from tests.fixtures.hsemotion import model_folder, tiny_graph
from tests.fixtures.media import run_ffmpeg
from tests.fixtures.published_heads import write_engagement_file, write_thesis_file
from tests.fixtures.results_on_disk import rows
from tests.integration.conftest import Emoreport

pytest.importorskip("torch", reason="PyTorch writes the files")


def test_a_published_head_becomes_a_folder(tmp_path: Path, emoreport: Emoreport) -> None:
    file = write_thesis_file(tmp_path, "best_AU_mlp_effnet_b0_vggish")
    out = tmp_path / "heads" / "au"
    command = ("models", "import-head", str(file), "--layout", "bichuyen99", "--out", str(out))
    outcome = emoreport(*command)
    assert outcome.code == 0
    terms, what, face, voice = outcome.out.splitlines()
    assert terms.startswith("bichuyen99/best_AU_mlp_effnet_b0_vggish: licence of the weights: none")
    assert what.startswith(f"{out}: head for au: AU1, AU2")
    assert face.endswith("hsemotion/enet_b0_8_va_mtl, 1280 numbers")
    assert voice.endswith("vggish, 128 numbers")
    assert "emoreport has no model vggish" in outcome.err
    assert "enet_b0_8_va_mtl" not in outcome.err
    assert open_head(out).metadata.task == "au"
    again = emoreport(*command)
    assert again.code == 1
    assert "--overwrite" in again.err
    quiet = emoreport(*command, "--overwrite", "--quiet", "--lang", "ru")
    assert quiet.code == 0
    assert quiet.out.splitlines() == [quiet.out.strip()]
    assert "лицензия весов" in quiet.out


def test_what_is_open_is_asked_for_by_name(tmp_path: Path, emoreport: Emoreport) -> None:
    file = write_thesis_file(tmp_path, "best_AU_mlp_visual").rename(tmp_path / "mine.pth")
    command = ("models", "import-head", str(file), "--layout", "bichuyen99")
    outcome = emoreport(*command, "--out", str(tmp_path / "head"))
    assert outcome.code == 1
    assert "--features" in outcome.err
    named = ("--features", "enet_b2_8_best", "--out", str(tmp_path / "head"))
    outcome = emoreport(*command, *named)
    assert outcome.code == 0
    assert "hsemotion/enet_b2_8_best, 1408 numbers" in outcome.out


def test_engagement_is_told_where_128_faces_are_seen(
    talk: Path, tmp_path: Path, emoreport: Emoreport
) -> None:
    pytest.importorskip("h5py", reason="the optional part keras is not installed")
    clip, head = tmp_path / "clip.mp4", tmp_path / "head"
    run_ffmpeg("-i", talk, "-t", "6", "-c:v", "libx264", "-preset", "veryfast", clip)
    network = tiny_graph(64, 8, 1280).SerializeToString()
    face = model_folder(tmp_path / "face", network, name="hsemotion/enet_b0_8_best_vgaf")
    file = write_engagement_file(tmp_path)
    layout = ("--layout", "emotiefflib-engagement")
    assert emoreport("models", "import-head", file, *layout, "--out", head).code == 0
    command = ("analyze", clip, "--face", face, "--head", head, "--speech", "none", "--offline")
    outcome = emoreport(*command, "--formats", "csv,parquet")
    assert outcome.code == 0, outcome.err
    folder = Path("statistics/clip")
    steps = pd.read_parquet(folder / "head.parquet")
    assert list(steps) == ["time_s", "distracted", "engaged"]
    assert np.allclose(steps[["distracted", "engaged"]].sum(axis=1), 1, atol=1e-5)
    told = rows(folder / "engagement.csv")
    assert {row["label"] for row in told} <= {"distracted", "engaged"}
    assert sum(float(row["duration"]) for row in told) == pytest.approx(6, abs=0.2)
    assert outcome.warnings == []
    # At five frames a second there are 30 faces.
    outcome = emoreport(*command, "--formats", "csv,parquet", "--fps", "5", "--out", "few")
    assert outcome.code == 0, outcome.err
    assert "128 frames with a face" in outcome.warnings[0]
    assert rows(Path("few/clip/engagement.csv")) == []
