"""Which model is the witness of the first one, and which is refused."""

import shutil
from importlib import resources
from pathlib import Path

import pytest

from emoreport.errors import ModelError, SettingsError
from emoreport.faces.select import open_face_model
from emoreport.models.store.registry import registry
from emoreport.models.witness import LIGHT, open_face_witness, open_voice_witness
from emoreport.settings import Settings
from emoreport.speech.select import open_voice_model
from tests.fixtures.audio import tone
from tests.fixtures.dusha import (
    dusha_in_store,  # noqa: F401 - a fixture
    needs_checkpoint,
    published_dusha_in_store,  # noqa: F401 - a fixture
)
from tests.fixtures.graphs import face_model_folder, voice_model_folder
from tests.fixtures.known_models import stored_models


def voices(said=None, **values):
    """The first voice model and its witness."""
    settings = Settings().replace(threads=1, **values)
    announce = [].append if said is None else said.append
    first = open_voice_model(settings, [].append)
    return first, open_voice_witness(first, settings, announce)


def faces(**values):
    settings = Settings().replace(threads=1, **values)
    first = open_face_model(settings, [].append)
    return first, open_face_witness(first, settings, [].append)


def name_of(model):
    return None if model is None else model.record.name


@pytest.mark.usefixtures("dusha_in_store")
@pytest.mark.parametrize(
    ("speech", "first", "witness"),
    [
        ("auto", "dusha", "compact"),
        ("dusha", "dusha", "compact"),
        ("compact", "compact", "dusha"),
        ("none", None, None),
    ],
)
def test_the_light_voice_models_witness_each_other(speech, first, witness):
    assert tuple(map(name_of, voices(speech=speech))) == (first, witness)


@needs_checkpoint
@pytest.mark.shared
@pytest.mark.usefixtures("published_dusha_in_store")
def test_a_corrected_model_is_no_witness_of_itself():
    first, witness = voices(speech="dusha", speech_bias="acted")
    assert name_of(first) == "dusha (bias: acted)"
    assert name_of(witness) == "compact"
    with pytest.raises(SettingsError, match="first model itself"):
        voices(speech="dusha", speech_bias="acted", speech_witness="dusha")


@pytest.mark.usefixtures("dusha_in_store")
def test_the_witness_judges_and_says_why_it_runs():
    _, witness = voices(speech="compact")
    assert witness.predict([tone(3.0)]).shape == (1, 4)
    assert witness.record.kind == "voice"
    assert witness.record.files
    assert "beside" in witness.record.reason


def test_auto_downloads_nothing_and_says_nothing():
    said = []
    assert name_of(voices(said, speech="compact")[1]) is None
    assert said == []


def test_a_larger_voice_model_is_never_alone(tmp_path):
    folder = voice_model_folder(tmp_path / "large")
    assert name_of(voices(speech=folder)[1]) == "compact"


@pytest.mark.usefixtures("dusha_in_store")
def test_beside_a_larger_voice_model_dusha_comes_first(tmp_path):
    folder = voice_model_folder(tmp_path / "large")
    assert name_of(voices(speech=folder)[1]) == "dusha"
    assert name_of(voices(speech=folder, speech_witness="compact")[1]) == "compact"


def test_compact_stands_beside_a_larger_face_model_and_not_beside_itself(tmp_path):
    folder = face_model_folder(tmp_path / "large")
    assert tuple(map(name_of, faces(face=folder))) == ("tiny-face", "compact")
    assert name_of(faces(face="compact")[1]) is None
    assert name_of(faces(face=folder, face_witness="none")[1]) is None
    assert name_of(faces(face="compact", face_witness=folder)[1]) == "tiny-face"


def test_a_copy_of_the_first_model_is_no_witness(tmp_path):
    weights = Path(str(resources.files("emoreport"))) / "weights"
    shutil.copy(weights / "voice_compact.json", tmp_path / "model.json")
    shutil.copy(weights / "voice_compact.onnx", tmp_path)
    assert voices(speech=tmp_path)[1] is None
    with pytest.raises(SettingsError, match="first model itself"):
        voices(speech="compact", speech_witness=tmp_path)


@pytest.mark.parametrize("name", ["compact", "folder"])
def test_the_first_model_is_refused_by_name(name, tmp_path):
    name = str(voice_model_folder(tmp_path / "own")) if name == "folder" else name
    with pytest.raises(SettingsError, match=r"--speech-witness .* first model itself"):
        voices(speech=name, speech_witness=name)
    with pytest.raises(SettingsError, match=r"--face-witness compact .* first model itself"):
        faces(face="compact", face_witness="compact")


def test_a_witness_that_cannot_be_had_is_an_error():
    with pytest.raises(ModelError, match="not to be used"):
        voices(speech="compact", speech_witness="dusha")
    with pytest.raises(SettingsError, match=r"--speech-witness 'nobody'.*none"):
        voices(speech="compact", speech_witness="nobody")
    with pytest.raises(SettingsError, match="no first model"):
        voices(speech="none", speech_witness="compact")


def test_a_witness_that_wants_longer_windows_is_refused(tmp_path):
    first = voice_model_folder(tmp_path / "first", min_window_s=1.0)
    with pytest.raises(SettingsError, match="windows of 3–12 s, the first reads 1 s"):
        voices(speech=first, speech_witness="compact")
    said = []
    assert voices(said, speech=first)[1] is None
    assert said == []


def test_damaged_files_in_the_store_are_said_and_passed_over(tmp_path):
    (tmp_path / "store").mkdir()
    with stored_models(tmp_path / "store", {"dusha": {"podcasts_finetune.pt": b"no checkpoint"}}):
        said = []
        assert voices(said, speech="compact")[1] is None
        (line,) = said
        assert "dusha" in line
        with pytest.raises(ModelError):
            voices(speech="compact", speech_witness="dusha")


def test_auto_knows_names_of_the_registry_only():
    for role, names in LIGHT.items():
        assert {"compact", *names} - {"compact"} <= registry().keys()
        assert f"compact-{role}" in registry()
