"""``emoreport models import-head`` from the command line to the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from emoreport.heads.head import open_head
from tests.fixtures.published_heads import write_thesis_file
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
