"""Rows of modalities: what is in them, what agrees with what, and which changes first."""

from itertools import product

import numpy as np
import pytest

from emoreport.analysis import analyze_readings
from emoreport.analysis.mismatch.modalities import change_lag
from emoreport.records import Transcript
from emoreport.settings import Settings
from tests.fixtures.readings import face_track, recording, speech_track
from tests.fixtures.sequences import hard_sequence
from tests.fixtures.spoken import clauses, words_in

PAIRS = ("face_voice", "face_text", "voice_text")


def analysed(seconds=120, *, text=True, words=True, seed=0):
    """Face and text show the same, the voice is drawn."""
    rng = np.random.default_rng(seed)
    names = rng.choice(("anger", "happiness", "neutral"), seconds // 4).tolist()
    said = ["enthusiasm" if name == "happiness" else name for name in names]
    transcript = Transcript(words_in(len(names)), language="ru")
    heard = rng.choice(("anger", "happiness", "neutral"), seconds).tolist()
    return analyze_readings(
        face_track(*((name, 4) for name in names), peak=0.9),
        speech_track(heard, peak=0.95),
        recording(float(seconds)),
        Settings.from_values({"smoothing": 0.0}),
        transcript=transcript if words else None,
        text=clauses(said) if text else None,
    )


def by_name(result):
    return {(row.statistic, row.modalities): row for row in result.modality_statistics}


def test_without_words_there_are_no_rows():
    assert analysed(text=False, words=False).modality_statistics == ()


def test_words_without_a_text_model_show_the_talking_mouth_alone():
    found = analysed(text=False).modality_statistics
    assert {row.statistic for row in found} == {
        "in_speech",
        "at_open_vowels",
        "explained_by_speech",
    }
    assert all(row.emotion for row in found)


def test_every_pair_and_all_three_are_there_beside_chance():
    found = by_name(analysed())
    assert {*product(("agreement", "pair_kappa"), PAIRS)} <= found.keys()
    assert {*product(("departs",), ("face", "voice", "text"))} <= found.keys()
    same = found["agreement", "face_text"]
    assert same.value > 0.9 > same.expected
    assert same.p_value < 0.01
    assert found["agreement", "voice_text"].value < 0.6
    assert found["agreement", "all"].value <= found["agreement", "voice_text"].value + 0.05
    assert found["agreement", "all"].rows == found["fleiss_kappa", "all"].rows > 0
    assert found["krippendorff_alpha", "all"].seconds >= found["fleiss_kappa", "all"].seconds


def test_the_voice_is_the_one_that_departs():
    found = by_name(analysed(240))
    voice, face, text = (found["departs", name] for name in ("voice", "face", "text"))
    assert voice.value > 0.4
    assert max(face.value, text.value) < 0.1
    assert voice.rows > face.rows
    assert face.p_value < 0.05


def test_face_and_voice_agree_as_in_the_table_of_mismatch():
    result = analysed()
    pair = by_name(result)["pair_kappa", "face_voice"]
    kappa = next(
        row for row in result.mismatch_statistics if (row.statistic, row.scope) == ("kappa", "all")
    )
    assert (pair.value, pair.low, pair.high) == (kappa.value, kappa.low, kappa.high)


@pytest.mark.parametrize("delay_s", [1.5, -1.0])
def test_the_one_that_changes_first_is_found(delay_s):
    rng = np.random.default_rng(4)
    edges_s = np.concatenate(([0.0], np.cumsum(rng.uniform(2, 9, 110))))
    label = np.arange(110) % 3
    later_s = np.concatenate(([0.0], edges_s[1:-1] + delay_s, edges_s[-1:]))
    found = change_lag(hard_sequence(edges_s, label, 3), hard_sequence(later_s, label, 3))
    assert found.p_value <= 0.05
    assert found.lag_s == pytest.approx(delay_s, abs=0.2)


def test_changes_that_have_nothing_to_do_with_each_other_give_no_lag():
    rng = np.random.default_rng(7)
    sides = [
        hard_sequence(np.append(np.sort(rng.uniform(0, 590, 100)), 600.0), np.arange(100) % 3, 3)
        for _ in range(2)
    ]
    found = change_lag(*sides)
    assert found.lag_s is None
    assert found.p_value > 0.05
