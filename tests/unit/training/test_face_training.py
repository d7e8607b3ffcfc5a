"""The compact face model can be made again from archives of pictures and votes."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoreport.vocabulary import FERPLUS_ORDER

torch = pytest.importorskip("torch", reason="training needs the extra 'train'")
onnx = pytest.importorskip("onnx", reason="training needs the extra 'train'")

from emoreport.analysis.numeric.scores import calibration_error  # noqa: E402
from emoreport.training.face import augment  # noqa: E402
from emoreport.training.face.calibrate import (  # noqa: E402
    ALLOWED_LOSS,
    best_temperature,
    calibrate,
    class_offsets,
)
from emoreport.training.face.data import (  # noqa: E402
    EXCLUDED,
    LABELS,
    load_ferplus,
    load_posed,
    majority_labels,
    sampling_weights,
    soft_targets,
    split_inner,
)
from emoreport.training.face.graph import deployable  # noqa: E402
from emoreport.training.face.metrics import figures  # noqa: E402
from emoreport.training.face.model_files import (  # noqa: E402
    Form,
    run_graph,
    write_graph,
)
from emoreport.training.face.network import CompactFaceNet  # noqa: E402
from emoreport.training.face.optimise import orthogonalise  # noqa: E402
from emoreport.training.face.released import read_net  # noqa: E402
from emoreport.training.face.train import (  # noqa: E402
    Recipe,
    Trainer,
    predict,
    rate_factor,
    side_at,
)


def write_archive(path: Path, count: int, seed: int) -> None:
    """Write pictures whose bright bar stands where their class says, with noise."""
    rng = np.random.default_rng(seed)
    images = rng.integers(60, 120, (count, 48, 48)).astype(np.uint8)
    votes = np.zeros((count, len(FERPLUS_ORDER)), dtype=np.uint8)
    for index in range(count):
        column = index % len(LABELS)
        images[index, 6 * column : 6 * column + 6] = 240
        votes[index, column], votes[index, (column + 1) % len(LABELS)] = 8, 2
    votes[-1] = 0
    votes[-1, FERPLUS_ORDER.index("unknown")] = 10
    np.savez(path, images=images, votes=votes)


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fer")
    write_archive(folder / "ferplus_train.npz", 97, seed=1)
    write_archive(folder / "ferplus_valid.npz", 33, seed=2)
    return folder


def train_to(out, archives, *options):
    """Run the whole program in a process of its own, as users do; return what it printed."""
    command = [sys.executable, "-m", "emoreport.training.face"]
    places = ["--data", str(archives), "--out", str(out)]
    done = subprocess.run(
        [*command, *places, *options], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def trained_net():
    """A net whose norms are not at their start, so that fusing them is a real test."""
    torch.manual_seed(3)
    net = CompactFaceNet(stages=(16, 16, 32, 32), blocks=(1, 1, 1, 1))
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.2, 0.2)
    net.train()
    for _ in range(3):
        net(torch.rand(16, 1, 48, 48) * 255)
    return net.eval()


@pytest.fixture
def pictures():
    return np.random.default_rng(4).integers(0, 256, (19, 48, 48)).astype(np.uint8)


@pytest.fixture
def faces(pictures):
    return torch.from_numpy(pictures).unsqueeze(1).float()


def test_majority_follows_the_eight_emotions_and_leaves_out_the_unclear():
    votes = np.zeros((4, 10), dtype=np.int64)
    votes[0, FERPLUS_ORDER.index("contempt")] = 7
    votes[1, [FERPLUS_ORDER.index("sadness"), FERPLUS_ORDER.index("anger")]] = 5
    votes[2, FERPLUS_ORDER.index("unknown")] = 6
    votes[3, FERPLUS_ORDER.index("not-a-face")] = 6
    labels = majority_labels(votes)
    assert [LABELS[k] for k in labels[:2]] == ["contempt", "sadness"]
    assert labels[2:].tolist() == [EXCLUDED, EXCLUDED]


def test_soft_targets_are_distributions_without_slips():
    votes = np.zeros((3, 10), dtype=np.int64)
    votes[0, [FERPLUS_ORDER.index("fear"), FERPLUS_ORDER.index("surprise")]] = (6, 4)
    votes[1, [FERPLUS_ORDER.index("fear"), FERPLUS_ORDER.index("unknown")]] = (5, 5)
    votes[2, [FERPLUS_ORDER.index("fear"), FERPLUS_ORDER.index("anger")]] = (9, 1)
    targets, weights = soft_targets(votes)
    assert targets.sum(axis=1) == pytest.approx(1.0)
    assert targets[0, LABELS.index("fear")] == pytest.approx(0.6)
    assert targets[2, LABELS.index("fear")] == pytest.approx(1.0)
    assert weights.tolist() == pytest.approx([1.0, 0.5, 1.0])


def test_an_archive_of_another_shape_is_refused(tmp_path):
    path = tmp_path / "odd.npz"
    np.savez(path, images=np.zeros((3, 48, 48), np.uint8), votes=np.zeros((3, 7)))
    with pytest.raises(ValueError, match=r"expected \(3, 10\)"):
        load_ferplus(path)


def test_the_inner_split_is_stratified_disjoint_and_repeatable(archives):
    whole = load_ferplus(archives / "ferplus_train.npz")
    fitting, dev = split_inner(whole, 24, seed=5)
    again, _ = split_inner(whole, 24, seed=5)
    assert len(fitting) + len(dev) == len(whole)
    assert np.bincount(dev.labels, minlength=8).tolist() == [3] * 8
    assert (dev.labels != EXCLUDED).all()
    assert np.array_equal(fitting.images, again.images)


def test_rare_classes_are_drawn_more_often_but_not_alike(archives):
    whole = load_ferplus(archives / "ferplus_train.npz").labelled()
    uneven = whole.take(np.concatenate([np.flatnonzero(whole.labels == 0), [1]]))
    odds = sampling_weights(uneven, power=0.5)
    assert odds.sum() == pytest.approx(1.0)
    assert odds[-1] / odds[0] == pytest.approx(12**0.5)


def test_the_graph_computes_what_torch_computes(trained_net, pictures, tmp_path):
    bias = np.linspace(-0.5, 0.5, len(LABELS))
    ready = deployable(trained_net, bias)
    digest = write_graph(ready, tmp_path / "net.onnx")
    from_graph = run_graph(tmp_path / "net.onnx", pictures)
    assert digest == hashlib.sha256((tmp_path / "net.onnx").read_bytes()).hexdigest()
    assert from_graph == pytest.approx(predict(ready, pictures), abs=1e-4)
    # Half-precision kernels move the answers a little, and only a little.
    assert from_graph == pytest.approx(predict(trained_net, pictures) + bias, abs=2e-2)


def test_a_batch_answers_as_its_pictures_do_one_by_one(trained_net, pictures, tmp_path):
    path = tmp_path / "net.onnx"
    write_graph(deployable(trained_net, np.zeros(len(LABELS))), path)
    together = run_graph(path, pictures)
    alone = np.concatenate([run_graph(path, picture[None]) for picture in pictures])
    assert together.shape == (len(pictures), len(LABELS))
    assert together == pytest.approx(alone, abs=1e-5)


def test_a_flat_picture_gives_finite_logits(trained_net, tmp_path):
    path = tmp_path / "net.onnx"
    write_graph(deployable(trained_net, np.zeros(len(LABELS))), path)
    flat = np.stack([np.zeros((48, 48), np.uint8), np.full((48, 48), 255, np.uint8)])
    assert np.isfinite(run_graph(path, flat)).all()


def test_the_mirrored_form_averages_a_picture_and_its_mirror_image(trained_net, pictures, tmp_path):
    path = tmp_path / "net.onnx"
    ready = deployable(trained_net, np.zeros(len(LABELS)))
    write_graph(ready, path, Form(mirror=True, integers=False))
    mirrored = np.ascontiguousarray(pictures[:, :, ::-1])
    expected = (predict(ready, pictures) + predict(ready, mirrored)) / 2
    assert run_graph(path, pictures) == pytest.approx(expected, abs=1e-4)
    assert run_graph(path, mirrored) == pytest.approx(expected, abs=1e-4)


def test_integers_change_little_and_do_not_mix_pictures(trained_net, pictures, tmp_path):
    path = tmp_path / "net.onnx"
    ready = deployable(trained_net, np.zeros(len(LABELS)))
    write_graph(ready, path, Form(mirror=True, integers=True), pictures)
    answers = run_graph(path, pictures)
    alone = np.concatenate([run_graph(path, picture[None]) for picture in pictures])
    write_graph(ready, path, Form(mirror=True, integers=False))
    exact = run_graph(path, pictures)
    assert answers == pytest.approx(alone, abs=1e-5)
    assert np.abs(answers - exact).mean() < 0.1 * exact.std()


def test_integers_need_sample_pictures(trained_net, tmp_path):
    ready = deployable(trained_net, np.zeros(len(LABELS)))
    with pytest.raises(ValueError, match="sample pictures"):
        write_graph(ready, tmp_path / "net.onnx", Form(mirror=False, integers=True))


def test_a_run_from_archives_to_files_learns_and_describes_itself(archives, tmp_path):
    out = tmp_path / "weights"
    printed = train_to(out, archives, "--epochs", "2", "--batch", "32", "--dev-size", "16")
    metadata = json.loads((out / "face_compact.json").read_text(encoding="utf-8"))
    model = out / metadata["file"]
    assert metadata["sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert metadata["labels"] == list(LABELS)
    assert metadata["figures"]["ferplus_valid"]["count"] == 32
    assert metadata["training"]["recipe"]["seed"] == Recipe().seed
    assert metadata["training"]["start_sha256"] is None
    assert metadata["temperature"] > 0
    assert "ferplus_valid" in printed


def test_the_loss_falls_and_a_stored_state_is_taken_up(archives, tmp_path):
    fitting, _ = split_inner(load_ferplus(archives / "ferplus_train.npz"), 16, seed=5)
    recipe = Recipe(epochs=4, batch=32, sides_px=(32,))
    trainer = Trainer(recipe, fitting, half=False)
    losses = [trainer.run_epoch() for _ in range(3)]
    trainer.save(tmp_path / "state.pt")
    resumed = Trainer(recipe, fitting, half=False)
    resumed.load(tmp_path / "state.pt")
    assert losses[-1] < losses[0]
    assert (resumed.epoch, resumed.step) == (trainer.epoch, trainer.step)
    assert predict(resumed.average, fitting.images[:4]) == pytest.approx(
        predict(trainer.average, fitting.images[:4])
    )
    assert resumed.run_epoch() == pytest.approx(trainer.run_epoch(), rel=0.05)


def test_the_cycle_rises_falls_and_grows_the_pictures():
    recipe = Recipe(sides_px=(32, 48), warmup=0.1)
    assert rate_factor(0.0, recipe) < 0.1
    assert rate_factor(0.1, recipe) == pytest.approx(1.0)
    assert rate_factor(1.0, recipe) == pytest.approx(0.0)
    assert [side_at(p, recipe) for p in (0.0, 0.49, 0.5, 1.0)] == [32, 32, 48, 48]


def test_orthogonalised_matrices_have_singular_values_near_one():
    generator = torch.Generator().manual_seed(6)
    for shape in ((24, 60), (60, 24)):
        values = torch.linalg.svdvals(
            orthogonalise(torch.randn(shape, generator=generator)).float()
        )
        assert values.min() > 0.3
        assert values.max() < 1.4


def test_augmented_pictures_stay_pictures_and_repeat_with_the_seed(faces):
    labels = torch.full((len(faces),), LABELS.index("neutral"))
    every = {
        name: 1.0 for name in augment.Strength.__dataclass_fields__ if name.endswith("probability")
    }
    for strength in (augment.Strength(), replace(augment.Strength(), **every)):
        runs = [
            augment.Augmenter(strength, torch.Generator().manual_seed(8))(faces, labels, 40)
            for _ in range(2)
        ]
        assert runs[0].shape == (len(faces), 1, 40, 40)
        assert torch.isfinite(runs[0]).all()
        assert runs[0].min() >= 0
        assert runs[0].max() <= 255
        assert torch.equal(runs[0], runs[1])


def test_only_calm_faces_get_a_speaking_mouth(faces):
    strength = augment.Strength(mouth_probability=1.0)
    for name, speaks in (("neutral", True), ("surprise", False), ("happiness", False)):
        augmenter = augment.Augmenter(strength, torch.Generator().manual_seed(8))
        labels = torch.full((len(faces),), LABELS.index(name))
        assert torch.equal(augmenter._speak(faces, labels), faces) is not speaks


def test_warp_shows_what_another_crop_would_show():
    faces = torch.zeros(1, 1, 48, 48)
    faces[0, 0, 10:14, 30:34] = 255.0
    one, none = torch.ones(1), torch.zeros(1)
    moved = augment.warp(
        faces, 48, roll_deg=none, shift_x=0.25 * one, shift_y=none, scale_x=one, scale_y=one
    )
    mirrored = augment.warp(
        faces, 48, roll_deg=none, shift_x=none, shift_y=none, scale_x=-one, scale_y=one
    )
    assert torch.allclose(moved[0, 0, 10:14, 18:22], torch.full((4, 4), 255.0), atol=0.1)
    assert torch.allclose(mirrored, faces.flip(3), atol=0.1)


def test_a_turned_head_loses_its_far_side_and_keeps_its_middle():
    across = torch.linspace(-1, 1, 41).expand(2, 1, 41)
    right, left = augment.turned(across, torch.tensor([45.0, -45.0]))[:, 0]
    assert right[20] == pytest.approx(0, abs=1e-6)
    assert torch.all(right.diff() >= -1e-6)  # no part of the picture comes twice
    assert torch.allclose(right, -left.flip(0), atol=1e-5)
    # The side that turns away is squeezed, the other one widens.
    assert float(right[25] - right[20]) > 1.5 * float(right[20] - right[15])
    assert torch.allclose(augment.turned(across, torch.zeros(2)), across, atol=1e-3)


def test_figures_on_answers_known_by_hand():
    labels = np.array([0, 0, 0, 1])
    logits = np.full((4, 8), -20.0)
    logits[[0, 1, 2, 3], [0, 0, 1, 1]] = 20.0
    result = figures(logits, labels)
    assert result.accuracy == pytest.approx(0.75)
    assert result.macro_recall == pytest.approx((2 / 3 + 1) / 2)
    assert result.ece == pytest.approx(0.25, abs=1e-6)


def test_calibration_error_weighs_bins_by_their_size():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    labels = np.array([0, 0, 0, 1])
    assert calibration_error(probabilities, labels) == pytest.approx(0.1)


def test_temperature_finds_the_sharpness_of_the_data():
    rng = np.random.default_rng(9)
    logits = rng.normal(0, 2, (4000, 8))
    powers = np.exp(logits / 1.7)
    cumulative = (powers / powers.sum(axis=1, keepdims=True)).cumsum(axis=1)
    labels = (rng.random((4000, 1)) > cumulative).sum(axis=1).clip(0, 7)
    assert best_temperature(logits, labels) == pytest.approx(1.7, abs=0.12)


def biased_answers(rng: np.random.Generator, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Answers of a net that leans to its frequent class 5 and so misses class 1."""
    labels = np.where(rng.random(3000) < share, 5, 1)
    logits = rng.normal(0, 1.5, (3000, 8)) - 6.0
    logits[np.arange(3000), labels] += 6.0
    logits[:, 5] += 4.5
    return logits, labels


def test_offsets_help_rare_classes_within_the_allowed_loss():
    rng = np.random.default_rng(10)
    home, balanced = biased_answers(rng, 0.9), biased_answers(rng, 0.2)
    plain = figures(*home)
    plan = calibrate(home)
    adjusted = figures(home[0] + plan.bias, home[1])
    assert plan.share < 1
    assert plan.bias[1] > plan.bias[5]
    assert adjusted.macro_recall > plain.macro_recall
    assert adjusted.accuracy >= plain.accuracy - ALLOWED_LOSS
    offset = figures(balanced[0] + plan.bias, balanced[1])
    assert offset.macro_recall > figures(*balanced).macro_recall


def test_offsets_are_the_best_and_leave_balanced_data_alone():
    rng = np.random.default_rng(11)
    logits = rng.normal(0, 2, (8000, 8))
    powers = np.exp(logits)
    cumulative = (powers / powers.sum(axis=1, keepdims=True)).cumsum(axis=1)
    labels = (rng.random((8000, 1)) > cumulative).sum(axis=1).clip(0, 7)
    shifted = logits - np.linspace(-1, 1, 8)
    found = class_offsets((shifted, labels), share=1.0)
    assert found == pytest.approx(np.linspace(-1, 1, 8), abs=0.12)
    assert found.sum() == pytest.approx(0, abs=1e-9)


def test_no_offsets_where_they_cost_too_much():
    home = biased_answers(np.random.default_rng(12), 0.9)
    plan = calibrate(home, shares=(0.0,), allowed_loss=-1.0)
    assert plan.share == 1.0
    assert not plan.bias.any()


def test_moved_views_are_a_lower_and_a_higher_crop(trained_net, tmp_path):
    ready = deployable(trained_net, np.zeros(len(LABELS)))
    # Grey around the face, so that moving its rows leaves mean and variance as they are.
    pictures = np.full((3, 48, 48), 100, np.uint8)
    pictures[:, 12:36, 12:36] = np.random.default_rng(6).integers(0, 256, (3, 24, 24))
    form = Form(mirror=True, integers=False, rows_px=(4, -3))
    write_graph(ready, tmp_path / "moved.onnx", form)
    lower, higher = np.roll(pictures, -4, axis=1), np.roll(pictures, 3, axis=1)
    expected = (predict(ready, lower) + predict(ready, higher[:, :, ::-1].copy())) / 2
    assert run_graph(tmp_path / "moved.onnx", pictures) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("integers", [False, True])
def test_the_net_of_a_released_graph_answers_as_the_graph_does(
    trained_net, pictures, tmp_path, integers
):
    path = tmp_path / "released.onnx"
    net = CompactFaceNet().eval()
    torch.manual_seed(3)
    for layer in net.modules():  # new residual blocks do nothing yet
        if isinstance(layer, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(layer.weight, 0.5, 1.0)
    ready = deployable(net, np.linspace(-0.5, 0.5, len(LABELS)))
    write_graph(ready, path, Form(mirror=False, integers=integers), pictures)
    faces = torch.from_numpy(pictures).unsqueeze(1).float()
    again = read_net(path, faces, dropout=0.1)
    assert predict(again, pictures) == pytest.approx(
        run_graph(path, pictures), abs=0.1 if integers else 1e-4
    )
    assert not torch.equal(again.stem.norm.running_mean, torch.zeros(32))


def test_a_graph_of_another_net_is_refused(trained_net, pictures, tmp_path):
    path = tmp_path / "small.onnx"
    small = CompactFaceNet(stages=(16, 16, 32, 32), blocks=(1, 1, 1, 1)).eval()
    write_graph(deployable(small, np.zeros(len(LABELS))), path)
    with pytest.raises(ValueError, match="convolutions, expected"):
        read_net(path, torch.from_numpy(pictures).unsqueeze(1).float(), dropout=0.1)


def write_posed(path: Path) -> Path:
    """Write 40 noisy faces of ten people."""
    rng = np.random.default_rng(8)
    images = rng.integers(0, 256, (40, 48, 48)).astype(np.uint8)
    names, people = np.array(LABELS)[np.arange(40) % 8], np.array(list("abcdefghij") * 4)
    np.savez(path, images=images, labels=names, subjects=people)
    return path


@pytest.mark.parametrize("fifth", range(5))
def test_a_fifth_of_the_posed_people_is_left_out(tmp_path, fifth):
    fitted, left_out = load_posed(write_posed(tmp_path / "posed.npz"), fifth)
    assert (len(fitted), len(left_out)) == (32, 8)
    with np.load(tmp_path / "posed.npz") as archive:
        people, images = archive["subjects"], archive["images"]
    expected = np.isin(people, ["abcdefghij"[fifth], "abcdefghij"[fifth + 5]])
    assert np.array_equal(left_out.images, images[expected])
    assert np.array_equal(fitted.images, images[~expected])


def test_posed_faces_are_drawn_as_often_as_the_recipe_says(archives, tmp_path):
    everyday = load_ferplus(archives / "ferplus_train.npz")
    posed, _ = load_posed(write_posed(tmp_path / "posed.npz"))
    trainer = Trainer(replace(Recipe(), posed_often=3.0, batch=8), everyday, posed)
    drawn = torch.bincount(
        torch.cat([batch for _ in range(20) for batch in trainer._batches()]),
        minlength=len(everyday) + len(posed),
    )
    assert float(drawn[len(everyday) :].sum()) / 20 / len(posed) == pytest.approx(3.0, rel=0.1)
    assert float(drawn[: len(everyday)].sum()) / 20 / len(everyday) == pytest.approx(1, rel=0.1)


def test_training_goes_on_from_a_released_graph_with_posed_faces(archives, tmp_path):
    weights, start = tmp_path / "weights", tmp_path / "start.onnx"
    write_graph(deployable(CompactFaceNet().eval(), np.zeros(len(LABELS))), start)
    posed = write_posed(tmp_path / "posed.npz")
    options = ["--dev-size", "16", "--epochs", "1", "--batch", "16"]
    options += ["--posed", str(posed), "--fifth", "1", "--start", str(start), "--rate", "0.5"]
    options += ["--cross-validate", "--checkpoint", str(tmp_path / "state.pt")]
    train_to(weights, archives, *options)
    metadata = json.loads((weights / "face_compact.json").read_text(encoding="utf-8"))
    assert metadata["figures"]["posed_people_left_out"]["count"] == 8
    assert metadata["figures"]["posed_people_left_out_by_turns"]["count"] == 40
    assert sorted(path.name for path in weights.iterdir() if path.is_dir()) == [
        f"fifth_{fifth}" for fifth in (0, 2, 3, 4)
    ]
    training = metadata["training"]
    assert training["start_sha256"] == hashlib.sha256(start.read_bytes()).hexdigest()
    assert training["recipe"]["kernel_rate"] == Recipe().kernel_rate * 0.5
    assert training["recipe"]["sides_px"] == [48]
    assert "32 posed faces" in training["data"]
    assert "CK+" in training["terms"]
