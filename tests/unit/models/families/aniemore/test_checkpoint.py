"""What a checkpoint folder says of its model, and what is refused before a weight is read."""

import hashlib

import pytest

from emoreport.errors import ModelError
from emoreport.models.families.aniemore import local_aniemore
from emoreport.models.families.aniemore.checkpoint import read_checkpoint
from emoreport.models.store.registry import registry
from tests.fixtures.aniemore import LABELS, PREFIXES, PUBLISHED, checkpoint_folder, published


@pytest.fixture(scope="module")
def weights():
    """No tensor at all: nothing here reads them."""
    return {}


@pytest.fixture
def described(tmp_path, weights):
    def describe(name="wav2vec2-xlsr-53", **changes):
        return read_checkpoint(published(tmp_path, name, weights=weights, **changes))

    return describe


@pytest.fixture
def local(tmp_path, weights):
    def describe(family="wav2vec2", head="pooled", **changes):
        folder = checkpoint_folder(tmp_path / "my model", family, head, weights=weights, **changes)
        return read_checkpoint(local_aniemore(folder))

    return describe


def test_a_published_checkpoint_is_described(described):
    found = described()
    assert (found.name, found.family, found.head) == (
        "aniemore/wav2vec2-xlsr-53",
        "wav2vec2",
        "pooled",
    )
    assert (found.pooling, found.labels, found.normalise) == ("mean", LABELS, True)
    assert (found.min_window_s, found.max_window_s) == (3.0, 12.0)
    assert found.weights.name == "model.safetensors"


def test_the_registry_knows_the_models_that_the_fixtures_imitate():
    entries = [entry for entry in registry().values() if entry.family == "aniemore"]
    assert {entry.name.removeprefix("aniemore/") for entry in entries} == set(PUBLISHED)
    for entry in entries:
        family, head = PUBLISHED[entry.name.removeprefix("aniemore/")]
        assert entry.labels == LABELS
        assert entry.details["head"] == head
        assert entry.details["base_class"].startswith(PREFIXES[family])


@pytest.mark.parametrize("name", PUBLISHED)
def test_padding_is_for_checkpoints_that_normalise_by_layer(described, name):
    assert described(name).masks == (name != "wavlm-resd")
    assert not described(name, feat_extract_norm="group").masks


def test_frames_are_those_of_the_convolutions(described):
    found = described()
    assert found.shortest_samples == 400
    samples = (399, 400, 719, 720, 16_000, 48_000)
    assert [found.frames(n) for n in samples] == [0, 1, 1, 2, 49, 149]


def test_other_convolutions_give_other_frames(described):
    found = described(conv_kernel=[4, 2], conv_stride=[3, 2])
    assert found.shortest_samples == 7
    assert [found.frames(n) for n in (6, 7, 12, 13)] == [0, 1, 1, 2]


@pytest.mark.parametrize(
    "changes",
    [
        {"conv_kernel": [10, 3], "conv_stride": [5]},
        {"conv_kernel": [10, 0], "conv_stride": [5, 2]},
        {"conv_kernel": "wide"},
        {"model_type": "whisper"},
        {"model_type": None},
        {"pooling_mode": "median"},
        {"add_adapter": True},
        {"feat_extract_norm": "batch"},
    ],
    ids=str,
)
def test_configurations_that_are_not_understood_are_refused(described, changes):
    with pytest.raises(ModelError, match=r"config\.json"):
        described(**changes)


def test_the_registry_says_which_network_a_name_stands_for(tmp_path, weights):
    pulled = published(tmp_path, "wavlm-resd", weights=weights, model_type="hubert")
    with pytest.raises(ModelError, match="hubert model, the registry expects WavLM"):
        read_checkpoint(pulled)


# ------------------------------------------------------------------------------- labels


def named(*words):
    return {
        "id2label": {str(index): word for index, word in enumerate(words)},
        "label2id": {word: index for index, word in enumerate(words)},
    }


ADJECTIVES = ("Angry", "disgusted", "ENTHUSIASM", "fearful ", "happy", "Neutral", "sad")


def test_labels_in_other_spellings_are_the_same_labels(described):
    assert described(**named(*ADJECTIVES)).labels == LABELS


@pytest.mark.parametrize(
    "words",
    [
        ("disgust", "anger", *LABELS[2:]),
        LABELS[:-1],
        (*LABELS[:2], "interest", *LABELS[3:]),
        (*LABELS[:2], "surprise", *LABELS[3:]),
    ],
    ids=["other order", "one less", "another word", "another emotion"],
)
def test_labels_that_contradict_the_registry_are_refused(described, words):
    with pytest.raises(ModelError, match="the registry expects anger, disgust, enthusiasm"):
        described(**named(*words))


@pytest.mark.parametrize(
    "changes",
    [{"id2label": None, "label2id": None}, named(*(f"LABEL_{index}" for index in range(7)))],
    ids=["no labels", "placeholders"],
)
def test_labels_that_nobody_named_are_those_of_the_registry(described, local, changes):
    assert described(**changes).labels == LABELS
    with pytest.raises(ModelError, match="names no emotions"):
        local(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"id2label": {"0": "anger", "2": "fear"}, "label2id": None},
        {"id2label": {"first": "anger"}, "label2id": None},
        {"id2label": ["anger", "fear"]},
        {"label2id": {"anger": 1, "disgust": 0}},
    ],
    ids=["a gap", "no number", "a list", "contradiction"],
)
def test_unusable_tables_of_labels_are_refused(described, changes):
    with pytest.raises(ModelError, match="label"):
        described(**changes)


def test_a_local_checkpoint_has_labels_of_its_own(local):
    assert local(**named("neutral", "happy", "sad")).labels == ("neutral", "happiness", "sadness")


@pytest.mark.parametrize("words", [("anger", "angry"), ("anger", "boredom")])
def test_labels_outside_the_vocabulary_are_refused(local, words):
    with pytest.raises(ModelError, match="unusable labels"):
        local(**named(*words))


# ------------------------------------------------------------------------------- sound


@pytest.mark.parametrize("rate", [8000, 44_100, None])
def test_another_sample_rate_is_refused(described, rate):
    with pytest.raises(ModelError, match="16000 Hz"):
        described(preprocessor={"sampling_rate": rate})


@pytest.mark.parametrize("changes", [{"feature_size": 80}, {"do_normalize": "yes"}])
def test_other_features_are_refused(described, changes):
    with pytest.raises(ModelError, match="preprocessor_config"):
        described(preprocessor=changes)


def test_loudness_is_as_the_feature_extractor_says(described):
    assert described(preprocessor={"do_normalize": True}).normalise
    assert not described(preprocessor={"do_normalize": False}).normalise


# ------------------------------------------------------------------------------- folders


def test_a_folder_is_named_after_itself_and_its_files_are_digested(tmp_path, weights):
    folder = checkpoint_folder(tmp_path / "my model", weights=weights)
    found = local_aniemore(folder)
    assert (found.registered, found.name, found.folder) == (None, "my model", folder)
    assert found.files == {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("config.json", "preprocessor_config.json", "model.safetensors")
    }


def test_safetensors_are_preferred(tmp_path, weights):
    folder = checkpoint_folder(tmp_path, weights=weights, file="pytorch_model.bin")
    assert "pytorch_model.bin" in local_aniemore(folder).files
    checkpoint_folder(tmp_path, weights=weights)
    found = local_aniemore(folder)
    assert "pytorch_model.bin" not in found.files
    assert read_checkpoint(found).weights.name == "model.safetensors"


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_folder_that_lacks_a_file_is_refused(tmp_path, weights, name):
    folder = checkpoint_folder(tmp_path, weights=weights)
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        local_aniemore(folder)


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe"], ids=["cut", "a list", "no text"])
def test_a_damaged_configuration_is_refused(tmp_path, weights, content):
    folder = checkpoint_folder(tmp_path, weights=weights)
    (folder / "config.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"config\.json"):
        read_checkpoint(local_aniemore(folder))
