"""``emoreport models optimize`` from the command line to the form that analyses run."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from emoreport.cli import optimize
from emoreport.measure.optimize import face, voice
from emoreport.models.runtimes.forms import FOLDER, RECORD, FormsRecord, MeasuredForm
from emoreport.models.store import model_choice
from emoreport.models.store.registry import find_entry
from tests.fixtures import gigaam
from tests.fixtures.aniemore import checkpoint_folder
from tests.fixtures.hsemotion import tiny_graph_of
from tests.fixtures.known_models import served_models
from tests.fixtures.results_on_disk import run_json
from tests.fixtures.server import running_server
from tests.fixtures.stores import go_online_with_hub
from tests.integration.conftest import Emoreport

VOICE = "aniemore/wav2vec2-xlsr-53"
GIGAAM = "gigaam/emo"
FACE = "hsemotion/enet_b0_8_best_vgaf"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return checkpoint_folder(tmp_path / "my model")


def test_help_names_every_form(emoreport: Emoreport) -> None:
    outcome = emoreport("models", "optimize", "--help")
    assert outcome.code == 0
    # The terminal breaks lines, also at hyphens.
    text = "".join(outcome.out.split())
    assert all(form in text for form in (*voice.FORMS, *face.FORMS))


@pytest.mark.slow
def test_a_local_model_is_optimised_and_analyses_run_the_form_that_was_chosen(
    emoreport: Emoreport, folder: Path, talk: Path, clip: Path
) -> None:
    outcome = emoreport("models", "optimize", folder, "--speech", talk, "--threads", "1", "--json")
    assert outcome.code == 0, outcome.err
    record = json.loads(outcome.out)
    assert record == json.loads((folder / FOLDER / RECORD).read_text(encoding="utf-8"))
    assert "exporting" in outcome.err
    chosen = record["forms"][record["chosen"]]
    outcome = emoreport("analyze", clip, "--speech", folder, "--face", "compact")
    assert outcome.code == 0, outcome.err
    model = run_json(Path("statistics/clip"))["models"]["speech"]
    assert model["name"] == "my model"
    assert model["runtime"].split()[0] == chosen["runtime"]
    if chosen["graph"]:
        assert f"optimized/{chosen['graph']}" in model["files"]
    outcome = emoreport(
        "analyze", clip, "--speech", folder, "--face", "compact", "--runtime", "onnxruntime",
        "--overwrite",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    model = run_json(Path("statistics/clip"))["models"]["speech"]
    assert model["runtime"].startswith("onnxruntime ")


@pytest.fixture
def pulled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emoreport: Emoreport) -> Path:
    """A store that holds a tiny model under the name of a published one; its folder there."""
    source = checkpoint_folder(tmp_path / "checkpoint")
    files = {path.name: path.read_bytes() for path in source.iterdir()}
    go_online_with_hub(monkeypatch, tmp_path)
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path / "store"))
    with running_server() as server, served_models(server, tmp_path, {VOICE: files}):
        monkeypatch.setenv("EMOREPORT_MODEL_MIRROR", server.url)
        assert emoreport("models", "pull", VOICE).code == 0
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path / "store" / VOICE


@pytest.mark.slow
def test_a_model_of_the_store_is_optimised_and_stays_as_it_was_pulled(
    emoreport: Emoreport, pulled: Path, talk: Path, clip: Path
) -> None:
    arguments = ("--speech", talk, "--form", "onnxruntime-float32", "--quiet")
    outcome = emoreport("models", "optimize", VOICE, *arguments)
    assert outcome.code == 0, outcome.err
    assert outcome.err == ""
    assert (pulled / FOLDER / RECORD).is_file()
    assert emoreport("models", "verify", VOICE).code == 0
    outcome = emoreport("analyze", clip, "--speech", VOICE, "--face", "compact")
    assert outcome.code == 0, outcome.err
    model = run_json(Path("statistics/clip"))["models"]["speech"]
    assert (model["name"], model["runtime"].split()[0]) == (VOICE, "onnxruntime")
    graph = next((pulled / FOLDER).glob("*/model.onnx"))
    assert model["files"]["optimized/model.onnx"] == sha256(graph.read_bytes()).hexdigest()


@pytest.fixture
def gigaam_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emoreport: Emoreport
) -> Iterator[Path]:
    """A store that holds a tiny GigaAM-Emo; its folder there."""
    checkpoint = gigaam.saved(tmp_path / "checkpoint").folder / "emo.ckpt"
    files = {checkpoint.name: checkpoint.read_bytes()}
    go_online_with_hub(monkeypatch, tmp_path)
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path / "store"))
    with running_server() as server, served_models(server, tmp_path, {GIGAAM: files}):
        monkeypatch.setenv("EMOREPORT_MODEL_MIRROR", server.url)
        assert emoreport("models", "pull", GIGAAM).code == 0
        monkeypatch.setenv("EMOREPORT_OFFLINE", "1")
        yield tmp_path / "store" / GIGAAM


@pytest.mark.slow
def test_gigaam_is_exported_and_runs_where_its_part_is_not_installed(
    emoreport: Emoreport,
    gigaam_folder: Path,
    talk: Path,
    clip: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = ("--speech", talk, "--form", "onnxruntime-float32", "--quiet")
    outcome = emoreport("models", "optimize", GIGAAM, *arguments)
    assert outcome.code == 0, outcome.err
    monkeypatch.setattr(model_choice, "EXTRA_MODULES", {"full": "no_such_module"})
    outcome = emoreport("analyze", clip, "--face", "compact")
    assert outcome.code == 0, outcome.err
    model = run_json(Path("statistics/clip"))["models"]["speech"]
    assert (model["name"], model["runtime"].split()[0]) == (GIGAAM, "onnxruntime")
    assert set(model["files"]) == {"emo.ckpt", "optimized/model.onnx", "optimized/model.onnx.data"}
    diagnosed = json.loads(emoreport("doctor", "--json").out)
    (stored,) = [one for one in diagnosed["store"]["models"] if one["name"] == GIGAAM]
    assert (stored["state"], stored["optimised"], stored["missing_extra"]) == ("complete", True, "")
    (gigaam_folder / FOLDER / RECORD).unlink()
    outcome = emoreport("analyze", clip, "--face", "compact", "--speech", GIGAAM)
    assert outcome.code == 1
    assert "emoreport[full]" in outcome.err


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emoreport: Emoreport) -> Iterator[Path]:
    """A store that holds a tiny face model under the name of a published one; its folder there."""
    entry = find_entry(FACE)
    files = {entry.files[0].name: tiny_graph_of(entry).SerializeToString()}
    go_online_with_hub(monkeypatch, tmp_path)
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path / "store"))
    with running_server() as server, served_models(server, tmp_path, {FACE: files}):
        monkeypatch.setenv("EMOREPORT_MODEL_MIRROR", server.url)
        assert emoreport("models", "pull", FACE).code == 0
        yield tmp_path / "store" / FACE


@pytest.mark.slow
def test_a_face_model_runs_in_the_form_that_was_chosen_on_a_video(
    emoreport: Emoreport, faces: Path, talk: Path, clip: Path
) -> None:
    pytest.importorskip("openvino")
    arguments = ("--face", talk, "--form", "openvino-float32")
    outcome = emoreport("models", "optimize", FACE, *arguments)
    assert outcome.code == 0, outcome.err
    title, head, *lines = outcome.out.splitlines()
    assert title.startswith(f"{FACE}: ")
    assert title.endswith(" faces of talk.mp4")
    assert "faces/s" in head
    assert sum("used from now on" in line for line in lines) == 1
    assert emoreport("models", "verify", FACE).code == 0
    outcome = emoreport("analyze", clip, "--face", FACE, "--speech", "none")
    assert outcome.code == 0, outcome.err
    model = run_json(Path("statistics/clip"))["models"]["face"]
    assert (model["name"], model["runtime"].split()[0]) == (FACE, "openvino")
    plain = ("--runtime", "onnxruntime", "--overwrite")
    outcome = emoreport("analyze", clip, "--face", FACE, "--speech", "none", *plain)
    assert outcome.code == 0, outcome.err
    model = run_json(Path("statistics/clip"))["models"]["face"]
    assert model["runtime"].startswith("onnxruntime ")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ((), "--face FILE"),
        (("--speech", "talk.wav"), "--face FILE"),
        (("--face", "a.mp4", "--speech", "a.mp4"), "takes no --speech"),
        (("--face", "nowhere.mp4"), "nowhere.mp4"),
    ],
)
def test_a_face_model_is_measured_on_faces(
    emoreport: Emoreport, faces: Path, flags: tuple[str, ...], words: str
) -> None:
    outcome = emoreport("models", "optimize", FACE, *flags)
    assert outcome.code == 2
    assert words in outcome.errors[0]
    assert not (faces / FOLDER).exists()


def test_the_table_shows_every_form_and_the_one_that_is_used(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain = MeasuredForm("torch", "float32", "2.13.0", "", "", 5.25, 0.0, 1.0, kept=True)
    half = MeasuredForm("openvino", "bfloat16", "2026.4", "model.onnx", "", 18.0, 0.0031, 0.99)
    record = FormsRecord(
        model="mine",
        source={},
        versions={},
        measured_on={"recordings": [{"name": "a.wav"}], "windows": 40, "window_s": 3.0},
        unit="× real time",
        forms=(plain, half),
        failed={"onnxruntime-int8": "it has no room"},
        chosen=half.name,
    )
    optimize._print(record, "en", as_json=False)
    title, _, first, second, failed = capsys.readouterr().out.splitlines()
    assert title == "mine: 40 windows of 3 s of a.wav"
    assert first.split()[:4] == ["openvino-bfloat16", "18.0", "0.0031", "99.0%"]
    assert first.endswith("used from now on")
    assert second.split() == ["torch-float32", "5.2", "0.0000", "100.0%"]
    assert failed == "onnxruntime-int8: it has no room"


def test_speech_is_asked_for(emoreport: Emoreport, folder: Path) -> None:
    outcome = emoreport("models", "optimize", folder)
    assert outcome.code == 2
    assert "--speech FILE" in outcome.errors[0]
    assert not (folder / FOLDER).exists()


@pytest.mark.parametrize(
    ("name", "code", "word"),
    [
        ("aniemore/nothing", 2, "no model"),
        ("hsemotion/enet_b0_8_va_mtl", 1, "models pull"),
        ("dusha", 2, "has one form"),
        ("aniemore/wav2vec2-xlsr-53", 1, "models pull"),
    ],
)
def test_models_that_cannot_be_optimised_are_refused(
    emoreport: Emoreport, talk: Path, name: str, code: int, word: str
) -> None:
    outcome = emoreport("models", "optimize", name, "--speech", talk)
    assert outcome.code == code
    (line,) = outcome.errors
    assert word in line


def test_a_runtime_without_a_form_is_an_error_with_the_command_that_makes_it(
    emoreport: Emoreport, folder: Path, clip: Path
) -> None:
    outcome = emoreport("analyze", clip, "--speech", folder, "--runtime", "onnxruntime")
    assert outcome.code != 0
    (line,) = outcome.errors
    assert "`emoreport models optimize " in line
    assert not Path("statistics/clip").exists()
