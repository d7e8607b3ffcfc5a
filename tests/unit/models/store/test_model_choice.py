from __future__ import annotations

import dataclasses
import json
import time

import pytest

from emoreport.errors import ModelError, SettingsError
from emoreport.models.store import model_choice
from emoreport.models.store.model_choice import (
    ORDER,
    basic_models_line,
    choose_model,
    recommended,
)
from emoreport.models.store.model_store import ModelState, ModelStore
from emoreport.models.store.registry import find_entry
from emoreport.records import ModelRecord
from emoreport.settings import Settings
from tests.fixtures import known_models
from tests.fixtures.server import running_server
from tests.fixtures.stores import go_online, go_online_with_hub

BEST = ORDER["face"][0]
OTHER = "hsemotion/enet_b2_8"
CONTENT = b"a graph"


def file_of(name, content=CONTENT):
    return {find_entry(name).files[0].name: content}


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture
def server(store, tmp_path, monkeypatch):
    """A server that has two face models and one voice model."""
    files = {name: file_of(name) for name in (BEST, OTHER, "dusha")}
    go_online_with_hub(monkeypatch, tmp_path)
    with running_server() as server, known_models.served_models(server, tmp_path, files):
        monkeypatch.setenv("EMOREPORT_MODEL_MIRROR", server.url)
        yield server


@pytest.fixture
def without_full(monkeypatch):
    without = dict.fromkeys(model_choice.EXTRA_MODULES, "no_such_module")
    monkeypatch.setattr(model_choice, "EXTRA_MODULES", without)


def choose(name, role="face", **values):
    said = []
    choice = choose_model(role, name, Settings().replace(**values), said.append)
    return choice, said


def test_a_named_model_is_pulled_without_words(server):
    choice, said = choose(OTHER)
    assert choice.model.name == OTHER
    assert (choice.model.folder / "enet_b2_8.onnx").read_bytes() == CONTENT
    assert said == []


def test_a_pulled_model_is_opened_without_the_network(server, monkeypatch):
    choose(OTHER)
    asked = len(server.requests)
    choice, _ = choose(OTHER)
    assert choice.model.name == OTHER
    assert len(server.requests) == asked


def test_a_damaged_model_is_an_error_and_not_replaced(server, store):
    choose(OTHER)
    (store / OTHER / "enet_b2_8.onnx").write_bytes(b"b graph")
    with pytest.raises(ModelError, match=r"models pull hsemotion/enet_b2_8"):
        choose(OTHER)


def test_a_named_model_that_cannot_be_had_is_an_error(store):
    with pytest.raises(ModelError, match=OTHER):
        choose(OTHER, offline=True)


def test_auto_says_what_it_downloads_and_how_large_it_is(server):
    choice, said = choose("auto")
    assert choice.model.name == BEST
    assert said == [f"downloading {BEST} (≈ 16 MB), this once; --offline prevents it"]
    assert choose("auto")[1] == []


def test_a_download_is_announced_before_its_progress(server):
    order = []
    choose_model(
        "face",
        "auto",
        Settings(),
        lambda line: order.append(line.partition(" ")[0]),
        lambda name, done, total: order.append(name),
    )
    assert order[0] == "downloading"
    assert order.count("downloading") == 1
    assert len(order) > 1


def test_auto_takes_what_the_store_holds_before_it_asks_the_network(server):
    choose("dusha", "voice")
    asked = len(server.requests)
    choice, said = choose("auto", "voice")
    assert (choice.model.name, said) == ("dusha", [])
    assert len(server.requests) == asked


def test_auto_without_a_network_takes_compact_and_says_why_and_what_helps(store):
    choice, said = choose("auto")
    assert choice.model.name == "compact-face"
    assert said == []
    assert BEST in choice.reason
    face = ModelRecord("compact", reason=choice.reason)
    assert basic_models_line(face, face, "en") == (
        "basic models (compact; offline); better ones: `emoreport setup`"
    )
    assert "basic face model (compact; offline)" in basic_models_line(face, None, "en")
    better = ModelRecord("dusha", reason="best model in the store")
    assert "basic voice model" in basic_models_line(better, face, "en")
    assert "базовые модели" in basic_models_line(face, face, "ru")
    said = "no connection to example.org:443 (Name or service not known)"
    cut_off = dataclasses.replace(face, reason=face.reason.replace("offline", said))
    assert said in basic_models_line(cut_off, None, "en")
    assert "нет соединения с example.org:443" in basic_models_line(cut_off, None, "ru")
    assert basic_models_line(better, ModelRecord("none"), "en") == ""


def test_auto_without_a_server_takes_compact_within_seconds(store, monkeypatch):
    go_online(monkeypatch)
    monkeypatch.setenv("EMOREPORT_MODEL_MIRROR", "http://127.0.0.1:9")
    started_s = time.monotonic()
    choice, _ = choose("auto", "voice")
    assert choice.model.name == "compact-voice"
    assert time.monotonic() - started_s < 6


def test_the_line_speaks_the_language_of_the_settings(server):
    _, (line,) = choose("auto", lang="ru")
    assert "загружается" in line


def test_what_is_recommended_is_what_auto_would_take(store, without_full):
    assert [model.name for model in recommended(ModelStore())] == [BEST, "dusha"]


def test_with_the_extra_part_the_better_voice_model_is_recommended(store):
    names = [model.name for model in recommended(ModelStore())]
    assert [name for name in names if name not in ORDER["words"]] == [
        BEST,
        ORDER["voice"][0],
        "dusha",
    ]


def test_a_recogniser_is_recommended_where_its_part_is_installed(store, monkeypatch):
    monkeypatch.setattr(model_choice, "EXTRA_MODULES", {"full": "no_such_module", "words": "json"})
    assert [model.name for model in recommended(ModelStore())] == [BEST, "dusha", ORDER["words"][0]]


def test_auto_has_no_compact_recogniser_to_fall_back_on(store, without_full):
    with pytest.raises(ModelError, match=r"gigaam-v3-e2e-rnnt.*needs the extra words") as caught:
        choose("auto", "words")
    assert caught.value.remedy == 'pip install "emoreport[words]"'
    with pytest.raises(SettingsError, match="compact"):
        choose("compact", "words")


def test_offline_a_recogniser_is_refused_at_once(store, monkeypatch):
    monkeypatch.setattr(model_choice, "EXTRA_MODULES", {"words": "json"})
    for name in ("auto", "vosk-0.54"):
        with pytest.raises(ModelError, match=r"offline|network"):
            choose(name, "words", offline=True)


def test_auto_passes_over_a_model_whose_part_is_not_installed(server, without_full):
    choice, _ = choose("auto", "voice")
    assert choice.model.name == "dusha"


def test_auto_goes_on_when_the_best_model_is_gone_from_its_source(server):
    choice, _ = choose("auto", "voice")
    assert choice.model.name == "dusha"


def test_a_named_model_without_its_part_says_what_to_install(store, without_full):
    with pytest.raises(ModelError, match=r"emoreport\[full\]"):
        choose("aniemore/wavlm-resd", "voice")


GIGAAM = "gigaam/emo"


def put_form(folder, **changes):
    """What `emoreport models optimize` leaves beside a model, as far as a choice looks at it."""
    form = {"runtime": "onnxruntime", "graph": "model.onnx", "kept": True, **changes}
    (folder / "optimized").mkdir(exist_ok=True)
    record = {"forms": {"it": form, "torch": {"runtime": "torch", "graph": "", "kept": True}}}
    (folder / "optimized" / "forms.json").write_text(json.dumps(record))


@pytest.fixture
def with_gigaam(store, tmp_path, monkeypatch):
    """A server that has both light voice models."""
    files = {name: file_of(name) for name in (GIGAAM, "dusha")}
    go_online_with_hub(monkeypatch, tmp_path)
    with running_server() as server, known_models.served_models(server, tmp_path, files):
        monkeypatch.setenv("EMOREPORT_MODEL_MIRROR", server.url)
        yield server


def test_gigaam_is_pulled_from_its_publishers_address_by_its_md5(with_gigaam, store):
    choice, _ = choose(GIGAAM, "voice")
    assert choice.model.revision == find_entry(GIGAAM).source.revision
    assert [request.path for request in with_gigaam.requests] == ["/GigaAM/emo.ckpt"]
    (store / GIGAAM / "emo.ckpt").write_bytes(b"other")
    with pytest.raises(ModelError, match="is damaged"):
        choose(GIGAAM, "voice")


def test_with_its_part_auto_takes_gigaam_before_dusha(with_gigaam):
    choose("dusha", "voice")
    choose(GIGAAM, "voice")
    assert choose("auto", "voice")[0].model.name == GIGAAM


def test_without_its_part_auto_takes_gigaam_where_a_form_was_exported(
    with_gigaam, store, monkeypatch
):
    for name in ("dusha", GIGAAM):
        choose(name, "voice")
    without = dict.fromkeys(model_choice.EXTRA_MODULES, "no_such_module")
    monkeypatch.setattr(model_choice, "EXTRA_MODULES", without)
    assert choose("auto", "voice")[0].model.name == "dusha"
    with pytest.raises(ModelError, match=r"emoreport\[full\]"):
        choose(GIGAAM, "voice")
    put_form(store / GIGAAM)
    assert choose("auto", "voice")[0].model.name == GIGAAM
    assert choose(GIGAAM, "voice")[0].model.name == GIGAAM


@pytest.mark.parametrize(
    "changes", [{"runtime": "openvino"}, {"graph": ""}, {"kept": False}], ids=str
)
def test_a_form_that_onnx_runtime_has_not_helps_nobody(with_gigaam, store, without_full, changes):
    entry = find_entry(GIGAAM)
    (store / GIGAAM).mkdir(parents=True)
    put_form(store / GIGAAM, **changes)
    assert not ModelStore().has_exported_form(entry)
    (store / GIGAAM / "optimized" / "forms.json").write_text("[]")
    assert not ModelStore().has_exported_form(entry)


def test_without_its_part_auto_leaves_aniemore_out_though_a_form_of_it_runs(
    store, without_full, monkeypatch
):
    entry = find_entry("aniemore/wav2vec2-xlsr-53")
    (store / entry.name).mkdir(parents=True)
    put_form(store / entry.name)
    made = ModelStore()
    assert model_choice.missing_extra(entry, made) == ""
    assert [model.name for model in model_choice.auto_order("voice", made)] == ["dusha"]


def test_a_detector_has_no_compact_model_to_fall_back_to(store):
    with pytest.raises(ModelError, match=r"models pull mediapipe/blaze_face_short_range"):
        choose("auto", "detector")
    with pytest.raises(SettingsError):
        choose("compact", "detector")


@pytest.mark.parametrize("name", ["dusha", "compact-face", "hsemotion/enet_b9", "none"])
def test_a_name_of_another_kind_is_unknown(store, name):
    with pytest.raises(SettingsError) as caught:
        choose(name)
    assert BEST in str(caught.value)


def test_every_model_of_the_order_is_known():
    for role, names in ORDER.items():
        assert {find_entry(name).kind for name in names} == {role}


def test_the_state_is_told_by_the_store(server):
    entry = find_entry(OTHER)
    assert ModelStore().state(entry) is ModelState.ABSENT
    choose(OTHER)
    assert ModelStore().state(entry) is ModelState.COMPLETE
