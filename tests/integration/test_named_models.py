"""Named models, from a server through the store into the tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest

from emoreport.models.store.registry import find_entry
from tests.fixtures import aniemore, gigaam, hsemotion, known_models
from tests.fixtures.results_on_disk import assert_complete, rows, run_json
from tests.fixtures.server import ModelServer, running_server
from tests.fixtures.stores import go_online_with_hub
from tests.integration.conftest import Emoreport

FACE = "hsemotion/enet_b0_8_best_vgaf"
AFFECT = "hsemotion/enet_b0_8_va_mtl"
VOICE = "aniemore/wav2vec2-xlsr-53"
HUBERT = "dusha/hubert-large"
GIGAAM = "gigaam/emo"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """A server with random weights in the published layouts."""
    models = {}
    for name in (FACE, AFFECT):
        entry = find_entry(name)
        graph = hsemotion.tiny_graph_of(entry).SerializeToString()
        models[name] = {entry.files[0].name: graph}
    folder = aniemore.checkpoint_folder(tmp_path / "checkpoint")
    models[VOICE] = {path.name: path.read_bytes() for path in folder.iterdir()}
    folder = aniemore.published_dusha(tmp_path / "hubert").folder
    checkpoint = gigaam.saved(tmp_path / "gigaam").folder / "emo.ckpt"
    models[GIGAAM] = {checkpoint.name: checkpoint.read_bytes()}
    models[HUBERT] = {path.name: path.read_bytes() for path in folder.iterdir()}
    go_online_with_hub(monkeypatch, tmp_path)
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path / "store"))
    with running_server() as server, known_models.served_models(server, tmp_path, models):
        monkeypatch.setenv("EMOREPORT_MODEL_MIRROR", server.url)
        yield server


def test_pulled_models_write_full_tables_that_name_them(
    server: ModelServer, clip: Path, emoreport: Emoreport, tmp_path: Path
) -> None:
    pulled = emoreport("models", "pull", FACE, VOICE)
    assert pulled.code == 0, pulled.err
    asked = len(server.requests)
    outcome = emoreport("analyze", clip, "--face", FACE, "--speech", VOICE)
    assert outcome.code == 0, outcome.err
    assert len(server.requests) == asked
    folder = Path("statistics/clip")
    assert_complete(folder)
    models = run_json(folder)["models"]
    for role, name in (("face", FACE), ("speech", VOICE)):
        stored = tmp_path / "store" / name
        assert models[role]["name"] == name
        assert models[role]["device"] == "cpu"
        for file, digest in models[role]["files"].items():
            assert sha256((stored / file).read_bytes()).hexdigest() == digest
    assert models["face"]["runtime"].startswith("onnxruntime ")
    assert models["speech"]["runtime"].startswith("torch ")
    (summary,) = rows(folder / "summary.csv")
    assert (summary["face_model"], summary["speech_model"]) == (FACE, VOICE)
    speech = pd.read_parquet(folder / "speech.parquet")
    assert [name for name in speech if name.startswith("p_")] == [
        f"p_{label}" for label in find_entry(VOICE).labels
    ]


def test_a_class_that_is_no_emotion_reaches_no_table(
    server: ModelServer, clip: Path, emoreport: Emoreport
) -> None:
    outcome = emoreport("analyze", clip, "--face", "compact", "--speech", HUBERT)
    assert outcome.code == 0, outcome.err
    model = run_json(Path("statistics/clip"))["models"]["speech"]
    assert model["version"] == find_entry(HUBERT).source.revision
    speech = pd.read_parquet("statistics/clip/speech.parquet")
    columns = [name for name in speech if name.startswith("p_")]
    assert columns == ["p_neutral", "p_anger", "p_positive", "p_sadness"]
    heard = speech.loc[speech["p_anger"].notna(), columns]
    assert len(heard)
    assert heard.sum(axis=1).to_numpy() == pytest.approx(1.0, abs=1e-3)


def test_gigaam_is_pulled_and_writes_its_four_classes(
    server: ModelServer, clip: Path, emoreport: Emoreport, tmp_path: Path
) -> None:
    outcome = emoreport("analyze", clip, "--face", "compact", "--speech", GIGAAM)
    assert outcome.code == 0, outcome.err
    assert server.asked("/GigaAM/emo.ckpt")
    model = run_json(Path("statistics/clip"))["models"]["speech"]
    stored = (tmp_path / "store" / GIGAAM / "emo.ckpt").read_bytes()
    assert model["files"] == {"emo.ckpt": sha256(stored).hexdigest()}
    assert model["runtime"].startswith("torch ")
    speech = pd.read_parquet("statistics/clip/speech.parquet")
    columns = [f"p_{label}" for label in find_entry(GIGAAM).labels]
    assert set(columns) <= set(speech)
    heard = speech.loc[speech["p_anger"].notna(), columns]
    assert len(heard)
    assert heard.sum(axis=1).to_numpy() == pytest.approx(1.0, abs=1e-3)


def test_valence_and_arousal_reach_the_tables(
    server: ModelServer, clip: Path, emoreport: Emoreport
) -> None:
    models = ("--face", AFFECT, "--face-witness", "none", "--speech", "none")
    outcome = emoreport("analyze", clip, *models)
    assert outcome.code == 0, outcome.err
    frames = pd.read_parquet("statistics/clip/frames.parquet")
    assert frames["valence"].between(-1, 1).any()
    assert (frames["valence"] == frames["valence_raw"].clip(-1, 1)).all()
    assert (frames["arousal"] == frames["arousal_raw"].clip(-1, 1)).all()
    (first, *_) = rows(Path("statistics/clip/video_intervals.csv"))
    assert -1 <= float(first["valence"]) <= 1
    retabled = emoreport("retable", "statistics/clip", "--smoothing", "0")
    assert retabled.code == 0, retabled.err


def test_a_runtime_that_cannot_run_the_model_is_an_error(
    server: ModelServer, clip: Path, emoreport: Emoreport
) -> None:
    outcome = emoreport("analyze", clip, "--face", FACE, "--runtime", "torch")
    assert outcome.code == 1
    (error,) = outcome.errors
    assert "PyTorch" in error
    assert not Path("statistics").exists()


@pytest.mark.parametrize(
    ("flags", "face", "voice"),
    [
        (("--speech-runtime", "torch"), "onnxruntime", "torch"),
        (("--runtime", "openvino", "--speech-runtime", "auto"), "openvino", "torch"),
    ],
)
def test_the_voice_may_run_elsewhere_than_the_face(
    server: ModelServer,
    clip: Path,
    emoreport: Emoreport,
    flags: tuple[str, ...],
    face: str,
    voice: str,
) -> None:
    pytest.importorskip(face)
    outcome = emoreport("analyze", clip, "--face", FACE, "--speech", VOICE, *flags)
    assert outcome.code == 0, outcome.err
    models = run_json(Path("statistics/clip"))["models"]
    assert models["face"]["runtime"].startswith(f"{face} ")
    assert models["speech"]["runtime"].startswith(f"{voice} ")


def test_a_voice_model_that_torch_cannot_run_is_an_error(clip: Path, emoreport: Emoreport) -> None:
    outcome = emoreport("analyze", clip, "--speech", "compact", "--speech-runtime", "torch")
    assert outcome.code == 1
    (error,) = outcome.errors
    assert "PyTorch" in error
    assert not Path("statistics").exists()


def test_a_local_folder_in_the_hubs_layout_is_a_voice_model(
    clip: Path, emoreport: Emoreport, tmp_path: Path
) -> None:
    folder = aniemore.checkpoint_folder(tmp_path / "mine", "hubert", "sequence")
    outcome = emoreport("analyze", clip, "--speech", folder)
    assert outcome.code == 0, outcome.err
    model = run_json(Path("statistics/clip"))["models"]["speech"]
    assert model["name"] == "mine"
    assert "model.safetensors" in model["files"]


def test_evaluate_takes_named_models_and_runtimes(
    server: ModelServer, emoreport: Emoreport, tmp_path: Path
) -> None:
    import numpy as np

    generator = np.random.default_rng(3)
    path = tmp_path / "faces.npz"
    labels = np.array(["anger", "fear", "neutral", "neutral"])
    images = generator.integers(0, 255, (4, 60, 60, 3), np.uint8)
    np.savez(path, images=images, labels=labels)
    outcome = emoreport("evaluate", "face", path, "--face", FACE, "--runtime", "openvino", "--json")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert found["model"] == FACE
    assert found["items"] == 4
