"""Predictions for every frame are scored against labels, and nothing but frames that have both."""

import numpy as np
import pytest

from emoreport.corpora.errors import CorpusError
from emoreport.corpora.frame_scores import score_frames
from emoreport.corpora.tasks import AU, EXPR, VA


def codes(text):
    """Labels (frames, 1) of a word of digits; a dash is an unlabelled frame."""
    return np.array([[np.nan if sign == "-" else float(sign)] for sign in text])


def answers(text):
    table = np.full((len(text), 8), np.nan)
    for frame, sign in enumerate(text):
        if sign != "-":
            table[frame] = np.eye(8)[int(sign)]
    return table


def test_expressions_by_hand():
    scores = score_frames(
        EXPR,
        {"a": codes("0001-1"), "b": codes("44"), "c": codes("1")},
        {"a": answers("00111-"), "b": answers("440")},
    )
    # Judged: a has 0001 as 0011, b has 44 as 44. The unlabelled frame, the one without a prediction
    # and the one beyond the labels do not count.
    assert (scores.videos, scores.labelled, scores.judged, scores.missing) == (2, 8, 6, ("c",))
    assert scores.scores["accuracy"].value == pytest.approx(5 / 6)
    assert scores.scores["uar"].value == pytest.approx((2 / 3 + 1 + 1) / 3)
    assert scores.scores["macro_f1"].value == pytest.approx((4 / 5 + 2 / 3 + 1) / 3)
    assert "calibration_error" not in scores.scores  # answers alone have no confidence
    assert scores.by_column["Anger"]["frames"] == 1
    assert np.isnan(scores.by_column["Fear"]["f1"])
    assert scores.confusion["Neutral"]["Anger"] == 1
    assert list(scores.confusion) == ["Neutral", "Anger", "Happiness"]
    interval = scores.scores["accuracy"]
    assert (interval.low, interval.high) == (pytest.approx(3 / 4), 1.0)
    assert scores.document()["by_column"]["Fear"]["f1"] is None


def test_probabilities_have_a_calibration_error():
    found = np.full((4, 8), 0.4 / 7)
    found[:, 0] = 0.6
    scores = score_frames(EXPR, {"a": codes("0001")}, {"a": found})
    assert scores.scores["calibration_error"].value == pytest.approx(0.75 - 0.6)
    assert np.isnan(scores.scores["accuracy"].low)  # one file has no interval


def test_thresholds_of_action_units_are_those_of_the_other_half():
    truth = np.zeros((8, 12))
    truth[4:] = 1
    low, high = np.zeros((8, 12)), np.zeros((8, 12))
    low[:4], low[4:] = 0.05, 0.2
    high[:4], high[4:] = 0.6, 0.9
    scores = score_frames(AU, {"a": truth, "b": truth}, {"a": low, "b": high})
    fitted = scores.by_column["AU1"]
    assert scores.thresholds["AU1"] == (0.2, 0.65)
    # At a half: a finds nothing, b all: 4 hits, 4 missed, 4 too many.
    assert fitted["f1_at_half"] == pytest.approx(2 * 4 / (8 + 8))
    # a is judged at .65 (nothing), b at .2 (all): not better, and not flattered either.
    assert fitted["f1_at_fitted"] == pytest.approx(2 * 4 / (8 + 8))
    same = score_frames(AU, {"a": truth, "b": truth}, {"a": low, "b": low})
    assert same.by_column["AU1"]["f1_at_half"] == 0
    assert same.scores["mean_f1_at_fitted"].value == pytest.approx(1)


def test_thresholds_from_other_data_are_used_for_everybody():
    truth, found = np.zeros((8, 12)), np.full((8, 12), 0.6)
    truth[4:], found[4:] = 1, 0.8
    files = {"a": truth, "b": truth}, {"a": found, "b": found}
    scores = score_frames(AU, *files, thresholds=[0.7] * 11 + [0.9])
    assert scores.scores["mean_f1_at_fitted"].value == pytest.approx(11 / 12)
    assert scores.threshold("AU1", "a") == scores.threshold("AU1", "b") == 0.7
    assert scores.scores["mean_f1_at_half"].value == pytest.approx(2 / 3)
    alone = score_frames(AU, {"a": truth}, {"a": found}, thresholds=[0.7] * 12)
    assert alone.scores["mean_f1_at_fitted"].value == 1


def test_concordance_is_told_over_all_frames_and_by_file():
    rng = np.random.default_rng(0)
    truth = {name: rng.uniform(-1, 1, (50, 2)) for name in "ab"}
    shifted = {"a": truth["a"] * 1.0, "b": truth["b"] + [0.5, 0.0]}
    scores = score_frames(VA, truth, shifted).scores
    assert scores["ccc_arousal_pooled"].value == pytest.approx(1)
    variance = truth["b"][:, 0].var()
    alone = 2 * variance / (2 * variance + 0.25)
    assert scores["ccc_valence_by_video"].value == pytest.approx((1 + alone) / 2)
    assert scores["ccc_valence_pooled"].value < 1
    assert scores["ccc_mean_by_video"].value == pytest.approx((1 + (1 + alone) / 2) / 2)


def test_nothing_in_common_is_an_error():
    with pytest.raises(CorpusError, match="no labelled frame has a prediction"):
        score_frames(EXPR, {"a": codes("0")}, {"b": answers("0")})
    with pytest.raises(CorpusError, match="no labelled frame has a prediction"):
        score_frames(EXPR, {"a": codes("-")}, {"a": answers("0")})


def test_an_interval_draws_people_where_they_are_known():
    truth = {name: codes("0011") for name in "abcd"}
    found = {name: answers("0011" if name in "ab" else "1100") for name in "abcd"}
    alone = score_frames(EXPR, truth, found)
    assert alone.people == 4
    assert (alone.scores["accuracy"].low, alone.scores["accuracy"].high) == (0.0, 1.0)
    one = score_frames(EXPR, truth, found, dict.fromkeys("abcd", "Ann"))
    assert (one.people, one.videos) == (1, 4)
    assert np.isnan(one.scores["accuracy"].low)
    two = score_frames(EXPR, truth, found, {"a": "Ann", "c": "Ann", "b": "Bob", "d": "Bob"})
    assert (two.people, two.scores["accuracy"].low) == (2, 0.5)


def test_thresholds_are_never_fitted_on_the_people_that_they_judge():
    truth = np.zeros((8, 12))
    truth[4:] = 1
    low = np.where(truth > 0, 0.2, 0.05)
    scores = score_frames(AU, {"a": truth, "b": truth}, {"a": low, "b": low}, {"b": "a"})
    assert (scores.people, scores.thresholds, scores.second_half) == (1, {}, ())
    three = dict.fromkeys("abc", truth), {"a": low, "b": low * 3, "c": low}
    apart = score_frames(AU, *three, {"c": "a"})
    assert (apart.people, apart.second_half) == (2, ("b",))
    assert apart.thresholds["AU1"] == (0.2, 0.5)
    assert [apart.threshold("AU1", name) for name in "abc"] == [0.5, 0.2, 0.5]
    assert apart.scores["calibration_error"].value > 0


def test_a_file_that_is_drawn_twice_counts_twice():
    rng = np.random.default_rng(0)
    truth = {name: rng.uniform(-1, 1, (30, 2)) for name in "ab"}
    found = {"a": truth["a"], "b": -truth["b"] + 2 * truth["b"].mean(axis=0)}
    interval = score_frames(VA, truth, found).scores["ccc_mean_by_video"]
    assert interval.value == pytest.approx(0, abs=1e-9)
    assert (interval.low, interval.high) == (pytest.approx(-1), pytest.approx(1))
