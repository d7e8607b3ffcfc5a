import pytest

from emoreport.tables import columns
from emoreport.tables.columns import Kind, frames_table, interval_tables, speech_table, table_of
from emoreport.vocabulary import EMOTIONS

CONTRACT = {
    "video_intervals": "emotion, start, end, duration, confidence, face_coverage, frames",
    "audio_intervals": "emotion, start, end, duration, confidence, speech_seconds",
    "modality_mismatch": "start, end, video_emotion, audio_emotion, duration, severity",
    "modality_duration": "duration, start, end, video_emotion, audio_emotion, match",
    "transitions": "from, to, count, probability",
    "summary": "video, duration, frames, frame_rate, face_coverage, speech_seconds, intervals,"
    " transitions, transitions_per_minute, mismatches, mismatch_seconds, mismatch_share,"
    " dominant_video_emotion, dominant_audio_emotion, face_model, speech_model",
}
"""The public columns; scripts of other people rest on their names and order."""


def names(text):
    return tuple(name.strip() for name in text.split(","))


@pytest.mark.parametrize("dimensions", [False, True])
def test_columns_start_with_the_public_ones(dimensions):
    tables = interval_tables(EMOTIONS, ("anger", "neutral"), dimensions=dimensions)
    assert tuple(tables) == columns.TABLE_NAMES == tuple(CONTRACT)
    for name, public in CONTRACT.items():
        assert tables[name].names[: len(names(public))] == names(public)


def test_models_add_columns_at_the_end():
    tables = interval_tables(("anger", "fear"), ("neutral",), dimensions=True)
    added = tables["video_intervals"].names[7:]
    assert added == ("p_anger", "p_fear", "valence", "arousal")
    assert tables["audio_intervals"].names[6:] == ("p_neutral",)
    assert tables["summary"].names[16:] == (
        "compared_seconds",
        "emotion_seconds",
        "transitions_per_emotion_minute",
    )


def test_columns_of_the_readings():
    table = frames_table(("anger", "fear"), valence=True, arousal=True, extra=("yaw_deg", "blur"))
    assert ", ".join(table.names) == (
        "time_s, frame, faces, x, y, width, height, detection_score, p_anger, p_fear, emotion,"
        " valence, arousal, yaw_deg, blur"
    )
    assert table["yaw_deg"].kind is Kind.DEGREES
    assert table["blur"].about == "blur"
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


@pytest.mark.parametrize("dimensions", [False, True])
def test_a_table_is_recognised_by_its_columns(dimensions):
    for name, table in interval_tables(EMOTIONS, ("fear",), dimensions=dimensions).items():
        assert table_of(name, table.names) == table


def test_other_columns_are_refused():
    with pytest.raises(ValueError, match="transitions has the columns"):
        table_of("transitions", ("from", "to"))
    with pytest.raises(KeyError):
        table_of("no_such_table", ("from", "to"))


def test_a_column_that_is_not_there_is_a_key_error():
    with pytest.raises(KeyError, match="nothing"):
        columns.SUMMARY["nothing"]
