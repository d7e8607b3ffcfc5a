"""Who speaks: mouths that move with the sound, those that do not, and what cannot be told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from emoreport.analysis.speaking import (
    FARTHEST_YAW_DEG,
    LEAST_OFF_SCREEN_S,
    LEAST_S,
    speaking_seconds,
    who_speaks,
)
from emoreport.records import (
    MOUTH_MOTION,
    OFF_SCREEN,
    UNKNOWN_SPEAKER,
    FaceTrack,
    Person,
    SeenFaces,
    SoundContour,
    SpeakingSpan,
    SpeechTrack,
)
from tests.fixtures.readings import face_track, speech_track

LENGTH_S = 20.0
RATE_HZ = 25.0
TALKS, RESTS = 0.2, 0.005
TWO = (Person("A", (1,)), Person("B", (2,)))


def talk_of(rate_hz: float = RATE_HZ, seconds: float = LENGTH_S, **motion) -> FaceTrack:
    """One face whose mouth moves as `moving` says."""
    track = face_track(("neutral", seconds), rate_hz=rate_hz)
    values = moving(track.time_s, **motion)
    return replace(track, extra={MOUTH_MOTION: values, "yaw_deg": np.zeros(len(track), np.float32)})


def moving(time_s, spans=((0.0, LENGTH_S),), seed: int = 0, pulse=None):
    """Motion of a mouth that talks in some spans; with `pulse`, as loud as the sound is then."""
    rng = np.random.default_rng(seed)
    inside = np.any([(time_s >= low) & (time_s < high) for low, high in spans], axis=0)
    loud = np.ones(len(time_s)) if pulse is None else pulse(time_s)
    lively = TALKS * loud * rng.uniform(0.5, 1.5, len(time_s))
    return np.where(inside, lively, RESTS * rng.uniform(0, 2, len(time_s))).astype(np.float32)


def syllables(seed: int):
    """A loudness that comes and goes irregularly, 0.1 to 1."""
    rng = np.random.default_rng(seed)
    knots_s = np.cumsum(rng.uniform(0.3, 1.2, 60))
    levels = np.where(np.arange(60) % 2, 1.0, 0.1)
    return lambda time_s: np.interp(time_s, knots_s, levels)


def heard(*spans, pulse=None, lag_s: float = 0.0) -> SpeechTrack:
    track = speech_track(["neutral"] * 18, speech=spans or [(0.0, LENGTH_S)])
    if pulse is None:
        return track
    time_s = np.arange(0, LENGTH_S, 0.01)
    level_db = (-50 + 30 * pulse(time_s - lag_s)).astype(np.float32)
    return replace(track, contour=SoundContour(time_s, np.full(len(time_s), np.nan), level_db))


def both(first, second, rate_hz: float = RATE_HZ) -> SeenFaces:
    """Two faces in every frame, with the motion of their mouths."""
    frames = np.arange(round(LENGTH_S * rate_hz))
    time_s = np.repeat(frames / rate_hz, 2)
    count = len(time_s)
    return SeenFaces(
        labels=("neutral",),
        time_s=time_s,
        frame=np.repeat(frames, 2),
        track=np.tile([1, 2], len(frames)),
        leads=np.tile([True, False], len(frames)),
        box=np.full((count, 4), 120, np.float32),
        detection_score=np.full(count, 0.9, np.float32),
        probabilities=np.ones((count, 1), np.float32),
        mouth_motion=np.column_stack((first, second)).ravel().astype(np.float32),
    )


def told(spans) -> list[tuple[float, float, str]]:
    return [(round(span.start_s, 2), round(span.end_s, 2), span.speaker) for span in spans]


def test_a_mouth_that_moves_with_the_speech_speaks_all_of_it():
    spans = who_speaks(talk_of(), heard((1.0, 6.02), (8.5, 19.0)), LENGTH_S)
    assert told(spans) == [(1.0, 6.02, "A"), (8.5, 19.0, "A")]


def test_a_mouth_that_rests_does_not_speak():
    spans = who_speaks(talk_of(spans=[(0, 0)]), heard((1.0, 6.0)), LENGTH_S)
    assert told(spans) == [(1.0, 6.0, OFF_SCREEN)]
    assert told(who_speaks(talk_of(spans=[(0, 0)]), heard((1.0, 1.4)), LENGTH_S)) == [
        (1.0, 1.4, OFF_SCREEN)
    ]


def test_a_change_of_speaker_inside_one_span_of_speech_cuts_it():
    spans = who_speaks(talk_of(spans=[(0, 8)]), heard((0.0, 16.0)), LENGTH_S)
    (first_s, until_s, first), (_, last_s, second) = told(spans)
    assert (first, second, first_s, last_s) == ("A", OFF_SCREEN, 0.0, 16.0)
    assert until_s == pytest.approx(8.0, abs=0.8)


@pytest.mark.parametrize("rest_s", [0.4, 1.0])
def test_a_mouth_that_rests_for_moments_still_speaks(rest_s: float):
    talks = [(0, 8), (8 + rest_s, 20)]
    assert told(who_speaks(talk_of(spans=talks), heard((1.0, 19.0)), LENGTH_S)) == [
        (1.0, 19.0, "A")
    ]


def test_spans_are_not_too_short_and_cover_the_speech():
    rng = np.random.default_rng(5)
    for _ in range(20):
        talks = np.sort(rng.uniform(0, LENGTH_S, 12)).reshape(-1, 2)
        spans = who_speaks(talk_of(spans=talks), heard((0.53, 9.0), (9.2, 19.9)), LENGTH_S)
        assert sum(span.end_s - span.start_s for span in spans) == pytest.approx(19.17)
        least = {OFF_SCREEN: LEAST_OFF_SCREEN_S}
        for span in spans:
            assert span.end_s - span.start_s > least.get(span.speaker, LEAST_S) - 0.06


@pytest.mark.parametrize(("rate_hz", "speaker"), [(10, "A"), (30, "A"), (7, UNKNOWN_SPEAKER)])
def test_ten_looks_a_second_are_enough_and_seven_are_not(rate_hz: float, speaker: str):
    assert told(who_speaks(talk_of(rate_hz), heard((1.0, 9.0)), LENGTH_S)) == [(1.0, 9.0, speaker)]


def test_nothing_is_said_of_a_face_that_is_turned_away_too_small_or_gone():
    face = talk_of(spans=[(0, 0)])
    away = replace(face, extra={**face.extra, "yaw_deg": np.full(len(face), FARTHEST_YAW_DEG + 1)})
    tiny = replace(face, box=face.box * 0.1)
    gone = replace(face, probabilities=np.full_like(face.probabilities, np.nan))
    for unseen in (away, tiny, gone):
        assert told(who_speaks(unseen, heard((1.0, 9.0)), LENGTH_S)) == [
            (1.0, 9.0, UNKNOWN_SPEAKER)
        ]


def test_readings_without_mouths_and_recordings_without_speech_say_nothing():
    assert who_speaks(face_track(("neutral", 4)), heard((1.0, 3.0)), 4.0) == ()
    assert who_speaks(talk_of(), speech_track([]), LENGTH_S) == ()
    assert who_speaks(talk_of(), heard(), 0.0) == ()


def test_skipped_frames_tell_nothing_of_the_mouth():
    face = talk_of(spans=[(0, 0)])
    skipped = np.arange(len(face)) % 5 > 0
    few = replace(face, skipped=skipped)
    assert told(who_speaks(few, heard((1.0, 9.0)), LENGTH_S)) == [(1.0, 9.0, UNKNOWN_SPEAKER)]


def test_speech_before_and_after_the_picture_is_left_out():
    spans = who_speaks(talk_of(seconds=10), heard((-0.7, 1.0), (8.0, 14.0), (15.0, 16.0)), 10.0)
    assert told(spans) == [(0.0, 1.0, "A"), (8.0, 10.0, "A")]


def test_of_two_the_mouth_that_moves_speaks_and_none_where_both_rest():
    time_s = np.arange(500) / RATE_HZ
    first, second = moving(time_s, [(0, 7)]), moving(time_s, [(7, 14)])
    spans = who_speaks(
        talk_of(), heard((0.0, 6.5), (7.5, 13.5), (15.5, 20.0)), LENGTH_S, both(first, second), TWO
    )
    assert [(start, speaker) for start, _, speaker in told(spans)] == [
        (0.0, "A"),
        (7.5, "B"),
        (15.5, OFF_SCREEN),
    ]
    assert speaking_seconds(spans) == pytest.approx({"A": 6.5, "B": 6.0, OFF_SCREEN: 4.5})


@pytest.mark.parametrize("lag_s", [-0.25, 0.0, 0.25])
@pytest.mark.parametrize("speaker", [0, 1])
def test_of_two_mouths_that_move_the_one_speaks_that_goes_with_the_sound(lag_s, speaker):
    time_s, own, other = np.arange(500) / RATE_HZ, syllables(1), syllables(2)
    mouths = [moving(time_s, pulse=own), moving(time_s, pulse=other, seed=3)]
    sound = heard((0.5, 19.5), pulse=own, lag_s=lag_s)
    seen = both(*(mouths if speaker == 0 else mouths[::-1]))
    seconds = speaking_seconds(who_speaks(talk_of(), sound, LENGTH_S, seen, TWO))
    assert seconds["AB"[speaker]] > 0.75 * sum(seconds.values())
    assert "AB"[1 - speaker] not in seconds


def test_two_mouths_that_both_go_with_the_sound_cannot_be_told_apart():
    time_s, own = np.arange(500) / RATE_HZ, syllables(1)
    mouth = moving(time_s, pulse=own)
    seen = both(mouth, mouth)
    spans = who_speaks(talk_of(), heard((0.5, 19.5), pulse=own), LENGTH_S, seen, TWO)
    assert told(spans) == [(0.5, 19.5, UNKNOWN_SPEAKER)]


def test_a_mouth_that_is_not_seen_may_be_the_one_that_speaks():
    rests = moving(np.arange(500) / RATE_HZ, [(0, 0)])
    seen = both(rests, np.full(500, np.nan))
    spans = who_speaks(talk_of(), heard((1.0, 9.0)), LENGTH_S, seen, TWO)
    assert told(spans) == [(1.0, 9.0, UNKNOWN_SPEAKER)]


def test_tracks_of_one_person_are_one_mouth():
    time_s = np.arange(500) / RATE_HZ
    seen = both(moving(time_s), moving(time_s, [(0, 0)]))
    halves = np.where((seen.track == 1) & (seen.time_s > 10), 3, seen.track)
    people = (Person("A", (1, 3)), Person("B", (2,)))
    spans = who_speaks(talk_of(), heard((1.0, 19.0)), LENGTH_S, replace(seen, track=halves), people)
    assert spans == (SpeakingSpan(1.0, 19.0, "A"),)
