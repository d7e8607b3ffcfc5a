"""Every model finds the opener of its family: by the registry, or by what its folder says."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from emoreport.errors import ModelError
from emoreport.faces.select import open_face_model
from emoreport.models.families import OPENERS, family_of
from emoreport.models.store.registry import PulledModel, known_names, registry
from emoreport.settings import Settings
from emoreport.speech.select import open_voice_model
from tests.fixtures.graphs import face_model_folder, voice_model_folder
from tests.fixtures.hsemotion import pulled

JUDGING = [entry for entry in registry().values() if entry.kind != "detector"]
EVERY = [(role, name) for role, families in OPENERS.items() for name in families]


def local(folder: Path) -> PulledModel:
    return PulledModel(None, folder.name, folder, {})


@pytest.mark.parametrize("entry", JUDGING, ids=lambda entry: entry.name)
def test_every_model_of_the_registry_is_of_a_family_that_opens_it(entry):
    model = PulledModel(entry, entry.name, Path(), {})
    assert family_of(entry.kind, model) is OPENERS[entry.kind][entry.family]


@pytest.mark.parametrize(("role", "name"), EVERY)
def test_every_family_has_an_opener_and_a_model(role, name):
    assert callable(OPENERS[role][name].opener)
    assert any((entry.kind, entry.family) == (role, name) for entry in JUDGING)


def test_the_family_opens_a_model_and_not_its_name(tmp_path):
    model = pulled(tmp_path, "hsemotion/enet_b2_7")
    assert model.registered is not None
    renamed = dataclasses.replace(
        model, name="mine/b2", registered=dataclasses.replace(model.registered, name="mine/b2")
    )
    opened = family_of("face", renamed).opener(renamed, threads=1)
    assert opened.record.name == "mine/b2"
    unknown = dataclasses.replace(
        renamed,
        registered=dataclasses.replace(model.registered, family="mine", name="hsemotion/b2"),
    )
    with pytest.raises(ModelError, match="family 'mine'"):
        family_of("face", unknown)


@pytest.mark.parametrize("changes", [{}, {"family": "compact"}])
def test_a_folder_with_a_description_is_compact_or_what_it_says(tmp_path, changes):
    settings = Settings().replace(face=str(face_model_folder(tmp_path / "face", **changes)))
    assert open_face_model(settings, [].append).record.name == "tiny-face"
    voice_model_folder(tmp_path / "voice", **changes)
    settings = Settings().replace(speech=str(tmp_path / "voice"))
    assert open_voice_model(settings, [].append) is not None


def test_a_folder_of_an_unknown_family_is_refused_with_the_known_ones(tmp_path):
    folder = face_model_folder(tmp_path, family="efficient")
    with pytest.raises(ModelError, match=r"'efficient'.*compact, hsemotion") as caught:
        open_face_model(Settings().replace(face=str(folder)), [].append)
    assert str(folder) in str(caught.value)


def test_a_family_that_knows_no_folders_says_so(tmp_path):
    folder = voice_model_folder(tmp_path, family="gigaam")
    with pytest.raises(ModelError, match="no GigaAM model of the registry"):
        open_voice_model(Settings().replace(speech=str(folder)), [].append)


@pytest.mark.parametrize("content", ["[]", "{", '{"family": 3}'])
def test_a_description_that_cannot_be_read_is_an_error(tmp_path, content):
    (tmp_path / "model.json").write_text(content)
    with pytest.raises(ModelError):
        open_face_model(Settings().replace(face=str(tmp_path)), [].append)


def test_the_layout_of_the_hub_is_of_voices_only(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "wav2vec2"}))
    assert family_of("voice", local(tmp_path)) is OPENERS["voice"]["aniemore"]
    assert family_of("face", local(tmp_path)) is OPENERS["face"]["compact"]
    (tmp_path / "model.json").write_text("{}")
    assert family_of("voice", local(tmp_path)) is OPENERS["voice"]["compact"]


def test_help_lists_single_names_first_and_several_of_one_name_once():
    names = known_names("voice")
    assert {"dusha", "aniemore/<name>"} <= set(names)
    assert names == sorted(set(names), key=lambda name: ("/" in name, names.index(name)))
    assert "hsemotion/<name>" in known_names("face")
    assert {"dusha/hubert-large", "aniemore/<name>"} <= set(known_names("voice", extra="full"))
    assert "dusha" not in known_names("voice", extra="full")
