import dataclasses

import numpy as np
import pytest

from emoreport.page.figures import (
    blocks,
    cross_table,
    emotion_rows,
    figure,
    in_order,
    tiles,
    transition_matrix,
)
from emoreport.records import Span
from emoreport.results import Comparison, ModalityStatistic, Statistic, Transition
from tests.fixtures.page import findings
from tests.fixtures.results import analysis, face_track, summary


def tile(key, **changes):
    return tiles(dataclasses.replace(findings(), **changes))[key]


def block(key, **changes):
    return blocks(dataclasses.replace(findings(), **changes))[key]


def with_statistics(*rows):
    return dataclasses.replace(
        analysis(), transition_statistics=tuple(rows), mismatch_statistics=tuple(rows)
    )


def test_a_statistic_keeps_what_is_known_of_it():
    row = Statistic("kappa", "coefficient", value=0.0, low=-0.1, expected=0.0, p_value=0.5)
    assert figure(row, "share") == {
        "unit": "coefficient",
        "value": 0.0,
        "low": -0.1,
        "expected": 0.0,
        "p_value": 0.5,
    }
    assert figure(None, "share") == {"unit": "share"}


def test_the_mismatch_is_that_of_the_summary_beside_chance_with_its_verdict():
    mismatch = tile("mismatch")
    assert mismatch["share"] == 0.5
    assert mismatch["said"]["en"] == ("50 % of 2 s; chance alone would give 80 %: less than chance")


def test_where_there_are_words_the_mismatch_tells_of_all_three():
    assert "words" not in tile("mismatch")
    row = ModalityStatistic(
        "agreement", "all", "share", 0.5, expected=0.25, p_value=0.01, seconds=60.0
    )
    shown = tile("mismatch", analysis=dataclasses.replace(analysis(), modality_statistics=(row,)))
    assert shown["words"]["en"].startswith(
        "face, voice, words: the same in 50 % of 60 s, more than"
    )
    assert shown["words"]["ru"].startswith("лицо, голос, слова: одинаковы в 50")


def test_a_statistic_of_a_part_or_of_other_settings_is_not_taken():
    rate = "transitions_per_emotion_minute"
    rows = (
        Statistic(rate, "per_minute", value=1.0, scope="pausing"),
        Statistic(rate, "per_minute", value=2.0, setting="min_interval=2 smoothing=1"),
        Statistic(rate, "per_minute", value=3.0),
    )
    assert tile("transitions", analysis=with_statistics(*rows))["rate"]["value"] == 3.0
    assert "value" not in tile("transitions", analysis=with_statistics(*rows[:2]))["rate"]


def test_the_dominant_emotion_has_its_share_of_the_time_with_an_emotion():
    face = tile("face")
    assert face["emotion"] == "happiness"
    assert face["share"] == pytest.approx(1.0004 / 2.0008)
    assert face["coverage"] == 0.9
    voice = tile("voice")
    assert (voice["judged"]["en"], voice["whole"]["en"]) == ("0.9 s", "2 s")


def test_a_dominant_emotion_that_is_not_known_has_no_share():
    blind = dataclasses.replace(analysis(), summary=summary(dominant_video_emotion=None))
    face = tile("face", analysis=blind)
    assert (face["emotion"], face["share"]) == (None, None)


def test_what_is_not_known_of_a_block_has_no_value_and_its_reason():
    agreement = block("agreement")
    assert agreement["severity"] == {"unit": "distance"}
    row = Statistic("voice_after_face", "seconds", note="too_short")
    agreement = block("agreement", analysis=with_statistics(row))
    assert agreement["lag"] == {"unit": "seconds", "note": "too_short"}


def test_sizes_and_scores_are_medians_of_the_frames_with_a_face():
    faces = face_track(20, gap=slice(5, 9))
    recording = block("recording", faces=faces)
    side = np.sqrt(faces.box[:, 2] * faces.box[:, 3])
    assert recording["face_px"]["value"] == pytest.approx(np.nanmedian(side))
    assert recording["detection_score"]["value"] == pytest.approx(
        np.nanmedian(faces.detection_score)
    )


def test_a_talk_without_frames_has_no_sizes():
    recording = block("recording", faces=face_track(0, gap=slice(0)))
    assert recording["face_px"] == {"unit": "pixels"}
    assert recording["snr_db"] == {"unit": "decibels"}


def test_the_matrix_tells_zero_from_unknown():
    found = transition_matrix(analysis())
    assert found["labels"] == ["happiness", "sadness"]
    assert found["count"] == [[None, 1], [0, None]]
    # Sadness was never left: no share of its departures is known.
    assert found["probability"] == [[None, 1.0], [None, None]]
    assert found["expected"] == [[None, 0.5], [None, None]]
    assert found["p_adjusted"] == [[None, 0.001], [None, None]]


def test_a_change_that_never_came_has_the_share_zero():
    rows = (Transition("happiness", "sadness", 2, 1.0), Transition("sadness", "fear", 1, 1.0))
    found = transition_matrix(dataclasses.replace(analysis(), transitions=rows))
    assert found["probability"] == [[None, 1.0], [0.0, None]]


def test_seconds_are_summed_by_emotion_and_a_label_not_given_is_none():
    rows = {row["label"]: row for row in emotion_rows(analysis())}
    assert list(rows) == ["happiness", "sadness", "no_face", "no_speech", "uncertain"]
    assert rows["happiness"]["face_s"] == pytest.approx(1.0004)
    assert rows["happiness"]["voice_s"] == pytest.approx(1.5004)
    assert rows["sadness"]["voice_s"] is None
    assert rows["no_speech"]["face_s"] is None
    assert rows["no_speech"]["intervals"] == 0


def test_lengths_are_those_of_the_emotion():
    median = Statistic("dwell_median", "seconds", value=2.5, emotion="sadness")
    mean = Statistic("dwell_mean", "seconds", value=3.5, emotion="sadness", setting="limit=9.000")
    rows = {row["label"]: row for row in emotion_rows(with_statistics(median, mean))}
    assert rows["sadness"]["median"]["value"] == 2.5
    assert rows["sadness"]["mean"]["setting"] == "limit=9.000"
    assert rows["happiness"]["median"] == {"unit": "seconds"}


def test_face_and_voice_are_crossed_by_seconds():
    found = cross_table(analysis())
    assert found["rows"] == ["happiness", "sadness", "no_face", "uncertain"]
    assert found["columns"] == ["happiness", "no_speech"]
    assert found["seconds"][0] == pytest.approx([1.0004, 0.0])
    assert found["seconds"][1] == pytest.approx([0.5, 0.5004])
    assert found["match"] == [[True, None], [False, None], [None, None], [None, None]]


def test_the_seconds_of_all_combinations_are_those_of_the_talk():
    rows = [
        Comparison(Span(at, at + 1.0), face, "boredom", None, None)
        for at, face in enumerate(["fear", "no_face", "fear"])
    ]
    found = cross_table(dataclasses.replace(analysis(), face_voice=tuple(rows)))
    assert found["columns"] == ["boredom"]
    assert found["seconds"] == [[2.0], [1.0]]


def test_labels_of_foreign_models_come_last():
    assert in_order(["zeal", "no_face", "boredom", "anger"]) == [
        "anger",
        "no_face",
        "boredom",
        "zeal",
    ]
