import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.errors import SpeechStageError
from emoreport.records import Span
from emoreport.speech.activity import (
    BLOCK_CHUNKS,
    CHUNK_SAMPLES,
    MIN_SILENCE_S,
    MIN_SPEECH_S,
    PAD_S,
    SileroDetector,
    speech_runs,
)
from tests.fixtures.audio import RATE_HZ, MemoryTrack, RepeatedTrack, noise, silence, tone, voice

CHUNK_S = CHUNK_SAMPLES / RATE_HZ


@pytest.fixture(scope="module")
def detector():
    return SileroDetector(0.5)


def seconds(spans):
    return sum(span.duration_s for span in spans)


def runs(text, threshold=0.5):
    levels = {"#": 0.9, "+": 0.45, ".": 0.1}
    return speech_runs(np.array([levels[sign] for sign in text]), threshold)


def test_a_run_of_sure_chunks_is_speech():
    assert runs("...." + "#" * 10 + "....") == [(4, 14)]


def test_between_the_thresholds_the_last_decision_stands():
    assert runs("++++" + "#" * 8 + "+++++....") == [(4, 17)]
    assert runs("#" * 8 + "....." + "+++++" + "....") == [(0, 8)]


def test_a_short_pause_is_bridged_and_a_long_one_is_not():
    assert runs("#" * 10 + "..." + "#" * 10) == [(0, 23)]
    assert runs("#" * 10 + "...." + "#" * 10) == [(0, 10), (14, 24)]


def test_a_short_burst_is_not_speech():
    assert runs("..." + "#" * 7 + "....") == []
    assert runs("..." + "#" * 8 + "....") == [(3, 11)]


def test_bursts_that_a_bridge_joins_are_speech():
    assert runs("..." + "#" * 4 + ".." + "#" * 4 + "....") == [(3, 13)]


def test_the_threshold_counts():
    assert runs("+" * 20, threshold=0.45) == [(0, 20)]
    assert runs("+" * 20) == []


def test_no_chunk_no_run():
    assert speech_runs(np.zeros(0), 0.5) == []


@given(st.lists(st.floats(0.0, 1.0), max_size=200), st.floats(0.05, 0.95))
def test_runs_are_sorted_disjoint_long_enough_and_surely_begun(values, threshold):
    probabilities = np.array(values)
    found = speech_runs(probabilities, threshold)
    edges = [edge for run in found for edge in run]
    assert edges == sorted(set(edges))
    assert all(0 <= edge <= len(values) for edge in edges)
    for begin, end in found:
        assert (end - begin) * CHUNK_S >= MIN_SPEECH_S
        assert probabilities[begin] >= threshold
    for earlier, later in itertools.pairwise(found):
        assert (later[0] - earlier[1]) * CHUNK_S >= MIN_SILENCE_S


def test_pads_never_make_spans_touch():
    assert 2 * PAD_S < MIN_SILENCE_S


@pytest.mark.parametrize(
    "samples",
    [
        silence(5.0),
        noise(5.0, level=0.01),
        noise(5.0, level=0.3),
        tone(5.0),
        tone(5.0, frequency_hz=150.0, level=0.9),
    ],
    ids=["silence", "soft noise", "loud noise", "tone", "hum"],
)
def test_what_is_no_speech_gives_none(detector, samples):
    assert detector.detect(MemoryTrack(samples)) == ()


@pytest.mark.parametrize("pitch_hz", [110.0, 180.0])
def test_a_voice_like_sound_is_found_where_it_is(detector, pitch_hz):
    samples = np.concatenate([silence(2.0), voice(3.0, pitch_hz=pitch_hz), silence(2.0)])
    found = detector.detect(MemoryTrack(samples))
    inside = sum(span.overlap_s(Span(2.0, 5.0)) for span in found)
    assert inside > 2.5
    assert seconds(found) - inside < 0.5


@pytest.mark.parametrize("gain_db", [-30.0, -20.0, -6.0])
def test_quiet_speech_is_still_speech(detector, gain_db):
    samples = voice(4.0) * np.float32(10.0 ** (gain_db / 20.0))
    loud, quiet = detector.detect(MemoryTrack(voice(4.0))), detector.detect(MemoryTrack(samples))
    assert seconds(quiet) > 0.8 * seconds(loud) > 2.0


def test_nothing_is_carried_from_one_recording_to_the_next(detector):
    track = MemoryTrack(voice(3.0))
    first = detector.detect(track)
    detector.detect(MemoryTrack(np.concatenate([noise(2.0), voice(2.0, seed=3)])))
    assert detector.detect(track) == first
    assert SileroDetector(0.5).detect(track) == first


def test_a_late_track_moves_the_spans_and_nothing_more(detector):
    # A whole number of samples, so that both tracks hold the very same chunks.
    samples = voice(3.0)
    early = detector.detect(MemoryTrack(samples))
    late = detector.detect(MemoryTrack(samples, start_s=1.25))
    moved = [(span.start_s - 1.25, span.end_s - 1.25) for span in late]
    assert moved == [pytest.approx((span.start_s, span.end_s)) for span in early]


@pytest.mark.parametrize("start_s", [0.0, 0.0231, 2.71828])
@pytest.mark.parametrize("length_s", [0.31, 1.0, 2.017])
def test_spans_never_leave_the_track(detector, start_s, length_s):
    track = MemoryTrack(voice(length_s), start_s=start_s)
    found = detector.detect(track)
    edges = [edge for span in found for edge in (span.start_s, span.end_s)]
    assert edges == sorted(edges)
    assert all(track.start_s <= edge <= track.end_s for edge in edges)


@pytest.mark.parametrize("samples", [0, 1, 511, 512, 513])
def test_tracks_of_hardly_any_samples(detector, samples):
    assert detector.detect(MemoryTrack(np.full(samples, 0.1, dtype=np.float32))) == ()


def test_a_track_is_read_once_in_blocks_of_constant_size(detector):
    track = MemoryTrack(np.concatenate([voice(9.0), silence(30.0)]), start_s=0.5)
    detector.detect(track)
    assert max(span.duration_s for span in track.reads) <= BLOCK_CHUNKS * CHUNK_S + 1e-9
    assert track.reads[0].start_s == pytest.approx(track.start_s)
    assert track.reads[-1].end_s == pytest.approx(track.end_s)
    for earlier, later in zip(track.reads, track.reads[1:], strict=False):
        assert earlier.end_s == later.start_s


def test_blocks_leave_no_seam(detector):
    period = voice(2.0)
    whole = MemoryTrack(np.tile(period, 10))
    assert detector.detect(whole) == detector.detect(RepeatedTrack(period, 20.0))
    assert seconds(detector.detect(whole)) > 18.0


def test_a_higher_threshold_finds_no_more():
    track = MemoryTrack(np.concatenate([noise(1.0), voice(3.0), noise(1.0)]))
    assert seconds(SileroDetector(0.9).detect(track)) <= seconds(SileroDetector(0.2).detect(track))


def test_another_sample_rate_is_refused(detector):
    track = MemoryTrack(voice(1.0))
    track.sample_rate_hz = 8000
    with pytest.raises(SpeechStageError, match="16000 Hz"):
        detector.detect(track)


def test_samples_that_are_not_finite_are_refused(detector):
    samples = voice(1.0)
    samples[5000] = np.nan
    with pytest.raises(SpeechStageError, match="not finite"):
        detector.detect(MemoryTrack(samples))


def test_after_a_failure_the_detector_is_as_new(detector):
    samples = voice(1.0)
    expected = detector.detect(MemoryTrack(samples))
    broken = samples.copy()
    broken[5000] = np.nan
    with pytest.raises(SpeechStageError):
        detector.detect(MemoryTrack(broken))
    assert detector.detect(MemoryTrack(samples)) == expected
