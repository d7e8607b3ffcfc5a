"""Hysteresis and the exact choice of runs with a minimum length."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.rows.hysteresis import hysteresis_labels, label_runs


def followed(rows, hysteresis):
    starts, labels = hysteresis_labels([np.asarray(rows, dtype=float)], hysteresis)
    return list(zip(starts.tolist(), labels.tolist(), strict=True))


def test_the_first_label_is_the_most_probable_one():
    assert followed([[0.2, 0.5, 0.3]], 0.9) == [(0, 1)]


def test_a_small_lead_does_not_change_the_label():
    rows = [[0.6, 0.4], [0.49, 0.51], [0.47, 0.53], [0.6, 0.4]]
    assert followed(rows, 0.05) == [(0, 0), (2, 1), (3, 0)]
    assert followed(rows, 0.1) == [(0, 0)]


def test_without_hysteresis_the_leader_is_followed_and_a_draw_keeps_the_label():
    assert followed([[0.4, 0.6], [0.5, 0.5], [0.6, 0.4], [0.5, 0.5]], 0.0) == [(0, 1), (2, 0)]


def test_a_lead_of_just_the_hysteresis_is_not_enough_in_float32():
    rows = np.array([[0.6, 0.4], [0.475, 0.525]], dtype=np.float32)
    assert followed(rows, 0.05) == [(0, 0)]


def test_a_change_goes_to_the_leader_not_to_the_second():
    assert followed([[0.8, 0.1, 0.1], [0.1, 0.3, 0.6]], 0.1) == [(0, 0), (1, 2)]


@given(
    rows=st.lists(st.lists(st.integers(0, 20), min_size=3, max_size=3), min_size=1, max_size=30),
    hysteresis=st.sampled_from([0.0, 0.05, 0.2]),
)
def test_hysteresis_agrees_with_the_definition(rows, hysteresis):
    table = np.asarray(rows) / 20
    current, expected = int(np.argmax(table[0])), []
    for row in table:
        if row.max() - row[current] > hysteresis + 1e-6:
            current = int(np.argmax(row))
        expected.append(current)
    pairs = followed(table, hysteresis)
    for cut in (1, len(table) // 2):
        parts = [part for part in np.split(table, [cut]) if len(part)]
        starts, labels = hysteresis_labels(parts, hysteresis)
        assert list(zip(starts.tolist(), labels.tolist(), strict=True)) == pairs
    found = np.repeat(
        [label for _, label in pairs], np.diff([start for start, _ in pairs] + [len(rows)])
    )
    assert found.tolist() == expected


def runs(edges_s, scores, min_length_s):
    starts, labels = label_runs(
        np.asarray(edges_s, dtype=float), np.asarray(scores, dtype=float), min_length_s
    )
    return list(zip(starts.tolist(), labels.tolist(), strict=True))


def test_a_short_piece_joins_its_only_neighbour():
    assert runs([0, 1, 1.2], [[1, 0], [0, 0.2]], 0.5) == [(0, 0)]


def test_a_short_piece_goes_where_its_own_probability_is_higher():
    scores = [[1, 0, 0], [0.02, 0.03, 0.15], [0, 1, 0]]
    assert runs([0, 1, 1.2, 2.2], scores, 0.5) == [(0, 0), (1, 1)]


def test_flicker_becomes_one_run_of_the_label_with_most_evidence():
    edges_s = np.arange(9) * 0.1
    scores = [[0.06, 0.04, 0.0], [0.03, 0.07, 0.0]] * 4
    assert runs(edges_s, scores, 0.8) == [(0, 1)]


def test_short_pieces_of_one_drift_share_a_row_of_their_own():
    scores = [[1, 0, 0], [0, 0.3, 0], [0, 0.2, 0.1], [0, 0, 1]]
    assert runs([0, 1, 1.3, 1.6, 2.6], scores, 0.5) == [(0, 0), (1, 1), (3, 2)]


def test_a_whole_shorter_than_the_minimum_is_one_run():
    assert runs([0.1, 0.2, 0.3], [[0.1, 0], [0, 0.2]], 5.0) == [(0, 1)]
    assert 0.08 - (0.08 - 0.01) < 0.01, "bounds whose rounding puts the start out of reach"
    assert runs([0.01, 0.04, 0.08], [[0.1, 0], [0, 0.2]], 5.0) == [(0, 1)]


def brute_force(edges_s, scores, min_length_s):
    pieces, classes = scores.shape
    best = -np.inf
    for labels in product(range(classes), repeat=pieces):
        cuts = [0, *(i for i in range(1, pieces) if labels[i] != labels[i - 1]), pieces]
        if np.diff(edges_s[cuts]).min() >= min(min_length_s, edges_s[-1] - edges_s[0]) - 1e-9:
            best = max(best, scores[np.arange(pieces), labels].sum())
    return best


@given(
    steps=st.lists(st.integers(1, 8), min_size=1, max_size=6),
    seed=st.integers(0, 10_000),
    minimum=st.integers(0, 20),
)
def test_no_allowed_labelling_scores_higher(steps, seed, minimum):
    edges_s = np.cumsum([0, *steps]) / 8
    scores = np.random.default_rng(seed).integers(0, 10, (len(steps), 3)).astype(float)
    starts, labels = label_runs(edges_s, scores, minimum / 8)
    assert (np.diff(labels) != 0).all()
    lengths = np.diff(np.append(starts, len(steps)))
    chosen = np.repeat(labels, lengths)
    assert np.diff(edges_s[np.append(starts, len(steps))]).min() >= min(minimum / 8, edges_s[-1])
    assert scores[np.arange(len(steps)), chosen].sum() == pytest.approx(
        brute_force(edges_s, scores, minimum / 8)
    )
