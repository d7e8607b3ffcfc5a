"""What the detector says of recordings of people; skipped where the shared data is absent."""

from pathlib import Path

import numpy as np
import pytest

from emoreport.records import Span
from emoreport.speech.activity import SileroDetector
from tests.fixtures.audio import RATE_HZ, MemoryTrack, decoded, noise

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"no shared data folder at {DATA}"),
]


@pytest.fixture(scope="module")
def detector():
    return SileroDetector(0.5)


def speech_share(detector, samples):
    spans = detector.detect(MemoryTrack(samples))
    return sum(span.duration_s for span in spans) / (len(samples) / RATE_HZ)


SPEECH = {
    "audio/speech_ru_4s.wav": (0.65, 0.95),
    "videos/talk_ru_10s.mp4": (0.6, 0.9),
    "videos/talk_en_20s.mp4": (0.65, 0.95),
    "audio/telephone_ru_8khz_51s.flac": (0.15, 0.5),
}


@pytest.mark.parametrize("name", SPEECH)
@pytest.mark.parametrize("gain_db", [0, -30])
def test_speech_is_found_loud_and_quiet(detector, name, gain_db):
    low, high = SPEECH[name]
    samples = decoded(DATA / name) * np.float32(10.0 ** (gain_db / 20.0))
    assert low < speech_share(detector, samples) < high


def test_quiet_speech_is_found_where_loud_speech_is(detector):
    samples = decoded(DATA / "videos/talk_ru_10s.mp4")
    loud = detector.detect(MemoryTrack(samples))
    quiet = detector.detect(MemoryTrack(samples * np.float32(10.0**-1.5)))
    shared_s = sum(one.overlap_s(other) for one in loud for other in quiet)
    assert shared_s > 0.9 * sum(span.duration_s for span in loud)


def test_sound_without_words_is_no_speech(detector):
    assert speech_share(detector, decoded(DATA / "videos/no_face.mp4")) < 0.05


def test_speech_in_noise_is_found_between_the_noise(detector):
    spoken = decoded(DATA / "audio/speech_ru_4s.wav")
    spoken = 0.5 * spoken / np.abs(spoken).max()
    samples = np.concatenate([noise(3.0, level=0.02), spoken, noise(3.0, level=0.02)])
    samples += noise(len(samples) / RATE_HZ, level=0.003, seed=1)
    found = detector.detect(MemoryTrack(samples))
    whole = Span(3.0, 3.0 + len(spoken) / RATE_HZ)
    inside_s = sum(span.overlap_s(whole) for span in found)
    assert inside_s > 2.4
    assert sum(span.duration_s for span in found) - inside_s < 0.3
