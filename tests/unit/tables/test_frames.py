import dataclasses
import math

import pandas as pd
import pytest

from emoreport.tables.columns import TABLE_NAMES
from emoreport.tables.frames import build_tables
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.results import VOICE_LABELS, analysis, distribution, face_track, speech_track


def tables(result=None, **track):
    return build_tables(result or analysis(), face_track(**track), speech_track())


def empty_analysis():
    full = analysis()
    return dataclasses.replace(
        full, video_intervals=(), audio_intervals=(), comparisons=(), transitions=()
    )


def test_the_six_tables_come_in_their_order():
    assert tuple(tables()) == TABLE_NAMES


@pytest.mark.parametrize("result", [analysis(), empty_analysis()], ids=["rows", "no rows"])
def test_columns_are_typed_whether_there_are_rows_or_not(result):
    built = tables(result, dimensions=True)
    video, duration = built["video_intervals"], built["modality_duration"]
    for name in ("start", "end", "duration", "confidence", "face_coverage", "p_fear", "valence"):
        assert video[name].dtype == "float64"
    assert isinstance(video["frames"].dtype, pd.Int64Dtype)
    assert isinstance(duration["match"].dtype, pd.BooleanDtype)
    assert video["emotion"].dtype == object
    assert isinstance(built["transitions"]["count"].dtype, pd.Int64Dtype)
    assert built["transitions"]["probability"].dtype == "float64"


def test_values_are_exact():
    video = tables()["video_intervals"]
    assert video["emotion"].tolist() == ["happiness", "sadness", "no_face", "uncertain"]
    assert video["end"].tolist() == [1.0004, 2.0008, 2.3333333, 10.0 / 3.0]
    assert video["p_happiness"][0] == distribution(EMOTIONS, "happiness")[4]


def test_unknown_is_missing_never_zero():
    built = tables(dimensions=True)
    gap = built["video_intervals"].iloc[2]
    assert math.isnan(gap["confidence"])
    assert math.isnan(gap["p_neutral"])
    assert math.isnan(gap["valence"])
    assert gap["face_coverage"] == 0.0
    assert built["modality_duration"]["match"].isna().tolist() == [False, False, True, True]


def test_unknown_summary_values_are_missing():
    result = analysis(frame_rate_hz=None, mismatch_share=None, dominant_video_emotion=None)
    row = tables(result)["summary"].iloc[0]
    assert math.isnan(row["frame_rate"])
    assert math.isnan(row["mismatch_share"])
    assert row["dominant_video_emotion"] is None
    assert len(tables(result)["summary"]) == 1


def test_mismatches_are_the_comparisons_that_do_not_match():
    built = tables()
    assert len(built["modality_duration"]) == 4
    assert built["modality_mismatch"].to_dict("records") == [
        {
            "start": 1.0004,
            "end": 2.0008,
            "video_emotion": "sadness",
            "audio_emotion": "happiness",
            "duration": 2.0008 - 1.0004,
            "severity": 0.6,
        }
    ]


def test_summary_columns_hold_their_own_values():
    row = tables()["summary"].iloc[0].to_dict()
    assert row["mismatch_seconds"] == 1.0
    assert row["speech_seconds"] == 1.75
    assert row["compared_seconds"] == 2.0
    assert row["emotion_seconds"] == 2.3
    assert row["transitions_per_emotion_minute"] == 26.1


def test_dimensions_are_there_only_if_the_model_gives_them():
    assert "valence" not in tables()["video_intervals"]
    assert list(tables(dimensions=True)["video_intervals"])[-2:] == ["valence", "arousal"]


def test_a_distribution_over_other_labels_is_refused():
    full = analysis()
    row = dataclasses.replace(full.video_intervals[0], distribution=(0.5, 0.5))
    wrong = dataclasses.replace(full, video_intervals=(row,))
    with pytest.raises(ValueError, match="8 labels has 2 values"):
        tables(wrong)


def test_voice_columns_follow_the_voice_model():
    audio = tables()["audio_intervals"]
    assert list(audio)[6:] == [f"p_{label}" for label in VOICE_LABELS]
