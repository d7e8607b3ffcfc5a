"""The speech room on sound that the media room really decoded."""

from fractions import Fraction

import av
import numpy as np
import pytest

from emoreport.media import open_audio, probe
from emoreport.records import Span
from emoreport.settings import SpeechSettings
from emoreport.speech.activity import SileroDetector
from emoreport.speech.reading import read_speech
from tests.fixtures.audio import RATE_HZ, LoudnessModel, silence, voice


def write_recording(path, samples, *, sound_start_s=0.0, rate_hz=RATE_HZ):
    """A black picture and uncompressed sound at another rate, two channels, maybe late."""
    duration_s = sound_start_s + len(samples) / RATE_HZ
    with av.open(path, "w") as container:
        picture = container.add_stream("mpeg4", rate=10)
        picture.width = picture.height = 32
        picture.pix_fmt = "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=rate_hz, layout="stereo")
        for number in range(round(duration_s * 10)):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        places = np.arange(round(len(samples) / RATE_HZ * rate_hz)) * RATE_HZ / rate_hz
        mono = np.interp(places, np.arange(len(samples)), samples)
        data = np.repeat(np.rint(mono * 32767), 2).astype(np.int16)[None]
        for at in range(0, data.shape[1], 2048):
            frame = av.AudioFrame.from_ndarray(data[:, at : at + 2048], "s16", "stereo")
            frame.sample_rate, frame.time_base = rate_hz, Fraction(1, rate_hz)
            frame.pts = at // 2 + round(sound_start_s * rate_hz)
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return duration_s


@pytest.mark.parametrize(("sound_start_s", "rate_hz"), [(0.0, 16_000), (1.4, 48_000)])
def test_speech_is_found_where_the_recording_has_it(tmp_path, sound_start_s, rate_hz):
    samples = np.concatenate([silence(3.0), voice(3.0), silence(4.0)])
    path = tmp_path / "talk.mkv"
    duration_s = write_recording(path, samples, sound_start_s=sound_start_s, rate_hz=rate_hz)
    track = open_audio(path, probe(path), duration_s=duration_s)
    try:
        readings = read_speech(
            track, SileroDetector(0.5), LoudnessModel(), SpeechSettings(), duration_s=duration_s
        )
    finally:
        track.close()
    spoken = Span(sound_start_s + 3.0, sound_start_s + 6.0)
    inside_s = sum(span.overlap_s(spoken) for span in readings.speech)
    assert inside_s > 2.5
    assert sum(span.duration_s for span in readings.speech) - inside_s < 0.5
    assert readings.start_s[0] == pytest.approx(sound_start_s, abs=0.01)
    assert readings.end_s[-1] == pytest.approx(duration_s, abs=0.06)
    judged = ~np.isnan(readings.probabilities[:, 0])
    assert judged.any()
    assert not judged.all()
    # The voice's peak, through resampling and 16 bits.
    assert np.nanmax(readings.probabilities[:, 0]) == pytest.approx(0.5, abs=0.03)
