"""The heads of the thesis: every published layout, computed apart, and files that are others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoreport.errors import ModelError
from emoreport.heads.published.thesis import PUBLISHED, read_thesis_head
from emoreport.models.runtimes.torch_files import read_state_dict
from tests.fixtures.published_heads import given_to, scores_of, thesis_state, write_thesis_file

pytest.importorskip("torch", reason="PyTorch writes the files")

STORED = Path(__file__).parents[5] / "shared" / "data" / "heads"
VALUES = {
    "best_EXPR_mlp_visual": 181_384,
    "best_EXPR_mlp_visual_vggish": 197_768,
    "best_EXPR_mlp_visual_wav2vec2": 279_688,
    "best_AU_mlp_visual": 181_900,
    "best_AU_mlp_visual_vggish": 198_284,
    "best_AU_mlp_visual_wav2vec2": 280_204,
    "best_AU_mlp_effnet_b0_vggish": 181_900,
    "best_VA_mlp_visual": 361_988,
}
"""How many numbers each published file holds."""
NORM = ("running_mean", "running_var", "num_batches_tracked")


def computed(state, feeds):
    """What the network gives, in double precision, from the tensors alone."""
    state = {name: np.asarray(tensor, np.float64) for name, tensor in state.items()}
    values = np.concatenate([feeds[name] for name in ("face", "voice") if name in feeds], axis=-1)

    def linear(name, given):
        return given @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    if "fc1.weight" not in state:
        parts = []
        for part in ("vhead", "ahead"):
            norm = {key: state[f"{part}.1.{key}"] for key in ("weight", "bias", *NORM)}
            hidden = linear(f"{part}.0", values) - norm["running_mean"]
            hidden = hidden / np.sqrt(norm["running_var"] + 1e-5) * norm["weight"] + norm["bias"]
            parts.append(np.tanh(linear(f"{part}.2", hidden)))
        return np.concatenate(parts, axis=-1)
    logits = linear("fc2", np.maximum(linear("fc1", values), 0))
    if len(state["fc2.bias"]) == 12:
        return 1 / (1 + np.exp(-logits))
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_head_gives_what_its_tensors_say(tmp_path, name):
    file = write_thesis_file(tmp_path, name)
    head = read_thesis_head(file)
    feeds = given_to(head, windows=1, steps=6)
    scores = scores_of(head, feeds)
    assert scores.shape == (1, 6, len(head.labels))
    assert scores.std(axis=1).max() > 0.05
    np.testing.assert_allclose(scores, computed(read_state_dict(file), feeds), atol=1e-5)


@pytest.mark.shared
@pytest.mark.skipif(not STORED.is_dir(), reason="the shared data hold no published heads")
@pytest.mark.parametrize("file", sorted(STORED.glob("*.pth")), ids=lambda file: file.stem)
def test_a_published_file_gives_what_its_tensors_say(file):
    import torch

    head = read_thesis_head(file)
    feeds = given_to(head, windows=1, steps=6)
    scores = scores_of(head, feeds)
    np.testing.assert_allclose(scores, computed(read_state_dict(file), feeds), atol=1e-5)
    state = torch.load(file, weights_only=True, map_location="cpu")
    stored = {key: value.numpy() for key, value in state.items()}
    np.testing.assert_allclose(scores, computed(stored, feeds), atol=1e-5)
    assert sum(value.size for value in stored.values()) == VALUES[file.stem]
    assert head.task == PUBLISHED[file.stem].task


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_layout_has_as_many_values_as_the_published_file(name):
    state = thesis_state(PUBLISHED[name].task, PUBLISHED[name].width)
    assert sum(tensor.size for tensor in state.values()) == VALUES[name]


# ------------------------------------------------------------------- which features they take


def models(head):
    return [source.model for source in head.features.values()]


def test_the_number_of_features_tells_the_models(tmp_path):
    state = thesis_state("expr", 2176)
    head = read_thesis_head(write_thesis_file(tmp_path, "renamed", state))
    assert models(head) == ["hsemotion/enet_b2_8_best", "wav2vec2-base"]


def test_features_that_the_tensors_leave_open_are_told_by_the_name_or_the_option(tmp_path):
    state = thesis_state("au", 1408)
    visual = read_thesis_head(write_thesis_file(tmp_path, "best_AU_mlp_visual", state))
    assert models(visual) == ["hsemotion/enet_b2_8_best"]
    both = read_thesis_head(write_thesis_file(tmp_path, "best_AU_mlp_effnet_b0_vggish", state))
    assert models(both) == ["hsemotion/enet_b0_8_va_mtl", "vggish"]
    assert [source.width for source in both.features.values()] == [1280, 128]
    file = write_thesis_file(tmp_path, "au", state)
    with pytest.raises(ModelError, match="enet_b2_8_best, enet_b0_8_va_mtl"):
        read_thesis_head(file)
    assert models(read_thesis_head(file, "enet_b0_8_va_mtl+vggish")) == models(both)


def test_features_that_do_not_fit_are_refused(tmp_path):
    file = write_thesis_file(tmp_path, "best_EXPR_mlp_visual")
    with pytest.raises(ModelError, match="1408 numbers of enet_b2_8_best"):
        read_thesis_head(file, "enet_b0_8_va_mtl+vggish")
    other = write_thesis_file(tmp_path, "other", thesis_state("va", 1536))
    with pytest.raises(ModelError, match="1536 features for va; the published heads take 1408"):
        read_thesis_head(other)


# ---------------------------------------------------------------------------- other files


@pytest.mark.parametrize("name", ["best_EXPR_mlp_visual", "best_VA_mlp_visual"])
def test_a_tensor_more_or_less_is_refused(tmp_path, name):
    state = thesis_state(PUBLISHED[name].task, 1408)
    last = list(state)[-1]
    more = write_thesis_file(tmp_path, name, {**state, "feat_fc.weight": state[last]})
    with pytest.raises(ModelError, match=r"unknown feat_fc\.weight"):
        read_thesis_head(more)
    del state[last]
    with pytest.raises(ModelError, match=f"lacks {last}"):
        read_thesis_head(write_thesis_file(tmp_path, name, state))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fc2.weight": np.ones((7, 128), np.float32)}, r"\(7, 128\), not \(8, 128\)"),
        ({"fc1.bias": np.ones(64, np.float32)}, r"\(64,\), not \(128,\)"),
        ({"fc1.weight": np.ones(128, np.float32)}, "no first layer"),
        ({"fc2.bias": np.full(8, np.nan, np.float32)}, "fc2.bias is not float32, or not finite"),
        ({"fc2.bias": np.zeros(8)}, "fc2.bias is not float32"),
    ],
    ids=["classes", "hidden", "one axis", "not finite", "double"],
)
def test_a_tensor_of_another_kind_is_refused(tmp_path, change, said):
    state = thesis_state("expr", 1408) | change
    with pytest.raises(ModelError, match=said):
        read_thesis_head(write_thesis_file(tmp_path, "best_EXPR_mlp_visual", state))


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    file = tmp_path / "best_EXPR_mlp_visual.pth"
    file.write_bytes(b"no zip")
    with pytest.raises(ModelError, match="cannot be read as a PyTorch checkpoint"):
        read_thesis_head(file)
