import copy
import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import torch

from emoreport.errors import ModelError, SpeechStageError
from emoreport.media.sound import read_sound
from emoreport.models.families.dusha import LABELS, DushaModel, open_dusha, read_correction
from emoreport.models.families.dusha_graph import dusha_graph
from emoreport.models.families.log_mel import log_mel
from emoreport.models.runtimes.opening import open_graph
from emoreport.models.runtimes.penultimate import with_features
from emoreport.models.runtimes.torch_files import read_state_dict
from emoreport.models.store.registry import ModelEntry, ModelFile, ModelSource, find_entry
from tests.fixtures.audio import noise, silence, tone, voice
from tests.fixtures.dusha import (
    CHECKPOINT,
    SHARED,
    DushaNet,
    needs_checkpoint,
    pulled,
    random_network,
    saved,
)

RATE_HZ = 16_000
ENTRY = ModelEntry(
    name="dusha",
    family="dusha",
    kind="voice",
    summary="",
    source=ModelSource("github"),
    files=(ModelFile("weights.pt", "weights.pt"),),
    labels=LABELS,
    code_licence="a",
    weights_licence="b",
    data_terms="c",
    citation="",
    card="",
)


@pytest.fixture(scope="module")
def network():
    return random_network()


@pytest.fixture(scope="module")
def files(network, tmp_path_factory):
    return saved(tmp_path_factory.mktemp("dusha"), network.state_dict())


@pytest.fixture(scope="module")
def model(files):
    return open_dusha(files, threads=1, reason="a test")


def with_torch(network, clip):
    """Probabilities of the independent network, in double precision."""
    with torch.no_grad():
        levels = torch.from_numpy(log_mel(clip)).double()[None, None]
        return torch.softmax(copy.deepcopy(network).double()(levels), dim=1)[0].numpy()


# ------------------------------------------------------------------------------- what it says


@pytest.mark.parametrize("length_s", [0.05, 0.3, 1.0, 3.0, 5.0, 12.0])
def test_it_says_what_the_network_says_in_pytorch(model, network, length_s):
    for clip in (voice(length_s), noise(length_s, seed=1)):
        np.testing.assert_allclose(model.predict([clip])[0], with_torch(network, clip), atol=1e-5)


def test_the_random_network_tells_sounds_apart(network):
    said = np.array([with_torch(network, clip) for clip in (voice(3.0), noise(3.0), tone(3.0))])
    assert said.std(axis=0).max() > 0.02


def test_attention_plays_a_part(network, files, model):
    deaf = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    deaf["pooling.0.gamma"].zero_()
    other = open_dusha(saved(files.folder / "deaf", deaf), threads=1)
    assert np.abs(other.predict([voice(3.0)]) - model.predict([voice(3.0)])).max() > 1e-3


def test_clips_of_one_length_say_together_what_they_say_alone(model):
    clips = [voice(3.0, seed=seed) for seed in range(8)]
    alone = np.concatenate([model.predict([clip]) for clip in clips])
    np.testing.assert_allclose(model.predict(clips), alone, atol=1e-5)


def test_clips_of_several_lengths_keep_their_order(model):
    lengths_s = [3.0, 1.0, 3.0, 12.0, 1.005, 0.4, 1.0]
    clips = [noise(length_s, seed=place) for place, length_s in enumerate(lengths_s)]
    alone = np.concatenate([model.predict([clip]) for clip in clips])
    np.testing.assert_allclose(model.predict(clips), alone, atol=1e-5)


@pytest.mark.parametrize(
    "clip", [silence(3.0), np.zeros(1, np.float32), np.ones(48_000, np.float32)]
)
def test_a_clip_without_sound_gives_a_distribution(model, clip):
    found = model.predict([clip])
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "clip",
    [
        np.zeros(0, np.float32),
        np.zeros((2, RATE_HZ), np.float32),
        np.full(RATE_HZ, np.nan, np.float32),
    ],
    ids=["empty", "stereo", "not finite"],
)
def test_unusable_clips_are_refused(model, clip):
    with pytest.raises(SpeechStageError):
        model.predict([tone(1.0), clip])


def test_a_session_that_gives_no_numbers_is_refused(model):
    class Broken:
        runtime, device, inputs, outputs = "none", "cpu", {}, {}

        def run(self, feeds, outputs=None):
            return {"logits": np.full((1, 4), np.nan), "f": np.zeros((1, 1))}

    with pytest.raises(ModelError, match="unusable output"):
        DushaModel(Broken(), model.record, features=("f", 1)).predict([tone(1.0)])


# ------------------------------------------------------------------------------- what it is


def test_the_record_says_what_ran(model, files):
    record = model.record
    assert (record.name, record.kind, record.version) == ("dusha", "voice", "0123abc")
    assert record.labels == model.labels == ("anger", "sadness", "neutral", "positive")
    assert record.files == files.files
    assert record.runtime.startswith("onnxruntime ")
    assert (record.device, record.reason) == ("cpu", "a test")


def test_windows_are_those_of_the_contract(model):
    assert (model.min_window_s, model.max_window_s) == (3.0, 12.0)


def test_the_registry_may_set_windows_and_licence(files):
    details = {
        "min_window_s": 4.0,
        "max_window_s": 9.0,
        "class_order": ["angry", "sad", "neutral", "positive"],
    }
    entry = dataclasses.replace(ENTRY, details=details)
    model = open_dusha(dataclasses.replace(files, registered=entry))
    assert (model.min_window_s, model.max_window_s) == (4.0, 9.0)
    assert model.record.licence == "b"


@pytest.mark.parametrize(
    "entry",
    [
        dataclasses.replace(ENTRY, labels=("anger", "neutral", "sadness", "positive")),
        dataclasses.replace(
            ENTRY, details={"class_order": ["sad", "angry", "neutral", "positive"]}
        ),
    ],
    ids=["labels", "published order"],
)
def test_a_registry_that_contradicts_the_network_is_refused(files, entry):
    with pytest.raises(ModelError, match="the registry gives"):
        open_dusha(dataclasses.replace(files, registered=entry))


def test_pytorch_as_the_runtime_is_refused(files):
    with pytest.raises(ModelError, match="no form for PyTorch"):
        open_dusha(files, runtime="torch")


def test_it_runs_without_pytorch(files):
    program = f"""
import sys
sys.modules["torch"] = None
from pathlib import Path
import numpy as np
from emoreport.models.store.registry import PulledModel
from emoreport.models.families.dusha import open_dusha
model = open_dusha(PulledModel(None, "dusha", Path({str(files.folder)!r}), {dict(files.files)!r}))
print(model.predict([np.sin(np.arange(48000.0)).astype(np.float32)]).shape)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "(1, 4)"


# ------------------------------------------------------------------------------- other files


def without(state, name):
    return {key: value for key, value in state.items() if key != name}


FAULTS = {
    "a weight is missing": (
        lambda state: without(state, "features.7.conv.1.0.weight"),
        r"features\.7\.conv\.1\.0\.weight is missing",
    ),
    "a statistic is missing": (
        lambda state: without(state, "features.0.1.running_var"),
        r"features\.0\.1\.running_var is missing",
    ),
    "a count is missing": (
        lambda state: without(state, "features.0.1.num_batches_tracked"),
        "num_batches_tracked is missing",
    ),
    "a tensor is left over": (
        lambda state: {**state, "head.weight": torch.zeros(2)},
        r"head\.weight is left over",
    ),
    "another number of classes": (
        lambda state: {**state, "classifier.weight": torch.zeros(5, 128)},
        r"classifier\.weight is float32 \(5, 128\), expected float32 \(4, 128\)",
    ),
    "another type": (
        lambda state: {**state, "classifier.bias": torch.zeros(4, dtype=torch.float64)},
        r"classifier\.bias is float64",
    ),
    "not finite": (
        lambda state: {**state, "classifier.bias": torch.full((4,), float("nan"))},
        r"classifier\.bias is not finite",
    ),
    "another network": (
        lambda _: torch.nn.Linear(3, 4).state_dict(),
        "features.0.0.weight is missing.* and 279 more",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_checkpoint_of_another_network_is_refused_by_name(network, tmp_path, fault):
    change, message = FAULTS[fault]
    files = saved(tmp_path, change(network.state_dict()))
    with pytest.raises(ModelError, match=message) as caught:
        open_dusha(files)
    assert caught.value.file == str(tmp_path / "weights.pt")


def test_a_folder_without_a_checkpoint_is_refused(tmp_path):
    (tmp_path / "weights.pt").write_bytes(b"no zip")
    with pytest.raises(ModelError, match="0 of the files"):
        open_dusha(pulled(tmp_path / "weights.pt"))


def test_a_folder_with_two_checkpoints_is_refused(network, tmp_path):
    files = saved(tmp_path, network.state_dict())
    (tmp_path / "more.pt").write_bytes((tmp_path / "weights.pt").read_bytes())
    with pytest.raises(ModelError, match="2 of the files"):
        open_dusha(dataclasses.replace(files, files={**files.files, "more.pt": ""}))


def test_other_files_beside_the_checkpoint_do_not_matter(network, tmp_path):
    files = saved(tmp_path, network.state_dict())
    (tmp_path / "README.md").write_text("about")
    more = dataclasses.replace(files, files={**files.files, "README.md": ""})
    assert open_dusha(more).predict([tone(1.0)]).shape == (1, 4)


# ------------------------------------------------------------------------------- class bias


def test_offsets_are_taken_from_the_logits(files, model):
    offsets = np.array([-0.5, 0.25, 1.0, -0.75])
    graph = with_features(
        dusha_graph(read_state_dict(files.folder / "weights.pt"), file=files.folder)
    )
    features = (graph.features, graph.width)
    session = open_graph(graph.content)
    corrected = DushaModel(session, model.record, features=features, offsets=offsets)
    clips = [voice(3.0), noise(3.0)]
    expected = model.predict(clips) * np.exp(-offsets)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(corrected.predict(clips), expected, atol=1e-6)


def test_the_correction_is_refused_for_any_other_checkpoint(files):
    with pytest.raises(ModelError, match="fitted for another file"):
        open_dusha(files, bias="acted")


def test_the_correction_has_a_number_per_class_and_moves_none_of_the_total():
    correction = read_correction()
    assert correction.offsets.shape == (4,)
    assert correction.offsets.sum() == pytest.approx(0, abs=4e-4)
    assert correction.offsets.argmax() == LABELS.index("neutral")


# ------------------------------------------------------------------------------- the real one


@pytest.fixture(scope="module")
def real():
    return pulled(CHECKPOINT)


@pytest.mark.shared
@needs_checkpoint
def test_the_registry_describes_the_published_checkpoint(real):
    entry = find_entry("dusha")
    assert [file.sha256 for file in entry.files] == list(real.files.values())
    model = open_dusha(dataclasses.replace(real, registered=entry))
    assert (model.labels, model.min_window_s, model.max_window_s) == (entry.labels, 3.0, 12.0)
    assert read_correction().checkpoint_sha256 == entry.files[0].sha256


def sound(name):
    return read_sound(SHARED / "audio" / name)


@pytest.mark.shared
@needs_checkpoint
def test_the_published_checkpoint_fits_in_full():
    state = read_state_dict(CHECKPOINT)
    assert sum(tensor.size for tensor in state.values()) == 526_523
    reference = torch.load(CHECKPOINT, weights_only=True, map_location="cpu")
    assert list(state) == list(reference)
    for name, tensor in reference.items():
        np.testing.assert_array_equal(state[name], tensor.numpy(), strict=True)
    DushaNet().load_state_dict(reference, strict=True)
    assert dusha_graph(state, file=CHECKPOINT)


@pytest.mark.shared
@needs_checkpoint
@pytest.mark.parametrize(
    ("name", "start_s", "end_s", "expected"),
    [
        ("speech_ru_4s.wav", 0, 4, [0.0014, 0.2047, 0.7910, 0.0030]),
        ("telephone_ru_8khz_51s.flac", 0, 5, [0.0046, 0.0216, 0.9099, 0.0639]),
        ("telephone_ru_8khz_51s.flac", 20, 25, [0.0035, 0.1919, 0.5769, 0.2277]),
    ],
    ids=["read speech", "telephone 0-5 s", "telephone 20-25 s"],
)
def test_the_published_checkpoint_says_what_an_independent_implementation_said(
    real, name, start_s, end_s, expected
):
    clip = sound(name)[start_s * RATE_HZ : end_s * RATE_HZ]
    found = open_dusha(real, threads=1).predict([clip])[0]
    np.testing.assert_allclose(found, expected, atol=0.01)
    network = DushaNet()
    network.load_state_dict(torch.load(CHECKPOINT, weights_only=True, map_location="cpu"))
    np.testing.assert_allclose(found, with_torch(network.eval(), clip), atol=1e-5)


@pytest.mark.shared
@needs_checkpoint
def test_sound_that_needs_no_resampling_says_the_same_to_four_digits(real):
    found = open_dusha(real, threads=1).predict([sound("speech_ru_4s.wav")])[0]
    np.testing.assert_allclose(found, [0.0014, 0.2047, 0.7910, 0.0030], atol=6e-5)


@pytest.mark.shared
@needs_checkpoint
def test_the_correction_makes_the_published_model_less_neutral_and_is_recorded(real):
    plain, corrected = open_dusha(real), open_dusha(real, bias="acted")
    clip = sound("speech_ru_4s.wav")
    before, after = plain.predict([clip])[0], corrected.predict([clip])[0]
    expected = before * np.exp(-read_correction().offsets)
    np.testing.assert_allclose(after, expected / expected.sum(), atol=1e-6)
    assert after[LABELS.index("neutral")] < before[LABELS.index("neutral")]
    assert corrected.record.name == "dusha (bias: acted)"
    assert corrected.record.files["dusha_bias.toml"] == read_correction().sha256
    assert set(plain.record.files) == {CHECKPOINT.name}
