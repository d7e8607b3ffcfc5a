"""The doubt of a face model: distance in its graph, limits of the head, figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra 'train'")
onnx = pytest.importorskip("onnx", reason="training needs the extra 'train'")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from emoreport.models.families.compact import CompactFaceModel  # noqa: E402
from emoreport.models.store.model_metadata import read_metadata  # noqa: E402
from emoreport.training.answers import precisions  # noqa: E402
from emoreport.training.face import doubt  # noqa: E402
from emoreport.training.face.add_doubt import add_doubt, unlabelled  # noqa: E402
from emoreport.training.face.data import LABELS, FerSet  # noqa: E402
from emoreport.training.face.graph import build_graph, deployable  # noqa: E402
from emoreport.training.face.network import CompactFaceNet  # noqa: E402
from emoreport.training.face.turns import KEPT, TURNS_DEG, head_limits  # noqa: E402

COUNT = 240
TEMPERATURE = 0.8


def bars(count: int, seed: int) -> FerSet:
    """Pictures with a bright bar whose place tells the class, on noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(LABELS), count)
    images = rng.integers(60, 90, (count, 48, 48)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:, 6 * label : 6 * label + 5] = 220
    targets = np.eye(len(LABELS), dtype=np.float32)[labels]
    return FerSet(images, targets, labels.astype(np.int64), np.ones(count, np.float32))


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    """A graph of the shipped form with random weights."""
    torch.manual_seed(3)
    net = CompactFaceNet().eval()
    return build_graph(deployable(net, np.zeros(len(LABELS))), mirror=True, rows_px=(4, -3))[0]


@pytest.fixture(scope="module")
def distance(model):
    left_out = {"home": bars(90, 1), "elsewhere": bars(40, 2)}
    return doubt.fit_doubt(model, bars(COUNT, 0), left_out, TEMPERATURE)


def outputs(model: onnx.ModelProto, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    logits, away = session.run(["logits", "distance"], {"face": images[:, None].astype(np.float32)})
    return logits, away


def test_the_graph_gives_the_distance_of_torch_and_keeps_its_logits(model, distance) -> None:
    pictures = bars(9, 5)
    whole = doubt.with_distance(model, distance)
    said = doubt.Reader(whole).read({"": pictures})
    logits, away = outputs(whole, pictures.images)
    np.testing.assert_allclose(away, doubt.distances(distance, said), rtol=1e-3)
    np.testing.assert_allclose(logits, said.logits, atol=1e-5)
    alone = [outputs(whole, pictures.images[k : k + 1])[1][0] for k in range(9)]
    np.testing.assert_allclose(away, alone, rtol=1e-3)


def test_what_is_no_such_picture_is_farther(model, distance) -> None:
    whole = doubt.with_distance(model, distance)
    noise = np.random.default_rng(0).integers(0, 256, (30, 48, 48)).astype(np.uint8)
    flat = np.full((1, 48, 48), 128, np.uint8)
    own = outputs(whole, bars(60, 6).images)[1]
    assert np.quantile(own, 0.9) < 1.5
    assert outputs(whole, noise)[1].min() > np.quantile(own, 0.95)
    assert np.isfinite(outputs(whole, flat)[1]).all()


def test_a_distance_is_replaced_and_taken_away_whole(model, distance) -> None:
    once = doubt.with_distance(model, distance)
    assert doubt.with_distance(once, distance) == once
    assert doubt.without_distance(once) == model


def test_limits_lie_where_two_thirds_of_the_recall_are_left() -> None:
    def rows(recalls):
        return {str(10 * k): {"macro_recall": recall} for k, recall in enumerate(recalls)}

    assert head_limits({"yaw_deg": rows([0.9, 0.9, 0.7, 0.5])}) == {"yaw_deg": 25.0}
    assert head_limits({"yaw_deg": rows([0.9, 0.9, 0.8])}) == {"yaw_deg": 20.0}
    assert pytest.approx(0.6 / 0.9) == KEPT


def test_precision_counts_every_corpus_alike() -> None:
    said = doubt.Read(
        logits=np.eye(3)[[0, 0, 0, 0, 1]],
        features=np.zeros((5, 1), np.float32),
        labels=np.array([0, 0, 0, 1, 3]),
        corpora=np.array(["a", "a", "a", "b", "b"]),
    )
    # Three right of corpus a weigh 1/6 each, one wrong of corpus b 1/2; z was not to be named.
    assert precisions(said, ("x", "y", "z")) == {"x": {"right": 0.5, "said": 4}}


def test_a_finished_model_gets_its_doubt(model, tmp_path: Path) -> None:
    source, out = tmp_path / "model", tmp_path / "out"
    source.mkdir()
    onnx.save(model, source / "face_compact.onnx")
    described = {
        "name": "tiny",
        "kind": "face",
        "version": "1",
        "licence": "none",
        "file": "face_compact.onnx",
        "sha256": "",
        "labels": list(LABELS),
        "input": {"name": "face", "width_px": 48},
        "output": {"name": "logits"},
        "temperature": TEMPERATURE,
        "crop": {"scale": 1.0, "shift_x": 0.0, "shift_y": 0.0, "align_roll": False},
        "figures": {"kept": 1},
    }
    (source / "face_compact.json").write_text(json.dumps(described), encoding="utf-8")
    parts = {"fitted": bars(COUNT, 0), "inner_dev": bars(90, 1), "ferplus_valid": bars(60, 3)}
    noise = np.random.default_rng(0).integers(0, 256, (10, 48, 48)).astype(np.uint8)
    told = add_doubt(source, parts, {"noise": noise}, out)
    assert told["doubt"]["distance"]["scale_set_by"] == {"inner_dev": 90}
    assert set(told["doubt"]["head"]) == set(TURNS_DEG)
    figures = told["figures"]
    assert figures["kept"] == 1
    assert figures["strange"]["noise"]["beyond"] == 1.0
    assert figures["selective"]["all"]["pictures"] == 60
    assert list(figures["turned"]["yaw_deg"]) == ["0", *map(str, TURNS_DEG["yaw_deg"])]
    assert sum(row["said"] for row in figures["precision"]["classes"].values()) == 60

    opened = CompactFaceModel(read_metadata(out / "face_compact.json", "face", remedy=""))
    pictures = (*noise[:2], parts["fitted"].images[0])
    crops = [np.repeat(image[:, :, None], 3, axis=2) for image in pictures]
    scores = opened.predict(crops)
    assert list(scores.extra) == ["distance"]
    assert (scores.extra["distance"][:2] > 1.0).all()
    assert scores.extra["distance"][2] < 1.5


def test_pictures_without_a_label_are_not_judged() -> None:
    assert len(unlabelled(np.zeros((2, 48, 48), np.uint8)).labelled()) == 0
