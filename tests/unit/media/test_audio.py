import tempfile
from fractions import Fraction

import numpy as np
import pytest

from emoreport.errors import MediaError, OutputError
from emoreport.media import open_audio, open_video, probe
from emoreport.media.spool import SampleSpool
from emoreport.records import AudioTrack, Span
from tests.fixtures.media import (
    Film,
    Sound,
    audio_gap,
    clicks,
    constant_rate,
    damage_packets,
    joined_clocks,
    late_audio,
    no_audio,
    right_channel_only,
    several_streams,
    silent_audio,
    steady_times,
    surround,
    tone,
    write_media,
)

VPX = {"deadline": "realtime", "cpu-used": "8"}


def track_of(path, duration_s=None):
    track = open_audio(path, probe(path), duration_s=duration_s)
    assert track is not None
    return track


def onsets_s(track) -> list[float]:
    """Times at which something loud begins."""
    loud = np.flatnonzero(np.abs(track.read(Span(0.0, track.end_s))) > 0.3)
    return [float(first) / 16000 for first in loud[np.r_[True, np.diff(loud) > 800]]]


def level(track, start_s: float, end_s: float) -> float:
    return float(np.sqrt(np.mean(track.read(Span(start_s, end_s)) ** 2)))


def test_no_audio_stream_gives_none(tmp_path):
    path = no_audio(tmp_path / "a.mp4")
    assert open_audio(path, probe(path), duration_s=1.0) is None


@pytest.mark.parametrize("start_s", [0.0, 0.5])
@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        (".mp4", "aac"), (".mkv", "aac"), (".ts", "aac"), (".flv", "aac"), (".mov", "pcm_s16le"),
        (".webm", "libopus"), (".mkv", "flac"), (".mkv", "ac3"), (".mp4", "libmp3lame"),
    ],
)  # fmt: skip
def test_clicks_are_heard_when_they_sounded(tmp_path, suffix, codec, start_s):
    at_s = [0.1, 0.7, 1.3]
    film = Film(steady_times(2.0))
    if suffix == ".webm":
        film = Film(steady_times(2.0), codec="libvpx", options=VPX)
    sound = Sound(clicks(1.5, at_s), start_s=start_s, codec=codec)
    path = write_media(tmp_path / f"a{suffix}", [film], [sound])
    with open_video(path) as video:
        first_s = next(iter(video)).time_s
    with track_of(path) as track:
        heard = [time_s - first_s for time_s in onsets_s(track)]
    assert heard == pytest.approx([start_s + time_s for time_s in at_s], abs=0.002)


@pytest.mark.parametrize("rate_hz", [8000, 22050, 44100, 96000])
def test_a_long_recording_does_not_drift(tmp_path, rate_hz):
    at_s = [1.0, 20.0, 40.0, 59.0]
    sound = Sound(clicks(60.0, at_s, rate_hz=rate_hz), rate_hz=rate_hz, codec="pcm_s16le")
    path = write_media(tmp_path / "a.mkv", [Film([0.0, 30.0])], [sound])
    with track_of(path) as track:
        assert onsets_s(track) == pytest.approx(at_s, abs=0.001)
        assert track.end_s == pytest.approx(60.0, abs=0.01)
        assert len(track.outcome.notes) == 0


def test_late_sound_is_preceded_by_zeros(tmp_path):
    with track_of(late_audio(tmp_path / "a.mkv", delay_s=0.5)) as track:
        assert track.start_s == pytest.approx(0.5, abs=0.002)
        assert not track.read(Span(0.0, 0.49)).any()
        assert level(track, 0.6, 1.9) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_a_gap_is_filled_with_zeros_and_what_follows_stays_in_place(tmp_path):
    with track_of(audio_gap(tmp_path / "a.mkv", gap_s=(0.5, 1.0))) as track:
        assert not track.read(Span(0.502, 0.998)).any()
        assert level(track, 0.1, 0.45) > 0.3
        assert level(track, 1.05, 1.9) > 0.3
        assert track.end_s == pytest.approx(2.0, abs=0.002)
        assert track.outcome.notes == ("the sound has 1 gaps or overlaps",)
        assert track.outcome.frames == pytest.approx(24000, abs=32)


def test_sound_before_time_zero_is_dropped(tmp_path):
    pieces = [(-0.5, clicks(1.5, [0.1, 0.8]))]
    sound = Sound(pieces=pieces, codec="pcm_s16le")
    path = write_media(
        tmp_path / "a.mkv",
        [Film(steady_times(1.0))],
        [sound],
        container_options={"avoid_negative_ts": "disabled"},
    )
    with track_of(path) as track:
        assert onsets_s(track) == pytest.approx([0.3], abs=0.002)
        assert track.start_s == 0.0
        assert track.end_s == pytest.approx(1.0, abs=0.002)


def test_overlapping_stamps_keep_time_moving(tmp_path):
    pieces = [(0.0, tone(1.0)), (0.7, tone(1.0, hz=880.0))]
    sound = Sound(pieces=pieces, codec="pcm_s16le")
    path = write_media(tmp_path / "a.mkv", [Film(steady_times(2.0))], [sound])
    with track_of(path) as track:
        assert track.end_s == pytest.approx(1.7, abs=0.002)
        assert track.outcome.frames == pytest.approx(1.7 * 16000, abs=64)


def test_a_restarted_clock_continues(tmp_path):
    with track_of(joined_clocks(tmp_path / "a.ts")) as track:
        assert track.end_s == pytest.approx(2.05, abs=0.05)
        assert track.outcome.time_quality == "repaired"


def test_one_channel_of_two_is_enough(tmp_path):
    with track_of(right_channel_only(tmp_path / "a.mp4")) as track:
        assert level(track, 0.1, 0.9) == pytest.approx(0.25 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("channel", [0, 1, 2, 4, 5])
def test_every_channel_of_surround_is_heard(tmp_path, channel):
    with track_of(surround(tmp_path / "a.mkv", channel=channel)) as track:
        assert level(track, 0.1, 0.9) == pytest.approx(0.1 / np.sqrt(2), rel=0.05)


def test_the_default_stream_is_heard(tmp_path):
    with track_of(several_streams(tmp_path / "a.mkv", default=1)) as track:
        spectrum = np.abs(np.fft.rfft(track.read(Span(0.0, 1.0))))
    assert np.argmax(spectrum) == 880


def test_silence_is_sound_of_level_zero(tmp_path):
    with track_of(silent_audio(tmp_path / "a.mp4")) as track:
        assert track.outcome.frames > 15000
        assert not track.read(Span(0.0, 1.0)).any()


def test_sound_after_the_video_is_not_kept(tmp_path):
    path = write_media(tmp_path / "a.mkv", [Film(steady_times(0.5))], [Sound(tone(2.0))])
    with track_of(path, duration_s=0.5) as track:
        assert track.end_s == 0.5
        assert track.outcome.frames == 8000
    with track_of(path) as track:
        assert track.end_s == pytest.approx(2.0, abs=0.03)


def test_reading_gives_the_agreed_number_of_samples_anywhere(tmp_path):
    with track_of(constant_rate(tmp_path / "a.mp4", seconds=1.0, sound=tone(1.0))) as track:
        for start_s, end_s in [(0, 0), (0.1, 0.2), (0.33333, 0.77777), (-1, 0.5), (0.5, 9), (7, 8)]:
            found = track.read(Span(start_s, end_s))
            assert found.dtype == np.float32
            assert len(found) == round(end_s * 16000) - round(start_s * 16000)
            assert np.abs(found).max(initial=0.0) <= 1.0
        whole = track.read(Span(0.0, 1.0))
        np.testing.assert_array_equal(track.read(Span(0.25, 0.5)), whole[4000:8000])


def test_it_is_an_audio_track_and_closes(tmp_path):
    track: AudioTrack = track_of(constant_rate(tmp_path / "a.mp4", sound=tone(1.0)))
    assert track.sample_rate_hz == 16000
    track.close()
    track.close()
    with pytest.raises(MediaError, match="closed"):
        track.read(Span(0.0, 1.0))


def test_no_temporary_file_is_left_even_after_an_error(tmp_path, monkeypatch):
    path = constant_rate(tmp_path / "a.mp4", sound=tone(2.0))
    info = probe(path)
    spools = tmp_path / "spools"
    spools.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spools))

    def full(*_, **__):
        raise OutputError("the disk is full")

    monkeypatch.setattr(SampleSpool, "write", full)
    with pytest.raises(OutputError):
        open_audio(path, info, duration_s=None)
    assert list(spools.iterdir()) == []


def test_a_damaged_stretch_of_sound_is_counted_and_passed(tmp_path):
    sound = Sound(tone(4.0), codec="flac")
    path = write_media(tmp_path / "a.mkv", [Film(steady_times(4.0))], [sound])
    damage_packets(path, path, "audio", span_s=(1.5, 2.5))
    with track_of(path) as track:
        assert track.outcome.decode_failures > 0
        assert level(track, 0.1, 1.2) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
        assert level(track, 2.8, 3.8) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
        assert track.end_s == pytest.approx(4.0, abs=0.03)


def test_a_stream_of_garbage_gives_a_track_without_sound(tmp_path):
    sound = Sound(tone(1.0), codec="flac")
    path = write_media(tmp_path / "a.mkv", [Film(steady_times(1.0))], [sound])
    damage_packets(path, path, "audio", span_s=(-1.0, 10.0))
    with track_of(path) as track:
        assert track.outcome.frames == 0
        assert track.outcome.decode_failures > 0
        assert "gives no sound" in track.outcome.notes[0]
        assert not track.read(Span(0.0, 1.0)).any()


def test_avi_sound_stands_beside_its_pictures(tmp_path):
    sound = Sound(clicks(1.0, [0.2, 0.6]), codec="pcm_s16le")
    film = Film(steady_times(1.0), clock=Fraction(1, 25))
    path = write_media(tmp_path / "a.avi", [film], [sound])
    with track_of(path) as track:
        assert onsets_s(track) == pytest.approx([0.2, 0.6], abs=0.002)
