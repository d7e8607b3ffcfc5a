"""The Conformer of GigaAM-Emo against the published layout and a reference of formulae."""

import numpy as np
import pytest
import torch

from emoreport.errors import ModelError
from emoreport.models.families.gigaam.network import EmotionNetwork, load_network
from emoreport.models.families.gigaam.sound import log_bands
from emoreport.models.families.gigaam.weights import FILTERS, WINDOW, Size
from emoreport.models.families.tensor_fit import shapes
from tests.fixtures.audio import noise, tone, voice
from tests.fixtures.gigaam import (
    CLASSES,
    PUBLISHED,
    TINY,
    described,
    layout,
    random_state,
    reference,
    saved,
)
from tests.fixtures.omegaconf_pickle import save, settings


@pytest.fixture(scope="module")
def state():
    return random_state()


@pytest.fixture(scope="module")
def network(state, tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("model"), state)


def loaded(folder, state, **document):
    pulled = saved(folder, state, document=described(**document))
    return load_network(pulled.folder / "emo.ckpt", CLASSES)


def logits(network, bands):
    with torch.inference_mode():
        return network(torch.from_numpy(np.asarray(bands, np.float32))).numpy()


# ------------------------------------------------------------------------------- the layout


def test_names_and_shapes_are_those_of_the_published_network():
    with torch.device("meta"):
        own = EmotionNetwork(Size(**PUBLISHED), len(CLASSES))
    published = layout(PUBLISHED)
    assert shapes(own.state_dict()) == published
    weights = sum(tensor.numel() for tensor in own.parameters())
    # The publisher counts 242 million.
    assert weights == 242_024_452


@pytest.mark.parametrize("frames", [1, 2, 5, 101, 128, 203])
def test_the_network_says_what_the_formulae_say(network, state, frames):
    random = np.random.default_rng(frames)
    bands = random.normal(-6.0, 3.0, (64, frames))
    expected = reference(state, bands, TINY["heads"])
    np.testing.assert_allclose(logits(network, bands[None])[0], expected, atol=2e-5)


def test_every_tensor_matters(network, state):
    """A part that the network left out would agree with a reference that left it out too."""
    bands = log_bands(voice(1.0))
    plain = logits(network, bands[None])[0]
    for name in layout(TINY):
        if name.endswith("num_batches_tracked"):
            continue
        changed = EmotionNetwork(Size(**TINY), len(CLASSES)).eval()
        tensors = {key: state[key] for key in layout(TINY)}
        # The softmax of attention takes out what is added to all keys alike.
        moved = tensors[name] + 0.2 * torch.randn(
            tensors[name].shape, generator=torch.Generator().manual_seed(0)
        )
        changed.load_state_dict({**tensors, name: moved.abs() if "var" in name else moved})
        moved_by = np.abs(logits(changed, bands[None])[0] - plain).max()
        assert (moved_by > 1e-4) != name.endswith("linear_k.bias"), name


def test_a_clip_in_a_batch_gets_the_answer_that_it_gets_alone(network):
    bands = np.stack([log_bands(sound) for sound in (voice(1.0), noise(1.0), tone(1.0))])
    together = logits(network, bands)
    alone = np.concatenate([logits(network, clip[None]) for clip in bands])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert np.ptp(alone, axis=0).max() > 0.1


def test_frames_added_at_the_end_change_the_answer(network):
    """Why clips of different lengths never share a batch."""
    bands = log_bands(voice(1.0))
    padded = np.pad(bands, ((0, 0), (0, 60)))
    assert np.abs(logits(network, padded[None]) - logits(network, bands[None])).max() > 1e-2


# ------------------------------------------------------------------------------- loading


def test_a_missing_an_unknown_and_a_misshapen_tensor_are_refused(tmp_path, state):
    name = "encoder.layers.1.self_attn.pos_bias_u"
    without = {key: value for key, value in state.items() if key != name}
    with pytest.raises(ModelError, match=f"lacks {name}"):
        loaded(tmp_path, without)
    with pytest.raises(ModelError, match=r"has the unknown encoder\.pos_enc\.pe"):
        loaded(tmp_path, {**state, "encoder.pos_enc.pe": torch.zeros(1)})
    with pytest.raises(ModelError, match=r"other shapes: .*pos_bias_u is \(24,\), not \(3, 8\)"):
        loaded(tmp_path, {**state, name: state[name].flatten()})


def test_tensors_of_half_width_are_taken(tmp_path, state, network):
    halves = {key: value.half() if value.ndim > 1 else value for key, value in state.items()}
    bands = log_bands(voice(1.0))
    found = logits(loaded(tmp_path, halves), bands[None])
    np.testing.assert_allclose(found, logits(network, bands[None]), atol=0.05)
    assert not np.array_equal(found, logits(network, bands[None]))


def test_classes_may_be_numbered(tmp_path, state):
    loaded(tmp_path, state, id2name=dict(enumerate(CLASSES)))


@pytest.mark.parametrize(
    "names",
    [
        ("sad", "angry", *CLASSES[2:]),
        CLASSES[:-1],
        (*CLASSES, "other"),
        (*CLASSES[:3], "happy"),
        None,
        "angry",
        {1: "angry", 2: "sad", 3: "neutral", 4: "positive"},
    ],
    ids=["other order", "one less", "one more", "another word", "none", "text", "from one"],
)
def test_other_classes_are_refused(tmp_path, state, names):
    stated = list(names) if isinstance(names, tuple) else names
    with pytest.raises(ModelError, match="the registry expects angry, sad, neutral, positive"):
        loaded(tmp_path, state, id2name=stated)


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("encoder", "self_attention_model", "rotary"),
        ("encoder", "subsampling", "conv1d"),
        ("encoder", "subsampling_factor", 8),
        ("encoder", "conv_norm_type", "layer_norm"),
        ("encoder", "feat_in", 80),
        ("encoder", "xscaling", True),
        ("encoder", "_target_", "os.system"),
        ("preprocessor", "features", 80),
        ("preprocessor", "sample_rate", 8000),
        ("preprocessor", "center", False),
        ("preprocessor", "win_length", 320),
        ("head", "_target_", "torch.nn.Sequential"),
        ("head", "out_features", 5),
        ("encoder", "n_layers", 0),
        ("encoder", "n_layers", True),
        ("encoder", "n_heads", 5),
        ("encoder", "conv_kernel_size", 8),
        ("encoder", "d_model", "wide"),
    ],
)
def test_settings_of_another_network_are_refused(tmp_path, state, part, key, value):
    changed = {**described()[part], key: value}
    with pytest.raises(ModelError, match=r"emo\.ckpt"):
        loaded(tmp_path, state, **{part: changed})


def test_settings_that_spell_out_what_is_usual_are_taken(tmp_path, state):
    front_end = {"n_fft": 400, "win_length": 400, "hop_length": 160, "mel_scale": "htk"}
    encoder = {"subsampling": "conv2d", "subs_kernel_size": 3, "conv_norm_type": "batch_norm"}
    loaded(
        tmp_path,
        state,
        preprocessor={**described()["preprocessor"], **front_end, "mel_norm": None, "center": True},
        encoder={**described()["encoder"], **encoder},
    )


@pytest.mark.parametrize("name", ["preprocessor", "encoder", "head"])
def test_a_part_that_is_not_described_is_refused(tmp_path, state, name):
    with pytest.raises(ModelError, match=f"describes no {name}"):
        loaded(tmp_path, state, **{name: None})


def test_constants_of_another_front_end_are_refused(tmp_path, state):
    for name, other in (
        (WINDOW, torch.hann_window(400, periodic=False)),
        (WINDOW, torch.hann_window(320)),
        (FILTERS, torch.zeros(201, 64)),
    ):
        with pytest.raises(ModelError, match="mel bands"):
            loaded(tmp_path, {**state, name: other})
    without = {key: value for key, value in state.items() if key not in {WINDOW, FILTERS}}
    assert loaded(tmp_path, without) is not None


@pytest.mark.parametrize(
    "parts",
    [{"cfg": None}, {"state_dict": None}, {"state_dict": {"head.weight": 1}}, {"cfg": {}}],
    ids=str,
)
def test_a_file_without_its_parts_is_refused(tmp_path, state, parts):
    whole = {"cfg": settings(described()), "state_dict": state, **parts}
    with pytest.raises(ModelError, match=r"emo\.ckpt"):
        load_network(save(tmp_path / "emo.ckpt", **whole), CLASSES)
