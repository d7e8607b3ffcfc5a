"""Rows whose evidence is too thin become uncertain, and nothing else changes."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.mismatch.comparison import compare_intervals, mismatches
from emoreport.analysis.rows.abstention import (
    FACE_RULES,
    VOICE_RULES,
    abstain_faces,
    abstain_voices,
    judged_time,
)
from emoreport.analysis.rows.evidence import FrameEvidence, voice_evidence
from emoreport.analysis.rows.firmness import with_evidence
from emoreport.analysis.rows.segmentation import segment_faces
from emoreport.analysis.rows.voice import audio_intervals
from emoreport.analysis.transitions.chains import unbroken_chains
from emoreport.results import FaceEvidence, VoiceEvidence
from emoreport.settings import AnalysisSettings, SpeechSettings
from emoreport.vocabulary import ABSTENTION_LEVELS, EMOTIONS, NO_FACE, UNCERTAIN, is_emotion
from tests.fixtures.readings import VOICE_LABELS, audio_rows, random_readings, video_rows
from tests.fixtures.results import with_each

FINE_FACE = FaceEvidence(
    face_coverage=1.0,
    mean_score=0.95,
    worst_score=0.9,
    face_px=160.0,
    yaw_deg=5.0,
    pitch_deg=5.0,
    sharpness=200.0,
    relative_sharpness=1.0,
    frame_entropy=0.3,
    entropy=0.4,
    margin=0.5,
    head_turn=0.3,
    distance=0.6,
)
FINE_VOICE = VoiceEvidence(
    speech_s=2.0, window_speech_s=2.5, snr_db=20.0, clipping=0.0, entropy=0.6, margin=0.3
)
BAD = {  # evidence: (bad at strict only, bad at both levels)
    "face_coverage": (0.6, 0.4),
    "mean_score": (0.65, 0.55),
    "face_px": (30.0, 20.0),
    "head_turn": (0.8, 1.1),
    "relative_sharpness": (0.15, 0.05),
    "entropy": (0.8, 0.95),
    "margin": (0.1, -0.1),
    "of_shortest": (None, 0.9),
    "distance": (0.95, 1.01),
    "contradiction": (None, 0.01),
}
BAD_VOICE = {
    "window_speech_s": (0.7, 0.4),
    "snr_db": (7.0, 3.0),
    "clipping": (0.05, 0.2),
    "entropy": (0.9, 0.97),
    "margin": (0.1, 0.01),
    "distance": (0.95, 1.01),
    "firm_leading_share": (0.6, 0.4),
    "contradiction": (None, 0.01),
}

CODES = {
    "contradiction": "witnesses_disagree",
    "distance": "unlike_training",
    "head_turn": "head_turned",
    "of_shortest": "short_shot",
    "firm_leading_share": "voice_changes_within",
}
"""Reasons that are not called as the evidence is."""


def face(**values):
    return dataclasses.replace(FINE_FACE, **values)


def reasons_of(rows):
    return tuple(row.reasons for row in rows)


@pytest.mark.parametrize("level", ABSTENTION_LEVELS)
def test_good_evidence_keeps_every_label(level):
    rows = with_each(video_rows(("fear", 1), ("anger", 1)), evidence=[FINE_FACE] * 2)
    assert abstain_faces(rows, level) == rows


@pytest.mark.parametrize(("code", "values"), BAD.items())
def test_each_rule_of_the_face_hits_at_its_level(code, values):
    rows = video_rows(("fear", 1))
    for value, hit in zip(values, ({"strict"}, {"normal", "strict"}), strict=True):
        if value is None:
            continue
        for level in ABSTENTION_LEVELS:
            (found,) = abstain_faces(with_each(rows, evidence=[face(**{code: value})]), level)
            assert found.reasons == ((CODES.get(code, code),) if level in hit else ())
            assert (found.emotion == UNCERTAIN) == (level in hit)


@pytest.mark.parametrize(("code", "values"), BAD_VOICE.items())
def test_each_rule_of_the_voice_hits_at_its_level(code, values):
    rows = audio_rows(("fear", 1))
    for value, hit in zip(values, ({"strict"}, {"normal", "strict"}), strict=True):
        if value is None:
            continue
        for level in ABSTENTION_LEVELS:
            evidence = dataclasses.replace(FINE_VOICE, **{code: value})
            (found,) = abstain_voices(with_each(rows, evidence=[evidence]), level)
            assert found.reasons == ((CODES.get(code, code),) if level in hit else ())
            assert (found.emotion == UNCERTAIN) == (level in hit)


def test_every_rule_is_tested_and_strict_is_stricter():
    assert [rule.evidence for rule in FACE_RULES] == list(BAD)
    assert [rule.evidence for rule in VOICE_RULES] == list(BAD_VOICE)
    for rule in (*FACE_RULES, *VOICE_RULES):
        assert rule.why
        assert rule.reason == CODES.get(rule.evidence, rule.evidence)
        if rule.normal != rule.strict:
            assert (rule.strict > rule.normal) == (rule.side == "below")


def test_a_value_at_the_limit_is_enough():
    rows = with_each(video_rows(("fear", 1)), evidence=[face(face_coverage=0.5, head_turn=1.0)])
    assert abstain_faces(rows) == rows


def test_unknown_evidence_hits_no_rule():
    unknown = FaceEvidence(1.0, *(None,) * 12)
    for evidence in (unknown, None):
        rows = with_each(video_rows(("fear", 1)), evidence=[evidence])
        assert abstain_faces(rows, "strict") == rows


def test_an_uncertain_row_keeps_only_what_was_counted():
    row = dataclasses.replace(video_rows(("fear", 2))[0], valence=0.5, arousal=0.5)
    evidence = face(face_px=8.0)
    (found,) = abstain_faces(with_each([row], evidence=[evidence]))
    assert (found.evidence, found.reasons) == (evidence, ("face_px",))
    assert (found.span, found.face_coverage, found.frames) == (row.span, 1.0, 50)
    assert found.emotion == UNCERTAIN
    assert (found.confidence, found.distribution, found.valence, found.arousal) == (None,) * 4


def test_uncertain_neighbours_become_one_row_with_all_reasons():
    rows = video_rows(("fear", 1), ("anger", 3), ("sadness", 1), ("no_face", 1), ("fear", 1))
    thin = [face(margin=0.0), face(face_px=8.0), FINE_FACE, face(face_px=8.0), face(face_px=8.0)]
    rows = (dataclasses.replace(rows[0], face_coverage=0.6), *rows[1:])
    found = abstain_faces(with_each(rows, evidence=thin))
    assert [row.emotion for row in found] == [UNCERTAIN, "sadness", NO_FACE, UNCERTAIN]
    assert reasons_of(found) == (("face_px", "margin"), (), (), ("face_px",))
    joined = found[0]
    assert joined.evidence is None
    assert (joined.span.start_s, joined.span.end_s, joined.frames) == (0.0, 4.0, 100)
    assert joined.face_coverage == pytest.approx((0.6 + 3.0) / 4)


def test_a_row_that_was_uncertain_before_has_no_reason_of_ours():
    rows = audio_rows(("uncertain", 1), ("no_speech", 1), ("fear", 1))
    bad = dataclasses.replace(FINE_VOICE, snr_db=-5.0)
    rows = with_each(rows, evidence=[bad] * 3)
    found = abstain_voices(rows)
    assert reasons_of(found) == ((), (), ("snr_db",))
    assert found[:2] == rows[:2]
    last = found[2]
    assert (last.emotion, last.confidence, last.distribution) == (UNCERTAIN, None, None)
    assert (last.span, last.speech_s) == (rows[2].span, rows[2].speech_s)


def test_how_much_was_judged_on():
    found = judged_time(video_rows(("fear", 3), ("uncertain", 1), ("no_face", 2)))
    assert (found.emotion_s, found.uncertain_s, found.share) == (3, 1, 0.75)
    assert judged_time(video_rows(("no_face", 2))).share is None


@st.composite
def judged(draw):
    names = draw(st.lists(st.sampled_from([*EMOTIONS, NO_FACE]), min_size=1, max_size=12))
    names = [name for place, name in enumerate(names) if not place or names[place - 1] != name]
    rows = video_rows(*[(name, draw(st.integers(1, 16)) / 4) for name in names])
    values = st.fixed_dictionaries(
        {code: st.sampled_from([getattr(FINE_FACE, code), *bad]) for code, bad in BAD.items()}
    )
    return with_each(rows, evidence=[face(**draw(values)) for _ in rows])


@given(judged(), st.sampled_from(ABSTENTION_LEVELS))
def test_rows_still_tile_and_neighbours_differ(rows, level):
    found = abstain_faces(rows, level)
    assert found[0].span.start_s == rows[0].span.start_s
    assert found[-1].span.end_s == rows[-1].span.end_s
    for one, other in pairwise(found):
        assert one.span.end_s == other.span.start_s
        assert one.emotion != other.emotion
    assert sum(row.frames for row in found) == sum(row.frames for row in rows)
    assert all((row.emotion == UNCERTAIN) == bool(row.reasons) for row in found)
    kept = [row for row in found if row.emotion != UNCERTAIN]
    assert all(row in rows for row in kept)


@given(judged())
def test_stricter_levels_judge_on_less(rows):
    judged_s = [judged_time(abstain_faces(rows, level)) for level in ABSTENTION_LEVELS]
    assert abstain_faces(rows, "off") == rows
    assert judged_s[0].emotion_s >= judged_s[1].emotion_s >= judged_s[2].emotion_s


@pytest.mark.parametrize("level", ["normal", "strict"])
def test_uncertain_rows_make_no_mismatch_no_severity_and_no_transition(level):
    faces, speech = random_readings(120.0, seed=5)
    video = segment_faces(faces, 120.0, AnalysisSettings())
    faces.box[::2] *= np.float32(0.05)
    judged_rows = abstain_faces(with_evidence(FrameEvidence(faces, 120.0), video), level)
    audio = audio_intervals(speech, [row.span for row in judged_rows], SpeechSettings())
    voices = abstain_voices(with_each(audio, evidence=voice_evidence(speech, audio)), level)
    rows = compare_intervals(judged_rows, voices, EMOTIONS, VOICE_LABELS)
    assert mismatches(rows)
    doubtful = [row for row in rows if UNCERTAIN in {row.video_emotion, row.audio_emotion}]
    assert doubtful
    assert all((row.match, row.severity) == (None, None) for row in doubtful)
    chains = unbroken_chains(judged_rows)
    emotions = [is_emotion(row.emotion) for row in judged_rows]
    assert int(chains.linked.sum()) == sum(one and other for one, other in pairwise(emotions))
