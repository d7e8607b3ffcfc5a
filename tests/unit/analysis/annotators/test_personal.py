from __future__ import annotations

import numpy as np
import pytest

from emoreport.analysis.annotators.personal import CodedSteps, passages_of, prove
from emoreport.records import IntArray

RATE_HZ = 10.0


def talk(seconds: float, seed: int = 0, *, told: bool = True, hold: int = 40) -> CodedSteps:
    """Two emotions that change every few seconds; the universal model guesses."""
    rng = np.random.default_rng(seed)
    steps = int(seconds * RATE_HZ)
    classes = (np.arange(steps) // hold + rng.integers(2)) % 2
    rows = rng.normal(size=(steps, 5))
    rows[:, 0] += 3.0 * classes if told else 0.0
    guess = np.repeat(rng.uniform(size=steps // 10 + 1), 10)[:steps]
    return CodedSteps(
        np.arange(steps), rows.astype(np.float32), classes, np.column_stack((guess, 1 - guess))
    )


def test_a_gain_is_proved_over_held_out_passages() -> None:
    proof = prove([talk(200)], np.array([0, 1]), rate_hz=RATE_HZ, smoothing_s=1.0, gap_s=2.0)
    assert proof.reason is None
    assert proof.passages == 10
    assert proof.personal_accuracy > 0.9
    gain = proof.accuracy_gain
    assert gain.value == pytest.approx(proof.personal_accuracy - proof.universal_accuracy)
    assert gain.low is not None
    assert 0 < gain.low < gain.value


def test_features_that_tell_nothing_are_refused() -> None:
    proof = prove(
        [talk(200, told=False)], np.array([0, 1]), rate_hz=RATE_HZ, smoothing_s=1.0, gap_s=2.0
    )
    assert proof.reason == "no_gain"


def test_what_only_neighbours_share_is_not_learned() -> None:
    """Every stretch has a mark of its own: known from its other frames, of no use elsewhere."""
    source = talk(200, told=False, hold=10)
    stretch = np.arange(len(source.step)) // 200
    marks = np.eye(10, dtype=np.float32)[stretch] * 10
    slow = (stretch % 2).astype(np.int64)
    marked = CodedSteps(source.step, marks, slow, source.universal)
    proof = prove([marked], np.array([0, 1]), rate_hz=RATE_HZ, smoothing_s=1.0, gap_s=2.0)
    assert proof.personal_accuracy < 0.6


@pytest.mark.parametrize(
    ("seconds", "hold", "reason"), [(90, 40, "too_short"), (120, 10_000, "one_emotion")]
)
def test_what_cannot_be_judged_is_said(seconds: float, hold: int, reason: str) -> None:
    proof = prove(
        [talk(seconds, hold=hold)], np.array([0, 1]), rate_hz=RATE_HZ, smoothing_s=1.0, gap_s=2.0
    )
    assert proof.reason == reason
    assert np.isnan(proof.personal_accuracy)


def test_labels_that_the_universal_model_lacks_are_never_right_there() -> None:
    proof = prove([talk(200)], np.array([-1, -1]), rate_hz=RATE_HZ, smoothing_s=1.0, gap_s=2.0)
    assert proof.universal_accuracy == 0.0


def test_passages_are_unbroken_and_of_equal_length() -> None:
    step: IntArray = np.append(np.arange(40), np.arange(100, 160))
    passage = passages_of(step, 5)
    assert np.all(np.diff(passage) >= 0)
    assert np.bincount(passage).tolist() == [20] * 5
