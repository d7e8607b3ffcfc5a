"""Block bootstrap: arithmetic by hand and by differences, then coverage on simulated talks."""

import dataclasses
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreport.analysis.mismatch.agreement import (
    NO_OVERLAP,
    NO_SHARED_LABELS,
    TOO_SHORT,
    agreement,
)
from emoreport.analysis.mismatch.bootstrap import (
    CLUSTERED,
    DEPENDENT,
    FIGURES,
    Intervals,
    binned_sums,
    block_bootstrap,
    figures,
    gradients,
)
from emoreport.analysis.rows.sequences import MISSING, join
from tests.fixtures.sequences import halved, random_sequence, renamed, sequence
from tests.fixtures.talks import Design
from tests.fixtures.validity import covered, hard_joint, joints, true_figures


@given(st.integers(0, 2**32 - 1))
def test_the_sums_give_the_same_figures_as_the_talk(seed):
    rng = np.random.default_rng(seed)
    joint = join(random_sequence(rng, 61.5, 20), random_sequence(rng, 61.5, 14))
    sums, expected = binned_sums(joint)
    measured = agreement(joint)
    found = figures(sums.sum(axis=0), 4, expected)
    assert found == pytest.approx([getattr(measured, name) for name in FIGURES])


def test_bins_hold_the_seconds_that_lie_in_them():
    joint = join(sequence((0, 1.5), (1, 1.5)), sequence((0, 2), (None, 1)))
    sums, _ = binned_sums(joint)
    assert sums[:, 0].tolist() == [1, 1, 0]
    assert sums[:, 1].tolist() == [1, 0.5, 0]
    assert sums[:, 2:5].tolist() == [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 0]]
    assert sums[:, 5:8].tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 0]]
    assert sums[:, -2].tolist() == [0, 0.5, 0]


def test_the_slopes_are_the_derivatives():
    rng = np.random.default_rng(6)
    joint = join(random_sequence(rng, 100, 40), random_sequence(rng, 100, 30))
    sums, expected = binned_sums(joint)
    total = sums.sum(axis=0)
    slopes = gradients(total, 4, expected)
    for column in range(len(total)):
        step = np.zeros(len(total))
        step[column] = 1e-5 * max(1.0, total[column])
        rise = figures(total + step, 4, expected) - figures(total - step, 4, expected)
        assert slopes[:, column] == pytest.approx(rise / (2 * step[column]), abs=1e-7)


def lively(rng, pieces, length_s=4.0):
    return sequence(*((int(code), length_s) for code in rng.integers(0, 3, pieces)))


def test_the_interval_holds_the_figure_and_narrows_with_length():
    rng = np.random.default_rng(7)
    widths = []
    for pieces in (120, 1200):
        joint = join(lively(rng, pieces), lively(rng, pieces))
        found, measured = block_bootstrap(joint, draws=499), agreement(joint)
        for name in FIGURES:
            low, high = getattr(found, name)
            assert low < getattr(measured, name) < high
        widths.append(found.kappa[1] - found.kappa[0])
    assert widths[1] == pytest.approx(widths[0] / np.sqrt(10), rel=0.5)


def test_the_same_seed_gives_the_same_interval_and_another_nearly_so():
    rng = np.random.default_rng(8)
    joint = join(lively(rng, 120), lively(rng, 120))
    first, again = block_bootstrap(joint, seed=1), block_bootstrap(joint, seed=1)
    other = block_bootstrap(joint, seed=2)
    assert first == again
    assert first.kappa != other.kappa
    assert first.kappa == pytest.approx(other.kappa, abs=0.05)


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.permutations(range(4)))
def test_names_order_and_cuts_change_no_interval(seed, order):
    rng = np.random.default_rng(seed)
    face, voice = random_sequence(rng, 900, 270), random_sequence(rng, 900, 360)
    found = pytest.approx(bounds(join(face, voice)), abs=1e-8)
    assert bounds(join(voice, face)) == found
    assert bounds(join(halved(face), voice)) == found
    assert bounds(join(renamed(face, order), renamed(voice, order))) == found


def bounds(joint):
    found = block_bootstrap(joint, draws=99)
    return [bound for name in FIGURES for bound in getattr(found, name)]


@pytest.mark.parametrize(
    ("face", "voice", "reason"),
    [
        (sequence((0, 300), labels=1), sequence((0, 300), labels=1), NO_SHARED_LABELS),
        (sequence((0, 200), (None, 200)), sequence((None, 200), (1, 200)), NO_OVERLAP),
        (sequence((0, 160), (1, 269)), sequence((0, 150), (1, 279)), TOO_SHORT),
        # Two labels, each for minutes: one change in all is no sample of changes.
        (sequence((0, 300), (1, 300)), sequence((0, 200), (1, 400)), DEPENDENT),
    ],
)
def test_where_there_is_too_little_there_is_no_interval(face, voice, reason):
    assert block_bootstrap(join(face, voice), draws=99) == Intervals(reason=reason)


def test_a_talk_that_can_only_be_compared_at_its_start_has_no_interval():
    rng = np.random.default_rng(10)
    joint = join(lively(rng, 120), lively(rng, 120))
    assert block_bootstrap(joint, draws=99).kappa is not None
    silence = sequence((None, 4320))
    face, voice = (
        dataclasses.replace(
            side,
            edges_s=np.append(side.edges_s, 4800.0),
            label=np.append(side.label, MISSING),
            distribution=np.concatenate((side.distribution, silence.distribution)),
        )
        for side in (joint.face, joint.voice)
    )
    assert block_bootstrap(join(face, voice), draws=99).reason == CLUSTERED


def test_a_figure_that_is_not_defined_has_no_interval_but_the_others_do():
    rng = np.random.default_rng(9)
    found = block_bootstrap(join(sequence((0, 480)), lively(rng, 120)), draws=99)
    assert (found.kappa, found.severity_kappa) == (None, None)
    assert found.disagreement is not None
    assert found.ac1 is not None


def test_labels_that_never_change_have_no_interval_of_no_width():
    found = block_bootstrap(join(sequence((0, 480)), sequence((0, 480))), draws=99)
    assert set(astuple(found)[:5]) == {None}
    assert found.reason == "one_label"


def test_a_voice_that_always_differs_has_no_interval_of_no_width():
    face = lively(np.random.default_rng(11), 120)
    found = block_bootstrap(join(face, renamed(face, [1, 2, 0])), draws=99)
    assert (found.disagreement, found.severity) == (None, None)
    assert found.kappa is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    "design",
    [
        pytest.param(Design(), id="independent"),
        pytest.param(Design(coupling=0.6), id="agreeing"),
        pytest.param(Design(coupling=0.5, errors=False), id="long stretches of agreement"),
    ],
)
def test_intervals_cover_the_true_figures(design):
    for share, _, given_ in covered(design, true_figures(design), 600.0, 500, hard_joint).values():
        assert given_ >= 460
        # 95 % with the error of 500 talks: 3 standard errors are 2.9 points.
        assert 0.92 <= share <= 0.98


def test_the_true_figures_are_those_of_a_long_talk():
    design = Design(coupling=0.6)
    long = agreement(next(iter(joints(design, 200_000.0, 1, hard_joint, seed=31))))
    true = true_figures(design)
    for name in FIGURES:
        assert getattr(long, name) == pytest.approx(true[name], abs=0.01)
