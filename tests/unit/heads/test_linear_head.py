from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoreport.analysis.numeric.softmax import SoftmaxRegression
from emoreport.heads.head import open_head
from emoreport.heads.linear_head import write_linear_head
from emoreport.heads.metadata import HeadMetadata
from emoreport.records import FeatureSource, Modality

WIDTH = 5


@pytest.mark.parametrize("modality", ["face", "voice"])
def test_a_written_head_gives_what_the_regression_gives(tmp_path: Path, modality: Modality) -> None:
    rng = np.random.default_rng(0)
    regression = SoftmaxRegression(
        rng.normal(size=WIDTH) * 50,
        rng.uniform(0.1, 9, WIDTH),
        rng.normal(size=(WIDTH, 3)),
        rng.normal(size=3),
    )
    metadata = HeadMetadata(
        name="anna",
        task="expr",
        labels=("anger", "happiness", "neutral"),
        unit="step",
        architecture="mlp",
        features={modality: FeatureSource(modality, "compact", WIDTH)},
        rate_hz=10.0,
        window_steps=4,
        hop_steps=4,
    )
    written = write_linear_head(tmp_path / "anna", metadata, regression)
    head = open_head(tmp_path / "anna")
    assert head.metadata == written
    rows = (rng.normal(size=(11, WIDTH)) * 9 + regression.mean).astype(np.float32)
    rows[3] = np.nan
    given = head.score(*((rows, None) if modality == "face" else (None, rows))).scores
    wanted = regression.probabilities(rows)
    assert np.isnan(given[3]).all()
    assert np.allclose(np.delete(given, 3, 0), np.delete(wanted, 3, 0), atol=1e-4)
