"""How the voice sounds, worked by hand from contours of known truth."""

import dataclasses

import numpy as np
import pytest

from emoreport.analysis.rows.acoustics import (
    MEASURES,
    acoustic_intervals,
    span_acoustics,
    with_own_intensity,
)
from emoreport.records import CONTOUR_STEP_S, SoundContour, Span
from emoreport.results import AudioInterval
from tests.fixtures.readings import speech_track

NAN = float("nan")


def contour_of(*parts):
    """Frames of (start in seconds, pitches, level), one every 10 ms."""
    time_s = [start_s + CONTOUR_STEP_S * np.arange(len(f0_hz)) for start_s, f0_hz, _ in parts]
    level_db = [np.full(len(f0_hz), level) for _, f0_hz, level in parts]
    return SoundContour(
        np.concatenate(time_s),
        np.concatenate([np.asarray(f0_hz) for _, f0_hz, _ in parts]).astype(np.float32),
        np.concatenate(level_db).astype(np.float32),
    )


def measured(contour, start_s, end_s, speech=((0.0, 100.0),)):
    spans = [Span(*span) for span in speech]
    values = span_acoustics(contour, spans, np.array([start_s]), np.array([end_s]))
    assert tuple(values) == MEASURES
    return {name: column.item() for name, column in values.items()}


def rows(*spans):
    return [AudioInterval(Span(*span), "neutral", 0.5, span[1] - span[0]) for span in spans]


def test_pitch_and_its_range():
    found = measured(contour_of((0.0, 100 * 2 ** np.linspace(0, 1, 101), -20.0)), 0.0, 1.01)
    assert found["f0_median_hz"] == pytest.approx(100 * 2**0.5, rel=1e-6)
    # From the 5th to the 95th of the hundredths of an octave of twelve semitones.
    assert found["f0_range_st"] == pytest.approx(0.9 * 12, abs=0.01)


def test_loudness_is_the_mean_power_of_the_voiced_frames():
    contour = contour_of(
        (0.0, np.full(50, 120.0), -10.0),
        (0.5, np.full(50, 120.0), -20.0),
        (1.0, np.full(50, NAN), -5.0),
    )
    found = measured(contour, 0.0, 1.5)
    assert found["loudness_db"] == pytest.approx(10 * np.log10(0.055), abs=1e-4)
    assert found["voiced_share"] == pytest.approx(2 / 3)


def test_only_the_frames_of_the_stretch_count():
    contour = contour_of((0.0, np.full(100, 100.0), -20.0), (1.0, np.full(100, 200.0), -30.0))
    found = span_acoustics(
        contour, [Span(0.0, 2.0)], np.array([0.0, 1.0, 0.7]), np.array([1.0, 2.0, 2.0])
    )
    np.testing.assert_allclose(found["f0_median_hz"], [100.0, 200.0, 200.0])
    np.testing.assert_allclose(found["loudness_db"][:2], [-20.0, -30.0], atol=1e-5)


def test_too_little_is_not_known():
    contour = contour_of((0.0, np.full(9, 100.0), -20.0), (1.0, np.full(49, 100.0), -20.0))
    little = measured(contour, 0.0, 0.5, speech=((0.0, 0.09), (1.0, 1.49)))
    assert all(np.isnan(value) for value in little.values())
    more = measured(contour, 1.0, 1.5, speech=((0.0, 0.09), (1.0, 1.49)))
    assert more["f0_median_hz"] == 100.0
    assert np.isnan(more["f0_range_st"])
    assert np.isnan(more["syllables_per_s"])


def test_syllables_are_counted_by_the_second_of_speech():
    level_db = -20 - 5 * (1 + np.cos(2 * np.pi * np.arange(400) / 20))
    contour = contour_of((0.0, np.full(400, 120.0), 0.0))
    contour.level_db[:] = level_db
    found = measured(contour, 0.0, 8.0, speech=((0.0, 4.0),))
    assert found["syllables_per_s"] == pytest.approx(20 / 4)


def talk(*, extra=None):
    """Two stretches of speech, the second an octave higher, with a pause of a second between."""
    track = speech_track(["neutral"] * 3, hop_s=3.0)
    contour = contour_of((0.0, np.full(400, 100.0), -20.0), (5.0, np.full(400, 200.0), -30.0))
    spans = (Span(0.0, 4.0), Span(5.0, 9.0))
    windows = {
        "f0_median_hz": [100.0, 100.0, 200.0],
        "f0_range_st": [NAN, NAN, NAN],
        "loudness_db": [-20.0, -22.0, -30.0],
        "voiced_share": [1.0, 0.9, 0.8],
        "syllables_per_s": [4.0, 2.0, 4.0],
        "jitter": [0.01, NAN, 0.03],
        "shimmer": [NAN, NAN, NAN],
    }
    columns = {name: np.array(values, np.float32) for name, values in (extra or windows).items()}
    return dataclasses.replace(track, speech=spans, extra=columns, contour=contour)


def test_rows_are_held_against_the_median_of_the_windows():
    first, second = acoustic_intervals(talk(), rows((0.0, 4.0), (5.0, 9.0)), 0.3)
    assert (first.f0_median_hz, second.f0_median_hz) == (100.0, 200.0)
    assert first.f0_median_vs_own_st == pytest.approx(0.0)
    assert second.f0_median_vs_own_st == pytest.approx(12.0)
    assert first.loudness_vs_own_db == pytest.approx(2.0, abs=1e-4)
    assert second.voiced_share_vs_own == pytest.approx(0.1)
    assert first.f0_range_vs_own_st is None
    assert second.syllables_vs_own == pytest.approx(second.syllables_per_s / 4.0)


def test_jitter_comes_from_the_windows_that_share_speech_with_the_row():
    first, second = acoustic_intervals(talk(), rows((0.0, 4.0), (5.0, 9.0)), 0.3)
    assert first.jitter == pytest.approx(0.01)
    assert second.jitter == pytest.approx(0.03)
    assert second.jitter_vs_own == pytest.approx(1.5)
    assert (first.shimmer, first.shimmer_vs_own) == (None, None)


def test_pauses_begin_in_one_row_and_last_through_others():
    before, within, after = acoustic_intervals(
        talk(), rows((0.0, 4.2), (4.2, 4.9), (4.9, 9.0)), 0.3
    )
    assert (before.pauses, within.pauses, after.pauses) == (1, 0, 0)
    seconds = [row.pause_s for row in (before, within, after)]
    np.testing.assert_allclose(seconds, [0.2, 0.7, 0.1])


def test_short_gaps_are_no_pauses():
    track = dataclasses.replace(talk(), speech=(Span(0.0, 4.0), Span(4.2, 9.0)))
    [row] = acoustic_intervals(track, rows((0.0, 9.0)), 0.3)
    assert (row.pauses, row.pause_s) == (0, 0.0)


def test_rows_with_too_little_speech_are_left_out():
    assert len(acoustic_intervals(talk(), rows((0.0, 0.2), (1.0, 2.0)), 0.3)) == 1
    silent = AudioInterval(Span(4.2, 4.8), "no_speech", None, 0.0)
    assert acoustic_intervals(talk(), [silent], 0.0) == ()


def test_readings_without_a_contour_give_no_rows():
    old = dataclasses.replace(talk(), contour=None)
    assert acoustic_intervals(old, rows((0.0, 4.0)), 0.3) == ()


def test_without_windows_that_were_measured_nothing_is_compared():
    [row] = acoustic_intervals(talk(extra={"snr_db": [1.0] * 3}), rows((0.0, 4.0)), 0.3)
    assert row.f0_median_hz == 100.0
    assert row.f0_median_vs_own_st is None
    assert row.jitter is None


def test_of_a_voice_that_usually_has_no_syllables_there_is_no_ratio():
    track = talk()
    track.extra["syllables_per_s"][:] = 0.0
    [row] = acoustic_intervals(track, rows((0.0, 4.0)), 0.3)
    assert row.syllables_per_s is not None
    assert row.syllables_vs_own is None


def test_intensity_is_held_against_its_median_over_the_windows():
    track = talk(extra={"intensity": [0.2, 0.5, NAN]})
    [loud] = rows((0.0, 4.0))
    silent, loud = dataclasses.replace(loud), dataclasses.replace(loud, intensity=0.6)
    unknown, known = with_own_intensity(track, (silent, loud))
    assert (unknown.intensity, unknown.intensity_vs_own) == (None, None)
    assert known.intensity_vs_own == pytest.approx(0.6 - 0.35)


def test_a_model_without_intensity_leaves_it_unknown():
    [row] = with_own_intensity(talk(), tuple(rows((0.0, 4.0))))
    assert row.intensity_vs_own is None
