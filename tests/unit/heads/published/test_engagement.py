"""EmotiEffLib's engagement head: what it computes, and files that are others."""

from __future__ import annotations

import numpy as np
import pytest

from emoreport.errors import ModelError
from emoreport.heads.published.engagement import FACE_MODELS, read_engagement_head
from tests.fixtures.published_heads import (
    engagement_weights,
    given_to,
    scores_of,
    write_engagement_file,
)

pytest.importorskip("h5py", reason="the optional part keras is not installed")


def published(weights, faces):
    """The network as it was published: 2560 numbers for each of the faces of one window."""
    weights = {name: tensor.astype(np.float64) for name, tensor in weights.items()}
    deviation = np.repeat(faces.std(axis=0, keepdims=True), len(faces), axis=0)
    values = np.concatenate([deviation, faces], axis=1).astype(np.float64)
    e = (values @ weights["e/e/kernel:0"] + weights["e/e/bias:0"])[:, 0]
    alpha = np.exp(e - e.max()) / np.exp(e - e.max()).sum()
    context = (values * alpha[:, None]).sum(axis=0)
    hidden = context @ weights["hidden_FC/hidden_FC/kernel:0"]
    hidden = np.maximum(hidden + weights["hidden_FC/hidden_FC/bias:0"], 0)
    logits = hidden @ weights["dense/dense/kernel:0"] + weights["dense/dense/bias:0"]
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


def test_the_head_gives_what_the_published_network_gives(tmp_path):
    weights = engagement_weights()
    head = read_engagement_head(write_engagement_file(tmp_path, weights))
    feeds = given_to(head, windows=5, steps=128)
    scores = scores_of(head, feeds)
    assert np.ptp(scores[:, 1]) > 0.01
    expected = [published(weights, faces) for faces in feeds["face"]]
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_the_layout_fills_the_published_file():
    values = sum(tensor.size for tensor in engagement_weights().values())
    # The published file has 5,282,144 bytes; HDF5 and Keras' names take the rest.
    assert 0 < 5_282_144 - 4 * values < 32_000


def test_it_takes_128_faces_of_an_efficientnet_b0(tmp_path):
    file = write_engagement_file(tmp_path)
    head = read_engagement_head(file)
    assert (head.task, head.labels) == ("engagement", ("distracted", "engaged"))
    assert (head.unit, head.window, head.hop, head.counted) == ("window", 128, 1, "faces")
    assert head.features["face"].model == "hsemotion/enet_b0_8_best_vgaf"
    for name in FACE_MODELS:
        source = read_engagement_head(file, name).features["face"]
        assert (source.model, source.width) == (f"hsemotion/{name}", 1280)
    with pytest.raises(ModelError, match="enet_b0_8_best_afew, enet_b0_8_va_mtl"):
        read_engagement_head(file, "enet_b2_8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dense/dense/bias:0": np.zeros(4, np.float32)}, r"\(4,\), not \(2,\)"),
        ({"other/other/bias:0": np.zeros(4, np.float32)}, "unknown other/other/bias:0"),
        ({"e/e/bias:0": np.array([np.inf], np.float32)}, "not finite"),
        ({"e/e/bias:0": np.zeros(1)}, "float64, not float32"),
    ],
    ids=["classes", "left over", "not finite", "double"],
)
def test_another_network_is_refused(tmp_path, change, said):
    with pytest.raises(ModelError, match=said):
        read_engagement_head(write_engagement_file(tmp_path, engagement_weights() | change))


def test_a_missing_tensor_is_named(tmp_path):
    weights = engagement_weights()
    del weights["e/e/bias:0"]
    with pytest.raises(ModelError, match="lacks e/e/bias:0"):
        read_engagement_head(write_engagement_file(tmp_path, weights))
