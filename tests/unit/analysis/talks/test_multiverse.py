"""Conclusions under many settings: agreement with the main analysis, and shares by hand."""

import dataclasses
from itertools import product

import numpy as np
import pytest

from emoreport.analysis import analyze_readings
from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.analysis.rows.witnesses import witness_track
from emoreport.analysis.talks.conclusions import (
    DEPARTS,
    DOMINANT_EMOTION,
    JOINT_VERDICT,
    KAPPA_FACE_TEXT_SIGN,
    KAPPA_SIGN,
    KAPPA_VOICE_TEXT_SIGN,
    MISMATCH_VERDICT,
    TRANSITION_RATE,
    Setting,
    Universe,
    conclusions,
)
from emoreport.analysis.talks.multiverse import Multiverse, grid, same_effect
from emoreport.records import Transcript
from emoreport.results import MismatchFigure
from emoreport.settings import Settings
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.readings import face_track, random_readings, recording, speech_track
from tests.fixtures.results import with_witness
from tests.fixtures.spoken import clauses, wandering_words, words_in
from tests.fixtures.stored import wandering_talk

DURATION_S = 240.0
VOICES = ("anger", "fear", "happiness", "neutral", "sadness")
DUSHA = ("anger", "neutral", "positive", "sadness")
SETTING = Setting(1.0, 0.5, "normal", "default")
WORDS_SAID = {KAPPA_FACE_TEXT_SIGN, KAPPA_VOICE_TEXT_SIGN, JOINT_VERDICT, DEPARTS}
BRIDGES = {"default": DEFAULT_BRIDGE, "identity": Bridge.from_mapping({})}


def over(faces, speech, *arguments):
    return Multiverse({"": faces}, {"": speech}, *arguments)


def universe(**values):
    return Universe(SETTING, **values)


def by_name(own, universes):
    return {entry.conclusion: entry for entry in conclusions(own, universes)}


@pytest.mark.parametrize(
    "setting",
    [
        SETTING,
        Setting(0.0, 0.25, "off", "default"),
        Setting(2.0, 2.0, "strict", "identity"),
        Setting(0.5, 1.0, "normal", "identity"),
    ],
    ids=str,
)
@pytest.mark.parametrize("wandering", [True, False])
def test_a_setting_gives_what_the_main_analysis_gives_under_it(setting, wandering):
    if wandering:
        faces, speech = wandering_talk(DURATION_S, voice_labels=DUSHA)
    else:
        faces, speech = random_readings(DURATION_S, seed=2)
    settings = Settings.from_values(
        {
            "smoothing": setting.smoothing_s,
            "min_interval": setting.min_interval_s,
            "abstention": setting.abstention,
        }
    )
    bridge = BRIDGES[setting.bridge]
    summary = analyze_readings(faces, speech, recording(DURATION_S), settings, bridge).summary
    found = over(faces, speech, DURATION_S, Settings(), BRIDGES).look(setting)
    assert found.dominant_emotion == summary.dominant_video_emotion
    assert found.transitions == summary.transitions
    assert found.emotion_s == pytest.approx(summary.emotion_s)
    assert found.transitions_per_minute == pytest.approx(summary.transitions_per_emotion_minute)
    assert found.mismatch == summary.mismatch
    assert found.kappa == summary.kappa


@pytest.mark.parametrize(
    "setting",
    [SETTING, Setting(0.0, 2.0, "strict", "identity"), Setting(2.0, 0.5, "off", "default")],
    ids=str,
)
@pytest.mark.parametrize("follows", [True, False])
def test_words_are_held_against_face_and_voice_as_in_the_table_of_modalities(setting, follows):
    faces, speech = wandering_talk(DURATION_S)
    if follows:
        rng, shown = np.random.default_rng(0), ("anger", "neutral", "sadness")
        names = rng.choice(shown, 60).tolist()
        faces = face_track(*((name, 4) for name in names), peak=0.9)
        heard = [name if rng.uniform() < 0.5 else rng.choice(shown) for name in np.repeat(names, 4)]
        speech = speech_track(heard, peak=0.95)
        transcript, text = Transcript(words_in(60)), clauses(names)
    else:
        transcript, text = wandering_words(DURATION_S)
    settings = Settings.from_values(
        {
            "smoothing": setting.smoothing_s,
            "min_interval": setting.min_interval_s,
            "abstention": setting.abstention,
        }
    )
    arguments = (settings, BRIDGES[setting.bridge])
    whole = analyze_readings(
        faces, speech, recording(DURATION_S), *arguments, transcript=transcript, text=text
    )
    table = {(row.statistic, row.modalities): row for row in whole.modality_statistics}
    multiverse = over(faces, speech, DURATION_S, Settings(), BRIDGES, transcript, text)
    found = multiverse.look(setting).words
    assert found.kappa_face_text == table["pair_kappa", "face_text"].value
    assert found.kappa_voice_text == table["pair_kappa", "voice_text"].value
    same = table["agreement", "all"]
    assert (found.joint_share, found.joint_expected) == (same.value, same.expected)
    assert found.joint_p == same.p_value
    assert found.fleiss_kappa == table["fleiss_kappa", "all"].value
    shares = {name: table["departs", name].value for name in ("face", "voice", "text")}
    if follows:
        assert (found.verdict, found.departs) == ("more", "voice")
        assert max(shares, key=shares.get) == "voice"
    else:
        assert found.departs is None


def test_conclusions_about_words_are_drawn_where_there_are_words_only():
    faces, speech = wandering_talk(DURATION_S)
    silent = over(faces, speech, DURATION_S, Settings(), BRIDGES).look(SETTING)
    assert silent.words is None
    assert WORDS_SAID.isdisjoint(by_name(silent, [silent]))
    transcript, text = wandering_words(DURATION_S)
    unread = over(faces, speech, DURATION_S, Settings(), BRIDGES, transcript, None).look(SETTING)
    assert unread.words is None
    said = over(faces, speech, DURATION_S, Settings(), BRIDGES, transcript, text).look(SETTING)
    entries = by_name(said, [said, dataclasses.replace(said, words=None)])
    assert entries.keys() >= WORDS_SAID
    kappa = entries["kappa_face_text_sign"]
    assert (kappa.value, kappa.low, kappa.high) == (
        said.words.face_text_sign,
        said.words.kappa_face_text,
        said.words.kappa_face_text,
    )
    assert (kappa.settings, kappa.agreeing, kappa.unknown) == (2, 1, 1)
    assert entries["joint_agreement_against_chance"].median == said.words.fleiss_kappa
    lost = Universe(SETTING, failure="it broke")
    assert by_name(lost, [lost, said])["departs"].value is None


def test_the_witness_leads_as_if_it_had_been_the_first_model():
    faces, speech = wandering_talk(DURATION_S, voice_labels=DUSHA)
    faces, speech = with_witness(faces, EMOTIONS[:7], seed=4), with_witness(speech, VOICES, seed=5)
    faces_by = {"first": faces, "second": witness_track(faces)}
    speech_by = {"first": speech, "second": witness_track(speech)}
    multiverse = Multiverse(faces_by, speech_by, DURATION_S, Settings(), BRIDGES)
    for face, voice in product(faces_by, speech_by):
        for name, bridge in BRIDGES.items():
            led = analyze_readings(
                faces_by[face],
                speech_by[voice],
                recording(DURATION_S),
                Settings(),
                bridge,
            ).summary
            setting = dataclasses.replace(SETTING, bridge=name, face_model=face, speech_model=voice)
            found = multiverse.look(setting)
            assert found.transitions == led.transitions
            assert found.emotion_s == pytest.approx(led.emotion_s)
            assert (found.kappa, found.mismatch) == (led.kappa, led.mismatch)


def test_what_was_worked_out_before_changes_nothing():
    faces, speech = wandering_talk(DURATION_S, voice_labels=DUSHA)
    settings = grid((0.0, 1.0), (0.5,), ("off", "strict"), tuple(BRIDGES))
    shared = over(faces, speech, DURATION_S, Settings(), BRIDGES)
    for setting in settings:
        alone = over(faces, speech, DURATION_S, Settings(), BRIDGES)
        assert shared.look(setting) == alone.look(setting)


def test_a_talk_without_a_face_concludes_nothing():
    faces, speech = face_track((None, 20.0)), speech_track(["anger"] * 18)
    found = over(faces, speech, 20.0, Settings(), BRIDGES).look(SETTING)
    assert found.dominant_emotion is None
    assert found.transitions_per_minute is None
    assert found.kappa_sign is None
    assert found.verdict == "not_enough_data"
    entries = by_name(found, [found])
    assert entries[DOMINANT_EMOTION].share is None
    assert entries[DOMINANT_EMOTION].unknown == 1
    assert entries[TRANSITION_RATE].low is None


def test_of_equally_long_emotions_the_first_is_dominant():
    faces = face_track(("sadness", 4.0), ("anger", 4.0), ("sadness", 1.0), ("anger", 1.0))
    still = dataclasses.replace(SETTING, smoothing_s=0.0)
    found = over(faces, speech_track([]), 10.0, Settings(), BRIDGES).look(still)
    assert (found.dominant_emotion, found.dominant_share) == ("anger", pytest.approx(0.5))
    assert found.transitions == 3
    assert found.transitions_per_minute == pytest.approx(18.0)


def test_the_grid_holds_every_combination_once():
    settings = grid((0.0, 1.0, 0.0), (0.5,), ("off", "normal"), ("default", "identity"))
    assert len(settings) == len(set(settings)) == 8
    assert Setting(1.0, 0.5, "off", "identity") in settings


def test_shares_by_hand():
    own = universe(dominant_emotion="neutral", mismatch=MismatchFigure(verdict="less"), kappa=0.2)
    others = [
        own,
        universe(dominant_emotion="anger", mismatch=MismatchFigure(verdict="less"), kappa=0.0),
        universe(
            dominant_emotion="anger", mismatch=MismatchFigure(verdict="not_enough_data"), kappa=-0.1
        ),
        universe(mismatch=MismatchFigure(verdict="less")),
        universe(failure="ValueError: no"),
    ]
    entries = by_name(own, others)
    dominant = entries[DOMINANT_EMOTION]
    assert (dominant.settings, dominant.agreeing, dominant.unknown) == (4, 1, 1)
    assert dominant.share == 0.25
    assert dominant.counts == (("anger", 2), ("neutral", 1))
    assert entries[MISMATCH_VERDICT].share == 0.75
    sign = entries[KAPPA_SIGN]
    assert (sign.value, sign.share) == ("positive", 0.25)
    assert set(sign.counts) == {("positive", 1), ("zero", 1), ("negative", 1)}
    assert (sign.low, sign.median, sign.high) == (-0.1, 0.0, 0.2)


def test_a_rate_agrees_inside_the_interval_of_the_run_and_is_typical_in_the_middle_half():
    own = universe(transitions_per_minute=10.0, rate_low=8.0, rate_high=13.0)
    rates = [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 13.5]
    others = [universe(transitions_per_minute=rate) for rate in rates]
    entry = by_name(own, others)[TRANSITION_RATE]
    assert (entry.agreeing, entry.settings) == (3, 7)
    assert (entry.low, entry.median, entry.high) == (2.0, 8.0, 13.5)
    assert entry.typical is True
    far = universe(transitions_per_minute=12.0, rate_low=9.0, rate_high=15.0)
    assert by_name(far, others)[TRANSITION_RATE].typical is False


def test_a_run_whose_own_setting_failed_has_no_share():
    entries = by_name(universe(failure="ValueError: no"), [universe(dominant_emotion="anger")])
    assert {entry.share for entry in entries.values()} == {None}
    assert entries[DOMINANT_EMOTION].counts == (("anger", 1),)


def test_bridges_are_the_same_where_these_labels_do_not_tell_them_apart():
    face, eight = ("anger", "happiness"), ("anger", "happiness")
    assert same_effect(BRIDGES["default"], BRIDGES["identity"], [(face, eight)])
    assert not same_effect(BRIDGES["default"], BRIDGES["identity"], [(face, ("anger", "positive"))])
    renamed = Bridge.from_mapping({"happiness": "positive"})
    assert same_effect(BRIDGES["default"], renamed, [(face, ("anger", "positive"))])
