"""Windows, losses, networks: masks, borders, and known defects of the systems before this."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra 'train'")

from emoreport.training.heads.data import Recording  # noqa: E402
from emoreport.training.heads.export import check_export, example, export_head  # noqa: E402
from emoreport.training.heads.networks import (  # noqa: E402
    AnsweringHead,
    FrameAttention,
    HeadNetwork,
    Stat,
    tcn_channels,
)
from emoreport.training.heads.recipe import ARCHITECTURES, POOLING, Recipe  # noqa: E402
from emoreport.training.heads.windows import (  # noqa: E402
    batch_of,
    concordance,
    label_weights,
    labels_of_windows,
    loss_of,
    usable_steps,
    windows_of,
)

TINY = Recipe(
    modalities=("face",), window_s=1.0, hop_s=0.7, width=8, tcn_width=16, attention_heads=2
)
BOTH = replace(TINY, modalities=("face", "voice"))


def recording(name, steps, labels=None, width=3):
    values = np.full((steps, width), float(ord(name)), np.float16)
    told = np.zeros((steps, 1)) if labels is None else labels
    return Recording(name, name, {"face": values}, told, np.zeros(0, np.int64), told)


def network(recipe, width=3, outputs=4):
    torch.manual_seed(0)
    scale = (np.zeros(width, np.float32), np.ones(width, np.float32))
    return HeadNetwork(recipe, dict.fromkeys(recipe.modalities, scale), outputs)


def test_no_window_reaches_over_the_end_of_a_recording():
    windows = windows_of([recording("a", 25), recording("b", 4), recording("c", 10)], TINY)
    spans = [(one.recording.name, one.start, one.end) for one in windows]
    assert spans == [
        *(("a", 0, 10), ("a", 7, 17), ("a", 14, 24), ("a", 15, 25)),
        *(("b", 0, 4), ("c", 0, 10)),
    ]
    (face, seen), _ = batch_of(windows, TINY)
    inside = [row[mask > 0].ravel().tolist() for row, mask in zip(face, seen, strict=True)]
    assert [len(set(values)) for values in inside] == [1] * 6
    assert seen[4].tolist() == [1] * 4 + [0] * 6


def test_steps_without_label_or_features_stay_and_cost_nothing():
    labels = np.ones((10, 1))
    labels[3:6] = np.nan
    one = recording("a", 10, labels)
    one.features["face"][7] = np.nan
    assert np.flatnonzero(~usable_steps(one, ("face",))).tolist() == [3, 4, 5, 7]
    (face, seen), told = batch_of(windows_of([one], TINY), TINY)
    assert face.shape == (1, 10, 3)
    assert seen[0].tolist() == [1] * 7 + [0] + [1] * 2
    assert torch.isnan(told[0, :, 0]).nonzero().ravel().tolist() == [3, 4, 5, 7]
    weights, logits = torch.ones(2), torch.zeros(1, 10, 2)
    before = loss_of("expr", logits, told, weights)
    logits[0, [3, 4, 5, 7]] = torch.tensor([9.0, -9.0])
    assert loss_of("expr", logits, told, weights) == before


def test_windows_without_any_label_are_left_out():
    labels = np.full((20, 1), np.nan)
    labels[15:] = 1
    assert [one.start for one in windows_of([recording("a", 20, labels)], TINY)] == [7, 10]


def test_the_loss_of_classes_is_of_logits():
    """A softmax before the cross-entropy would leave at least log(1 + 1/e) for two classes."""
    logits = torch.tensor([[[20.0, -20.0]]])
    assert loss_of("expr", logits, torch.zeros(1, 1, 1), torch.ones(2)) < 1e-6


def test_rare_classes_weigh_more():
    labels = np.array([[0.0]] * 6 + [[1.0]] * 3 + [[np.nan]])
    weights = label_weights("expr", windows_of([recording("a", 10, labels)], TINY), 3)
    assert weights.tolist() == pytest.approx([0.75, 1.5, 0.0])
    units = np.array([[1.0, 0.0]] * 2 + [[0.0, 0.0]] * 8)
    weights = label_weights("au", windows_of([recording("a", 10, units)], TINY), 2)
    assert weights[:, 0].tolist() == pytest.approx([0.5 / 0.8, 0.5 / 0.2])
    assert torch.isfinite(weights).all()


def test_concordance_is_lins():
    predicted, truth = torch.rand(50, 2), torch.rand(50, 2)
    assert concordance(truth, truth).tolist() == pytest.approx([1, 1], abs=1e-5)
    for column in range(2):
        x, y = predicted[:, column].numpy(), truth[:, column].numpy()
        covariance = np.cov(x, y, bias=True)[0, 1]
        by_hand = 2 * covariance / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)
        assert float(concordance(predicted, truth)[column]) == pytest.approx(by_hand, abs=1e-5)


def test_a_window_has_the_label_of_most_of_its_steps():
    labels = torch.tensor([[[2.0], [1.0], [2.0], [float("nan")]]])
    assert labels_of_windows("clips", labels, 3).tolist() == [[[2.0]]]
    values = torch.tensor([[[0.2, 0.4], [0.4, 0.8], [float("nan")] * 2]])
    assert labels_of_windows("va", values, 2)[0, 0].tolist() == pytest.approx([0.3, 0.6])
    units = torch.tensor([[[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]])
    assert labels_of_windows("au", units, 2).tolist() == [[[1.0, 0.0]]]


def test_channels_are_those_of_the_published_network_where_there_is_room():
    assert tcn_channels(1280, 1280) == [1280, 512, 256, 128]
    assert tcn_channels(9, 256) == [8, 8, 8, 8]


def test_convolutions_look_back_only():
    net = network(replace(TINY, architecture="tcn")).eval()
    values, there = torch.randn(1, 60, 3), torch.ones(1, 60)
    before = net(values, there)

    def moved_by(step):
        changed = values.clone()
        changed[:, step] += 1
        return ((net(changed, there) - before).abs().sum(dim=-1)[0] > 1e-7).nonzero().ravel()

    assert moved_by(40).tolist() == [*range(40, 60)]
    assert moved_by(0).max() == 30  # 31 steps in all


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_an_answer_depends_on_its_own_window_only(kind):
    net = network(replace(BOTH, architecture=kind)).eval()
    inputs = [torch.from_numpy(each) for each in example({"face": 3, "voice": 3}, 3, 12).values()]
    together = net(*inputs)
    for row in range(3):
        alone = net(*(each[row : row + 1] for each in inputs))
        assert torch.allclose(alone[0], together[row], atol=1e-5)
    padded = [torch.cat([each, torch.zeros_like(each[:, :5])], dim=1) for each in inputs]
    longer = net(*padded)  # steps without anything, as short recordings have them in a batch
    longer = longer if kind in POOLING else longer[:, :12]
    assert torch.allclose(longer, together, atol=1e-5)


@pytest.mark.parametrize("kind", ["transformer", "tcn-transformer"])
def test_attention_runs_over_time_and_knows_the_order(kind):
    net = network(replace(TINY, architecture=kind)).eval()
    values, there = torch.randn(1, 12, 3), torch.ones(1, 12)
    before = net(values, there)
    changed = values.clone()
    changed[:, 8] += 1
    moved = (net(changed, there) - before).abs().sum(dim=-1)[0] > 1e-7
    assert moved[:8].all()  # earlier steps see later ones
    turned = net(values.flip(1), there).flip(1)
    assert not torch.allclose(turned, before, atol=1e-4)


def test_pooling_is_that_of_the_formulas():
    values, there = torch.randn(2, 6, 4), torch.ones(2, 6)
    there[:, 4:] = 0
    told = Stat(4)(values, there)
    assert told.shape == (2, 9)
    assert torch.allclose(told[:, :4], values[:, :4].mean(dim=1), atol=1e-6)
    assert torch.allclose(told[:, 4:8], values[:, :4].std(dim=1, unbiased=False), atol=1e-5)
    mean = values[:, :4].mean(dim=1, keepdim=True).expand(-1, 4, -1)
    for with_mean in (False, True):
        pool = FrameAttention(4, with_mean=with_mean)
        looked_at = torch.cat([values[:, :4], mean], dim=-1) if with_mean else values[:, :4]
        weights = torch.softmax(looked_at @ pool.query.weight[0], dim=1)
        by_hand = (looked_at * weights.unsqueeze(-1)).sum(dim=1)
        assert torch.allclose(pool(values, there), by_hand, atol=1e-6)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_the_exported_graph_answers_as_torch(tmp_path, kind, late):
    recipe = replace(BOTH, architecture=kind)
    each = [replace(recipe, modalities=(name,)) for name in recipe.modalities]
    networks = [network(own) for own in (each if late else [recipe])]
    head = AnsweringHead(networks, "expr", face_weight=0.3, whole_windows=kind in POOLING)
    widths = {"face": 3, "voice": 3}
    export_head(head, widths, tmp_path / "head.onnx")
    assert check_export(head, widths, tmp_path / "head.onnx") < 1e-5
    assert b"site-packages" not in (tmp_path / "head.onnx").read_bytes()


def test_late_fusion_listens_to_what_is_there():
    networks = [network(replace(TINY, modalities=(name,))) for name in ("face", "voice")]
    with torch.no_grad():
        for own, bias in zip(networks, ([9.0, 0, 0, 0], [0, 9.0, 0, 0]), strict=True):
            own.body.out.weight.zero_()
            own.body.out.bias.copy_(torch.tensor(bias))
    head = AnsweringHead(networks, "expr", face_weight=0.7)
    seen, heard = torch.tensor([[1.0, 1, 0]]), torch.tensor([[1.0, 0, 1]])
    answer = head(torch.zeros(1, 3, 3), seen, torch.zeros(1, 3, 3), heard)[0]
    assert answer[:, 0].tolist() == pytest.approx([0.7, 1, 0], abs=1e-3)
    assert answer[:, 1].tolist() == pytest.approx([0.3, 0, 1], abs=1e-3)
