"""Distance to the training data: what it is fitted on, its scale, its graph and its figures."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
pytest.importorskip("onnx", reason="the train extra is not installed")
pytest.importorskip("av", reason="PyAV is not installed")

from emoreport.training import selective  # noqa: E402
from emoreport.training.doubt import BEYOND, POWERS, Distance, fit_power  # noqa: E402
from emoreport.training.voice import doubt, model_files  # noqa: E402
from emoreport.training.voice.encoder import Encoder  # noqa: E402
from emoreport.training.voice.head import FEATURES, Statistics, VoiceModel  # noqa: E402
from emoreport.training.voice.labels import LABELS, TRAINED_LABELS  # noqa: E402
from emoreport.training.voice.made_sounds import LENGTH_S, made_sounds  # noqa: E402
from emoreport.training.voice.metrics import LeftOut  # noqa: E402
from emoreport.training.voice.pack import pack_graph, round_weights  # noqa: E402
from emoreport.training.voice.released import read_encoder  # noqa: E402

WIDTH, CLIPS = 60, 900


@pytest.fixture(scope="module")
def statistics() -> Statistics:
    """Three corpora around centres of their own, in 20 of 60 directions; one is far off."""
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((20, WIDTH))
    corpora = np.repeat(["far", "near", "other"], CLIPS // 3)
    centres = {"far": 2.0, "near": 0.0, "other": 0.3}
    base = rng.standard_normal((CLIPS, 20)) + np.array([centres[name] for name in corpora])[:, None]
    values = base @ mixing + 0.3 * rng.standard_normal((CLIPS, WIDTH))
    return Statistics(
        values=torch.from_numpy(values[None].astype(np.float32)),
        labels=torch.arange(CLIPS) % len(LABELS),
        speakers=tuple(f"{name}/{number % 5}" for number, name in enumerate(corpora)),
        corpora=tuple(corpora),
    )


@pytest.fixture(scope="module")
def said(statistics: Statistics) -> LeftOut:
    """Logits that are right where a corpus is not far off, and as sure everywhere."""
    labels = statistics.labels.numpy()
    corpora = np.array(statistics.corpora)
    rng = np.random.default_rng(1)
    named = np.where(corpora == "far", rng.integers(0, len(LABELS), CLIPS), labels)
    return LeftOut(
        logits=4.0 * np.eye(len(LABELS))[named],
        labels=labels,
        speakers=np.array(statistics.speakers),
        corpora=corpora,
        folds=np.zeros(CLIPS, np.int64),
    )


def test_what_is_unlike_the_training_data_is_far_in_every_way(statistics: Statistics) -> None:
    distance = doubt.fit_distance(statistics, torch.arange(CLIPS))
    own = distance(statistics.values[0])
    mean = statistics.values[0].mean(dim=0, keepdim=True)
    spread = statistics.values[0].std(dim=0, keepdim=True)
    elsewhere = torch.randn(20, WIDTH, generator=torch.Generator().manual_seed(0))
    assert distance(mean) < own.quantile(0.05)
    assert (distance(mean + 5.0 * spread) > own.quantile(0.99)).all()
    # Noise with the right mean and spread of every feature, but not in their directions.
    assert (distance(mean + spread * elsewhere) > own.median()).all()


def test_the_limit_leaves_the_stated_share_of_left_out_corpora_beyond(
    statistics: Statistics, said: LeftOut
) -> None:
    found = doubt.fit_doubt(statistics, said, 1.0)
    corpora = np.array(statistics.corpora)
    beyond = [np.mean(found.elsewhere[corpora == name] > 1.0) for name in np.unique(corpora)]
    assert np.mean(beyond) == pytest.approx(BEYOND, abs=0.01)
    assert beyond[0] > max(beyond[1:])
    limit, power = found.distance.scale_of_limit
    assert POWERS[0] <= power <= POWERS[1]
    raw = doubt.left_out_distances(statistics, corpora)
    np.testing.assert_allclose(found.elsewhere, (raw / limit) ** power, rtol=1e-6)


def test_the_power_grows_with_what_the_far_clips_get_wrong(said: LeftOut) -> None:
    distances = np.where(said.corpora == "far", 1.5, 0.5)
    right = LeftOut(
        4.0 * np.eye(len(LABELS))[said.labels], said.labels, said.speakers, said.corpora, said.folds
    )
    assert fit_power(said, distances, 1.0) > 3.0
    assert fit_power(right, distances, 1.0) == POWERS[0]


def test_selective_accuracy_rises_where_distance_finds_the_errors(said: LeftOut) -> None:
    distances = np.where(said.corpora == "far", 1.5, 0.5)
    table = selective.figures(said, distances, 1.0, "clips")
    alone, both = table["all"]["confidence"], table["all"]["confidence_and_distance"]
    assert both["aurc"] < alone["aurc"]
    assert both["accuracy"]["0.6"] == 1.0 > alone["accuracy"]["0.6"]
    assert both["accuracy"]["1"] == alone["accuracy"]["1"]
    assert table["far"]["beyond"] == 1.0
    assert table["far"]["accuracy_within"] is None
    assert table["near"]["accuracy_within"] == 1.0
    assert "| far | 300 | 1.00 |" in selective.markdown(table, "clips")


def test_every_speaker_is_measured_against_the_others(statistics: Statistics) -> None:
    folds = [
        frozenset(name for name in statistics.speakers if int(name[-1]) % 2 == odd)
        for odd in (0, 1)
    ]
    found = doubt.unheard_speakers(statistics, folds, (2.0, 1.0))
    assert found.shape == (CLIPS,)
    own = statistics.of_speakers(folds[0], left_out=False)
    alone = doubt.fit_distance(statistics, statistics.of_speakers(folds[0], left_out=True))
    wanted = alone(statistics.values[0, own]).numpy() / 2.0
    np.testing.assert_allclose(found[: len(own)], wanted, rtol=1e-5)


def test_the_graph_gives_the_same_distance_and_the_encoder_is_read_back(tmp_path) -> None:
    torch.manual_seed(0)
    encoder = Encoder().eval()
    round_weights(encoder)
    heads = [torch.nn.Linear(FEATURES, len(TRAINED_LABELS))]
    distance = Distance(torch.randn(200, FEATURES), doubt.DIRECTIONS)
    distance.set_scale(1.5, 2.0)
    model = VoiceModel(encoder, heads, {"distance": distance}).eval()
    path = tmp_path / model_files.GRAPH_NAME
    model_files.export_graph(model, path)
    pack_graph(path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    audio = np.random.default_rng(0).normal(0, 0.1, (2, 20_000)).astype(np.float32)
    with torch.no_grad():
        wanted = model(torch.from_numpy(audio))
        alone = VoiceModel(encoder, heads).eval()(torch.from_numpy(audio))[0]
    for found, tensor in zip(
        session.run(list(model.outputs), {"audio": audio}), wanted, strict=True
    ):
        np.testing.assert_allclose(found, tensor.numpy(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(wanted[0], alone)
    again = read_encoder(path)(torch.from_numpy(audio))
    torch.testing.assert_close(again, encoder(torch.from_numpy(audio)), atol=1e-4, rtol=1e-4)


def test_made_sounds_are_sounds_and_the_same_every_time() -> None:
    first, second = list(made_sounds(2)), list(made_sounds(2))
    assert [kind for kind, _ in first[::2]] == ["noise", "hum", "music", "sung vowels", "crying"]
    for (_, one), (_, two) in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)
        assert one.shape == (round(LENGTH_S * 16_000),)
        assert np.abs(one).max() == pytest.approx(0.4, abs=1e-3)
