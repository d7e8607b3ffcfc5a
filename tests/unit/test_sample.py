"""The shipped sample: its size, its streams, and the script that says what it shows."""

from __future__ import annotations

import csv
import importlib
import struct
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from emoreport.vocabulary import EMOTIONS

SAMPLES = Path(__file__).parents[2] / "samples"
VIDEO = SAMPLES / "talk.mp4"
SCRIPT = SAMPLES / "talk.script.csv"
LARGEST_BYTES = 3_000_000


@pytest.fixture(scope="module")
def script():
    with SCRIPT.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def sound():
    """Samples of the whole sound track, -1..1, and their rate."""
    with av.open(str(VIDEO)) as container:
        rate_hz = container.streams.audio[0].rate
        parts = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return np.concatenate(parts), rate_hz


def test_video_is_small():
    assert 0 < VIDEO.stat().st_size <= LARGEST_BYTES


def test_streams_are_h264_and_mono_aac():
    with av.open(str(VIDEO)) as container:
        (video,), (audio,) = container.streams.video, container.streams.audio
        assert video.codec_context.name == "h264"
        assert video.codec_context.pix_fmt == "yuv420p"
        assert video.codec_context.height <= 720
        assert video.codec_context.width <= 1280
        assert video.average_rate == 25
        assert audio.codec_context.name == "aac"
        assert audio.codec_context.layout.nb_channels == 1
        assert audio.rate in {44_100, 48_000}


def test_index_comes_before_the_media_data():
    kinds = []
    with VIDEO.open("rb") as stream:
        while len(header := stream.read(8)) == 8:
            size, kind = struct.unpack(">I4s", header)
            kinds.append(kind)
            stream.seek(size - 8, 1)
    assert kinds.index(b"moov") < kinds.index(b"mdat")


def test_every_frame_decodes_at_its_time():
    with av.open(str(VIDEO)) as container:
        times_s = [frame.time for frame in container.decode(video=0)]
    assert 24.0 <= len(times_s) / 25 <= 40.0
    assert np.allclose(times_s, np.arange(len(times_s)) / 25)


def test_script_tiles_the_video(script):
    assert list(script[0]) == ["start", "end", "face", "voice", "note"]
    assert float(script[0]["start"]) == 0.0
    for row in script:
        assert float(row["start"]) < float(row["end"])
    for before, after in pairwise(script):
        assert before["end"] == after["start"]
    with av.open(str(VIDEO)) as container:
        duration_s = container.duration / av.time_base
    assert float(script[-1]["end"]) == pytest.approx(duration_s, abs=0.05)


def test_script_is_what_its_maker_writes(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(SAMPLES))
    importlib.import_module("talk_script").write_script(tmp_path / "written.csv")
    assert (tmp_path / "written.csv").read_bytes() == SCRIPT.read_bytes()


def test_script_uses_the_vocabulary(script):
    assert {row["face"] for row in script} <= {*EMOTIONS, "no_face"}
    assert {row["voice"] for row in script} <= {*EMOTIONS, "no_speech"}
    assert {"neutral", "happiness", "surprise", "no_face"} <= {row["face"] for row in script}


def test_script_holds_a_slide_and_a_pause(script):
    def longest_s(column, value):
        return max(float(r["end"]) - float(r["start"]) for r in script if r[column] == value)

    assert 3.0 <= longest_s("face", "no_face") <= 4.0
    assert longest_s("voice", "no_speech") >= 2.0


def test_speech_is_loud_where_scripted_and_absent_in_the_pause(script, sound):
    samples, rate_hz = sound
    for row in script:
        part = samples[int(float(row["start"]) * rate_hz) : int(float(row["end"]) * rate_hz)]
        loudness = float(np.sqrt(np.mean(part**2)))
        if row["voice"] == "no_speech":
            assert 0.0 < loudness < 0.002
        else:
            assert loudness > 0.01


def test_the_picture_changes_with_the_script(script):
    """The slide differs from the portrait, and one portrait differs little from the next."""
    middles_s = [(float(row["start"]) + float(row["end"])) / 2 for row in script]
    pictures = []
    with av.open(str(VIDEO)) as container:
        for frame in container.decode(video=0):
            if len(pictures) < len(middles_s) and frame.time >= middles_s[len(pictures)]:
                pictures.append(frame.to_ndarray(format="gray").astype(float))
    slides = [row["face"] == "no_face" for row in script]
    reference = pictures[slides.index(False)]
    for picture, slide in zip(pictures, slides, strict=True):
        difference = np.abs(picture - reference).mean()
        assert difference > 50 if slide else difference < 20


def test_a_sentence_is_acted_at_the_pitch_of_its_scene_and_alike_in_every_run(monkeypatch):
    parselmouth = pytest.importorskip("parselmouth")
    monkeypatch.syspath_prepend(str(SAMPLES))
    voice, script = (importlib.import_module(name) for name in ("talk_voice", "talk_script"))
    # Pulses at 110 Hz after a rustle: overlap-add draws lots where there is no voice.
    rate_hz = voice.SAMPLE_RATE_HZ
    rustle = 0.05 * np.random.default_rng(1).standard_normal(rate_hz)
    pulses = np.where(np.arange(3 * rate_hz) % (rate_hz // 110) < 8, 0.5, 0.0)
    spoken = np.concatenate([rustle, pulses])
    for delivery in script.DELIVERIES.values():
        acted = voice.act(spoken, delivery)
        assert np.array_equal(acted, voice.act(spoken, delivery))
        sound = parselmouth.Sound(acted, rate_hz)
        pitch_hz = sound.to_pitch(pitch_floor=140.0).selected_array["frequency"]
        assert np.median(pitch_hz[pitch_hz > 0]) == pytest.approx(delivery.pitch_hz, rel=0.06)
        assert np.sqrt(np.mean(acted**2)) == pytest.approx(delivery.loudness)
