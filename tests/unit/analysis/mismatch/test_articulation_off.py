"""Articulation taken off: it helps where it was planted and leaves alone where it was not."""

import numpy as np
import pytest

from emoreport.analysis import analyze_readings
from emoreport.analysis.mismatch.articulation_off import judged_faces, without_articulation
from emoreport.analysis.mismatch.lag import boxcar
from emoreport.records import SpeechTrack, Transcript
from emoreport.settings import Settings
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.readings import recording
from tests.fixtures.talking import judged_talk, talk

SURPRISE = EMOTIONS.index("surprise")


def surprised(faces):
    """Whether surprise leads after a second of smoothing, frame by frame."""
    return boxcar(faces.probabilities[:, SURPRISE].astype(float), 10) > 0.5


def wrong(talks, **planted):
    """Share of the frames with another label than the truth: as it is, and corrected."""
    shares = []
    for seed in range(talks):
        truth, read, words, duration_s = judged_talk(seed, **planted)
        corrected = without_articulation(read, words, duration_s)
        shares.append([np.mean(surprised(one) != surprised(truth)) for one in (read, corrected)])
    return np.mean(shares, axis=0)


def test_a_bias_at_open_vowels_is_more_than_halved():
    before, after = wrong(8, at_vowels=0.3)
    assert before > 0.05
    assert after < 0.5 * before


def test_without_a_bias_hardly_anything_changes():
    assert wrong(20)[1] < 0.003


def test_what_is_felt_while_speaking_stays():
    assert wrong(12, felt=0.15)[1] < 0.01
    before, after = wrong(8, felt=0.15, at_vowels=0.2)
    assert after < before


def test_probabilities_stay_probabilities_and_missing_faces_missing():
    faces, words, duration_s = talk(1, at_vowels=0.3)
    faces.probabilities[100:120] = np.nan
    found = without_articulation(faces, words, duration_s).probabilities
    assert np.isnan(found[100:120]).all()
    known = np.delete(found, slice(100, 120), axis=0)
    assert known.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert known.min() >= 0
    assert found.dtype == faces.probabilities.dtype


def test_nothing_is_taken_off_unless_it_is_asked_for():
    faces, words, duration_s = talk(1, at_vowels=0.3)
    said, silence = Transcript(tuple(words)), np.zeros(0)
    speech = SpeechTrack(("anger",), silence, silence, silence, np.zeros((0, 1), np.float32), ())
    plain, corrected, wordless = (
        analyze_readings(
            faces,
            speech,
            recording(duration_s),
            Settings.from_values({"correct_articulation": asked}),
            transcript=transcript,
        )
        for asked, transcript in (
            (False, said),
            (True, said),
            (True, None),
        )
    )
    assert wordless.video_intervals == plain.video_intervals != corrected.video_intervals
    # What was found is told of the readings as they were.
    assert corrected.modality_statistics == plain.modality_statistics
    assert judged_faces(faces, said, duration_s, Settings()) is faces
