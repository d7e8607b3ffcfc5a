import pytest

from emoreport.tables import columns
from emoreport.tables.columns import frames_table, result_tables, speech_table, table_of
from emoreport.tables.schema import Kind
from emoreport.vocabulary import EMOTIONS

CONTRACT = {
    "video_intervals": "emotion, start, end, duration, confidence, face_coverage, frames",
    "audio_intervals": "emotion, start, end, duration, confidence, speech_seconds",
    "voice_intervals": "emotion, start, end, duration, confidence, speech_seconds, intensity",
    "modality_mismatch": "start, end, video_emotion, audio_emotion, duration, severity",
    "modality_duration": "duration, start, end, video_emotion, audio_emotion, match",
    "face_voice": "start, end, duration, face_emotion, voice_emotion, match, severity",
    "transitions": "from, to, count, probability",
    "summary": "video, duration, frames, frame_rate, face_coverage, speech_seconds, intervals,"
    " transitions, transitions_per_minute, mismatches, mismatch_seconds, mismatch_share,"
    " dominant_video_emotion, dominant_audio_emotion, face_model, speech_model",
    "transition_statistics": "statistic, emotion, to, scope, setting, value, low, high, expected,"
    " count, p_value, p_adjusted, unit, note",
    "mismatch_statistics": "statistic, emotion, scope, value, low, high, expected, count, p_value,"
    " verdict, unit, note",
    "people": "person, seconds, share, speaking_seconds, dominant_emotion, first_seen",
}
"""The public columns; scripts of other people rest on their names and order."""


def names(text):
    return tuple(name.strip() for name in text.split(","))


@pytest.mark.parametrize("baseline", [False, True])
def test_columns_start_with_the_public_ones(baseline):
    tables = result_tables(EMOTIONS, ("anger", "neutral"), baseline=baseline)
    assert tuple(tables) == columns.TABLE_NAMES == tuple(CONTRACT)
    for name, public in CONTRACT.items():
        assert tables[name].names[: len(names(public))] == names(public)


def test_classes_and_evidence_follow_at_the_end():
    tables = result_tables(("anger", "fear"), ("neutral",))
    assert ", ".join(tables["video_intervals"].names[7:]).startswith(
        "p_anger, p_fear, valence, arousal, dimensions, detection_score, worst_detection_score,"
        " face_px, yaw_deg, pitch_deg, sharpness, relative_sharpness, frame_entropy, entropy,"
        " margin, uncertain_because"
    )
    assert ", ".join(tables["audio_intervals"].names[6:]).startswith(
        "p_neutral, valence, arousal, dimensions, window_speech_seconds, snr_db, clipping,"
        " entropy, margin, uncertain_because, witness_emotion, witness_agreement, leading_share,"
        " intensity, distance"
    )
    assert ", ".join(tables["voice_intervals"].names[7:]).startswith(
        "p_neutral, valence, arousal, dimensions, window_speech_seconds, snr_db, clipping,"
        " entropy, margin, uncertain_because, witness_emotion, witness_agreement, leading_share,"
        " distance"
    )
    assert ", ".join(tables["summary"].names[16:]).startswith(
        "compared_seconds, emotion_seconds, transitions_per_emotion_minute, uncertain_seconds,"
        " judged_share, kappa, expected_mismatch_share, mismatch_p_value, mismatch_verdict,"
        " mismatch_note"
    )
    for name in ("transition_statistics", "mismatch_statistics"):
        assert tables[name].names[: len(names(CONTRACT[name]))] == names(CONTRACT[name])


def test_a_baseline_and_compounds_come_last():
    plain = result_tables(("anger", "fear"), ("neutral",))
    tables = result_tables(("anger", "fear"), ("neutral",), baseline=True, compounds=True)
    for name, added, last in (
        ("video_intervals", ("z_anger", "z_fear"), ("shot", "person")),
        ("audio_intervals", ("z_neutral",), ("shot", "person", "spoken_by")),
    ):
        assert tables[name].names == (*plain[name].names[: -len(last)], *added, *last)
    assert tuple(tables) == (*columns.TABLE_NAMES, "compound_emotions")
    assert ", ".join(tables["compound_emotions"].names) == (
        "start, end, emotion, leading, fearfully_surprised, happily_surprised, sadly_surprised,"
        " disgustedly_surprised, angrily_surprised, sadly_fearful, sadly_angry, person"
    )


def test_columns_of_the_readings():
    table = frames_table(("anger", "fear"), valence=True, arousal=True, extra=("yaw_deg", "blur"))
    assert ", ".join(table.names) == (
        "time_s, frame, faces, x, y, width, height, detection_score, p_anger, p_fear, emotion,"
        " valence, arousal, yaw_deg, blur"
    )
    assert table["yaw_deg"].kind is Kind.DEGREES
    assert table["blur"].about == "blur"
    assert frames_table(("fear",), witness=("fear",), shot=True).names[-2:] == (
        "witness_p_fear",
        "shot",
    )
    assert speech_table(("fear",)).names == (
        "start_s",
        "end_s",
        "speech_seconds",
        "p_fear",
        "speech_spans",
    )
    further = speech_table((), extra=("snr_db", "rate"))
    assert further.names[-2:] == ("snr_db", "rate")
    assert further["snr_db"].kind is Kind.DECIBELS


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize("labels", [EMOTIONS, ("fear", "value", "z_score", "p_p"), ("fear",)])
def test_a_table_is_recognised_by_its_columns(baseline, labels):
    tables = result_tables(labels, labels[:1], baseline=baseline, compounds=True)
    for name, table in tables.items():
        assert table_of(name, table.names) == table


@pytest.mark.parametrize("words", [False, True])
def test_what_words_say_has_tables_and_a_column_before_the_words(words):
    tables = result_tables((), (), words=words, text_labels=("fear", "neutral"))
    public = "emotion, start, end, duration, confidence, words, text, p_fear, p_neutral"
    for name in ("text_intervals", "text_clauses"):
        assert tables[name].names[:9] == names(public)
    for name, why in (("modality_mismatch", ()), ("modality_duration", ("not_compared_because",))):
        added = ("text_emotion", "text") if words else ("text_emotion",)
        assert tables[name].names == (*names(CONTRACT[name]), *added, "shot", "person", *why)
    assert tables["face_voice"].names == (
        *names(CONTRACT["face_voice"]),
        "shot",
        "person",
        "not_compared_because",
    )
    for name, table in tables.items():
        assert table_of(name, table.names) == table


def test_other_columns_are_refused():
    with pytest.raises(ValueError, match="transitions has the columns"):
        table_of("transitions", ("from", "to"))
    one_missing = result_tables(EMOTIONS, (), baseline=True)["video_intervals"].names[:-1]
    with pytest.raises(ValueError, match="video_intervals has the columns"):
        table_of("video_intervals", one_missing)
    with pytest.raises(KeyError):
        table_of("no_such_table", ("from", "to"))


def test_a_column_that_is_not_there_is_a_key_error():
    with pytest.raises(KeyError, match="nothing"):
        columns.SUMMARY["nothing"]
