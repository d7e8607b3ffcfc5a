import dataclasses
import math

import pandas as pd
import pytest

from emoreport.tables.columns import TABLE_NAMES
from emoreport.tables.frames import build_tables
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.results import (
    VOICE_LABELS,
    analysis,
    distribution,
    face_track,
    speech_track,
    with_each,
    with_options,
)


def tables(result=None, **track):
    return build_tables(result or analysis(), face_track(**track), speech_track())


def empty_analysis():
    full = analysis()
    return dataclasses.replace(
        full,
        video_intervals=(),
        audio_intervals=(),
        comparisons=(),
        transitions=(),
        transition_statistics=(),
        mismatch_statistics=(),
    )


def test_the_tables_come_in_their_order():
    assert tuple(tables()) == TABLE_NAMES
    optional = ("compound_emotions", "words", "speech_rate", "text_intervals", "text_clauses")
    assert tuple(tables(with_options(analysis()))) == (
        *TABLE_NAMES,
        *optional,
        "modalities",
        "action_intervals",
        "action_events",
        "action_summary",
    )


@pytest.mark.parametrize("result", [analysis(), empty_analysis()], ids=["rows", "no rows"])
def test_columns_are_typed_whether_there_are_rows_or_not(result):
    built = tables(result)
    video, duration = built["video_intervals"], built["modality_duration"]
    for name in ("start", "end", "duration", "confidence", "face_coverage", "p_fear", "valence"):
        assert video[name].dtype == "float64"
    assert isinstance(video["frames"].dtype, pd.Int64Dtype)
    assert isinstance(duration["match"].dtype, pd.BooleanDtype)
    assert video["emotion"].dtype == object
    assert isinstance(built["transitions"]["count"].dtype, pd.Int64Dtype)
    assert built["transitions"]["probability"].dtype == "float64"
    for name in ("yaw_deg", "sharpness", "margin"):
        assert video[name].dtype == "float64"
    assert video["uncertain_because"].dtype == video["dimensions"].dtype == object
    statistics = built["mismatch_statistics"]
    assert isinstance(statistics["count"].dtype, pd.Int64Dtype)
    for name in ("value", "low", "high", "expected", "p_value"):
        assert statistics[name].dtype == "float64"
    for name in ("statistic", "emotion", "scope", "verdict", "unit", "note"):
        assert statistics[name].dtype == object


def test_values_are_exact():
    video = tables()["video_intervals"]
    assert video["emotion"].tolist() == ["happiness", "sadness", "no_face", "uncertain"]
    assert video["end"].tolist() == [1.0004, 2.0008, 2.3333333, 10.0 / 3.0]
    assert video["p_happiness"][0] == distribution(EMOTIONS, "happiness")[4]


def test_unknown_is_missing_never_zero():
    built = tables()
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
            "shot": None,
            "person": None,
        }
    ]


def test_summary_columns_hold_their_own_values():
    row = tables()["summary"].iloc[0].to_dict()
    assert row["mismatch_seconds"] == 1.0
    assert row["speech_seconds"] == 1.75
    assert row["compared_seconds"] == 2.0
    assert row["emotion_seconds"] == 2.3
    assert row["transitions_per_emotion_minute"] == 26.1
    assert row["uncertain_seconds"] == 1.0
    assert row["judged_share"] == 0.6975
    assert row["kappa"] == 0.125
    assert row["expected_mismatch_share"] == 0.8
    assert row["mismatch_p_value"] == 0.0005
    assert row["mismatch_verdict"] == "less"


def test_valence_says_where_it_comes_from():
    result = analysis()
    rows = with_each(result.video_intervals, dimensions=("model",) * 4)
    built = tables(dataclasses.replace(result, video_intervals=rows))
    assert built["video_intervals"]["dimensions"].tolist() == ["model", "model", None, None]
    assert built["video_intervals"]["valence"].tolist()[:2] == [-0.25, -0.25]
    assert built["audio_intervals"]["dimensions"].tolist() == ["derived", "derived", None, None]
    assert built["audio_intervals"]["arousal"].tolist()[:2] == [0.375, 0.375]


def test_evidence_stands_under_its_own_name():
    row = tables()["video_intervals"].iloc[0]
    evidence = analysis().video_intervals[0].evidence
    assert row["detection_score"] == evidence.mean_score
    assert row["worst_detection_score"] == evidence.worst_score
    assert math.isnan(row["pitch_deg"])
    for name in (
        "face_coverage",
        "face_px",
        "yaw_deg",
        "sharpness",
        "relative_sharpness",
        "frame_entropy",
        "entropy",
        "margin",
    ):
        assert row[name] == getattr(evidence, name)
    row = tables()["audio_intervals"].iloc[0]
    evidence = analysis().audio_intervals[0].evidence
    assert row["speech_seconds"] == evidence.speech_s
    assert row["window_speech_seconds"] == evidence.window_speech_s
    for name in ("snr_db", "clipping", "entropy", "margin"):
        assert row[name] == getattr(evidence, name)


def test_reasons_of_an_uncertain_row_are_codes_with_blanks_between():
    because = tables()["video_intervals"]["uncertain_because"]
    assert because.tolist() == [None, None, None, "entropy margin"]


def test_evidence_that_was_not_collected_is_missing():
    full, nothing = analysis(), (None,) * 4
    bare = dataclasses.replace(
        full,
        video_intervals=with_each(full.video_intervals, evidence=nothing, reasons=((),) * 4),
        audio_intervals=with_each(full.audio_intervals, evidence=nothing),
    )
    built = tables(bare)
    assert built["video_intervals"]["margin"].isna().all()
    assert built["audio_intervals"]["snr_db"].isna().all()
    assert built["video_intervals"]["uncertain_because"].tolist() == [None] * 4


@pytest.mark.parametrize("name", ["z", "distribution"])
@pytest.mark.parametrize("rows", ["video_intervals", "audio_intervals"])
def test_scores_of_other_labels_are_refused(rows, name):
    full = with_options(analysis())
    wrong = with_each(getattr(full, rows), **{name: ((1.0, 2.0),) * 4})
    with pytest.raises(ValueError, match="has 2 values"):
        tables(dataclasses.replace(full, **{rows: wrong}))


def test_a_baseline_adds_a_column_per_class():
    built = tables(with_options(analysis()))
    assert list(built["video_intervals"])[-10:-2] == [f"z_{label}" for label in EMOTIONS]
    assert list(built["audio_intervals"])[-10:-3] == [f"z_{label}" for label in VOICE_LABELS]
    assert built["video_intervals"]["z_sadness"].tolist()[:2] == [3.0, 3.0]
    assert built["video_intervals"]["z_sadness"].isna().tolist() == [False, False, True, True]


def test_statistics_hold_their_own_values():
    row = tables()["transition_statistics"].iloc[0].to_dict()
    statistic = analysis().transition_statistics[0]
    assert row.pop("to") == statistic.target
    assert {name: getattr(statistic, name) for name in row} == row
    row = tables()["mismatch_statistics"].iloc[0].to_dict()
    statistic = analysis().mismatch_statistics[0]
    assert math.isnan(row.pop("low"))
    assert math.isnan(row.pop("high"))
    assert {name: getattr(statistic, name) for name in row} == row


def test_a_row_without_compounds_is_there_but_empty():
    built = tables(with_options(analysis()))["compound_emotions"]
    assert built["leading"].tolist() == ["sadly_fearful", "fearfully_surprised", None, None]
    assert built["sadly_angry"].isna().tolist() == [True, False, True, True]
    assert built["emotion"].tolist() == ["happiness", "sadness", "no_face", "uncertain"]


def test_a_distribution_over_other_labels_is_refused():
    full = analysis()
    row = dataclasses.replace(full.video_intervals[0], distribution=(0.5, 0.5))
    wrong = dataclasses.replace(full, video_intervals=(row,))
    with pytest.raises(ValueError, match="8 labels has 2 values"):
        tables(wrong)


def test_voice_columns_follow_the_voice_model():
    audio = tables()["audio_intervals"]
    assert list(audio)[6:13] == [f"p_{label}" for label in VOICE_LABELS]
