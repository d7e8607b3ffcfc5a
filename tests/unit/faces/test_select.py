import pytest

from emoreport.errors import EXIT_USAGE, ModelError, SettingsError
from emoreport.faces import select
from emoreport.faces.select import open_face_model, open_recogniser
from emoreport.models.families.compact import CompactFaceModel
from emoreport.models.store import model_metadata
from emoreport.models.store.model_choice import Choice
from emoreport.models.store.registry import registry
from emoreport.pipeline import Analyzer
from emoreport.run.fingerprint import fingerprint_of
from emoreport.settings import Settings
from tests.fixtures.graphs import face_model_folder
from tests.fixtures.sface import graph, stored

HSEMOTION = [name for name in registry() if name.startswith("hsemotion/")]


def opened(name):
    said = []
    model = open_face_model(Settings().replace(face=name), said.append)
    return model, said


@pytest.fixture
def shipped(monkeypatch, tmp_path):
    """A tiny model in the place of the one that the package carries."""
    folder = face_model_folder(tmp_path / "shipped", name="compact")
    monkeypatch.setitem(model_metadata.SHIPPED, "face", str(folder / "model.json"))


def test_compact_is_the_shipped_model_and_needs_no_words(shipped):
    model, said = opened("compact")
    assert isinstance(model, CompactFaceModel)
    assert model.record.name == "compact"
    assert said == []


def test_auto_names_what_runs_and_why_in_its_record_and_prints_nothing(shipped):
    model, said = opened("auto")
    assert model.record.name == "compact"
    assert "offline" in model.record.reason
    assert said == []  # the closing lines of a run tell it, once


def test_a_folder_is_used_as_it_is(tmp_path):
    model, said = opened(str(face_model_folder(tmp_path / "my model")))
    assert model.record.name == "tiny-face"
    assert said == []


@pytest.mark.parametrize("name", HSEMOTION)
def test_a_named_model_is_never_replaced(name):
    with pytest.raises(ModelError, match="not to be used") as caught:
        opened(name)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["comp", "hsemotion/enet_b9", "none", "./missing", "/missing"])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(SettingsError) as caught:
        opened(name)
    assert caught.value.exit_code == EXIT_USAGE
    for known in ("auto", "compact", "hsemotion/enet_b0_8_best_vgaf"):
        assert known in str(caught.value)
    assert name in str(caught.value)


def test_a_folder_without_a_model_is_an_error(tmp_path):
    with pytest.raises(ModelError, match=r"model\.json"):
        opened(str(tmp_path))


def test_a_model_without_features_is_refused_at_once(tmp_path):
    settings = Settings(face=str(face_model_folder(tmp_path / "tiny")), features=True)
    with pytest.raises(ModelError, match="does not end in one linear layer"):
        open_face_model(settings, [].append)


def test_without_a_recogniser_in_the_store_there_is_none():
    assert open_recogniser(Settings()) is None


def test_a_recogniser_in_the_store_runs_and_decides_what_a_run_is(shipped, monkeypatch, tmp_path):
    video = tmp_path / "talk.mp4"
    video.touch()
    with Analyzer(Settings()) as analyzer:
        plain = analyzer.plan(video, "0" * 64)
    pulled = stored(tmp_path, graph())  # no tiny graph has the digest of the published one
    monkeypatch.setattr(select, "choose_stored", lambda entry, settings: Choice(pulled, "beside"))
    with Analyzer(Settings()) as analyzer:
        plan = analyzer.plan(video, "0" * 64)
    assert "face_recogniser" not in plain.models
    assert plan.models["face_recogniser"].files == pulled.files
    assert fingerprint_of(plan) != fingerprint_of(plain)
