"""What the stage adds to the rows: evidence, dimensions, z-scores and the lists of numbers."""

import dataclasses

import numpy as np
import pytest

from emoreport.analysis import analyze_readings
from emoreport.analysis.rows.abstention import usable_windows
from emoreport.analysis.rows.bridge import Bridge
from emoreport.analysis.rows.evidence import FrameEvidence
from emoreport.analysis.rows.firmness import firm_faces
from emoreport.analysis.rows.segmentation import segment_faces
from emoreport.settings import AnalysisSettings, Settings
from tests.fixtures.readings import VOICE_LABELS, face_track, recording, speech_track, track_of


def wandering(changes, seed=1):
    """Stretches of three emotions in no regular order, each 3 to 11 seconds long."""
    generator = np.random.default_rng(seed)
    names, found = ("anger", "happiness", "neutral"), []
    for _ in range(changes):
        others = [name for name in names if not found or name != found[-1][0]]
        found.append((str(generator.choice(others)), int(generator.integers(3, 12))))
    return found


LONG = wandering(80)
LONG_S = sum(seconds for _, seconds in LONG)


def analysed(faces, speech, duration_s, bridge=None, **values):
    settings = Settings().replace(**values)
    return analyze_readings(faces, speech, recording(duration_s), settings, bridge or Bridge())


def voice_like(stretches, peak=0.9):
    """Windows, one a second, that say what the face says."""
    names = [name for name, seconds in stretches for _ in range(seconds)]
    return speech_track(names[:-2], speech=[(0, len(names))], peak=peak)


def by_name(statistics, **wanted):
    """Entries with these fields; scope ``all`` unless it is asked for."""
    wanted = {"scope": "all", "setting": None} | wanted
    return [
        entry
        for entry in statistics
        if all(getattr(entry, name) == value for name, value in wanted.items())
    ]


@pytest.fixture(scope="module")
def talk():
    return analysed(face_track(*LONG, peak=0.9), voice_like(LONG), float(LONG_S))


def test_every_row_has_its_evidence(talk):
    assert all(row.evidence is not None for row in (*talk.video_intervals, *talk.audio_intervals))
    first = talk.video_intervals[0].evidence
    assert first.face_px == pytest.approx(120)
    assert first.mean_score == pytest.approx(0.95)
    assert first.margin == pytest.approx(0.9 - 0.1 / 7, abs=0.03)
    assert talk.video_intervals[0].reasons == ()


def test_a_face_that_is_too_small_is_uncertain_and_says_why():
    faces = face_track(("happiness", 4), ("neutral", 4), peak=0.9)
    small = dataclasses.replace(faces, box=np.full_like(faces.box, 20.0))
    found = analysed(small, speech_track(["happiness"] * 6), 8.0)
    (row,) = found.video_intervals
    assert (row.emotion, row.confidence, row.distribution) == ("uncertain", None, None)
    assert row.span.duration_s == 8.0
    assert row.reasons == ("face_px",)
    assert row.evidence.face_px == pytest.approx(20.0)
    assert found.transitions == ()
    assert found.summary.mismatches == 0
    assert found.summary.uncertain_s == 8.0
    kept = analysed(small, speech_track(["happiness"] * 6), 8.0, abstention="off")
    assert [row.emotion for row in kept.video_intervals] == ["happiness", "neutral"]


def test_strict_asks_for_more_than_normal():
    faces = face_track(("happiness", 6), peak=0.9)
    middling = dataclasses.replace(faces, box=np.full_like(faces.box, 40.0))
    speech = speech_track(["happiness"] * 4)
    assert analysed(middling, speech, 6.0).video_intervals[0].emotion == "happiness"
    strict = analysed(middling, speech, 6.0, abstention="strict")
    assert strict.video_intervals[0].emotion == "uncertain"


def test_a_row_that_stays_alone_keeps_the_evidence_it_was_judged_on():
    faces = face_track(("happiness", 3), ("neutral", 3), ("happiness", 3), peak=0.9)
    box = faces.box.copy()
    box[(faces.time_s >= 3) & (faces.time_s < 6)] = 20.0
    faces = dataclasses.replace(faces, box=box)
    rows = segment_faces(faces, 9.0, AnalysisSettings(smoothing_s=0.0))
    firm = firm_faces(FrameEvidence(faces, 9.0), rows, "normal")
    assert [row.emotion for row in firm] == ["happiness", "uncertain", "happiness"]
    assert firm[1].evidence.face_px == pytest.approx(20.0)
    assert firm[1].evidence.margin == pytest.approx(0.9 - 0.1 / 7, abs=1e-3)


def test_windows_in_noise_are_not_used():
    speech = speech_track(["anger"] * 4, peak=0.9)
    assert usable_windows(speech, "normal").all()
    noisy = dataclasses.replace(
        speech, extra={"snr_db": np.array([20.0, 1.0, np.nan, 6.0], np.float32)}
    )
    assert usable_windows(noisy, "normal").tolist() == [True, False, True, True]
    assert usable_windows(noisy, "strict").tolist() == [True, False, True, False]
    assert usable_windows(noisy, "off").all()


def test_dimensions_are_derived_and_marked(talk):
    assert {row.dimensions for row in talk.video_intervals} == {"derived"}
    rows = zip(talk.video_intervals, talk.audio_intervals, strict=True)
    for face, voice in rows:
        if face.emotion == voice.emotion == "happiness":
            assert 0.5 < face.valence < 0.81
            assert 0.3 < voice.valence < 0.82
        elif face.emotion == voice.emotion == "anger":
            assert face.valence < -0.3
            assert voice.valence < -0.1


def test_the_models_own_dimensions_stand():
    time_s = [0.0, 0.5, 1.0, 1.5]
    rows = [[0.9, 0.1]] * 4
    faces = track_of(time_s, rows, ("anger", "neutral"), valence=[0.5] * 4, arousal=[0.25] * 4)
    found = analysed(faces, speech_track([]), 2.0)
    assert {row.dimensions for row in found.video_intervals} == {"model"}
    assert (found.video_intervals[0].valence, found.video_intervals[0].arousal) == (0.5, 0.25)


def test_the_rate_is_that_of_the_transitions(talk):
    (rate,) = by_name(talk.transition_statistics, statistic="transitions_per_emotion_minute")
    assert rate.count == talk.summary.transitions
    assert rate.value == pytest.approx(talk.summary.transitions_per_emotion_minute)
    assert rate.low < rate.value < rate.high


def test_counts_of_pairs_are_those_of_the_table(talk):
    table = {(entry.origin, entry.target): entry.count for entry in talk.transitions}
    pairs = by_name(talk.transition_statistics, statistic="pair_count")
    assert {(entry.emotion, entry.target): entry.count for entry in pairs if entry.count} == table


def test_time_shares_add_up_in_every_scope(talk):
    for scope in ("all", "speaking"):
        shares = by_name(talk.transition_statistics, statistic="time_share", scope=scope)
        assert sum(entry.value for entry in shares) == pytest.approx(1.0)
    assert not by_name(talk.transition_statistics, statistic="time_share", scope="pausing")


def test_other_settings_stand_beside(talk):
    settings = {
        entry.setting
        for entry in talk.transition_statistics
        if entry.statistic == "transitions_per_emotion_minute" and entry.setting
    }
    assert "min_interval=0.25 smoothing=0.5" in settings
    assert "min_interval=0.5 smoothing=1" not in settings
    assert len(settings) == 8


def test_a_voice_that_follows_the_face_disagrees_less_than_chance(talk):
    (found,) = by_name(talk.mismatch_statistics, statistic="mismatch_share")
    assert found.verdict == talk.summary.mismatch.verdict == "less"
    assert found.value < found.expected
    assert found.p_value == talk.summary.mismatch.p_value < 0.05
    (kappa,) = by_name(talk.mismatch_statistics, statistic="kappa")
    assert kappa.value == pytest.approx(talk.summary.kappa)
    assert kappa.value > 0.6


def test_a_short_talk_is_not_enough_data():
    short = [("happiness", 5), ("neutral", 5)]
    found = analysed(face_track(*short, peak=0.9), voice_like(short), 10.0)
    assert found.summary.mismatch.verdict == "not_enough_data"
    (entry,) = by_name(found.mismatch_statistics, statistic="mismatch_share")
    assert entry.note
    assert entry.p_value is None


def test_labels_without_a_partner_are_reported(talk):
    (entry,) = by_name(talk.mismatch_statistics, statistic="unmapped_face_label")
    assert (entry.emotion, entry.note) == ("contempt", "no_partner")
    assert not by_name(talk.mismatch_statistics, statistic="unmapped_voice_label")


def test_without_a_voice_model_nothing_is_called_unmapped():
    silent = speech_track([], labels=())
    found = analysed(face_track(("anger", 4), peak=0.9), silent, 4.0)
    assert not by_name(found.mismatch_statistics, statistic="unmapped_face_label")


def test_z_scores_stand_only_where_a_baseline_is_asked_for(talk):
    assert {row.z for row in (*talk.video_intervals, *talk.audio_intervals)} == {()}
    generator = np.random.default_rng(5)
    base = face_track(("neutral", 20), ("happiness", 10), peak=0.8)
    noise = generator.normal(0, 0.01, base.probabilities.shape).astype(np.float32)
    table = np.clip(base.probabilities + noise, 0.001, None)
    table /= table.sum(axis=1, keepdims=True)
    faces = dataclasses.replace(base, probabilities=table)
    speech = voice_like([("neutral", 20), ("happiness", 10)])
    found = analysed(faces, speech, 30.0, baseline="neutral:15")
    happiness = faces.labels.index("happiness")
    first, *_, last = (row.z for row in found.video_intervals)
    assert abs(first[happiness]) < 1
    assert last[happiness] > 20
    chosen = analysed(faces, speech, 30.0, baseline="0-15")
    assert chosen.video_intervals[-1].z[happiness] == pytest.approx(last[happiness], rel=0.01)


def test_compounds_are_there_when_asked_for(talk):
    assert {row.compounds for row in talk.video_intervals} == {None}
    found = analysed(face_track(("fear", 4), peak=0.7), speech_track([]), 4.0, compounds=True)
    assert found.video_intervals[0].compounds.leading in {"fearfully_surprised", "sadly_fearful"}


def test_nothing_at_all_is_no_error():
    found = analysed(face_track(), speech_track([]), 0.0)
    assert found.video_intervals == ()
    assert all(entry.value in {None, 0.0} for entry in found.mismatch_statistics)


def test_the_bridge_decides_what_is_compared():
    faces = face_track(*LONG, peak=0.9)
    names = {"happiness": "enthusiasm", "neutral": "neutral", "anger": "anger"}
    labels = ("anger", "enthusiasm", "neutral")
    words = [names[name] for name, seconds in LONG for _ in range(seconds)]
    speech = speech_track(words[:-2], speech=[(0, LONG_S)], labels=labels, peak=0.9)
    bridged = analysed(faces, speech, float(LONG_S))
    plain = analysed(faces, speech, float(LONG_S), Bridge({}))
    compared = [
        by_name(found.mismatch_statistics, statistic="window_seconds")[0].value
        for found in (bridged, plain)
    ]
    assert compared[0] > compared[1] + 60
    lost = by_name(plain.mismatch_statistics, statistic="unmapped_voice_label")
    assert [entry.emotion for entry in lost] == ["enthusiasm"]
    assert set(VOICE_LABELS) >= {"anger", "neutral"}
