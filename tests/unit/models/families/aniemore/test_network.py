"""Weights into networks: every tensor in its place or an error; nothing in a file is run."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import save_file

from emoreport.errors import ModelError
from emoreport.models.families.aniemore import local_aniemore
from emoreport.models.families.aniemore.checkpoint import read_checkpoint
from emoreport.models.families.aniemore.network import load_network
from tests.fixtures.aniemore import (
    PREFIXES,
    PUBLISHED,
    SIZES,
    checkpoint_folder,
    config_document,
    published,
    random_weights,
)
from tests.fixtures.audio import voice

POSITIONS = "encoder.pos_conv_embed.conv"


def loaded(folder, name="wav2vec2-xlsr-53", **changes):
    return load_network(read_checkpoint(published(folder, name, **changes)))


@pytest.fixture(scope="module")
def weights():
    """Tensors of a published layout; tests that change them take a copy."""
    return {
        name: random_weights(config_document(family, head), head)
        for name, (family, head) in PUBLISHED.items()
    }


@pytest.fixture(scope="module")
def sound():
    return torch.from_numpy(np.stack([voice(1.0), voice(1.0, seed=1)]))


def logits(network, sound):
    with torch.inference_mode():
        return network(sound).numpy()


# ------------------------------------------------------------------------------- heads


def current_names(weights):
    new = "parametrizations.weight.original"
    return {
        name.replace("weight_g", f"{new}0").replace("weight_v", f"{new}1"): value
        for name, value in weights.items()
    }


def by_transformers(family, weights, sound, **changes):
    """What the library's own class says, its weights put there by hand."""
    config = config_document(family, "sequence")
    entries = {key: config[key] for key in (*SIZES, "conv_bias", "feat_extract_norm")}
    made = getattr(transformers, f"{PREFIXES[family]}Config")(
        **entries, do_stable_layer_norm=True, num_labels=7, **changes
    )
    network = getattr(transformers, f"{PREFIXES[family]}ForSequenceClassification")(made).eval()
    network.load_state_dict(current_names(weights))
    with torch.inference_mode():
        return network(sound).logits.numpy()


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name != "wav2vec2-xlsr-53"])
def test_a_sequence_head_says_what_transformers_says(tmp_path, weights, sound, name):
    found = logits(loaded(tmp_path, name, weights=weights[name]), sound)
    expected = by_transformers(PUBLISHED[name][0], weights[name], sound)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name != "wav2vec2-xlsr-53"])
def test_the_weighted_sum_of_layers_is_honoured(tmp_path, sound, name):
    family, changes = PUBLISHED[name][0], {"use_weighted_layer_sum": True}
    even = random_weights(config_document(family, "sequence", **changes), "sequence")
    uneven = {**even, "layer_weights": torch.tensor([3.0, -1.0, 1.0])}
    found = [
        logits(loaded(tmp_path, name, weights=own, **changes), sound) for own in (even, uneven)
    ]
    assert np.abs(found[0] - found[1]).max() > 1e-2
    for own, scores in zip((even, uneven), found, strict=True):
        expected = by_transformers(family, own, sound, **changes)
        np.testing.assert_allclose(scores, expected, atol=1e-5)


def pooled_by_hand(weights, sound, pooling):
    made = transformers.Wav2Vec2Config(
        **SIZES, conv_bias=True, do_stable_layer_norm=True, feat_extract_norm="layer"
    )
    encoder = transformers.Wav2Vec2Model(made).eval()
    encoder.load_state_dict(
        {
            name.removeprefix("wav2vec2."): value
            for name, value in current_names(weights).items()
            if name.startswith("wav2vec2.")
        }
    )
    with torch.inference_mode():
        frames = encoder(sound).last_hidden_state.numpy()
    hidden = {"mean": frames.mean(1), "sum": frames.sum(1), "max": frames.max(1)}[pooling]
    head = {
        name.removeprefix("classifier."): value.numpy()
        for name, value in weights.items()
        if name.startswith("classifier.")
    }
    dense = np.tanh(hidden @ head["dense.weight"].T + head["dense.bias"])
    return dense @ head["out_proj.weight"].T + head["out_proj.bias"]


@pytest.mark.parametrize("pooling", ["mean", "sum", "max"])
def test_the_pooled_head_pools_as_the_configuration_says(tmp_path, weights, sound, pooling):
    own = weights["wav2vec2-xlsr-53"]
    found = logits(loaded(tmp_path, weights=own, pooling_mode=pooling), sound)
    np.testing.assert_allclose(found, pooled_by_hand(own, sound, pooling), atol=1e-5)


def test_the_ways_of_pooling_differ_and_mean_is_the_default(tmp_path, weights, sound):
    own = weights["wav2vec2-xlsr-53"]
    found = {
        mode: logits(loaded(tmp_path, weights=own, pooling_mode=mode), sound)
        for mode in ("mean", "sum", "max", None)
    }
    assert np.abs(found["mean"] - found["sum"]).max() > 0.1
    assert np.abs(found["mean"] - found["max"]).max() > 0.1
    np.testing.assert_array_equal(found["mean"], found[None])


@pytest.mark.parametrize("pooling", ["mean", "sum", "max"])
def test_pooling_leaves_padding_out(tmp_path, weights, sound, pooling):
    network = loaded(tmp_path, weights=weights["wav2vec2-xlsr-53"], pooling_mode=pooling)
    padded = sound.clone()
    padded[1, 9000:] = 0
    with torch.inference_mode():
        alone = network(padded[1:, :9000]).numpy()
        found = network(padded, torch.tensor([49, 27])).numpy()
        taken_for_sound = network(padded).numpy()
    np.testing.assert_allclose(found[1:], alone, atol=1e-5)
    assert np.abs(taken_for_sound[1:] - alone).max() > 1e-2


# ------------------------------------------------------------------------------- names


@pytest.mark.parametrize("name", PUBLISHED)
def test_old_and_new_names_of_the_positional_convolution_are_one(tmp_path, weights, sound, name):
    family, own = PUBLISHED[name][0], weights[name]
    assert f"{family}.{POSITIONS}.weight_g" in own
    renamed = current_names(own)
    assert renamed.keys() != own.keys()
    found = [logits(loaded(tmp_path, name, weights=given), sound) for given in (own, renamed)]
    np.testing.assert_array_equal(*found)


def test_what_only_training_reads_may_be_missing_or_left_over(tmp_path, weights, sound):
    own = weights["wav2vec2-xlsr-53"]
    assert "wav2vec2.masked_spec_embed" in own
    without = {name: value for name, value in own.items() if "masked" not in name}
    found = [
        logits(loaded(tmp_path, weights=given, **changes), sound)
        for given, changes in (
            (own, {}),
            (without, {}),
            (own, {"mask_time_prob": 0.0}),
        )
    ]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_missing_tensor_is_an_error_that_names_it(tmp_path, weights, name):
    harmless = {"masked_spec_embed"}
    keys = [key for key in weights[name] if key.rpartition(".")[2] not in harmless]
    # One of each kind is enough: the layers repeat.
    for key in [key for key in keys if ".layers.1." not in key]:
        own = {other: value for other, value in weights[name].items() if other != key}
        shown = key.replace("weight_g", "parametrizations").replace("weight_v", "parametrizations")
        with pytest.raises(ModelError, match=f"lacks .*{shown.partition('parametrizations')[0]}"):
            loaded(tmp_path, name, weights=own)


def test_an_unknown_tensor_is_an_error_that_names_it(tmp_path, weights):
    own = weights["wav2vec2-xlsr-53"] | {"classifier.extra.weight": torch.zeros(2)}
    with pytest.raises(ModelError, match=r"unknown classifier\.extra\.weight"):
        loaded(tmp_path, weights=own)


def test_a_tensor_of_another_shape_is_an_error_that_names_it(tmp_path, weights):
    own = weights["wav2vec2-xlsr-53"] | {"classifier.out_proj.weight": torch.zeros(8, 32)}
    with pytest.raises(ModelError, match=r"out_proj\.weight is \(8, 32\), not \(7, 32\)"):
        loaded(tmp_path, weights=own)


def test_the_head_of_another_model_is_refused_and_never_random(tmp_path, weights):
    with pytest.raises(ModelError, match=r"lacks projector\.weight"):
        loaded(tmp_path, "wav2vec2-resd", weights=weights["wav2vec2-xlsr-53"])
    with pytest.raises(ModelError, match=r"lacks classifier\.dense\.weight"):
        loaded(tmp_path, weights=weights["wav2vec2-resd"])


def test_long_lists_of_names_are_cut_short(tmp_path, weights):
    own = {name: value for name, value in weights["wav2vec2-xlsr-53"].items() if "layers" in name}
    with pytest.raises(ModelError, match=r"and \d+ more"):
        loaded(tmp_path, weights=own)


def test_a_configuration_that_describes_no_network_is_refused(tmp_path, weights):
    with pytest.raises(ModelError, match="no network that can be built"):
        loaded(tmp_path, weights=weights["wav2vec2-xlsr-53"], hidden_act="no such function")


def test_code_that_the_configuration_points_at_is_not_looked_for(tmp_path, weights):
    pulled = published(tmp_path, "wav2vec2-xlsr-53", weights=weights["wav2vec2-xlsr-53"])
    checkpoint = read_checkpoint(pulled)
    assert "auto_map" in checkpoint.config
    (tmp_path / "audio_models.py").write_text("raise SystemExit('was run')", encoding="utf-8")
    assert load_network(checkpoint) is not None


# ------------------------------------------------------------------------------- files


@pytest.mark.parametrize("name", PUBLISHED)
def test_both_kinds_of_files_hold_the_same_network(tmp_path, weights, sound, name):
    found = [
        logits(loaded(tmp_path / file, name, weights=weights[name], file=file), sound)
        for file in ("model.safetensors", "pytorch_model.bin")
    ]
    np.testing.assert_array_equal(*found)


def test_half_precision_weights_are_read_as_float32(tmp_path, weights, sound):
    own = {name: value.half() for name, value in weights["wav2vec2-xlsr-53"].items()}
    network = loaded(tmp_path, weights=own)
    assert {tensor.dtype for tensor in network.state_dict().values()} == {torch.float32}
    expected = logits(loaded(tmp_path, weights=weights["wav2vec2-xlsr-53"]), sound)
    np.testing.assert_allclose(logits(network, sound), expected, atol=0.05)


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.write_text, (self.path, "was run")


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_a_pickle_with_code_is_refused_and_not_run(tmp_path, weights, writer):
    mark = tmp_path / "mark"
    content = weights["wav2vec2-xlsr-53"] | {"classifier.trap": Trap(mark)}
    pulled = published(tmp_path, "wav2vec2-xlsr-53", weights={}, file="pytorch_model.bin")
    path = tmp_path / "pytorch_model.bin"
    if writer == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(Trap(mark), protocol=2))
    with pytest.raises(ModelError, match="nothing in it was run"):
        load_network(read_checkpoint(pulled))
    assert not mark.exists()
    # The trap is a real one.
    torch.load(path, weights_only=False) if writer == "torch" else pickle.loads(path.read_bytes())
    assert mark.exists()


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("damage", ["empty", "cut", "noise"])
def test_damaged_files_are_refused(tmp_path, weights, file, damage):
    pulled = published(tmp_path, "wav2vec2-xlsr-53", weights=weights["wav2vec2-xlsr-53"], file=file)
    path = tmp_path / file
    content = path.read_bytes()
    noise = np.random.default_rng(0).bytes(5000)
    path.write_bytes({"empty": b"", "cut": content[:-1000], "noise": noise}[damage])
    with pytest.raises(ModelError, match=file):
        load_network(read_checkpoint(pulled))


@pytest.mark.parametrize("content", [[torch.zeros(2)], {"a": 1.0}], ids=["a list", "a number"])
def test_files_of_other_things_are_refused(tmp_path, content):
    pulled = published(tmp_path, "wav2vec2-xlsr-53", weights={}, file="pytorch_model.bin")
    torch.save(content, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match="other than named tensors"):
        load_network(read_checkpoint(pulled))


# ------------------------------------------------------------------------------- local folders


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_head_of_a_local_folder_is_seen_from_its_tensors(tmp_path, weights, sound, name):
    family, head = PUBLISHED[name]
    folder = checkpoint_folder(tmp_path / "local", family, head, weights=weights[name])
    found = logits(load_network(read_checkpoint(local_aniemore(folder))), sound)
    expected = logits(loaded(tmp_path / "named", name, weights=weights[name]), sound)
    np.testing.assert_array_equal(found, expected)


def test_a_local_folder_without_a_known_head_is_refused(tmp_path, weights):
    own = {
        name: value
        for name, value in weights["wav2vec2-xlsr-53"].items()
        if name.startswith("wav2vec2.")
    }
    folder = checkpoint_folder(tmp_path, weights={})
    save_file(
        {name: value.contiguous() for name, value in own.items()}, folder / "model.safetensors"
    )
    with pytest.raises(ModelError, match="no known classification head"):
        load_network(read_checkpoint(local_aniemore(folder)))


def test_a_transformers_that_pads_in_another_way_is_refused(tmp_path, weights, monkeypatch):
    """As if the method that is replaced had got another name."""
    from emoreport.models.families.aniemore import network

    monkeypatch.setattr(network, "PreTrainedModel", transformers.Wav2Vec2FeatureExtractor)
    with pytest.raises(ModelError, match="does not mask padding"):
        loaded(tmp_path, weights=weights["wav2vec2-xlsr-53"])
