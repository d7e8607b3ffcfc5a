"""Recordings whose headers claim what cannot be, and what a claim may cost."""

import os
import struct
from contextlib import suppress

import pytest

from emoreport.errors import MediaError
from emoreport.media import open_audio, open_video, pixels, probe
from emoreport.media.pixels import RgbConverter, keep_freed_buffers
from emoreport.records import Span
from tests.hostile import corpus, layout, payloads, seeds


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return seeds.make_seeds(tmp_path_factory.mktemp("seeds"))


def changed(data, walk, name, offset, value, path):
    part = next(part for part in walk(data) if part.path.endswith(name))
    path.write_bytes(layout.put(data, part.content + offset, value))
    return path


@pytest.mark.parametrize("scale", [0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_a_clock_of_years_is_refused(whole, tmp_path, scale):
    value = struct.pack("<I", scale)
    path = changed(whole["plain.avi"], layout.chunks, "strh", 20, value, tmp_path / "a.avi")
    with open_video(path) as video, pytest.raises(MediaError, match="more than 24 hours") as caught:
        list(video)
    assert caught.value.file == str(path)
    assert "time stamp" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "walk", "part", "offset", "value"),
    [
        ("plain.mp4", layout.boxes, "mdhd", 12, struct.pack(">I", 0x7FFFFFFF)),
        ("plain.avi", layout.chunks, "strh", 24, struct.pack("<I", 0x7FFFFFFF)),
    ],
)
def test_ten_pictures_in_no_time_are_refused(whole, tmp_path, name, walk, part, offset, value):
    path = changed(whole[name], walk, part, offset, value, tmp_path / name)
    with open_video(path) as video, pytest.raises(MediaError, match=r"put 10 frames into 0\.0000"):
        list(video)


def test_a_stream_that_only_seems_to_be_there_is_no_internal_error(tmp_path):
    damaged = [case for case in corpus.all_cases() if case.label == "plain.ts 1000 bits, 0"]
    (case,) = corpus.make_corpus(tmp_path, damaged)
    # Its packets name a stream that PyAV has not listed.
    with suppress(MediaError):
        assert probe(tmp_path / case.name).container == "mpegts"


def silence(tmp_path, hours):
    rate_hz = 1000
    frames = payloads.silent_flac(rate_hz, hours * 3600 * rate_hz // payloads.SILENT_BLOCK)
    sound = (payloads.flac_file(rate_hz), rate_hz, frames, payloads.SILENT_BLOCK)
    path = tmp_path / "silence.mkv"
    path.write_bytes(seeds.packed(path, "mjpeg", [seeds.one_jpeg()], sound=sound))
    return path


def test_an_hour_of_silence_takes_no_room(tmp_path):
    path = silence(tmp_path, 1)
    assert path.stat().st_size < 5000
    with open_audio(path, probe(path), duration_s=3600.0) as track:
        assert track.end_s > 3500
        assert track.outcome.decode_failures == 0
        assert os.fstat(track._spool._file.fileno()).st_blocks * 512 < 100_000
        assert not track.read(Span(1000.0, 1001.0)).any()


def test_sound_that_nobody_wants_any_more_is_not_decoded(tmp_path):
    path = silence(tmp_path, 20)
    answers = iter([True, True, False])
    with open_audio(path, probe(path), duration_s=72_000.0, keep_on=lambda: next(answers)) as track:
        assert track.end_s == pytest.approx(2 * payloads.SILENT_BLOCK / 1000, abs=0.1)
    assert list(answers) == []


def test_the_buffers_are_kept_once_per_process(monkeypatch):
    keep_freed_buffers.cache_clear()
    made = []
    monkeypatch.setattr(pixels, "bytearray", made.append, raising=False)
    RgbConverter()
    RgbConverter()
    assert made == [pixels.LARGEST_KEPT_BYTES]
