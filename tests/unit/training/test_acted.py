"""Fusion, planted swaps and personal heads, on generated clips of six actors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from emoreport.records import DoubleArray
from emoreport.training.acted import fusion, personal, scores, swaps
from emoreport.training.acted.clips import PROSODY, ActedClips

EMOTIONS = ("anger", "happiness", "neutral")
ACTORS, TAKES = 6, 8


@pytest.fixture(scope="module")
def clips() -> ActedClips:
    """Face and voice each tell two of three emotions apart; each actor has a shift of his own."""
    rng = np.random.default_rng(0)
    actor = np.repeat(np.arange(ACTORS), len(EMOTIONS) * TAKES)
    classes = np.tile(np.repeat(np.arange(len(EMOTIONS)), TAKES), ACTORS)
    own = np.random.default_rng(7).choice([-1.0, 1.0], (ACTORS, 2))[actor]
    face = rng.normal(size=(len(classes), 4))
    voice = rng.normal(size=(len(classes), PROSODY + 3))
    face[:, 0] += 5.0 * (classes == 0) + own[:, 0]
    voice[:, -1] += 5.0 * (classes == 1) + own[:, 1]
    return ActedClips(
        names=tuple(f"{at:04d}" for at in range(len(classes))),
        emotions=EMOTIONS,
        classes=classes.astype(np.int64),
        speakers=np.array([f"A{number}" for number in actor]),
        seconds=np.full(len(classes), 4.0),
        voice=voice,
        face=face,
        heard=actor < 2,
    )


@pytest.fixture(scope="module", autouse=True)
def few_choices() -> Iterator[None]:
    """Fewer folds and penalties, to be quick."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("FOLDS", 3), ("INNER_FOLDS", 2), ("RIDGES", (0.03, 0.3))):
            patch.setattr(fusion, name, value)
        patch.setattr(personal, "HOLDS", (0.03, 0.3))
        patch.setattr(personal, "DRAWN", 2)
        patch.setattr(swaps, "TALKS", 4)
        yield


@pytest.fixture(scope="module")
def judged(clips: ActedClips, few_choices: None) -> dict[str, fusion.Judged]:
    return fusion.compare(clips)


def test_both_together_know_more_than_either(
    clips: ActedClips, judged: dict[str, fusion.Judged]
) -> None:
    found = fusion.figures(clips, judged)
    for name in ("early", "late, mean", "late, logarithms"):
        assert found[name]["gain"]["low"] > 0
        assert found[name]["better_single"] in {"face", "voice"}
    assert 0.5 < found["face"]["uar"]["value"] < 0.8
    assert set(found["face"]["chosen"]) <= {f"{ridge:g}" for ridge in fusion.RIDGES}


def test_nobody_is_judged_by_a_head_that_met_them(clips: ActedClips) -> None:
    """Labels that follow from who speaks alone cannot be known of somebody new."""
    number = np.array([int(name[1:]) for name in clips.speakers])
    voice = np.zeros_like(clips.voice)
    voice[np.arange(len(number)), number] = 1.0
    of_speaker = ActedClips(
        clips.names,
        ("even", "odd"),
        (number * 7 // 3 % 2).astype(np.int64),
        clips.speakers,
        clips.seconds,
        voice,
        np.zeros((len(number), 2)),
        clips.heard,
    )
    given = fusion.compare(of_speaker)["voice"].given
    assert scores.mean_recall(given, of_speaker.classes) < 0.6


def test_intervals_are_drawn_over_people() -> None:
    """Two people of whom one is always right and one never: anything between is possible."""
    classes = np.tile([0, 1], 50)
    hits = np.repeat([1.0, 0.0], 50)
    speakers = scores.Speakers(classes, np.repeat(["a", "b"], 50))
    assert speakers.recall(hits) == {"value": 0.5, "low": 0.0, "high": 1.0}
    same = speakers.difference(hits, hits)
    assert same == {"value": 0.0, "low": 0.0, "high": 0.0}


def sure(clips: ActedClips, right: float, seed: int) -> DoubleArray:
    rng = np.random.default_rng(seed)
    said = np.where(rng.uniform(size=len(clips.classes)) < right, clips.classes, 0)
    return 0.05 + 0.85 * np.eye(len(EMOTIONS))[said]


def test_planted_swaps_are_found(clips: ActedClips) -> None:
    found = swaps.figures(clips, sure(clips, 0.9, 1), sure(clips, 0.9, 2))
    half = found["0.5"]
    assert half["roc_auc"]["low"] > 0.8
    assert half["marked_swapped"]["low"] > half["marked_others"]["high"]
    assert found["0"]["verdicts"]["less"] == ACTORS * swaps.TALKS
    assert found["0"]["kappa"]["low"] > half["kappa"]["high"]
    assert found["1"]["verdicts"]["less"] == 0
    assert found["1"]["roc_auc"] is None


@pytest.mark.parametrize("share", swaps.SHARES)
def test_a_swapped_voice_is_of_another_emotion_of_the_same_actor(
    clips: ActedClips, share: float
) -> None:
    rng = np.random.default_rng(0)
    marks = np.column_stack((np.arange(len(clips.classes)), clips.classes)).astype(np.float64)
    talk = swaps.talk(clips, marks, marks, "A3", share, rng)
    assert talk.swapped.mean() == pytest.approx(share)
    assert set(clips.speakers[talk.voice[:, 0].astype(int)]) == {"A3"}
    moved = talk.face[:, 0] != talk.voice[:, 0]
    assert np.array_equal(moved, talk.swapped)
    assert np.all((talk.face[:, 1] != talk.voice[:, 1]) == talk.swapped)


def test_the_area_under_the_curve() -> None:
    assert swaps.ranked_above(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 1.0
    assert swaps.ranked_above(np.array([1.0, 1.0]), np.array([1.0])) == 0.5


def test_own_clips_help_a_speaker_with_a_shift_of_his_own(clips: ActedClips) -> None:
    sentences = [f"{at % 4}" for at in range(len(clips.names))]
    odd = np.array([int(name[1:]) % 2 for name in clips.speakers])
    noise = np.random.default_rng(0).normal(size=(len(odd), 3))
    found = personal.figures(
        clips, np.eye(3)[(clips.classes + odd) % 3] * 4 + noise, sentences, (3, 12)
    )
    assert found["12"]["gain"]["value"] > found["3"]["gain"]["value"] > -0.05
    assert found["12"]["gain"]["low"] > 0
    assert "gain" not in found["0"]


def test_tuning_clips_are_spread_over_the_emotions_and_halves_share_no_sentence() -> None:
    classes = np.repeat([0, 1, 2], 10)
    chosen = personal.chosen_for_tuning(np.arange(30), classes, 6, np.random.default_rng(0))
    assert np.bincount(classes[chosen]).tolist() == [2, 2, 2]
    half = personal.halves(["b", "a", "b", "c"])
    assert half[0] == half[2]
    assert set(half) == {0, 1}


def test_the_shift_test_errs_more_often_where_face_and_voice_share_their_bounds() -> None:
    shares = swaps.false_alarms(talks=150)
    assert shares["own"] < 0.1
    assert shares["common"] > shares["own"]
