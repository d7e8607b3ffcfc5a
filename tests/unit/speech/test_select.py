import pytest

from emoreport.errors import ModelError, SettingsError
from emoreport.models.store.registry import registry
from emoreport.settings import Settings
from emoreport.speech.select import open_voice_model
from tests.fixtures.aniemore import checkpoint_folder
from tests.fixtures.audio import tone
from tests.fixtures.graphs import VOICE_LABELS, voice_model_folder

LARGE_MODELS = [name for name, entry in registry().items() if entry.kind == "voice"][1:]


def choose(name, said=None):
    settings = Settings.from_values({"speech": str(name), "threads": 1})
    return open_voice_model(settings, [].append if said is None else said.append)


def test_none_is_no_model():
    said = []
    assert choose("none", said) is None
    assert said == []


def test_a_folder_is_a_model(tmp_path):
    said = []
    voice_model_folder(tmp_path / "голос 1")
    model = choose(tmp_path / "голос 1", said)
    assert model.labels == VOICE_LABELS
    assert model.predict([tone(3.0)]).shape == (1, len(VOICE_LABELS))
    assert model.record.reason == "named in the settings"
    assert said == []


def test_compact_is_the_shipped_model():
    said = []
    model = choose("compact", said)
    assert model.labels == VOICE_LABELS
    assert said == []


def test_auto_records_what_runs_and_why():
    said = []
    model = choose("auto", said)
    assert said == []
    assert "cannot be pulled" in model.record.reason


@pytest.mark.parametrize("name", LARGE_MODELS)
def test_a_model_that_cannot_be_had_is_an_error_that_says_what_to_do(name):
    with pytest.raises(ModelError, match="not to be used") as caught:
        choose(name)
    assert name in str(caught.value)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("name", ["hubert", "no/such/folder", "Compact", "hsemotion/enet_b2_8"])
def test_an_unknown_name_is_a_usage_error_that_lists_the_names(name):
    with pytest.raises(SettingsError) as caught:
        choose(name)
    message = str(caught.value)
    assert caught.value.exit_code == 2
    assert repr(name) in message
    assert all(known in message for known in ("auto", "compact", "none", *LARGE_MODELS))


def test_a_folder_without_a_model_is_an_error(tmp_path):
    with pytest.raises(ModelError, match=r"model\.json"):
        choose(tmp_path)


def test_a_folder_with_a_changed_file_is_an_error(tmp_path):
    voice_model_folder(tmp_path)
    with (tmp_path / "net.onnx").open("ab") as stream:
        stream.write(b"\0")
    with pytest.raises(ModelError, match="SHA-256"):
        choose(tmp_path)


def test_a_folder_with_a_face_model_is_an_error(tmp_path):
    voice_model_folder(tmp_path, kind="face")
    with pytest.raises(ModelError, match="describes a face model"):
        choose(tmp_path)


@pytest.mark.parametrize("name", ["compact", "auto", "none"])
def test_a_bias_correction_for_a_model_without_one_is_refused(name):
    settings = Settings.from_values({"speech": name, "speech_bias": "acted"})
    with pytest.raises(SettingsError, match="--speech dusha"):
        open_voice_model(settings, [].append)


# -------------------------------------------------------------------------------- features


def wanting(name, voice_features):
    settings = Settings(speech=str(name), threads=1, features=True, voice_features=voice_features)
    return open_voice_model(settings, [].append)


def test_layers_are_of_models_that_have_them():
    assert wanting("compact", "model").feature_width == 1593
    with pytest.raises(SettingsError, match=r"layer:3 is of models .* aniemore/<name>"):
        wanting("compact", "layer:3")


def test_a_model_without_features_is_refused_at_once(tmp_path):
    with pytest.raises(ModelError, match="does not end in one linear layer"):
        wanting(voice_model_folder(tmp_path / "tiny"), "model")


def test_a_hidden_layer_of_a_large_model(tmp_path):
    folder = checkpoint_folder(tmp_path / "wavlm", "wavlm", "sequence")
    model = wanting(folder, "layer:2")
    assert model.layer == 2
    assert model.feature_width == 32
    with pytest.raises(ModelError, match="no layer 9"):
        wanting(folder, "layer:9")
